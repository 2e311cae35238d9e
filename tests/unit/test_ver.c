/* Version schemes: order, validity, ranges, and what no version may cost. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "ver/osv.h"
#include "ver/scheme.h"
#include "ver/vers.h"

/* versions from low to high; those joined by '=' are equal */
struct chain {
    const char *scheme, *text;
};

static const struct chain chains[] = {
    { "deb", "1.0~~ 1.0~rc1 1.0=1.0-0=0:1.0 1.0-0+deb1 1.0-1~bpo1 1.0-1 1.0-1+b1 1.0-10 1.0a 1.0+1 "
             "1.0.1 1.2 01.10=1.10 1:0.1 2:0~" },
    { "deb", "1.2a 1.2z 1.2+ 1.2.0" },
    { "apk", "1.0_alpha 1.0_alpha1 1.0_beta2 1.0_pre 1.0_rc3 1.0 1.0-r1 1.0-r10 1.0_git2020 1.0_p1 "
             "1.0_p1-r1 1.0a 1.0b 1.0.1 1.01 1.02 1.1 1.10 2" },
    { "apk", "1.0~1234 1.0~2345 1.1" },
    { "rpm", "1.0~rc1 1.0~rc1^git1 1.0 1.0-1 1.0-1.el8 1.0-2.el8 1.0^git1 1.0a-1 1.0.1-1 1.5-1 "
             "1.10-1 0:2=0:2=2 1:0.1" },
    { "rpm", "a 1 1.a 1.1=1_1=1..1" },
    { "maven", "1-alpha-1=1-a1=1alpha1 1-beta 1-milestone-3=1-m3 1-rc1=1-cr1 1-SNAPSHOT "
               "1=1.0=1-ga=1.final=1-0=1.0.0 1-sp 1-sp-2 1-abc 1-jre 1-1 1.0.1 1.1 1.10 2" },
    { "maven", "1.99999999999999999999 1.100000000000000000000" },
    { "pypi", "0.1-unknown 1.0.dev1 1.0a1.dev1 1.0a1=1.0alpha1=1.0-A.1 1.0b2 1.0rc1=1.0c1=1.0.pre1 "
              "1.0=1=v1.0.0 1.0+abc 1.0+abc.2 1.0+5 1.0.post1.dev2 1.0.post1=1.0-1 1.0.1 1!0.1" },
    { "pypi", "1.0a-.dev2 1.0a_=1.0a0=1.0-alpha. 1.0-post.+5=1.0.post0+5" },
    { "gem", "1.a 1.0.a.2 1.0.a10 1.0.b1=1.b1=1.0.0.b1 1=1.0=1.0.0 1.0.1.pre 1.0.1 1.2 1.10" },
    { "gem", "1.0-1 1.0" },
    { "npm", "1.0.0-0 1.0.0-1 1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta.2 "
             "1.0.0-beta.11 1.0.0-rc.1 1.0.0=v1.0.0=1.0.0+build 1.0.1 1.2.0 1.10.0" },
    { "semver", "1.0.0-1 1.0.0-a 1.0.0-a.b 1.0.0=1.0.0+x 18446744073709551616.0.0" },
    { "go",
      "v1.2 v1.2.1-0.20200101000000-abcdefabcdef v1.2.1-rc.1 1.2.1=v1.2.1=v1.2.1+incompatible "
      "v2.0.0" },
    { "go", "go1.20rc1 go1.20=go1.20.0 go1.20.3 go1.21 go1.21rc2 go1.21.0 go1.21.10" },
    { "composer", "dev-main 1.0.0-dev 1.0.0-alpha1=1.0a1 1.0.0-beta 1.0.0-beta2=1.0b2 1.0.0-RC1 "
                  "1.0=v1.0.0=1=1.0.0-stable=1.0.0+build 1.0.0-patch1=1.0pl1 1.0.0.1 1.2 1.10 "
                  "1.x-dev 2.0" },
    { "composer", "1.-dev=1.0-dev 1.=1.0=v1_ 1.2." },
    { "nuget", "1.0.0-alpha=1.0.0-ALPHA 1.0.0-alpha.2 1.0.0-alpha.10 1.0=1.0.0=1.0.0.0=1.0+x "
               "1.0.0.1 1.2 1.10" },
    { "cran", "0.1 0.1.0=0.1-0 0.1.1 0.2 0.10" },
    { "hackage", "0.1 0.1.0 0.1.1 0.2 0.10" },
    { "pub", "1.0.0-dev.1 1.0.0 1.0.0+1 1.0.0+2 1.0.0+10 1.0.1" },
    { "alpm", "1.0alpha 1.0b 1.0rc 1.0 1.0.a 1.0.1 1.1-1 1.1-2 1:0.1" },
    { "gentoo", "1.0_alpha1 1.0_beta 1.0_pre 1.0_rc2 1.0=1.0-r0 1.0-r1 1.0_p1 1.0b 1.001 1.01 1.1 "
                "1.1.0 1.10" },
    { "conan", "1-alpha 1=1.0=1.0.0 1+b 1.0.a 1.1 1.2 1.10" },
    { "openssl", "1.0.2 1.0.2a 1.0.2z 1.0.2za 1.1.1-pre1 1.1.1 1.1.1k 3.0.0-beta1 3.0.0 3.0.10" },
};

static const struct pl_scheme *scheme(const char *name)
{
    const struct pl_scheme *s = pl_scheme_find(pl_str_c(name));
    assert_non_null(s);
    return s;
}

static void pair(const struct pl_scheme *s, struct pl_str a, struct pl_str b, int want)
{
    if (pl_ver_cmp(s, a, b) != want || pl_ver_cmp(s, b, a) != -want)
        fail_msg("%s: '%.*s' against '%.*s' is not %d but %d and %d", s->name, PL_FMT(a), PL_FMT(b),
                 want, pl_ver_cmp(s, a, b), pl_ver_cmp(s, b, a));
}

static void versions_stand_in_order(void **state)
{
    (void)state;
    for (size_t c = 0; c < PL_COUNT(chains); c++) {
        struct pl_str v[64], text = pl_str_c(chains[c].text), group, one;
        int place[64], at = 0;
        size_t n = 0;
        for (; pl_str_split(&text, ' ', &group); at++)
            while (pl_str_split(&group, '=', &one)) {
                place[n] = at;
                v[n++] = one;
            }
        for (size_t i = 0; i < n; i++)
            for (size_t j = i; j < n; j++)
                pair(scheme(chains[c].scheme), v[i], v[j], place[i] == place[j] ? 0 : -1);
    }
}

static void validity(void **state)
{
    (void)state;
    static const struct {
        const char *scheme, *good, *bad;
    } rows[] = {
        { "deb", "1:2.3-4+b1~x", "a1" },
        { "deb", "0", "1.0-" },
        { "apk", "1.2.3a_rc1_p2-r3", "1.2-r" },
        { "apk", "1.0~abc-r1", "1.0_foo" },
        { "rpm", "1:2.3~rc1-4.el8", "1 2" },
        { "maven", "1.0-SNAPSHOT", "[1,2)" },
        { "pypi", "1!1.0rc1.post2.dev3+a.b", "1.0-x" },
        { "pypi", "v1.0-1", "1.0+" },
        { "gem", "1.0.a-1", "1..2" },
        { "npm", "v1.2.3-x+y", "1.2" },
        { "semver", "1.0.0-0a", "1.0.0-01" },
        { "go", "v1.2.3-0.20200101000000-abc", "v1.2-pre" },
        { "go", "go1.21rc1", "v01.2.3" },
        { "composer", "v1.0.0-RC1", "1.2.3.4.5" },
        { "composer", "dev-master", "dev-" },
        { "nuget", "1.0.0.1-x", "1.0.0.0.1" },
        { "cran", "1.2-3", "1" },
        { "hackage", "1.2", "1.2-x" },
        { "pub", "1.0.0+1", "1.0" },
        { "alpm", "1:1.0-1", "1/2" },
        { "gentoo", "1.0b_rc1-r2", "1.0_x" },
        { "conan", "1.0-a+b", "" },
        { "openssl", "1.1.1k-fips", "x" },
    };
    for (size_t i = 0; i < PL_COUNT(rows); i++) {
        const struct pl_scheme *s = scheme(rows[i].scheme);
        if (!s->valid(pl_str_c(rows[i].good)) || s->valid(pl_str_c(rows[i].bad)))
            fail_msg("%s: '%s' or '%s'", s->name, rows[i].good, rows[i].bad);
    }
}

static void ranges(void **state)
{
    (void)state;
    static const struct {
        const char *scheme, *range, *in, *out;
    } rows[] = {
        { "npm", "^1.2.3", "1.9.9", "2.0.0" },
        { "npm", "^0.2.3", "0.2.9", "0.3.0" },
        { "npm", "~1.2", "1.2.9", "1.3.0" },
        { "npm", "1.2.x || >=3", "3.0.0", "2.0.0" },
        { "npm", "1.0.0 - 2", "2.9.9", "3.0.0" },
        { "npm", ">1.2", "1.3.0", "1.2.9" },
        { "npm", "<=1.2", "1.2.9", "1.3.0" },
        { "npm", ">=1.0.0-rc.1", "1.0.0-rc.2", "1.0.1-rc.1" },
        { "npm", "*", "1.0.0", "1.0.0-rc.1" },
        { "npm", "> 1.0.0 < 2.0.0", "1.5.0", "2.0.0" },
        { "composer", "^1.2", "1.9", "2.0-beta" },
        { "composer", "~1.2.1", "1.2.9", "1.3" },
        { "composer", "1.2.* | 3.*", "3.1", "2.0" },
        { "composer", ">=1.0,<1.5 || 2.0", "2.0", "1.5" },
        { "composer", "1.0 - 2.0", "2.0.5", "2.1" },
        { "composer", "!=1.0", "1.1", "1.0.0" },
        { "pypi", ">=1.0,<2,!=1.5", "1.4", "1.5" },
        { "pypi", "~=1.4.2", "1.4.9", "1.5" },
        { "pypi", "==1.4.*", "1.4.post1", "1.5" },
        { "pypi", "===1.0", "1.0", "1.0.0" },
        { "pypi", ">1.0", "1.1", "1.0.post1" },
        { "gem", "~> 1.4.2", "1.4.9", "1.5" },
        { "gem", ">= 1.0, < 2.a", "1.9", "2.0" },
        { "maven", "[1.0,2.0)", "1.5", "2.0" },
        { "maven", "(,1.0],[2.0,)", "2.1", "1.5" },
        { "maven", "[1.0]", "1.0.0", "1.1" },
        { "maven", ">= 1.0, < 1.2", "1.1", "1.2" },
        { "nuget", "[1.0,2.0)", "1.5", "2.0" },
        { "nuget", "1.0", "1.5", "0.9" },
        { "apk", ">=1.0-r1", "1.0-r2", "1.0-r0" },
        { "apk", "~1.2", "1.2.7-r3", "1.3" },
        { "deb", ">= 1.0, << 2.0", "1.5-1", "2.0" },
        { "rpm", "< 1.0-2", "1.0-1", "1.0-2" },
        { "go", ">=v1.0.0 && <v1.5.0 || v2.0.0", "v2.0.0", "v1.5.0" },
    };
    for (size_t i = 0; i < PL_COUNT(rows); i++) {
        const struct pl_scheme *s = scheme(rows[i].scheme);
        struct pl_str r = pl_str_c(rows[i].range);
        if (pl_ver_in(s, r, pl_str_c(rows[i].in), 0) != 1 ||
            pl_ver_in(s, r, pl_str_c(rows[i].out), 0) != 0)
            fail_msg("%s: '%s'", s->name, rows[i].range);
    }
    assert_int_equal(pl_ver_in(scheme("npm"), PL_S("*"), PL_S("1.0.0-rc.1"), PL_RANGE_PRE), 1);
}

static void ranges_that_cannot_be_read(void **state)
{
    (void)state;
    static const struct {
        const char *scheme, *range;
    } rows[] = {
        { "npm", "^^1" },       { "npm", "1.2.3.4.5 foo bar" },
        { "composer", "^foo" }, { "pypi", "~=1" },
        { "pypi", "==x" },      { "pypi", ">1.*" },
        { "gem", "~> !" },      { "maven", "[1,2" },
        { "maven", "[1,2) x" }, { "nuget", "[1" },
        { "apk", ">" },         { "deb", ">=" },
        { "composer", "" },     { "deb", "~> 1" },
    };
    for (size_t i = 0; i < PL_COUNT(rows); i++) {
        int r = pl_ver_in(scheme(rows[i].scheme), pl_str_c(rows[i].range), PL_S("1.0.0"), 0);
        if (r >= 0)
            fail_msg("%s: '%s' was read", rows[i].scheme, rows[i].range);
    }
}

static bool affected(const char *version, const struct pl_osv_event *e, size_t n)
{
    return pl_osv_affected(scheme("semver"), e, n, pl_str_c(version));
}

static void events_of_osv(void **state)
{
    (void)state;
    const struct pl_osv_event two[] = { { PL_OSV_FIXED, PL_S("1.0.0") },
                                        { PL_OSV_INTRODUCED, PL_S("2.0.0") },
                                        { PL_OSV_INTRODUCED, PL_S("0") },
                                        { PL_OSV_LAST_AFFECTED, PL_S("2.5.0") } };
    const struct pl_osv_event one[] = { { PL_OSV_INTRODUCED, PL_S("1.0.0") },
                                        { PL_OSV_LAST_AFFECTED, PL_S("1.0.0") } };
    const struct pl_osv_event all[] = { { PL_OSV_INTRODUCED, PL_S("0") } };
    const struct pl_osv_event limit[] = { { PL_OSV_INTRODUCED, PL_S("0") },
                                          { PL_OSV_LIMIT, PL_S("1.0.0") } };
    assert_true(affected("0.9.0", two, 4) && affected("0.0.0-a", two, 4));
    assert_false(affected("1.0.0", two, 4) || affected("1.9.0", two, 4));
    assert_true(affected("2.0.0", two, 4) && affected("2.5.0", two, 4));
    assert_false(affected("2.5.1", two, 4) || affected("", two, 4));
    assert_true(affected("1.0.0", one, 2));
    assert_false(affected("0.9.9", one, 2) || affected("1.0.1", one, 2));
    assert_true(affected("", all, 1) && affected("9.0.0", all, 1));
    assert_false(affected("1.0.0", limit, 2));
    assert_false(affected("1.0.0", NULL, 0));
}

static void a_bound_without_release_fits_any(void **state)
{
    (void)state;
    const struct pl_scheme *s = scheme("rpm");
    assert_int_equal(pl_ver_bound(s, PL_S("1.0-5.el8"), PL_S("1.0")), 0);
    assert_int_equal(pl_ver_bound(s, PL_S("1:1.0-5"), PL_S("1.0")), 1);
    assert_int_equal(pl_ver_cmp(s, PL_S("1.0-5.el8"), PL_S("1.0")), 1);
}

static void ecosystems_have_schemes(void **state)
{
    (void)state;
    assert_string_equal(pl_scheme_of_osv(PL_S("Debian:12"))->name, "deb");
    assert_string_equal(pl_scheme_of_osv(PL_S("crates.io"))->name, "semver");
    assert_string_equal(pl_scheme_of_purl(PL_S("golang"))->name, "go");
    assert_string_equal(pl_scheme_of_purl(PL_S("rpm"))->name, "rpm");
    assert_null(pl_scheme_of_osv(PL_S("debian")));
    assert_null(pl_scheme_of_purl(PL_S("nothing")));
    assert_string_equal(pl_scheme_near(PL_S("pipy")), "pypi");
}

static void a_megabyte_takes_no_time(void **state)
{
    static const char *const patterns[] = { "0",  "1",  "1.", "0.", "a",    "-",    "~",
                                            "1a", "1-", ".-", "_p", "rc1-", "1.0-", "+" };
    enum { N = 1 << 18 };
    char *p = malloc(N + 2), *q = malloc(N + 2);
    (void)state;
    assert_true(p && q);
    for (size_t k = 0; k < PL_COUNT(patterns); k++) {
        for (size_t i = 0; i < N; i++)
            p[i] = q[i] = patterns[k][i % strlen(patterns[k])];
        q[N] = '1';
        for (size_t s = 0; pl_schemes[s]; s++) {
            pl_ver_cmp(pl_schemes[s], pl_str_n(p, N), pl_str_n(q, N + 1));
            pl_schemes[s]->valid(pl_str_n(p, N));
        }
    }
    free(p);
    free(q);
}

static bool in_vers(const char *range, const char *v)
{
    struct pl_arena a = { 0 };
    struct pl_err err = { 0 };
    bool in = false;
    assert_int_equal(pl_vers_in(&a, pl_str_c(range), pl_str_c(v), NULL, &in, &err), 0);
    pl_arena_release(&a);
    return in;
}

static void universal_ranges(void **state)
{
    struct pl_arena a = { 0 };
    struct pl_err err = { 0 };
    bool in;
    (void)state;
    assert_true(in_vers("vers:npm/>=1.0.0|<2.0.0", "1.5.0"));
    assert_false(in_vers("vers:npm/>=1.0.0|<2.0.0", "2.0.0"));
    assert_true(in_vers("vers:pypi/<1.0|>=2.0|<3.0|5.0", "5.0"));
    assert_true(in_vers("vers:pypi/<1.0|>=2.0|<3.0|5.0", "0.5"));
    assert_false(in_vers("vers:pypi/<1.0|>=2.0|<3.0|5.0", "1.5"));
    assert_false(in_vers("vers:gem/>1.0|!=1.5", "1.5"));
    assert_true(in_vers("vers:gem/!=1.5", "1.6") && in_vers("vers:deb/*", "1"));
    assert_true(in_vers("vers:semver/%3E=1.0.0", "0.1") == false);
    assert_true(pl_vers_in(&a, PL_S("vers:odd/1"), PL_S("1"), NULL, &in, &err) < 0);
    assert_true(pl_vers_in(&a, PL_S("npm/1"), PL_S("1"), NULL, &in, &err) < 0);
    assert_true(pl_vers_in(&a, PL_S("vers:npm"), PL_S("1"), NULL, &in, &err) < 0);
    assert_true(pl_vers_in(&a, PL_S("vers:npm/~1"), PL_S("1"), NULL, &in, &err) < 0);
    pl_arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(versions_stand_in_order),
        cmocka_unit_test(validity),
        cmocka_unit_test(ranges),
        cmocka_unit_test(ranges_that_cannot_be_read),
        cmocka_unit_test(events_of_osv),
        cmocka_unit_test(a_bound_without_release_fits_any),
        cmocka_unit_test(ecosystems_have_schemes),
        cmocka_unit_test(a_megabyte_takes_no_time),
        cmocka_unit_test(universal_ranges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
