/* Java archives: what a file name says, and what a manifest adds. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "pkg/jar_name.h"
#include "pkg/pkg.h"

static void file_names(void **state)
{
    static const struct {
        const char *file, *said, *name, *version;
    } rows[] = {
        { "commons-lang3-3.12.0.jar", "", "commons-lang3", "3.12.0" },
        { "foo.jar", "1.0", "foo", "" },
        { "foo-1.war", "", "foo", "1" },
        { "log4j-1.2-api-2.17.1.jar", "", "log4j-1.2-api", "2.17.1" },
        { "guava-31.1-jre.jar", "", "guava", "31.1-jre" },
        { "kafka_2.13-3.0.0.jar", "", "kafka_2.13", "3.0.0" },
        { "kotlin-stdlib-jdk8-1.9.0.jar", "", "kotlin-stdlib-jdk8", "1.9.0" },
        { "netty-x-4.1.100.Final-linux-x86_64.jar", "", "netty-x", "4.1.100.Final" },
        { "a-1.0-SNAPSHOT.jar", "", "a", "1.0-SNAPSHOT" },
        { "a-1.0-20200101.120000-1.jar", "1.0", "a", "1.0-20200101.120000-1" },
        { "log4j-1.2-1.2.17.jar", "1.2.17", "log4j-1.2", "1.2.17" },
        { "guice-4.0-no_aop.jar", "4.0", "guice", "4.0" },
        { "a-1.2.3-custom.jar", "1.2.3-custom", "a", "1.2.3-custom" },
        { "a-1-core.jar", "", "a-1-core", "" },
        { "org.example.x_1.2.3.v2020.JAR", "", "org.example.x", "1.2.3.v2020" },
        { "-1.jar", "", "-1", "" },
        { "a-1.0.txt", "", "", "" },
        { ".jar", "", "", "" },
    };
    (void)state;
    for (size_t i = 0; i < PL_COUNT(rows); i++) {
        struct pl_str name = { "", 0 }, version = { "", 0 };
        pl_jar_name(pl_str_c(rows[i].file), pl_str_c(rows[i].said), &name, &version);
        if (!pl_str_is(name, rows[i].name) || !pl_str_is(version, rows[i].version))
            fail_msg("%s: '%.*s' '%.*s'", rows[i].file, PL_FMT(name), PL_FMT(version));
    }
}

static void on_package(void *arg, const struct pl_pkg *p)
{
    pl_buf_printf(arg, "%.*s:%.*s@%.*s%s;", PL_FMT(p->ns), PL_FMT(p->name), PL_FMT(p->version),
                  p->flags & PL_PKG_WEAK ? " weak" : "");
}

static void on_note(void *arg, bool incomplete, const char *code, const char *message)
{
    (void)incomplete;
    (void)message;
    pl_buf_printf(arg, "!%s;", code);
}

static void manifests(void **state)
{
    static const struct {
        const char *archive, *path, *text, *want;
    } rows[] = {
        { "lib/commons-lang3-3.12.0.jar", "META-INF/MANIFEST.MF",
          "Bundle-SymbolicName: org.apache.commons.lang3\r\nBundle-Version: 3.12\r\n",
          "org.apache.commons:commons-lang3@3.12.0 weak;" },
        { "x-databind.jar", "META-INF/MANIFEST.MF",
          "Automatic-Module-Name: org.ex.x-databind\nImplementation-Version: 2 (build 5)\n",
          "org.ex:x-databind@2 weak;" },
        { "git.hpi", "META-INF/MANIFEST.MF",
          "Short-Name: other\nGroup-Id: org.plug\nPlugin-Version: 5.2\n",
          "org.plug:git@5.2 weak;" },
        { "asm-9.jar", "META-INF/MANIFEST.MF",
          "Bundle-SymbolicName: org.objectweb.asm\nImplementation-Vendor-Id: org.ow2\n",
          "org.ow2:asm@9 weak;" },
        { "a.jar", "META-INF/MANIFEST.MF",
          "Implementation-Version: ${v}\nSpecification-Version: 3\n", ":a@3 weak;" },
        { "a.jar", "META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n", "" },
        { "a.zip", "META-INF/MANIFEST.MF", "Implementation-Title: t\nImplementation-Version: 1\n",
          ":t@1 weak;" },
        { "a-1.jar", "x/META-INF/MANIFEST.MF", "Extension-Name: e\nBundle-Version: 2\n",
          ":e@2 weak;" },
        { "", "META-INF/MANIFEST.MF", "Implementation-Title: A B\nImplementation-Version: 1\n",
          "" },
        { "a-1.jar", "META-INF/maven/g/a/pom.properties",
          "groupId=g\nartifactId=a\nversion=${project.version}\n", "" },
    };
    (void)state;
    for (size_t i = 0; i < PL_COUNT(rows); i++) {
        struct pl_arena a = { 0 };
        pl_auto_buf struct pl_buf got = { 0 };
        struct pl_pkg_sink s = { .emit = on_package, .note = on_note, .arg = &got, .a = &a };
        s.archive = pl_str_c(rows[i].archive);
        const struct pl_cataloger *c = pl_cataloger_for(pl_str_c(rows[i].path), PL_S(""));
        assert_non_null(c);
        pl_cataloger_run(c, pl_str_c(rows[i].path), pl_str_c(rows[i].text), &s);
        if (!pl_str_is(pl_buf_str(&got), rows[i].want))
            fail_msg("%zu: '%.*s', not '%s'", i, PL_FMT(pl_buf_str(&got)), rows[i].want);
        pl_arena_release(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(file_names),
        cmocka_unit_test(manifests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
