/* The documents of syft and grype: what their readers demand. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fmt/json.h"
#include "model/package.h"
#include "model/vuln.h"
#include "report/writer.h"

struct world {
    struct pl_arena a;
    struct pl_report r;
    struct pl_target t[2];
    struct pl_package p[6];
    struct pl_layer_info layer;
    struct pl_finding f[2];
    struct pl_vuln v;
    struct pl_str path[6];
    struct pl_buf out, aside;
    struct pl_json *j;
};

static void package(struct world *w, const char *type, const char *ns, const char *name,
                    const char *version, const char *path)
{
    size_t n = w->t[0].n_packages++;
    w->path[n] = pl_str_c(path);
    w->p[n] = (struct pl_package){
        .pkg = { .type = pl_str_c(type),
                 .ns = pl_str_c(ns),
                 .name = pl_str_c(name),
                 .version = pl_str_c(version),
                 .arch = PL_S("amd64"),
                 .by = PL_S("made-up"),
                 .source = PL_S(""),
                 .source_version = PL_S(""),
                 .licence = PL_S("MIT"),
                 .quals = PL_S("") },
        .purl = pl_printf(&w->a, "pkg:%s/%s@%s", type, name, version),
        .paths = { &w->path[n], 1 },
        .span = { 0, PL_NEVER, PL_HOW_NONE, true },
    };
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->layer = (struct pl_layer_info){ .digest = PL_S("sha256:aa"), .diff_id = PL_S("sha256:bb") };
    w->t[0] = (struct pl_target){ .name = PL_S("oci:x"),
                                  .kind = PL_S("image"),
                                  .digest = PL_S("sha256:cc"),
                                  .platform = PL_S("linux/amd64"),
                                  .complete = true,
                                  .layers = &w->layer,
                                  .n_layers = 1,
                                  .packages = w->p,
                                  .findings = w->f };
    w->t[1] = w->t[0];
    package(w, "deb", "debian", "libssl3", "3.0-1", "var/lib/dpkg/status");
    w->p[0].pkg.source = PL_S("openssl");
    package(w, "maven", "org.x", "core", "1.0", "app.jar!lib/core.jar");
    package(w, "npm", "@scope", "tool", "2.0", "node_modules/@scope/tool/package.json");
    package(w, "rpm", "redhat", "bash", "1:5.1-2.el9", "var/lib/rpm/rpmdb.sqlite");
    w->p[3].pkg.source = PL_S("bash");
    w->p[3].pkg.quals = PL_S("rpmmod=m%3A1&x=y");
    package(w, "generic", "", "debian", "12", "etc/os-release");
    w->p[4].pkg.flags = PL_PKG_OS;
    package(w, "npm", "", "gone", "1.0", "node_modules/gone/package.json");
    w->p[5].span.visible = false;
    w->r = (struct pl_report){ .a = &w->a,
                               .tool_name = PL_S("plimsoll"),
                               .tool_version = PL_S("1"),
                               .targets = w->t,
                               .n_targets = 1 };
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    pl_json_free(w->j);
    pl_buf_release(&w->out);
    pl_buf_release(&w->aside);
    pl_arena_release(&w->a);
    free(w);
    return 0;
}

static const struct pl_json *written(struct world *w, const char *id)
{
    struct pl_err err = { 0 };
    struct pl_report_opts o = { .aside = &w->aside };
    assert_int_equal(pl_writer_find(pl_str_c(id))->write(&w->r, &o, &w->out, &err), 0);
    assert_int_equal(pl_json_parse(pl_buf_str(&w->out), 64, &w->j, &err), 0);
    return w->j;
}

static void is(const struct pl_json *j, const char *key, const char *want)
{
    struct pl_str got = pl_json_str(pl_json_get(j, key));
    if (!pl_str_is(got, want))
        fail_msg("%s is '%.*s', not '%s'", key, PL_FMT(got), want);
}

static void syft_lists_what_a_container_sees(void **state)
{
    struct world *w = *state;
    const struct pl_json *j = written(w, "syft-json"), *all = pl_json_get(j, "artifacts");
    assert_int_equal(pl_json_len(all), 4); /* not the system, not what is gone */
    assert_int_equal(pl_json_len(pl_json_get(j, "artifactRelationships")), 4);
    const struct pl_json *deb = pl_json_at(all, 0), *java = pl_json_at(all, 1);
    is(deb, "type", "deb");
    is(deb, "metadataType", "dpkg-db-entry");
    is(pl_json_get(deb, "metadata"), "source", "openssl");
    is(pl_json_at(pl_json_get(deb, "locations"), 0), "path", "/var/lib/dpkg/status");
    is(pl_json_at(pl_json_get(deb, "locations"), 0), "layerID", "sha256:bb");
    is(java, "type", "java-archive");
    is(java, "name", "core");
    is(pl_json_at(pl_json_get(java, "locations"), 0), "path", "/app.jar");
    is(pl_json_get(pl_json_get(java, "metadata"), "pomProperties"), "groupId", "org.x");
    is(pl_json_at(all, 2), "name", "@scope/tool");
    is(pl_json_get(j, "distro"), "id", "debian");
    is(pl_json_get(j, "source"), "type", "image");
    is(pl_json_get(pl_json_get(j, "source"), "metadata"), "architecture", "amd64");
}

static void an_rpm_is_taken_apart(void **state)
{
    struct world *w = *state;
    const struct pl_json *all = pl_json_get(written(w, "syft-json"), "artifacts");
    const struct pl_json *m = pl_json_get(pl_json_at(all, 3), "metadata");
    is(m, "version", "5.1");
    is(m, "release", "2.el9");
    is(m, "sourceRpm", "bash-5.1-2.el9.src.rpm");
    is(m, "modularityLabel", "m:1");
    assert_true(pl_str_find(pl_buf_str(&w->out), PL_S("\"epoch\": 1"), 0) != SIZE_MAX);
}

static void grype_tells_each_match(void **state)
{
    struct world *w = *state;
    struct pl_str cvss = PL_S("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"),
                  ghsa = PL_S("GHSA-1");
    w->v = (struct pl_vuln){
        .purl = w->p[0].purl,
        .name = PL_S("libssl3"),
        .version = PL_S("3.0-1"),
        .source = PL_S("openssl"),
        .source_version = PL_S(""),
        .type = PL_S("deb"),
        .fixed = PL_S("3.1-1"),
        .state = PL_FIX_FIXED,
        .severity_source = PL_S("debian"),
        .cvss = { &cvss, 1 },
        .kev_added = PL_S("2024-01-01"),
        .kev_due = PL_S(""),
        .has_epss = true,
        .epss = 0.5,
        .percentile = 0.9,
        .epss_date = PL_S("2026-01-01"),
        .eco = PL_S("Debian:12"),
        .key = PL_S("openssl"),
        .scheme = PL_S("deb"),
        .range = PL_S("< 3.1-1"),
        .url = PL_S("https://advisories.example/1"),
    };
    w->f[0] = (struct pl_finding){ .kind = PL_KIND_VULNERABILITY,
                                   .rule = PL_S("CVE-2024-1"),
                                   .aliases = { &ghsa, 1 },
                                   .severity = PL_SEV_HIGH,
                                   .title = PL_S("bad"),
                                   .vuln = &w->v,
                                   .where = { .path = PL_S("var/lib/dpkg/status") },
                                   .span = { 0, PL_NEVER, PL_HOW_NONE, true } };
    w->f[1] = (struct pl_finding){ .kind = PL_KIND_SECRET, .rule = PL_S("secret/x") };
    w->t[0].n_findings = 2;
    const struct pl_json *j = written(w, "grype-json"), *all = pl_json_get(j, "matches");
    assert_int_equal(pl_json_len(all), 1);
    const struct pl_json *m = pl_json_at(all, 0), *v = pl_json_get(m, "vulnerability");
    is(v, "id", "CVE-2024-1");
    is(v, "severity", "High");
    is(pl_json_get(v, "fix"), "state", "fixed");
    is(pl_json_at(pl_json_get(v, "cvss"), 0), "version", "3.1");
    is(pl_json_at(pl_json_get(m, "relatedVulnerabilities"), 0), "id", "GHSA-1");
    is(pl_json_at(pl_json_get(m, "matchDetails"), 0), "type", "exact-indirect-match");
    is(pl_json_get(m, "artifact"), "name", "libssl3");
    is(pl_json_get(m, "artifact"), "type", "deb");
    assert_int_equal(pl_json_len(pl_json_get(v, "knownExploited")), 1);
    assert_true(pl_str_find(pl_buf_str(&w->aside), PL_S("no place for 1 findings"), 0) != SIZE_MAX);
}

static void one_document_holds_one_target(void **state)
{
    static const char *const ids[] = { "syft-json", "grype-json" };
    struct world *w = *state;
    struct pl_err err = { 0 };
    struct pl_report_opts o = { 0 };
    w->r.n_targets = 2;
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(pl_writer_find(pl_str_c(ids[i]))->write(&w->r, &o, &w->out, &err),
                         PL_E_USAGE);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(syft_lists_what_a_container_sees),
        T(an_rpm_is_taken_apart),
        T(grype_tells_each_match),
        T(one_document_holds_one_target),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
