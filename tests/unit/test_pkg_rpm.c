/* rpm's three databases: whole, in either byte order, damaged, cut. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "fmt/sqldb.h"
#include "pkg/pkg.h"

struct got {
    struct pl_buf text; /* "type:ns/name@version " each, '!' in front of notes */
    bool incomplete;
};

static void on_package(void *arg, const struct pl_pkg *p)
{
    struct got *g = arg;
    pl_buf_printf(&g->text, "%.*s:%.*s%s%.*s@%.*s", PL_FMT(p->type), PL_FMT(p->ns),
                  p->ns.n ? "/" : "", PL_FMT(p->name), PL_FMT(p->version));
    if (p->source.n)
        pl_buf_printf(&g->text, "<%.*s@%.*s", PL_FMT(p->source), PL_FMT(p->source_version));
    pl_buf_puts(&g->text, p->flags & PL_PKG_VENDOR ? " vendor" : "");
    pl_buf_puts(&g->text, p->flags & PL_PKG_DEV ? " dev;" : ";");
}

static void on_note(void *arg, bool incomplete, const char *code, const char *message)
{
    struct got *g = arg;
    (void)message;
    g->incomplete |= incomplete;
    pl_buf_printf(&g->text, "!%s;", code);
}

static void on_own(void *arg, struct pl_str owner, struct pl_str path, const struct pl_sum *sum)
{
    struct got *g = arg;
    pl_buf_printf(&g->text, "%.*s>%.*s", PL_FMT(owner), PL_FMT(path));
    if (sum->alg)
        pl_buf_printf(&g->text, "=%d:%016llx", (int)sum->alg, (unsigned long long)sum->head);
    pl_buf_puts(&g->text, ";");
}

static void run(struct got *g, const char *path, const void *p, size_t n)
{
    struct pl_arena a = { 0 };
    struct pl_pkg_sink s = {
        .emit = on_package, .note = on_note, .own = on_own, .arg = g, .a = &a
    };
    const struct pl_cataloger *c = pl_cataloger_for(pl_str_c(path), pl_str_n(p, n));
    if (!c)
        fail_msg("nobody wants '%s'", path);
    pl_cataloger_run(c, pl_str_c(path), pl_str_n(p, n), &s);
    pl_arena_release(&a);
}

static void be32(struct pl_buf *b, uint32_t v)
{
    const uint8_t p[] = { (uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v };
    pl_buf_putn(b, p, 4);
}

static void le32(struct pl_buf *b, uint32_t v)
{
    const uint8_t p[] = { (uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24) };
    pl_buf_putn(b, p, 4);
}

/* name bash, version 5.1, release 2.el9, epoch 1, source bash-5.1-2.el9.src.rpm, two files */
static void header(struct pl_buf *b)
{
    static const char data[] = "\0\0\0\1bash\0"
                               "5.1\0"
                               "2.el9\0"
                               "bash-5.1-2.el9.src.rpm\0"
                               "/usr/bin/\0/etc/\0"
                               "bash\0rc\0x86_64\0GPL\0m:1\0\0\0"
                               "\0\0\0\0\0\0\0\1";
    static const uint32_t index[][4] = {
        { 1003, 4, 0, 1 },   { 1000, 6, 4, 1 },  { 1001, 6, 9, 1 },  { 1002, 6, 13, 1 },
        { 1044, 6, 19, 1 },  { 1118, 8, 42, 2 }, { 1117, 8, 58, 2 }, { 1022, 6, 66, 1 },
        { 1014, 9, 73, 1 },  { 5096, 6, 77, 1 }, { 1116, 4, 83, 2 }, { 1011, 6, 9999, 1 },
        { 1116, 4, 83, 99 },
    };
    be32(b, PL_COUNT(index));
    be32(b, sizeof data);
    for (size_t i = 0; i < PL_COUNT(index); i++)
        for (size_t k = 0; k < 4; k++)
            be32(b, index[i][k]);
    pl_buf_putn(b, data, sizeof data);
}

#define BASH "rpm:bash@1:5.1-2.el9<bash@1:5.1-2.el9;bash>bin/bash;bash>etc/rc;"

static void pad(struct pl_buf *b, size_t to)
{
    while (b->n < to)
        pl_buf_putc(b, 0);
}

static void ndb_of(struct pl_buf *b, uint32_t magic, const struct pl_buf *h)
{
    le32(b, 0x506d7052);
    le32(b, 0);
    le32(b, 1);
    le32(b, 1); /* one page of slots */
    pad(b, 32);
    le32(b, 0x746f6c53);
    le32(b, 7);
    le32(b, 256);
    le32(b, 64);
    while (b->n < 4096) { /* free slots */
        le32(b, 0x746f6c53);
        pad(b, b->n + 12);
    }
    le32(b, magic);
    le32(b, 7);
    le32(b, 1);
    le32(b, (uint32_t)h->n);
    pl_buf_putn(b, h->p, h->n);
}

static void ndb(struct pl_buf *b, uint32_t magic)
{
    struct pl_buf h = { 0 };
    header(&h);
    ndb_of(b, magic, &h);
    pl_buf_release(&h);
}

/* Digests of files tell their algorithm by their length; a folder has none. */
static void digests_of_files_and_the_vendor(void **state)
{
    static const char data[] =
        "a\0"
        "1\0"
        "2\0"
        "/e/\0"
        "x\0y\0z\0"
        "Red Hat, Inc.\0"
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\0\0"
        "900150983cd24fb0d6963f7d28e17f72";
    static const uint8_t zeros[12];
    static const uint32_t index[][4] = {
        { 1000, 6, 0, 1 },  { 1001, 6, 2, 1 },  { 1002, 6, 4, 1 },  { 1118, 8, 6, 1 },
        { 1117, 8, 10, 3 }, { 1011, 6, 16, 1 }, { 1035, 8, 30, 3 }, { 1116, 4, sizeof data, 3 },
    };
    struct pl_buf h = { 0 }, b = { 0 };
    struct got g = { .incomplete = false };
    (void)state;
    be32(&h, PL_COUNT(index));
    be32(&h, sizeof data + sizeof zeros);
    for (size_t i = 0; i < PL_COUNT(index); i++)
        for (size_t k = 0; k < 4; k++)
            be32(&h, index[i][k]);
    pl_buf_putn(&h, data, sizeof data);
    pl_buf_putn(&h, zeros, sizeof zeros);
    ndb_of(&b, 0x53626c42, &h);
    run(&g, "usr/lib/sysimage/rpm/Packages.db", b.p, b.n);
    if (!pl_str_is(pl_buf_str(&g.text), "rpm:a@1-2 vendor;a>e/x=3:ba7816bf8f01cfea;a>e/y;"
                                        "a>e/z=1:900150983cd24fb0;"))
        fail_msg("%.*s", PL_FMT(pl_buf_str(&g.text)));
    pl_buf_release(&h);
    pl_buf_release(&b);
    pl_buf_release(&g.text);
}

static void rpm_ndb(void **state)
{
    struct pl_buf b = { 0 };
    struct got g = { .incomplete = false };
    (void)state;
    ndb(&b, 0x53626c42);
    run(&g, "usr/lib/sysimage/rpm/Packages.db", b.p, b.n);
    assert_true(pl_str_is(pl_buf_str(&g.text), BASH) && !g.incomplete);
    pl_buf_clear(&b);
    pl_buf_clear(&g.text);
    ndb(&b, 1);
    run(&g, "usr/lib/sysimage/rpm/Packages.db", b.p, b.n);
    assert_true(pl_str_is(pl_buf_str(&g.text), "!package-list;") && g.incomplete);
    pl_buf_release(&b);
    pl_buf_release(&g.text);
}

static void a_cut_ndb(void **state)
{
    struct pl_buf b = { 0 };
    struct got g = { .incomplete = false };
    (void)state;
    ndb(&b, 0x53626c42);
    run(&g, "usr/lib/sysimage/rpm/Packages.db", b.p, b.n - 100);
    run(&g, "usr/lib/sysimage/rpm/Packages.db", b.p, 4090);
    memcpy(b.p + 12, "\377\0\0\0", 4); /* more pages of slots than there are */
    run(&g, "usr/lib/sysimage/rpm/Packages.db", b.p, b.n);
    memcpy(b.p + 12, "\1\0\0\0", 4);
    memcpy(b.p + 40, "\377\377\377\377", 4); /* a blob beyond the end */
    run(&g, "usr/lib/sysimage/rpm/Packages.db", b.p, b.n);
    memcpy(b.p + 32, "xxxx", 4); /* no slot */
    run(&g, "usr/lib/sysimage/rpm/Packages.db", b.p, b.n);
    assert_true(pl_str_is(pl_buf_str(&g.text), "!package-list;!package-list;!package-list;"
                                               "!package-list;!package-list;"));
    pl_buf_release(&b);
    pl_buf_release(&g.text);
}

/* ---- Berkeley DB ---- */

struct form {
    bool big;    /* byte order */
    bool inside; /* the value stands in the hash page, else in overflow pages */
    uint32_t next;
};

static void u32(struct pl_buf *b, const struct form *f, uint32_t v)
{
    f->big ? be32(b, v) : le32(b, v);
}

static void u16(struct pl_buf *b, const struct form *f, uint32_t v)
{
    pl_buf_putc(b, (char)(f->big ? v >> 8 : v));
    pl_buf_putc(b, (char)(f->big ? v : v >> 8));
}

/* a metadata page, a hash page with one pair, an overflow page */
static void bdb(struct pl_buf *b, const struct form *f)
{
    pl_auto_buf struct pl_buf h = { 0 };
    header(&h);
    uint32_t key = 1019, value = f->inside ? key - 1 - (uint32_t)h.n : key - 12;
    pad(b, 12);
    u32(b, f, 0x00061561);
    u32(b, f, 9);
    u32(b, f, 1024);
    pad(b, 32);
    u32(b, f, 2); /* last page */
    pad(b, 1024);
    size_t page = b->n;
    pad(b, page + 20);
    u16(b, f, 2); /* entries */
    pl_buf_putn(b, "\0\0\0\15", 4);
    u16(b, f, key);
    u16(b, f, value);
    pad(b, page + value);
    if (f->inside) {
        pl_buf_putc(b, 1);
        pl_buf_putn(b, h.p, h.n);
    } else {
        pl_buf_putn(b, "\3\0\0\0", 4);
        u32(b, f, f->next);
        u32(b, f, (uint32_t)h.n);
    }
    pl_buf_putn(b, "\1\0\0\0\1", 5);
    page = b->n;
    pad(b, page + 22);
    u16(b, f, (uint32_t)h.n);
    pl_buf_putn(b, "\0\7", 2);
    pl_buf_putn(b, h.p, h.n);
    pad(b, page + 1024);
}

static void rpm_bdb(void **state)
{
    static const struct form forms[] = {
        { false, false, 2 }, { true, false, 2 }, { false, true, 0 }, { true, true, 0 }
    };
    (void)state;
    for (size_t i = 0; i < PL_COUNT(forms); i++) {
        pl_auto_buf struct pl_buf b = { 0 };
        struct got g = { .incomplete = false };
        bdb(&b, &forms[i]);
        run(&g, "var/lib/rpm/Packages", b.p, b.n);
        if (!pl_str_is(pl_buf_str(&g.text), BASH))
            fail_msg("%zu: '%.*s'", i, PL_FMT(pl_buf_str(&g.text)));
        pl_buf_release(&g.text);
    }
}

static void a_damaged_bdb(void **state)
{
    static const struct {
        size_t at;
        const char *bytes;
        size_t n;
    } changes[] = {
        { 20, "\1\0\0\0", 4 },                  /* a page of one byte */
        { 12, "\1\1\1\1", 4 },                  /* no such database */
        { 32, "\377\0\0\0", 4 },                /* pages that are not there */
        { 1024 + 20, "\377\377", 2 },           /* more items than fit */
        { 1024 + 1007 + 4, "\204\3\0\0", 4 },   /* a chain beyond the end */
        { 1024 + 1007 + 8, "\377\377\0\0", 4 }, /* longer than its chain */
        { 2048 + 25, "\1", 1 },                 /* into a page of another kind */
        { 2048 + 22, "\377\377", 2 },           /* more than a page holds */
        { 2048 + 26, "\377\377", 2 },           /* no header in it */
    };
    const struct form form = { false, false, 2 };
    (void)state;
    for (size_t i = 0; i < PL_COUNT(changes); i++) {
        pl_auto_buf struct pl_buf b = { 0 };
        struct got g = { .incomplete = false };
        bdb(&b, &form);
        memcpy(b.p + changes[i].at, changes[i].bytes, changes[i].n);
        run(&g, "var/lib/rpm/Packages", b.p, b.n);
        if (!g.incomplete)
            fail_msg("%zu: '%.*s'", i, PL_FMT(pl_buf_str(&g.text)));
        pl_buf_release(&g.text);
    }
}

/* ---- SQLite ---- */

static void sqlite_file(struct pl_buf *out, const char *blob)
{
    struct pl_sqldb *db = NULL;
    struct pl_err err = { 0 };
    pl_auto_buf struct pl_buf sql = { 0 };
    pl_auto_buf struct pl_buf h = { 0 };
    char path[64] = "/tmp/pl-rpmdb-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    header(&h);
    pl_buf_puts(&sql, "CREATE TABLE Packages(hnum INTEGER PRIMARY KEY, blob BLOB NOT NULL);"
                      "INSERT INTO Packages VALUES(1,x'");
    for (size_t i = 0; i < h.n && !blob; i++)
        pl_buf_printf(&sql, "%02x", (uint8_t)h.p[i]);
    pl_buf_printf(&sql, "%s')", blob ? blob : "");
    pl_buf_putc(&sql, 0);
    assert_int_equal(pl_sqldb_open(path, PL_SQLDB_FRESH, &db, &err), 0);
    assert_int_equal(pl_sqldb_run(db, sql.p, &err), 0);
    pl_sqldb_close(db);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    static char bytes[1 << 20];
    pl_buf_putn(out, bytes, fread(bytes, 1, sizeof bytes, f));
    fclose(f);
    unlink(path);
}

static void rpm_sqlite(void **state)
{
    pl_auto_buf struct pl_buf b = { 0 };
    struct got g = { .incomplete = false };
    (void)state;
    sqlite_file(&b, NULL);
    run(&g, "var/lib/rpm/rpmdb.sqlite", b.p, b.n);
    assert_true(pl_str_is(pl_buf_str(&g.text), BASH) && !g.incomplete);
    pl_buf_clear(&g.text);
    run(&g, "var/lib/rpm/rpmdb.sqlite", b.p, b.n / 2); /* cut in the middle */
    assert_true(g.incomplete);
    pl_buf_clear(&b);
    pl_buf_clear(&g.text);
    g.incomplete = false;
    sqlite_file(&b, "0001020304"); /* a header that is none */
    run(&g, "var/lib/rpm/rpmdb.sqlite", b.p, b.n);
    assert_true(pl_str_is(pl_buf_str(&g.text), "!package-list;") && g.incomplete);
    pl_buf_release(&g.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rpm_ndb),       cmocka_unit_test(digests_of_files_and_the_vendor),
        cmocka_unit_test(a_cut_ndb),     cmocka_unit_test(rpm_bdb),
        cmocka_unit_test(a_damaged_bdb), cmocka_unit_test(rpm_sqlite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
