/* Indexes of distributions: the newest version of what is installed. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "vuln/dist_index.h"

struct world {
    struct pl_arena a;
    struct pl_dist x;
};

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->x.a = w->x.best.a = w->x.types.a = &w->a;
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    pl_dist_release(&w->x);
    pl_arena_release(&w->a);
    free(w);
    return 0;
}

static int read_text(struct world *w, const char *text)
{
    struct pl_err err = { 0 };
    return pl_dist_text(&w->x, pl_str_c(text), &err);
}

static const struct pl_dist_entry *find(struct world *w, const char *type, const char *name,
                                        const char *arch)
{
    struct pl_package p = {
        .pkg = { .type = pl_str_c(type), .name = pl_str_c(name), .arch = pl_str_c(arch) }
    };
    return pl_dist_of(&w->x, &p);
}

static void the_newest_of_packages(void **state)
{
    struct world *w = *state;
    assert_int_equal(
        read_text(w,
                  "Package: curl\nVersion: 7.88.1-10+deb12u5\nArchitecture: amd64\n"
                  "Description: x\n Version: 99\n\n\nPackage: curl\r\nArchitecture: amd64\r\n"
                  "Version: 7.88.1-10+deb12u14\r\n\r\nPackage: libc-bin\nSource: glibc (2.36-9)\n"
                  "Architecture: amd64\nVersion: 2.36-9+b1\n\nPackage: tz\nArchitecture: all\n"
                  "Version: 2\n\nPackage: nothing\n"),
        0);
    assert_true(pl_str_is(find(w, "deb", "curl", "amd64")->version, "7.88.1-10+deb12u14"));
    assert_true(pl_str_is(find(w, "deb", "libc-bin", "amd64")->source_version, "2.36-9"));
    assert_true(pl_str_is(find(w, "deb", "tz", "amd64")->version, "2"));
    assert_null(find(w, "deb", "curl", "arm64"));
    assert_null(find(w, "npm", "curl", ""));
    assert_int_equal(w->x.packages, 4);
    assert_int_equal(w->x.wrong, 1);
    assert_true(pl_dist_has(&w->x, PL_S("deb")));
    assert_false(pl_dist_has(&w->x, PL_S("rpm")));
}

static void alpine_and_rpm(void **state)
{
    struct world *w = *state;
    assert_int_equal(
        read_text(w, "C:Q1x\nP:musl\nV:1.2.5-r1\nA:x86_64\nx\n\nP:musl\nV:1.2.5-r0\nA:x86_64\n"),
        0);
    assert_true(pl_str_is(find(w, "apk", "musl", "x86_64")->version, "1.2.5-r1"));
    assert_int_equal(
        read_text(
            w, "<metadata><package type='rpm'><name>bash</name><arch>x86_64</arch><version "
               "epoch='0' ver='5.1' rel='9.el9'/></package><package type='rpm'><name>bind</name>"
               "<arch>noarch</arch><version epoch='32' ver='9' rel='1'/></package><package>"
               "<name>bash</name><arch>src</arch><version ver='9' rel='1'/></package></metadata>"),
        0);
    assert_true(pl_str_is(find(w, "rpm", "bash", "x86_64")->version, "5.1-9.el9"));
    assert_true(pl_str_is(find(w, "rpm", "bind", "x86_64")->version, "32:9-1"));
}

static void what_is_no_index(void **state)
{
    struct world *w = *state;
    assert_int_equal(read_text(w, ""), PL_E_FORMAT);
    assert_int_equal(read_text(w, "hello\n"), PL_E_FORMAT);
    assert_int_equal(read_text(w, "<html/>"), PL_E_FORMAT);
    assert_int_equal(read_text(w, "<repomd/>"), PL_E_FORMAT);
    assert_int_equal(read_text(w, "<metadata><package>"), PL_E_FORMAT);
}

static void put(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void repomd_names_its_primary(void **state)
{
    struct world *w = *state;
    struct pl_limits l;
    struct pl_err err = { 0 };
    char dir[] = "/tmp/pl-index-XXXXXX", repomd[64], primary[64];
    pl_limits_init(&l);
    assert_non_null(mkdtemp(dir));
    snprintf(repomd, sizeof repomd, "%s/repomd.xml", dir);
    snprintf(primary, sizeof primary, "%s/p.xml", dir);
    put(repomd, "<repomd><data type='other'/><data type='primary'><location "
                "href='repodata/../../p.xml'/></data></repomd>");
    put(primary,
        "<metadata><package><name>a</name><arch>x</arch><version ver='1' rel='2'/></package>"
        "</metadata>");
    assert_int_equal(pl_dist_read(&w->x, repomd, &l, &err), 0);
    assert_true(pl_str_is(find(w, "rpm", "a", "x")->version, "1-2"));
    put(repomd, "<repomd><data type='primary'><location href='x/'/></data></repomd>");
    assert_int_equal(pl_dist_read(&w->x, repomd, &l, &err), PL_E_FORMAT);
    put(repomd, "");
    assert_int_equal(pl_dist_read(&w->x, repomd, &l, &err), PL_E_FORMAT);
    unlink(repomd);
    unlink(primary);
    assert_int_equal(pl_dist_read(&w->x, repomd, &l, &err), PL_E_NOENT);
    rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_newest_of_packages, setup, teardown),
        cmocka_unit_test_setup_teardown(alpine_and_rpm, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_no_index, setup, teardown),
        cmocka_unit_test_setup_teardown(repomd_names_its_primary, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
