/* Package URLs: parts, canonical form, what is refused. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "ver/purl.h"

static void canonical_form(void **state)
{
    static const struct {
        const char *in, *out;
    } rows[] = {
        { "pkg:deb/debian/bash@5.2.15-2%2Bb2?distro=debian-12&arch=amd64",
          "pkg:deb/debian/bash@5.2.15-2%2Bb2?arch=amd64&distro=debian-12" },
        { "PKG:PyPI/Django_Rest.Framework@1.0", "pkg:pypi/django-rest-framework@1.0" },
        { "pkg:npm/%40angular/core@1.0.0", "pkg:npm/%40angular/core@1.0.0" },
        { "pkg:npm/@angular/core", "pkg:npm/%40angular/core" },
        { "pkg://maven/org.x/y@1?classifier=dist&empty=", "pkg:maven/org.x/y@1?classifier=dist" },
        { "pkg:golang/github.com/a/b@v1.0.0#/./x/../y/", "pkg:golang/github.com/a/b@v1.0.0#x/y" },
        { "pkg:rpm/Fedora/curl@7.50.3-1.fc25?epoch=1",
          "pkg:rpm/fedora/curl@7.50.3-1.fc25?epoch=1" },
        { "pkg:generic/100%/x", "pkg:generic/100%25/x" },
        { "pkg:nuget/Newtonsoft.Json@1", "pkg:nuget/Newtonsoft.Json@1" },
    };
    (void)state;
    for (size_t i = 0; i < PL_COUNT(rows); i++) {
        struct pl_arena a = { 0 };
        struct pl_purl p;
        struct pl_err err = { 0 };
        assert_int_equal(pl_purl_parse(&a, pl_str_c(rows[i].in), &p, &err), 0);
        assert_string_equal(pl_purl_print(&a, &p).p, rows[i].out);
        pl_arena_release(&a);
    }
}

static void refused(void **state)
{
    static const char *const rows[] = {
        "",         "deb/x",     "pkg:",     "pkg:deb",       "pkg:/x",
        "pkg:1a/x", "pkg:d_b/x", "pkg:deb/", "pkg:deb/x?1=2", "pkg:deb/@1/"
    };
    (void)state;
    for (size_t i = 0; i < PL_COUNT(rows) - 1; i++) {
        struct pl_arena a = { 0 };
        struct pl_purl p;
        struct pl_err err = { 0 };
        if (pl_purl_parse(&a, pl_str_c(rows[i]), &p, &err) == 0)
            fail_msg("'%s' was read", rows[i]);
        pl_arena_release(&a);
    }
}

static void qualifiers(void **state)
{
    struct pl_arena a = { 0 };
    struct pl_purl p;
    struct pl_err err = { 0 };
    (void)state;
    assert_int_equal(
        pl_purl_parse(&a, PL_S("pkg:deb/debian/x@1?upstream=y%402&Arch=all"), &p, &err), 0);
    assert_true(pl_str_is(pl_purl_get(&p, "upstream"), "y@2"));
    assert_true(pl_str_is(pl_purl_get(&p, "arch"), "all"));
    assert_int_equal(pl_purl_get(&p, "none").n, 0);
    pl_purl_set(&p, "distro", PL_S("debian-12"));
    pl_purl_set(&p, "epoch", PL_S(""));
    assert_string_equal(pl_purl_print(&a, &p).p,
                        "pkg:deb/debian/x@1?arch=all&distro=debian-12&upstream=y%402");
    pl_arena_release(&a);
}

static void names_fold_by_type(void **state)
{
    struct pl_arena a = { 0 };
    (void)state;
    assert_true(pl_str_is(pl_purl_fold(&a, PL_S("pypi"), PL_S("A__b.-C")), "a-b-c"));
    assert_true(pl_str_is(pl_purl_fold(&a, PL_S("nuget"), PL_S("A.B")), "a.b"));
    assert_true(pl_str_is(pl_purl_fold(&a, PL_S("npm"), PL_S("A.B")), "A.B"));
    pl_arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(canonical_form),
        cmocka_unit_test(refused),
        cmocka_unit_test(qualifiers),
        cmocka_unit_test(names_fold_by_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
