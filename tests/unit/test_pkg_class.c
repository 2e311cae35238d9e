/* Programs without a package: the name of the file picks the patterns, the bytes tell the version.
 */
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
#include "pkg/classify.h"
#include "pkg/pkg.h"

static void on_package(void *arg, const struct pl_pkg *p)
{
    pl_buf_printf(arg, "%.*s@%.*s%s;", PL_FMT(p->name), PL_FMT(p->version),
                  p->flags & PL_PKG_FILE ? "" : " installed");
}

static void on_note(void *arg, bool incomplete, const char *code, const char *message)
{
    (void)incomplete;
    (void)message;
    pl_buf_printf(arg, "!%s;", code);
}

static void programs(void **state)
{
    static const struct {
        const char *path, *text, *want;
    } rows[] = {
        { "usr/bin/nginx", "x nginx version: nginx/1.25.1 x", "nginx@1.25.1;" },
        { "usr/sbin/nginx", "nginx version: openresty/1.21.4", "nginx@1.21.4;" },
        { "usr/bin/busybox", "BusyBox v1.36.1 (2023", "busybox@1.36.1;" },
        { "usr/bin/openssl", "OpenSSL 3.0.11 19 Sep 2023", "openssl@3.0.11;" },
        { "usr/local/bin/node", "node.js/v20.1.0\0", "" },
        { "usr/bin/mysql", "/mysql-8.0.34 /mysql-9.9.9", "mysql@8.0.34;" },
        { "usr/sbin/mariadbd", "10.11.19-MariaDB-log", "mariadb@10.11.19;" },
        { "usr/bin/postgres", "before PostgreSQL 9.1?PostgreSQL 15.20 (Debian",
          "postgresql@15.20;" },
        { "usr/bin/other", "BusyBox v1.36.1", "" },
    };
    (void)state;
    for (size_t i = 0; i < PL_COUNT(rows); i++) {
        struct pl_arena a = { 0 };
        struct pl_classify k = { .n = 0 };
        pl_auto_buf struct pl_buf got = { 0 };
        struct pl_pkg_sink s = { .emit = on_package, .note = on_note, .arg = &got, .a = &a };
        pl_classify_begin(&k, pl_str_c(rows[i].path));
        for (int windows = 0; windows < 2; windows++) /* each is told once */
            pl_classify_look(&k, (const uint8_t *)rows[i].text, strlen(rows[i].text), &s);
        pl_classify_release(&k);
        if (!pl_str_is(pl_buf_str(&got), rows[i].want))
            fail_msg("%s: '%.*s'", rows[i].path, PL_FMT(pl_buf_str(&got)));
        pl_arena_release(&a);
    }
}

static void run(struct pl_buf *got, const char *path, struct pl_str text)
{
    struct pl_arena a = { 0 };
    struct pl_pkg_sink s = { .emit = on_package, .note = on_note, .arg = got, .a = &a };
    const struct pl_cataloger *c = pl_cataloger_for(pl_str_c(path), text);
    assert_non_null(c);
    pl_cataloger_run(c, pl_str_c(path), text, &s);
    pl_arena_release(&a);
}

/* What lists say in forms that are seldom seen. */
static void odd_forms(void **state)
{
    static const struct {
        const char *path, *text, *want;
    } rows[] = {
        { "specifications/x.gemspec",
          "Gem::Specification.new do |s|\n  s.name = \"a\"\n  s.version = '1.2'\n",
          "a@1.2 installed;" },
        { "specifications/x.gemspec", "s.name\ns.version = 1\n", "" },
        { "yarn.lock", "plain:\n  version \"1.0\"\n\nb@npm:c:\n  version \"2\"\n",
          "plain@1.0 installed;c@2 installed;" },
        { "yarn.lock", "\"\"a@1\", b@1\":\n  version \"1\"\n   deep 2\n  x\n", "a@1 installed;" },
        { "lib/apk/db/installed", "P:a\nV:1\nA:x86_64\nL:MIT\nS:1\n\n", "a@1 installed;" },
        { "etc/os-release",
          "# x\nID=a\nPRETTY_NAME=\"A 1\"\nID_LIKE=b\nVERSION_CODENAME=c\nVERSION_ID=1\n",
          "a@1 installed;" },
        { "etc/redhat-release", "Something release 3\n", "" },
        { "var/lib/pacman/local/a-1/desc",
          "%NAME%\na\n\n%VERSION%\n1\n\n%BASE%\nb\n\n%ARCH%\nx\n\n%LICENSE%\nMIT\n",
          "a@1 installed;" },
        { "packages.x.lock.json", "{\"dependencies\":{\"n\":{\"A\":{\"resolved\":\"1\"}}}}",
          "A@1 installed;" },
        { "Directory.Packages.props",
          "<PackageReference Update='A'><Version> [1.0] </Version></PackageReference>",
          "A@1.0 installed;" },
        { "pnpm-lock.yaml",
          "lockfileVersion: 5.1\npackages:\n  /a/1.0_@b/c@2:\n    x: y\n  h.x/d/2.0:\n    x: y\n"
          "  g.x/e/c0:\n    resolution: {commit: c0ffee}\n    name: e\n    version: x\n",
          "a@1.0 installed;d@2.0 installed;e@c0ffee installed;" },
    };
    (void)state;
    for (size_t i = 0; i < PL_COUNT(rows); i++) {
        pl_auto_buf struct pl_buf got = { 0 };
        run(&got, rows[i].path, pl_str_c(rows[i].text));
        if (!pl_str_is(pl_buf_str(&got), rows[i].want))
            fail_msg("%s: '%.*s'", rows[i].path, PL_FMT(pl_buf_str(&got)));
    }
}

static void a_name_without_end(void **state)
{
    pl_auto_buf struct pl_buf text = { 0 };
    pl_auto_buf struct pl_buf got = { 0 };
    (void)state;
    pl_buf_puts(&text, "Package: ");
    for (size_t i = 0; i < PL_PKG_TEXT + 1; i++)
        pl_buf_putc(&text, 'a');
    pl_buf_puts(&text, "\nStatus: install ok installed\nVersion: 1\n\n");
    run(&got, "var/lib/dpkg/status", pl_buf_str(&text));
    assert_true(pl_str_is(pl_buf_str(&got), "!limit;"));
}

static void roots_of_lists(void **state)
{
    static const struct {
        const char *path, *root;
    } rows[] = {
        { "var/lib/dpkg/status", "" },
        { "srv/root/var/lib/rpm/rpmdb.sqlite", "srv/root/" },
        { "a/lib/apk/db/b/lib/apk/db/installed", "a/lib/apk/db/b/" },
        { "xvar/lib/dpkg/status", NULL },
    };
    (void)state;
    for (size_t i = 0; i < PL_COUNT(rows); i++) {
        struct pl_str root = { "", 0 };
        assert_int_equal(pl_pkg_list_root(pl_str_c(rows[i].path), &root), rows[i].root != NULL);
        assert_true(!rows[i].root || pl_str_is(root, rows[i].root));
    }
    assert_true(pl_str_is(pl_pkg_own_path(PL_S("./usr/bin/x")), "bin/x"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(programs),
        cmocka_unit_test(odd_forms),
        cmocka_unit_test(a_name_without_end),
        cmocka_unit_test(roots_of_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
