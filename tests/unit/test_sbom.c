/* Inventories read: what each form says of its packages, ours and those of others. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "pkg/distro.h"
#include "pkg/sbom.h"

/* "type:ns/name@version <source@version> distro path;" for each package */
static void put(struct pl_buf *b, const struct pl_package *p)
{
    pl_buf_printf(b, "%.*s:%.*s%s%.*s@%.*s", PL_FMT(p->pkg.type), PL_FMT(p->pkg.ns),
                  p->pkg.ns.n ? "/" : "", PL_FMT(p->pkg.name), PL_FMT(p->pkg.version));
    if (p->pkg.source.n)
        pl_buf_printf(b, "<%.*s@%.*s>", PL_FMT(p->pkg.source), PL_FMT(p->pkg.source_version));
    if (p->distro.n)
        pl_buf_printf(b, " %.*s", PL_FMT(p->distro));
    if (p->paths.n)
        pl_buf_printf(b, " %.*s", PL_FMT(p->paths.p[0]));
    if (p->pkg.flags & PL_PKG_OS)
        pl_buf_puts(b, " os");
    if (p->pkg.flags & PL_PKG_DEV)
        pl_buf_puts(b, " dev");
    pl_buf_putc(b, ';');
}

static void expect(const char *text, const char *want)
{
    struct pl_arena a = { 0 };
    struct pl_sbom s = { .a = &a };
    struct pl_err err = { 0 };
    pl_auto_buf struct pl_buf got = { 0 };
    int r = pl_sbom_read(pl_str_c(text), &s, &err);
    for (size_t i = 0; i < s.packages.n; i++)
        put(&got, &s.packages.p[i]);
    if (s.nameless)
        pl_buf_printf(&got, "+%zu", s.nameless);
    if (s.incomplete)
        pl_buf_puts(&got, "!");
    if (r < 0)
        pl_buf_puts(&got, r == PL_E_LIMIT ? "limit" : "error");
    pl_buf_putc(&got, 0);
    assert_string_equal(got.p, want);
    pl_sbom_release(&s);
    pl_arena_release(&a);
}

static void cyclonedx_of_others(void **state)
{
    (void)state;
    expect("{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.5\",\"metadata\":{\"component\":{"
           "\"type\":\"container\",\"name\":\"img\"}},\"components\":["
           "{\"type\":\"operating-system\",\"name\":\"debian\",\"version\":\"12\"},"
           "{\"type\":\"library\",\"name\":\"bash\",\"version\":\"5.2\",\"purl\":"
           "\"pkg:deb/debian/bash@5.2?arch=amd64\",\"properties\":["
           "{\"name\":\"syft:location:0:path\",\"value\":\"/var/lib/dpkg/status\"}]},"
           "{\"type\":\"file\",\"name\":\"x\"},{\"type\":\"library\",\"name\":\"y\"}],"
           "\"compositions\":[{\"aggregate\":\"incomplete\"}]}",
           "generic:debian@12 os;deb:bash@5.2 debian-12 /var/lib/dpkg/status;+1!");
}

static void trivy_says_sources_in_properties(void **state)
{
    (void)state;
    expect("{\"bomFormat\":\"CycloneDX\",\"components\":["
           "{\"type\":\"library\",\"name\":\"passwd\",\"version\":\"1:4.13\",\"purl\":"
           "\"pkg:deb/debian/passwd@4.13?distro=debian-12.5&epoch=1\",\"properties\":["
           "{\"name\":\"aquasecurity:trivy:SrcName\",\"value\":\"shadow\"},"
           "{\"name\":\"aquasecurity:trivy:SrcVersion\",\"value\":\"4.13\"},"
           "{\"name\":\"aquasecurity:trivy:SrcRelease\",\"value\":\"1\"},"
           "{\"name\":\"aquasecurity:trivy:SrcEpoch\",\"value\":\"1\"}]}]}",
           "deb:passwd@1:4.13<shadow@1:4.13-1> debian-12;");
}

static void components_in_components(void **state)
{
    (void)state;
    expect("{\"bomFormat\":\"CycloneDX\",\"components\":[{\"type\":\"application\",\"name\":\"a\","
           "\"purl\":\"pkg:npm/a@1\",\"components\":[{\"type\":\"library\",\"name\":\"b\","
           "\"purl\":\"pkg:npm/%40s/b@2\",\"scope\":\"excluded\"}]}]}",
           "npm:a@1;npm:@s/b@2 dev;");
}

static void rpm_sources_and_epochs(void **state)
{
    (void)state;
    expect("pkg:rpm/rhel/bash@5.1.8-6.el9?arch=x86_64&epoch=2&distro=rhel-9.2&"
           "upstream=bash-5.1.8-6.el9.src.rpm\n# x\n\nnonsense\n",
           "rpm:bash@2:5.1.8-6.el9<bash@5.1.8-6.el9> rhel-9.2;+1");
}

static void spdx_of_others(void **state)
{
    (void)state;
    expect(
        "{\"spdxVersion\":\"SPDX-2.3\",\"name\":\"img\",\"packages\":["
        "{\"SPDXID\":\"SPDXRef-i\",\"name\":\"img\",\"primaryPackagePurpose\":\"CONTAINER\"},"
        "{\"SPDXID\":\"SPDXRef-o\",\"name\":\"alpine\",\"versionInfo\":\"3.18.4\","
        "\"primaryPackagePurpose\":\"OPERATING-SYSTEM\"},"
        "{\"SPDXID\":\"SPDXRef-1\",\"name\":\"musl\",\"versionInfo\":\"1.2.4-r2\",\"sourceInfo\":"
        "\"acquired package info from APK DB: /lib/apk/db/installed\",\"externalRefs\":["
        "{\"referenceType\":\"purl\",\"referenceLocator\":\"pkg:apk/alpine/musl@1.2.4-r2\"}]}],"
        "\"relationships\":[{\"relationshipType\":\"DESCRIBES\",\"relatedSpdxElement\":"
        "\"SPDXRef-i\"}]}",
        "generic:alpine@3.18.4 os;apk:musl@1.2.4-r2 alpine-3.18 /lib/apk/db/installed;");
}

static void spdx_tags(void **state)
{
    (void)state;
    expect("SPDXVersion: SPDX-2.3\nPackageName: root\nSPDXID: SPDXRef-r\n\nPackageName: a\n"
           "PackageVersion: 1\nPackageLicenseDeclared: MIT\n"
           "ExternalRef: PACKAGE-MANAGER purl pkg:npm/a@1\nPackageName: b\n"
           "ExternalRef: PACKAGE-MANAGER purl pkg:npm/b@2\n",
           "npm:a@1;npm:b@2;");
}

static void syft_and_github(void **state)
{
    (void)state;
    expect("{\"artifacts\":[{\"name\":\"a\",\"version\":\"1\",\"purl\":\"pkg:npm/a@1\",\"foundBy\":"
           "\"x\",\"locations\":[{\"path\":\"/p\"}],\"licenses\":[{\"value\":\"MIT\"}]}],"
           "\"distro\":{\"id\":\"debian\",\"versionID\":\"12\"},\"descriptor\":{}}",
           "generic:debian@12 os;npm:a@1 /p;");
    expect("{\"version\":0,\"detector\":{},\"manifests\":{\"m\":{\"file\":{\"source_location\":"
           "\"package-lock.json\"},\"resolved\":{\"a\":{\"package_url\":\"pkg:npm/a@1\",\"scope\":"
           "\"development\"}}}}}",
           "npm:a@1 package-lock.json dev;");
}

static void envelopes(void **state)
{
    (void)state;
    expect("{\"_type\":\"https://in-toto.io/Statement/v1\",\"predicate\":{\"bomFormat\":"
           "\"CycloneDX\",\"components\":[{\"purl\":\"pkg:npm/a@1\"}]}}",
           "npm:a@1;");
    /* {"predicate":{"Data":{"bomFormat":"CycloneDX","components":[{"purl":"pkg:npm/a@1"}]}}} */
    expect(
        "{\"payloadType\":\"application/vnd.in-toto+json\",\"payload\":"
        "\"eyJwcmVkaWNhdGUiOnsiRGF0YSI6eyJib21Gb3JtYXQiOiJDeWNsb25lRFgiLCJjb21wb25lbnRzIjpbeyJwdX"
        "JsIjoicGtnOm5wbS9hQDEifV19fX0=\"}",
        "npm:a@1;");
    expect("{\"payloadType\":\"x\",\"payload\":\"!\"}", "error");
    expect("{\"payloadType\":\"x\",\"payload\":\"eyJwYXlsb2FkIjoieCJ9\"}", "error");
}

static void not_an_inventory(void **state)
{
    (void)state;
    expect("", "error");
    expect("{}", "error");
    expect("{\"bomFormat\":", "error");
    expect("hello\n", "error");
    expect("{\"bomFormat\":\"CycloneDX\"}", "");
    expect("\xef\xbb\xbf{\"bomFormat\":\"CycloneDX\",\"components\":[{\"purl\":3}]}", "+1");
}

static void our_own_says_all(void **state)
{
    static const char text[] =
        "{\"bomFormat\":\"CycloneDX\",\"metadata\":{\"component\":{\"name\":\"t\",\"properties\":["
        "{\"name\":\"plimsoll:digest\",\"value\":\"sha256:1\"},"
        "{\"name\":\"plimsoll:platform\",\"value\":\"linux/amd64\"},"
        "{\"name\":\"plimsoll:complete\",\"value\":\"false\"},"
        "{\"name\":\"plimsoll:layer:0:digest\",\"value\":\"sha256:2\"},"
        "{\"name\":\"plimsoll:layer:0:bytes\",\"value\":\"77\"},"
        "{\"name\":\"plimsoll:layer:1:created_by\",\"value\":\"RUN x\"},"
        "{\"name\":\"plimsoll:layer:99999:digest\",\"value\":\"no\"}]}},\"components\":["
        "{\"type\":\"application\",\"name\":\"N_x\",\"version\":\"1\",\"purl\":\"pkg:pypi/n-x@1\","
        "\"properties\":[{\"name\":\"plimsoll:cataloger\",\"value\":\"c\"},"
        "{\"name\":\"plimsoll:layer\",\"value\":\"0\"},{\"name\":\"plimsoll:hidden\",\"value\":"
        "\"1\"},{\"name\":\"plimsoll:how\",\"value\":\"whiteout\"},{\"name\":\"plimsoll:visible\","
        "\"value\":\"false\"},{\"name\":\"plimsoll:owned_by\",\"value\":\"p\"},"
        "{\"name\":\"plimsoll:confidence\",\"value\":\"name\"}]}]}";
    struct pl_arena a = { 0 };
    struct pl_sbom s = { .a = &a };
    struct pl_err err = { 0 };
    (void)state;
    assert_int_equal(pl_sbom_read(pl_str_c(text), &s, &err), 0);
    assert_true(s.ours && s.incomplete);
    assert_int_equal(s.layers.n, 2);
    assert_int_equal(s.layers.p[0].bytes, 77);
    assert_true(s.layers.p[1].has_created_by);
    assert_true(pl_str_is(s.platform, "linux/amd64"));
    assert_int_equal(s.packages.n, 1);
    const struct pl_package *p = &s.packages.p[0];
    assert_true(pl_str_is(p->pkg.name, "N_x") && pl_str_is(p->owned_by, "p"));
    assert_int_equal(p->span.introduced, 0);
    assert_int_equal(p->span.hidden, 1);
    assert_int_equal(p->span.how, PL_HOW_WHITEOUT);
    assert_false(p->span.visible);
    assert_int_equal(p->pkg.flags, PL_PKG_WEAK | PL_PKG_FILE);
    pl_sbom_release(&s);
    pl_arena_release(&a);
}

static void releases(void **state)
{
    static const char *const rows[][2] = {
        { "debian-12.5", "debian-12" },     { "alpine-3.18.4", "alpine-3.18" },
        { "ubuntu-22.04", "ubuntu-22.04" }, { "opensuse-leap-15.5", "opensuse-leap-15.5" },
        { "rocky-9.3", "rocky-9" },         { "wolfi", "wolfi" },
        { "debian-sid", "debian-sid" },
    };
    struct pl_arena a = { 0 };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_true(pl_str_is(pl_distro_of(&a, pl_str_c(rows[i][0])), rows[i][1]));
    pl_arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cyclonedx_of_others),
        cmocka_unit_test(trivy_says_sources_in_properties),
        cmocka_unit_test(components_in_components),
        cmocka_unit_test(rpm_sources_and_epochs),
        cmocka_unit_test(spdx_of_others),
        cmocka_unit_test(spdx_tags),
        cmocka_unit_test(syft_and_github),
        cmocka_unit_test(envelopes),
        cmocka_unit_test(not_an_inventory),
        cmocka_unit_test(our_own_says_all),
        cmocka_unit_test(releases),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
