/* VEX documents: which findings they take out. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "model/vuln.h"
#include "policy/vex.h"

struct world {
    struct pl_arena a;
    struct pl_vex x;
    struct pl_report report;
    struct pl_target t;
    struct pl_finding f[2];
    struct pl_vuln v[2];
};

static void begin(struct world *w)
{
    *w = (struct world){ .v = { { .purl = PL_S("pkg:deb/debian/zlib1g@1.2?arch=amd64") },
                                { .purl = PL_S("pkg:npm/a@1") } } };
    w->x.a = w->report.a = &w->a;
    w->f[0] = (struct pl_finding){ .rule = PL_S("CVE-2024-0001"), .vuln = &w->v[0] };
    w->f[1] = (struct pl_finding){ .rule = PL_S("CVE-2024-0001"), .vuln = &w->v[1] };
    w->t = (struct pl_target){ .digest = PL_S("sha256:ab"), .findings = w->f, .n_findings = 2 };
    w->report.targets = &w->t;
    w->report.n_targets = 1;
}

static void finish(struct world *w)
{
    pl_vex_release(&w->x);
    pl_arena_release(&w->a);
}

static int say(struct world *w, const char *text)
{
    struct pl_err err = { 0 };
    return pl_vex_read(&w->x, "v.json", pl_str_c(text), &err);
}

static void openvex_takes_out_the_component(void **state)
{
    struct world w;
    (void)state;
    begin(&w);
    assert_int_equal(
        say(&w, "{\"timestamp\":\"2024-01-01T00:00:00Z\",\"statements\":[{\"vulnerability\":{"
                "\"name\":\"CVE-2024-0001\"},\"products\":[{\"@id\":\"pkg:oci/x\","
                "\"subcomponents\":[{\"@id\":\"pkg:deb/debian/zlib1g\"}]}],\"status\":"
                "\"not_affected\",\"justification\":\"component_not_present\"}]}"),
        0);
    pl_vex_apply(&w.x, &w.report);
    assert_int_equal(w.t.n_findings, 1);
    assert_int_equal(w.report.n_ignored, 1);
    pl_auto_buf struct pl_buf out = { 0 };
    assert_int_equal(pl_vex_complain(&w.x, &out), 0);
    finish(&w);
}

static void the_latest_statement_counts(void **state)
{
    struct world w;
    (void)state;
    begin(&w);
    assert_int_equal(
        say(&w,
            "{\"statements\":[{\"vulnerability\":\"CVE-2024-0001\",\"timestamp\":\"2024-01-01\","
            "\"products\":[\"pkg:npm/a@1\"],\"status\":\"not_affected\"},{\"vulnerability\":"
            "\"CVE-2024-0001\",\"timestamp\":\"2024-02-01\",\"products\":[\"pkg:npm/a\"],"
            "\"status\":\"under_investigation\"},{\"vulnerability\":\"CVE-2024-0009\",\"products\":"
            "[\"pkg:npm/a\"],\"status\":\"fixed\"}]}"),
        0);
    pl_vex_apply(&w.x, &w.report);
    assert_int_equal(w.t.n_findings, 2);
    assert_true(w.v[1].vex.n > 0);
    pl_auto_buf struct pl_buf out = { 0 };
    assert_int_equal(pl_vex_complain(&w.x, &out), 2);
    finish(&w);
}

static void csaf_and_cyclonedx_name_products_by_reference(void **state)
{
    struct world w;
    (void)state;
    begin(&w);
    assert_int_equal(
        say(&w,
            "{\"document\":{\"tracking\":{\"current_release_date\":\"2024-01-01\"}},\"product_"
            "tree\":{"
            "\"branches\":[{\"branches\":[{\"product\":{\"product_id\":\"z\","
            "\"product_identification_helper\":{\"purl\":\"pkg:deb/debian/zlib1g@1.2\"}}}]}],"
            "\"relationships\":[{\"product_reference\":\"z\",\"full_product_name\":{\"product_id\":"
            "\"p:z\"}}]},\"vulnerabilities\":[{\"cve\":\"CVE-2024-0001\",\"flags\":[{\"label\":"
            "\"x\"}],"
            "\"product_status\":{\"known_not_affected\":[\"p:z\"]}}]}"),
        0);
    assert_int_equal(
        say(&w, "{\"bomFormat\":\"CycloneDX\",\"components\":[{\"bom-ref\":\"r\",\"purl\":"
                "\"pkg:npm/"
                "a@1\"}],\"vulnerabilities\":[{\"id\":\"CVE-2024-0001\",\"analysis\":{\"state\":"
                "\"resolved\"},\"affects\":[{\"ref\":\"r\"}]}]}"),
        0);
    pl_vex_apply(&w.x, &w.report);
    assert_int_equal(w.t.n_findings, 0);
    assert_int_equal(w.report.n_ignored, 2);
    finish(&w);
}

static void other_versions_and_images_do_not_fit(void **state)
{
    struct world w;
    (void)state;
    begin(&w);
    assert_int_equal(say(&w, "{\"statements\":[{\"vulnerability\":\"CVE-2024-0001\",\"products\":["
                             "\"pkg:npm/a@2\",\"pkg:npm/ab\",\"pkg:oci/x@sha256:cd\"],\"status\":"
                             "\"fixed\"}]}"),
                     0);
    pl_vex_apply(&w.x, &w.report);
    assert_int_equal(w.t.n_findings, 2);
    assert_int_equal(say(&w, "{\"statements\":[{\"vulnerability\":\"CVE-2024-0001\",\"products\":["
                             "\"pkg:oci/x@sha256:ab\"],\"status\":\"fixed\"}]}"),
                     0);
    pl_vex_apply(&w.x, &w.report);
    assert_int_equal(w.t.n_findings, 0);
    finish(&w);
}

static void other_documents_are_refused(void **state)
{
    struct world w;
    (void)state;
    begin(&w);
    assert_true(say(&w, "{}") < 0);
    assert_true(say(&w, "no") < 0);
    assert_int_equal(say(&w, "{\"statements\":[1,{},{\"status\":\"odd\"}]}"), 0);
    finish(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(openvex_takes_out_the_component),
        cmocka_unit_test(the_latest_statement_counts),
        cmocka_unit_test(csaf_and_cyclonedx_name_products_by_reference),
        cmocka_unit_test(other_versions_and_images_do_not_fit),
        cmocka_unit_test(other_documents_are_refused),
    };
    return cmocka_run_group_tests_name("vex", tests, NULL, NULL);
}
