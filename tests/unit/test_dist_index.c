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

#include "base/hash.h"
#include "vuln/dist_index.h"
#include "vuln/dist_release.h"

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
    static const char packages[] =
        "<metadata><package><name>a</name><arch>x</arch><version ver='1' rel='2'/></package>"
        "</metadata>";
    static const char list[] = "<repomd><data type='other'/><data type='primary'><checksum "
                               "type='%s'>%s</checksum><location href='repodata/../../p.xml'/>"
                               "</data></repomd>";
    uint8_t raw[PL_SHA256_LEN];
    char hex[2 * PL_SHA256_LEN + 1], text[512];
    put(primary, packages);
    pl_sha256(packages, strlen(packages), raw);
    pl_hex(raw, sizeof raw, hex);
    snprintf(text, sizeof text, list, "md5", hex);
    put(repomd, text);
    assert_int_equal(pl_dist_read(&w->x, repomd, &l, &err), PL_E_UNSUP);
    snprintf(text, sizeof text, list, "sha", hex);
    put(repomd, text);
    assert_int_equal(pl_dist_read(&w->x, repomd, &l, &err), PL_E_DIGEST);
    snprintf(text, sizeof text, list, "sha256", hex);
    put(repomd, text);
    assert_int_equal(pl_dist_read(&w->x, repomd, &l, &err), 0);
    assert_int_equal(w->x.files.p[w->x.files.n - 1].trust, PL_DIST_LISTED);
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

static void a_release_lists_bytes(void **state)
{
    struct world *w = *state;
    struct pl_release r;
    struct pl_err err = { 0 };
    /* the digest of "x" */
    static const char text[] =
        "Origin: A\nValid-Until: Sat, 01 Jan 2028 00:00:00 UTC\nMD5Sum:\n 00 1 no\nSHA256:\n "
        "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881      1 a/b\nX: y\n";
    assert_true(pl_release_is(pl_str_c(text)));
    assert_false(pl_release_is(PL_S("Package: a\nSHA256: 00\n")));
    assert_false(pl_release_is(PL_S("\x04\"M\x18 SHA256:\nSHA256:\n")));
    assert_int_equal(pl_release_read(pl_str_c(text), &w->a, &r, &err), 0);
    assert_true(pl_str_is(pl_release_path(&r, PL_S("x")), "a/b"));
    assert_int_equal(pl_release_path(&r, PL_S("y")).n, 0);
    assert_true(pl_str_starts(r.valid_until, PL_S("Sat, 01 Jan 2028")));
    pl_map_release(&r.listed);
    assert_int_equal(pl_release_read(PL_S("SHA256:\n zz 1 a\n"), &w->a, &r, &err), PL_E_FORMAT);
    pl_map_release(&r.listed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_newest_of_packages, setup, teardown),
        cmocka_unit_test_setup_teardown(alpine_and_rpm, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_no_index, setup, teardown),
        cmocka_unit_test_setup_teardown(repomd_names_its_primary, setup, teardown),
        cmocka_unit_test_setup_teardown(a_release_lists_bytes, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
