/* Image references and platforms. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "oci/platform.h"
#include "oci/reference.h"

#define DIGEST "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define A63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void parts_of_a_reference(void **state)
{
    (void)state;
    static const struct {
        const char *text, *host, *repo, *tag;
        bool digest;
    } rows[] = {
        { "alpine", "", "alpine", "", false },
        { "alpine:3.20", "", "alpine", "3.20", false },
        { "library/alpine", "", "library/alpine", "", false },
        { "host/alpine", "", "host/alpine", "", false },
        { "localhost/alpine", "localhost", "alpine", "", false },
        { "localhost:5000/a/b_c/d__e/f--g.h:T_a.g-", "localhost:5000", "a/b_c/d__e/f--g.h",
          "T_a.g-", false },
        { "example.com/a", "example.com", "a", "", false },
        { "HOST/a", "HOST", "a", "", false },
        { "a.b-c.d:1/e:1@" DIGEST, "a.b-c.d:1", "e", "1", true },
        { "a@" DIGEST, "", "a", "", true },
        { "127.0.0.1:80/a", "127.0.0.1:80", "a", "", false },
        { "[::1]/a", "[::1]", "a", "", false },
        { "[fe80::1]:5000/a:b", "[fe80::1]:5000", "a", "b", false },
        { "host:5000", "", "host", "5000", false },
        { A63 "/" A63 "/" A63 "/" A63, "", A63 "/" A63 "/" A63 "/" A63, "", false },
    };
    struct pl_arena a = { 0 };
    for (size_t i = 0; i < PL_COUNT(rows); i++) {
        struct pl_reference r;
        struct pl_err err = { 0 };
        if (pl_reference_parse(pl_str_c(rows[i].text), &r, &err) < 0)
            fail_msg("%s", err.msg);
        assert_true(pl_str_is(r.host, rows[i].host));
        assert_true(pl_str_is(r.repo, rows[i].repo));
        assert_true(pl_str_is(r.tag, rows[i].tag));
        assert_int_equal(r.digest.set, rows[i].digest);
        assert_true(pl_str_is(pl_reference_text(&a, &r), rows[i].text));
    }
    pl_arena_release(&a);
}

static void what_is_no_reference(void **state)
{
    (void)state;
    static const char *const texts[] = { "",
                                         ":",
                                         "/",
                                         "@",
                                         "a:",
                                         "a@",
                                         "a@" DIGEST "0",
                                         "a@sha256:x",
                                         ":tag",
                                         "@" DIGEST,
                                         "a//b",
                                         "/a",
                                         "a/",
                                         "A",
                                         "a/B",
                                         "a b",
                                         "a\nb",
                                         "-a",
                                         "a-",
                                         "a..b",
                                         "a___b",
                                         "a._b",
                                         "a.",
                                         "a:.b",
                                         "a:-b",
                                         "a:b/c",
                                         "a:b:c",
                                         "a:b@" DIGEST "@" DIGEST,
                                         "host.com:0/a",
                                         "host.com:65536/a",
                                         "host.com:x/a",
                                         "host.com:/a",
                                         "-host.com/a",
                                         "host-.com/a",
                                         "host..com/a",
                                         ".com/a",
                                         "host_.com/a",
                                         "[::1/a",
                                         "[]/a",
                                         "[abcd]/a",
                                         "[::g]/a",
                                         "[::1]x/a",
                                         "a/../b",
                                         "../a",
                                         "host.com/",
                                         "https://host.com/a",
                                         "a?b",
                                         "a#b",
                                         "a%41",
                                         "caf\xc3\xa9",
                                         "a:" A63 A63 "aaa",
                                         A63 A63 "/" A63 A63 "/" A63 };
    for (size_t i = 0; i < PL_COUNT(texts); i++) {
        struct pl_reference r = { .repo = PL_S("untouched") };
        struct pl_err err = { 0 };
        if (pl_reference_parse(pl_str_c(texts[i]), &r, &err) != PL_E_USAGE)
            fail_msg("'%s' was taken", texts[i]);
        assert_true(pl_str_is(r.repo, "untouched"));
    }
    struct pl_reference r;
    assert_int_equal(pl_reference_parse(PL_S("a\0b"), &r, NULL), PL_E_USAGE);
    assert_int_equal(pl_reference_parse((struct pl_str){ NULL, 0 }, &r, NULL), PL_E_USAGE);
}

static struct pl_platform platform(const char *text)
{
    struct pl_platform p;
    struct pl_err err = { 0 };
    if (pl_platform_parse(pl_str_c(text), &p, &err) < 0)
        fail_msg("%s", err.msg);
    return p;
}

static void platforms_read_and_print(void **state)
{
    (void)state;
    static const char *const pair[][2] = {
        { "linux/amd64", "linux/amd64" },        { "linux/x86_64", "linux/amd64" },
        { "linux/amd64/v1", "linux/amd64" },     { "linux/amd64/v3", "linux/amd64/v3" },
        { "linux/arm64/v8", "linux/arm64" },     { "linux/aarch64", "linux/arm64" },
        { "linux/arm", "linux/arm/v7" },         { "linux/armhf", "linux/arm/v7" },
        { "linux/armel", "linux/arm/v6" },       { "linux/arm/6", "linux/arm/v6" },
        { "linux/i386", "linux/386" },           { "windows/amd64", "windows/amd64" },
        { "unknown/unknown", "unknown/unknown" }
    };
    struct pl_arena a = { 0 };
    for (size_t i = 0; i < PL_COUNT(pair); i++) {
        struct pl_platform p = platform(pair[i][0]);
        assert_true(pl_str_is(pl_platform_text(&a, &p), pair[i][1]));
    }
    struct pl_platform none = { 0 }, arch = { .arch = PL_S("arm64"), .os = PL_S("") };
    assert_int_equal(pl_platform_text(&a, &none).n, 0);
    assert_true(pl_str_is(pl_platform_text(&a, &arch), "/arm64"));
    pl_arena_release(&a);
}

static void what_is_no_platform(void **state)
{
    (void)state;
    static const char *const texts[] = { "",          "linux",        "linux/", "/amd64",
                                         "a/b/c/d",   "linux/amd64/", "a b/c",  "linux/amd\n64",
                                         "linux//v8", "linux/\xff" };
    struct pl_platform p;
    for (size_t i = 0; i < PL_COUNT(texts); i++)
        assert_int_equal(pl_platform_parse(pl_str_c(texts[i]), &p, NULL), PL_E_USAGE);
}

static bool match(const char *want, const char *os, const char *arch, const char *variant)
{
    struct pl_platform w = platform(want);
    struct pl_platform h = { pl_str_c(os), pl_str_c(arch), pl_str_c(variant) };
    return pl_platform_match(&w, &h);
}

static void a_wish_without_variant_takes_any(void **state)
{
    (void)state;
    assert_true(match("linux/amd64", "linux", "amd64", ""));
    assert_true(match("linux/amd64", "linux", "amd64", "v3"));
    assert_false(match("linux/amd64/v2", "linux", "amd64", "v3"));
    assert_true(match("linux/arm64", "linux", "arm64", "v8"));
    assert_true(match("linux/arm64/v8", "linux", "arm64", ""));
    assert_true(match("linux/arm/v7", "linux", "arm", ""));
    assert_false(match("linux/arm/v6", "linux", "arm", "v7"));
    assert_false(match("linux/amd64", "windows", "amd64", ""));
    assert_false(match("linux/amd64", "linux", "386", ""));
}

static void platforms_sort_by_their_parts(void **state)
{
    (void)state;
    struct pl_platform a = platform("linux/arm/v6"), b = platform("linux/arm/v7"),
                       c = platform("windows/amd64");
    assert_true(pl_platform_cmp(&a, &b) < 0);
    assert_true(pl_platform_cmp(&c, &b) > 0);
    assert_int_equal(pl_platform_cmp(&a, &a), 0);
    b.arch = PL_S("zz");
    assert_true(pl_platform_cmp(&a, &b) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_of_a_reference),
        cmocka_unit_test(what_is_no_reference),
        cmocka_unit_test(platforms_read_and_print),
        cmocka_unit_test(what_is_no_platform),
        cmocka_unit_test(a_wish_without_variant_takes_any),
        cmocka_unit_test(platforms_sort_by_their_parts),
    };
    return cmocka_run_group_tests_name("reference", tests, NULL, NULL);
}
