/* Feeds of distributions in XML and CSAF, ratings, lists: what they say of which package. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "vuln/build.h"
#include "vuln/match.h"

struct world {
    char dir[64];
    struct pl_advbuild *b;
    struct pl_advdb *db;
    struct pl_vuln_matcher *m;
    struct pl_arena a;
    unsigned notes;
};

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    snprintf(w->dir, sizeof w->dir, "/tmp/pl-feeds-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    w->b = pl_advbuild_new();
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    char path[128];
    pl_vuln_matcher_free(w->m);
    pl_advdb_close(w->db);
    pl_advbuild_free(w->b);
    pl_arena_release(&w->a);
    snprintf(path, sizeof path, "%s/match.db", w->dir);
    unlink(path);
    rmdir(w->dir);
    free(w);
    return 0;
}

static void count_note(void *arg, const char *where, const char *message)
{
    (void)where;
    (void)message;
    ((struct world *)arg)->notes++;
}

/* A seed of the fuzzer: its name, then its bytes. */
static void seed(struct world *w, const char *name)
{
    struct pl_limits limits;
    struct pl_err err = { 0 };
    const char *root = getenv("PL_SRC");
    char path[512], text[16384];
    pl_limits_init(&limits);
    snprintf(path, sizeof path, "%s/tests/corpus/advisory/%s", root ? root : ".", name);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    size_t n = fread(text, 1, sizeof text, f);
    fclose(f);
    struct pl_str rest = pl_str_n(text, n), head = PL_S("");
    assert_true(n < sizeof text && pl_str_split(&rest, '\n', &head));
    struct pl_adv_read_opts o = { .limits = &limits, .note = count_note, .arg = w };
    o.release = PL_S("");
    assert_int_equal(pl_adv_read_bytes(w->b, head, rest, &o, &err), 0);
}

static void finish(struct world *w)
{
    struct pl_err err = { 0 };
    struct pl_advbuild_opts o = { PL_S("2026-01-02T03:04:05Z"), PL_S("") };
    struct pl_advbuild_sum sum;
    assert_int_equal(pl_advbuild_write(w->b, w->dir, &o, &sum, &err), 0);
    assert_int_equal(pl_advdb_open(w->dir, &w->db, &err), 0);
    struct pl_match_opts mo = { .today = PL_S("2026-06-01") };
    w->m = pl_vuln_matcher_new(w->db, &mo);
}

static struct pl_matches match(struct world *w, const char *name, const char *version,
                               const char *distro, const char *arch, const char *quals)
{
    struct pl_package p = { .pkg = { .type = PL_S("rpm"),
                                     .name = pl_str_c(name),
                                     .version = pl_str_c(version),
                                     .arch = pl_str_c(arch),
                                     .quals = pl_str_c(quals) },
                            .distro = pl_str_c(distro),
                            .span = { PL_NEVER, PL_NEVER, PL_HOW_NONE, true } };
    struct pl_matches found;
    struct pl_err err = { 0 };
    assert_int_equal(pl_match_package(w->m, &p, false, &w->a, &found, &err), 0);
    return found;
}

static void oval_says_which_release_module_and_architecture(void **state)
{
    struct world *w = *state;
    seed(w, "oval");
    finish(w);
    struct pl_matches m =
        match(w, "curl", "7.61.1-29.el8", "ol-8.9", "x86_64", "rpmmod=nodejs:18:1:c");
    assert_int_equal(m.n, 2); /* both flaws that the update is about; live patches are apart */
    assert_int_equal(m.p[0].severity, PL_SEV_HIGH);
    assert_true(pl_str_is(m.p[0].vuln->fixed, "7.61.1-30.el8"));
    assert_int_equal(
        match(w, "curl", "7.61.1-30.el8", "ol-8.9", "x86_64", "rpmmod=nodejs:18:1:c").n, 0);
    assert_int_equal(match(w, "curl", "7.61.1-29.el8", "ol-8.9", "x86_64", "").n, 0);
    assert_int_equal(
        match(w, "curl", "7.61.1-29.el8", "ol-8.9", "aarch64", "rpmmod=nodejs:18:1:c").n, 0);
    assert_int_equal(match(w, "curl", "7.61.1-29.el8", "ol-9.1", "x86_64", "rpmmod=nodejs:18:1").n,
                     0);
    /* its test is missing: the criterion says it */
    assert_int_equal(
        match(w, "libcurl", "7.61.1-29.el8", "ol-8", "x86_64", "rpmmod=nodejs:18:1:c").n, 2);
}

static void oval_of_flaws_without_a_fix(void **state)
{
    struct world *w = *state;
    seed(w, "oval");
    finish(w);
    struct pl_matches m = match(w, "bind", "9-1", "sles-15.4", "x86_64", "");
    assert_int_equal(m.n, 1);
    assert_int_equal(m.p[0].vuln->state, PL_FIX_WILL_NOT_FIX);
    assert_int_equal(m.p[0].severity, PL_SEV_HIGH);
    assert_int_equal(match(w, "a", "0-1", "sles-15.4", "x86_64", "").n, 0);
    assert_int_equal(match(w, "a", "2-1", "sles-15.4", "x86_64", "").n, 1);
    assert_int_equal(match(w, "a", "3-1", "sles-15.4", "x86_64", "").n, 0);
}

static void updateinfo_of_repositories(void **state)
{
    struct world *w = *state;
    seed(w, "updateinfo");
    finish(w);
    assert_int_equal(w->notes, 1); /* a release that is not known */
    assert_int_equal(match(w, "curl", "7.9-1.amzn2", "amzn-2", "aarch64", "").n, 1);
    assert_int_equal(match(w, "curl", "7.9-1.amzn2", "amzn-2", "i686", "").n, 0);
    assert_int_equal(match(w, "curl", "8.0-1.amzn2", "amzn-2", "x86_64", "").n, 0);
    assert_int_equal(match(w, "bind", "31:9-1", "amzn-2", "x86_64", "").n, 1);
    assert_int_equal(
        match(w, "nodejs", "1:17-1.el9", "almalinux-9.3", "x86_64", "rpmmod=nodejs:18:1:c").n, 1);
    assert_int_equal(match(w, "nodejs", "1:17-1.el9", "almalinux-9.3", "x86_64", "").n, 0);
}

static void csaf_follows_products(void **state)
{
    struct world *w = *state;
    seed(w, "csaf");
    finish(w);
    struct pl_matches m = match(w, "curl", "7-1.el9", "rhel-9.4", "x86_64", "");
    assert_int_equal(m.n, 2);
    assert_true(pl_str_is(m.p[0].rule, "CVE-2024-0001"));
    assert_true(pl_str_is(m.p[0].aliases.p[0], "RHSA-2024:1"));
    assert_int_equal(
        match(w, "nodejs", "1:17-1.el9", "rhel-9.4", "x86_64", "rpmmod=nodejs:18:9:c").n, 2);
    assert_int_equal(match(w, "curl", "8-1.el9", "rhel-9.4", "x86_64", "").n, 0);
    assert_int_equal(match(w, "curl", "7-1.el9", "rhel-8", "x86_64", "").n, 0);
}

static void csaf_vex_and_security_data_say_states(void **state)
{
    struct world *w = *state;
    seed(w, "csaf-vex");
    seed(w, "redhat");
    finish(w);
    struct pl_matches m =
        match(w, "nodejs", "1:18-1", "rhel-9.4", "x86_64", "rpmmod=nodejs:18:9:c");
    assert_int_equal(m.n, 1);
    assert_int_equal(m.p[0].vuln->state, PL_FIX_DEFERRED);
    assert_int_equal(m.p[0].severity, PL_SEV_LOW);
    m = match(w, "curl", "7-1.el8", "rhel-8.6", "x86_64", "");
    assert_int_equal(m.n, 1);
    assert_int_equal(m.p[0].vuln->state, PL_FIX_WILL_NOT_FIX);
    assert_int_equal(match(w, "curl", "7-1.el7", "rhel-7.9", "x86_64", "").n, 0);
}

static void ratings_count_where_nobody_rated(void **state)
{
    struct world *w = *state;
    seed(w, "nvd");
    seed(w, "nvd-feed");
    seed(w, "dsa");
    finish(w);
    assert_true(
        pl_str_starts(pl_advdb_rating(w->db, PL_S("CVE-2024-0007"), &w->a), PL_S("CVSS:3.1/AV:N")));
    assert_true(pl_advdb_rating(w->db, PL_S("CVE-2014-0160"), &w->a).n > 0);
    assert_int_equal(pl_advdb_rating(w->db, PL_S("CVE-2024-0008"), &w->a).n, 0);
}

static void lists_of_debian(void **state)
{
    struct world *w = *state;
    seed(w, "dsa");
    finish(w);
    struct pl_package p = {
        .pkg = { .type = PL_S("deb"), .name = PL_S("sope"), .version = PL_S("5.8.0-1") },
        .distro = PL_S("debian-12"),
        .span = { PL_NEVER, PL_NEVER, PL_HOW_NONE, true }
    };
    struct pl_matches found;
    struct pl_err err = { 0 };
    assert_int_equal(pl_match_package(w->m, &p, false, &w->a, &found, &err), 0);
    assert_int_equal(found.n, 2);
    assert_true(pl_str_is(found.p[0].vuln->published, "2025-07-31"));
    p.distro = PL_S("debian-13");
    assert_int_equal(pl_match_package(w->m, &p, false, &w->a, &found, &err), 0);
    assert_int_equal(found.n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
        T(oval_says_which_release_module_and_architecture),
        T(oval_of_flaws_without_a_fix),
        T(updateinfo_of_repositories),
        T(csaf_follows_products),
        T(csaf_vex_and_security_data_say_states),
        T(ratings_count_where_nobody_rated),
        T(lists_of_debian),
#undef T
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
