/* Advisories: what a source says, and which package it is true of. */
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
#include "vuln/cvss.h"
#include "vuln/eco.h"
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
    snprintf(w->dir, sizeof w->dir, "/tmp/pl-vuln-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    w->b = pl_advbuild_new();
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    static const char *const files[] = { "match.db", "source", "source.yaml", "source.md" };
    struct world *w = *state;
    char path[128];
    pl_vuln_matcher_free(w->m);
    pl_advdb_close(w->db);
    pl_advbuild_free(w->b);
    pl_arena_release(&w->a);
    for (size_t i = 0; i < PL_COUNT(files); i++) {
        snprintf(path, sizeof path, "%s/%s", w->dir, files[i]);
        unlink(path);
    }
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

/* Reads `text` as a file of that name; the code. */
static int source(struct world *w, const char *name, const char *text, const char *release)
{
    struct pl_limits limits;
    char path[128];
    struct pl_err err = { 0 };
    pl_limits_init(&limits);
    snprintf(path, sizeof path, "%s/%s", w->dir, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    struct pl_adv_read_opts o = { .limits = &limits, .note = count_note, .arg = w };
    o.release = pl_str_c(release);
    return pl_adv_read(w->b, path, &o, &err);
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

static struct pl_package package(const char *type, const char *name, const char *version,
                                 const char *distro)
{
    struct pl_package p = {
        .pkg = { .type = pl_str_c(type), .name = pl_str_c(name), .version = pl_str_c(version) },
        .distro = pl_str_c(distro),
        .span = { PL_NEVER, PL_NEVER, PL_HOW_NONE, true }
    };
    return p;
}

static struct pl_matches match(struct world *w, const struct pl_package *p)
{
    struct pl_matches found;
    struct pl_err err = { 0 };
    assert_int_equal(pl_match_package(w->m, p, false, &w->a, &found, &err), 0);
    return found;
}

static size_t hits(struct world *w, const char *type, const char *name, const char *version,
                   const char *distro)
{
    struct pl_package p = package(type, name, version, distro);
    return match(w, &p).n;
}

static void ranges_of_osv(void **state)
{
    struct world *w = *state;
    assert_int_equal(
        source(w, "source",
               "{\"id\":\"GHSA-1\",\"aliases\":[\"CVE-2024-0001\"],\"modified\":\"2024-"
               "01-01T00:00:00Z\",\"affected\":[{\"package\":{\"ecosystem\":\"npm\","
               "\"name\":\"@a/b\"},\"ranges\":[{\"type\":\"SEMVER\",\"events\":[{"
               "\"introduced\":\"1.0.0\"},{\"fixed\":\"1.2.0\"}]}],\"versions\":["
               "\"3.0.0\"]}]}",
               ""),
        0);
    finish(w);
    struct pl_package p = package("npm", "b", "1.1.0", "");
    p.pkg.ns = PL_S("@a");
    struct pl_matches found = match(w, &p);
    assert_int_equal(found.n, 1);
    assert_true(pl_str_is(found.p[0].rule, "CVE-2024-0001"));
    assert_int_equal(found.p[0].aliases.n, 1);
    assert_true(pl_str_is(found.p[0].vuln->fixed, "1.2.0"));
    assert_true(pl_str_is(found.p[0].vuln->because, "1.1.0 < 1.2.0 (npm), npm @a/b"));
    static const char *const not [] = { "0.9.0", "1.2.0", "2.0.0", "" };
    for (size_t i = 0; i < PL_COUNT(not ); i++) {
        p.pkg.version = pl_str_c(not [i]);
        assert_int_equal(match(w, &p).n, 0);
    }
    p.pkg.version = PL_S("3.0.0");
    assert_int_equal(match(w, &p).n, 1);
}

static void the_source_version_is_compared(void **state)
{
    struct world *w = *state;
    assert_int_equal(
        source(w, "source",
               "{\"id\":\"X-1\",\"modified\":\"\",\"schema_version\":\"1\",\"affected\":["
               "{\"package\":{\"ecosystem\":\"Debian:12\",\"name\":\"postgresql-common\"},"
               "\"ranges\":[{\"type\":\"ECOSYSTEM\",\"events\":[{\"introduced\":\"0\"},{"
               "\"fixed\":\"250\"}]}]}]}",
               ""),
        0);
    finish(w);
    struct pl_package p = package("deb", "postgresql", "15+248+deb12u1", "debian-12");
    p.pkg.source = PL_S("postgresql-common");
    p.pkg.source_version = PL_S("248+deb12u1");
    struct pl_matches found = match(w, &p);
    assert_int_equal(found.n, 1);
    assert_true(pl_str_is(found.p[0].vuln->because,
                          "248+deb12u1 < 250 (deb), Debian:12 source postgresql-common"));
    p.pkg.source_version = PL_S("250");
    assert_int_equal(match(w, &p).n, 0);
    p.pkg.source_version = PL_S("248");
    p.distro = PL_S("debian-11");
    assert_int_equal(match(w, &p).n, 0);
    p.distro = PL_S("debian-12");
    p.span.visible = false;
    assert_int_equal(match(w, &p).n, 0);
}

static void debian_states(void **state)
{
    struct world *w = *state;
    assert_int_equal(
        source(w, "source",
               "{\"bash\":{"
               "\"CVE-2020-0001\":{\"releases\":{\"bookworm\":{\"status\":\"open\","
               "\"nodsa_reason\":\"ignored\",\"urgency\":\"low\"}}},"
               "\"CVE-2020-0002\":{\"releases\":{\"bookworm\":{\"status\":\"resolved\","
               "\"fixed_version\":\"0\",\"urgency\":\"high\"}}},"
               "\"CVE-2020-0003\":{\"releases\":{\"bookworm\":{\"status\":\"open\",\"urgency\":"
               "\"unimportant\"}}},"
               "\"CVE-2020-0004\":{\"releases\":{\"bookworm\":{\"status\":\"resolved\","
               "\"fixed_version\":\"5.2\",\"urgency\":\"high**\"}}}}}",
               ""),
        0);
    /* a copy that says otherwise of the second */
    assert_int_equal(
        source(w, "source",
               "{\"id\":\"CVE-2020-0002\",\"schema_version\":\"1\",\"affected\":[{"
               "\"package\":{\"ecosystem\":\"Debian:12\",\"name\":\"bash\"},\"ranges\":[{"
               "\"type\":\"ECOSYSTEM\",\"events\":[{\"introduced\":\"0\"}]}]}]}",
               ""),
        0);
    finish(w);
    struct pl_package p = package("deb", "bash", "5.1", "debian-12");
    struct pl_matches found = match(w, &p);
    assert_int_equal(found.n, 2);
    assert_true(pl_str_is(found.p[0].rule, "CVE-2020-0001"));
    assert_int_equal(found.p[0].vuln->state, PL_FIX_WILL_NOT_FIX);
    assert_int_equal(found.p[0].severity, PL_SEV_LOW);
    assert_true(pl_str_is(found.p[1].rule, "CVE-2020-0004"));
    assert_int_equal(found.p[1].severity, PL_SEV_HIGH);
    assert_true(pl_str_is(found.p[1].vuln->fixed, "5.2"));
}

static void errata_cover_several(void **state)
{
    struct world *w = *state;
    assert_int_equal(
        source(w, "source",
               "{\"id\":\"ALSA-2024:1\",\"summary\":\"Important: x\",\"modified\":\"\","
               "\"related\":[\"CVE-2024-1000\",\"CVE-2024-1001\"],\"schema_version\":"
               "\"1\",\"affected\":[{\"package\":{\"ecosystem\":\"AlmaLinux:9\",\"name\":"
               "\"xz\"},\"ranges\":[{\"type\":\"ECOSYSTEM\",\"events\":[{\"introduced\":"
               "\"0\"},{\"fixed\":\"5.2-2.el9\"}]}]}]}",
               ""),
        0);
    finish(w);
    struct pl_package p = package("rpm", "xz", "5.2-1.el9", "almalinux-9");
    struct pl_matches found = match(w, &p);
    assert_int_equal(found.n, 2);
    assert_true(pl_str_is(found.p[1].rule, "CVE-2024-1001"));
    assert_true(pl_str_is(found.p[1].aliases.p[0], "ALSA-2024:1"));
    assert_int_equal(found.p[0].severity, PL_SEV_HIGH);
    assert_int_equal(hits(w, "rpm", "xz", "5.2-2.el9", "almalinux-9"), 0);
    assert_int_equal(hits(w, "rpm", "xz", "5.2-1.el9", "rhel-9"), 0);
}

static void other_forms(void **state)
{
    struct world *w = *state;
    assert_int_equal(
        source(w, "source.yaml",
               "distroversion: v3.15\npackages:\n- pkg:\n    name: zlib\n    secfixes:\n"
               "      1.2-r2:\n      - CVE-2018-0001 XSA-9\n      \"0\":\n      - "
               "CVE-2018-0002\n",
               ""),
        0);
    assert_int_equal(
        source(w, "source.md",
               "```toml\n[advisory]\nid = \"RUSTSEC-2020-0001\"\npackage = \"foo\"\n"
               "date = \"2020-01-01\"\n[versions]\npatched = [\">= 0.2.1\", \"^0.1.9\"]\n"
               "```\n\n# Bad foo\n",
               ""),
        0);
    assert_int_equal(
        source(w, "source.yaml",
               "gem: rack\ncve: 2020-8161\ntitle: t\npatched_versions:\n  - \"~> 2.1.3\"\n"
               "  - \">= 2.2.0\"\n",
               ""),
        0);
    assert_int_equal(source(w, "source",
                            "#model_version:v1,score_date:2026-01-01T00:00:00+0000\n"
                            "cve,epss,percentile\nCVE-2018-0001,0.5,0.9\nCVE-2018-0003,x,y\n",
                            ""),
                     0);
    assert_int_equal(source(w, "source",
                            "cveID,vendorProject,product,vulnerabilityName,dateAdded,short,action,"
                            "dueDate,known\nCVE-2018-0001,a,b,\"c, d\",2025-01-01,e,f,2025-02-01,"
                            "Known\n",
                            ""),
                     0);
    assert_int_equal(
        source(w, "source",
               "Candidate: CVE-2021-0001\nPriority: medium\nfocal_curl: released (7.2)\n"
               "esm-infra/xenial_curl: needed\njammy_curl: not-affected\n",
               ""),
        0);
    assert_int_equal(w->notes, 1);
    finish(w);
    struct pl_package p = package("apk", "zlib", "1.2-r1", "alpine-3.15");
    struct pl_matches found = match(w, &p);
    assert_int_equal(found.n, 1);
    assert_true(found.p[0].vuln->has_epss);
    assert_true(found.p[0].vuln->ransomware);
    assert_true(pl_str_is(found.p[0].vuln->kev_due, "2025-02-01"));
    assert_int_equal(hits(w, "cargo", "foo", "0.1.8", ""), 1);
    assert_int_equal(hits(w, "cargo", "foo", "0.1.9", ""), 0);
    assert_int_equal(hits(w, "cargo", "foo", "0.2.0", ""), 1);
    assert_int_equal(hits(w, "gem", "rack", "2.1.2", ""), 1);
    assert_int_equal(hits(w, "gem", "rack", "2.1.4", ""), 0);
    assert_int_equal(hits(w, "deb", "curl", "7.1", "ubuntu-20.04"), 1);
    assert_int_equal(hits(w, "deb", "curl", "7.1", "ubuntu-22.04"), 0);
    assert_int_equal(hits(w, "deb", "curl", "7.1", "ubuntu-16.04"), 0);
}

static void nonsense_is_noted_or_refused(void **state)
{
    struct world *w = *state;
    assert_true(source(w, "source", "{\"id\":\"X\",\"affected\":", "") < 0);
    assert_int_equal(w->notes, 1);
    assert_true(source(w, "source", "", "") < 0);
    assert_true(source(w, "source", "PK\3\4 and no more", "") < 0);
    assert_true(source(w, "source", "hello", "") < 0);
    assert_int_equal(source(w, "source",
                            "{\"id\":\"X\",\"schema_version\":1,\"aliases\":{},\"affected\":[1,{},{"
                            "\"package\":null},{\"package\":{\"ecosystem\":\"npm\",\"name\":\"a\"},"
                            "\"ranges\":[{\"type\":\"GIT\",\"events\":[{\"introduced\":\"0\"}]}]},{"
                            "\"package\":{\"ecosystem\":\"npm\",\"name\":\"a\"},\"ranges\":{},"
                            "\"versions\":[1,null,[]]}]}",
                            ""),
                     0);
    finish(w);
    assert_int_equal(hits(w, "npm", "a", "2", ""), 0);
    assert_int_equal(hits(w, "npm", "a", "1", ""), 1);
}

static void withdrawn_ones_do_not_count(void **state)
{
    static const char text[] =
        "{\"id\":\"X\",\"schema_version\":\"1\",\"modified\":\"%s\"%s,\"affected\":[{\"package\":{"
        "\"ecosystem\":\"npm\",\"name\":\"a\"},\"versions\":[\"1\"]}]}";
    struct world *w = *state;
    char one[400];
    snprintf(one, sizeof one, text, "2024-01-01T00:00:00Z", "");
    assert_int_equal(source(w, "source", one, ""), 0);
    snprintf(one, sizeof one, text, "2024-02-01T00:00:00Z", ",\"withdrawn\":\"2024-02-01\"");
    assert_int_equal(source(w, "source", one, ""), 0);
    finish(w);
    assert_int_equal(hits(w, "npm", "a", "1", ""), 0);
}

static void kernel_headers_are_one_line(void **state)
{
    struct world *w = *state;
    char text[2000];
    for (int i = 0; i < 5; i++) {
        snprintf(
            text, sizeof text,
            "{\"id\":\"CVE-2024-000%d\",\"schema_version\":\"1\",\"affected\":[{\"package\":{"
            "\"ecosystem\":\"Debian:12\",\"name\":\"linux\"},\"ranges\":[{\"type\":\"ECOSYSTEM\","
            "\"events\":[{\"introduced\":\"0\"}]}]}]}",
            i);
        assert_int_equal(source(w, "source", text, ""), 0);
    }
    finish(w);
    struct pl_package p = package("deb", "linux-libc-dev", "6.1.1-1", "debian-12");
    p.pkg.source = PL_S("linux");
    struct pl_matches found = match(w, &p);
    assert_int_equal(found.n, 1);
    assert_int_equal(found.p[0].severity, PL_SEV_INFO);
    assert_int_equal(found.p[0].vuln->collapsed.n, 5);
    struct pl_err err = { 0 };
    assert_int_equal(pl_match_package(w->m, &p, /* kernel= */ true, &w->a, &found, &err), 0);
    assert_int_equal(found.n, 5);
}

static void a_target_is_told_what_was_not_assessed(void **state)
{
    struct world *w = *state;
    struct pl_err err = { 0 };
    assert_int_equal(source(w, "source",
                            "{\"id\":\"X\",\"schema_version\":\"1\",\"affected\":[{\"package\":{"
                            "\"ecosystem\":\"Debian:9\",\"name\":\"a\"},\"versions\":[\"1\"]}]}",
                            ""),
                     0);
    finish(w);
    struct pl_package p[] = { package("deb", "a", "1", "debian-9"),
                              package("apk", "b", "1", "alpine-3.22"),
                              package("rpm", "c", "1", "unheard-of"),
                              package("npm", "d", "1", "") };
    struct pl_target t = { .packages = p, .n_packages = PL_COUNT(p), .complete = true };
    assert_int_equal(pl_match_target(w->m, &w->a, &t, &err), 0);
    assert_int_equal(t.n_findings, 2);
    assert_int_equal(t.findings[0].kind + t.findings[1].kind,
                     PL_KIND_TRUST + PL_KIND_VULNERABILITY);
    assert_int_equal(t.n_notes, 3);
    assert_false(t.complete);
}

static void a_damaged_database_is_an_error(void **state)
{
    struct world *w = *state;
    struct pl_err err = { 0 };
    struct pl_advdb *db = NULL;
    char path[128];
    assert_int_equal(pl_advdb_open(w->dir, &db, &err), PL_E_NOENT);
    assert_int_equal(source(w, "source",
                            "{\"id\":\"X\",\"schema_version\":\"1\",\"affected\":[{\"package\":{"
                            "\"ecosystem\":\"npm\",\"name\":\"a\"},\"versions\":[\"1\"]}]}",
                            ""),
                     0);
    finish(w);
    snprintf(path, sizeof path, "%s/match.db", w->dir);
    FILE *f = fopen(path, "r+");
    assert_non_null(f);
    for (long at = 100; at < 60000; at += 37) {
        fseek(f, at, SEEK_SET);
        fputc(0x5a, f);
    }
    fclose(f);
    int r = pl_advdb_open(w->dir, &db, &err);
    assert_true(r < 0);
}

static void scores_of_vectors(void **state)
{
    static const struct {
        const char *vector;
        int tenths;
    } rows[] = {
        { "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 98 },
        { "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:H/I:H/A:H", 96 },
        { "CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H", 75 },
        { "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", 0 },
        { "AV:N/AC:L/Au:N/C:P/I:P/A:P", 75 },
        { "(AV:N/AC:M/Au:N/C:N/I:P/A:N)", 43 },
        { "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 93 },
        { "CVSS:4.0/AV:N/AC:L/AT:P/PR:N/UI:N/VC:N/VI:N/VA:H/SC:N/SI:N/SA:N", 82 },
        { "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:N/SC:N/SI:N/SA:N", 0 },
        { "7.1", 71 },
    };
    (void)state;
    for (size_t i = 0; i < PL_COUNT(rows); i++) {
        double s = pl_cvss_score(pl_str_c(rows[i].vector));
        if ((int)(s * 10 + 0.5) != rows[i].tenths)
            fail_msg("%s: %.2f", rows[i].vector, s);
    }
    assert_true(pl_cvss_score(PL_S("CVSS:3.1/AV:X")) < 0);
    assert_true(pl_cvss_score(PL_S("nothing")) < 0);
    assert_int_equal(pl_cvss_severity(9.0), PL_SEV_CRITICAL);
}

static void names_of_ecosystems(void **state)
{
    static const struct {
        const char *in, *out;
    } rows[] = {
        { "Ubuntu:22.04:LTS", "Ubuntu:22.04" },
        { "Ubuntu:Pro:16.04:LTS", "Ubuntu:Pro:16.04" },
        { "Alpine:3.19", "Alpine:v3.19" },
        { "Alpine:v3.19", "Alpine:v3.19" },
        { "Red Hat:enterprise_linux:8::baseos", "Red Hat:8" },
        { "Red Hat:8:src", "Red Hat:8:src" },
        { "npm", "npm" },
        { "Azure Linux:3", "Azure Linux:3.0" },
        { "Maven:https://repo.example", "Maven" },
    };
    struct pl_arena a = { 0 };
    (void)state;
    for (size_t i = 0; i < PL_COUNT(rows); i++)
        assert_true(pl_str_is(pl_eco_normal(&a, pl_str_c(rows[i].in)), rows[i].out));
    assert_true(pl_str_is(pl_eco_of_release(&a, PL_S("sles"), PL_S("15.4")),
                          "SUSE:Linux Enterprise Server 15 SP4"));
    assert_true(pl_str_is(pl_eco_of_release(&a, PL_S("alpine"), PL_S("3.19.1")), "Alpine:v3.19"));
    pl_arena_release(&a);
}

#define WORLD(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD(ranges_of_osv),
        WORLD(the_source_version_is_compared),
        WORLD(debian_states),
        WORLD(errata_cover_several),
        WORLD(other_forms),
        WORLD(nonsense_is_noted_or_refused),
        WORLD(withdrawn_ones_do_not_count),
        WORLD(kernel_headers_are_one_line),
        WORLD(a_target_is_told_what_was_not_assessed),
        WORLD(a_damaged_database_is_an_error),
        cmocka_unit_test(scores_of_vectors),
        cmocka_unit_test(names_of_ecosystems),
    };
    return cmocka_run_group_tests_name("vuln", tests, NULL, NULL);
}
