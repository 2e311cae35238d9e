/* The tar reader against libarchive's: archives made at random, by us and by libarchive's writers,
 * must read the same. The seeds are fixed; PL_DIFF_ROUNDS asks for more of them. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>

#include "io/tar.h"
#include "pieces.h"
#include "tarmake.h"

static uint64_t state;

/* A number below `n`. */
static size_t dice(size_t n)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (size_t)(state >> 33) % n;
}

/* A relative path of up to `max` characters, with nothing to normalise. */
static void make_path(char *out, size_t max)
{
    size_t n = 1 + dice(max);
    for (size_t i = 0; i < n; i++) {
        bool slash = i > 0 && i + 1 < n && out[i - 1] != '/' && dice(12) == 0;
        out[i] = slash ? '/' : (char)('a' + dice(26));
    }
    out[n] = '\0';
}

static void make_body(struct pl_buf *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        pl_buf_putc(b, (char)dice(256));
}

static uint64_t hash(uint64_t h, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        h = (h ^ p[i]) * 0x100000001b3u;
    return h;
}

static uint64_t hash_zeros(uint64_t h, uint64_t n)
{
    static const uint8_t zero[512];
    for (; n > 0; n -= n < 512 ? n : 512)
        h = hash(h, zero, n < 512 ? (size_t)n : 512);
    return h;
}

static void put(struct pl_buf *b, char kind, struct pl_str path, struct pl_str link, uint64_t size,
                uint64_t sum, int64_t mtime_ns, uint64_t uid)
{
    pl_buf_printf(b, "%c %.*s -> %.*s %" PRIu64 " %016" PRIx64 " %" PRId64 " %" PRIu64 "\n", kind,
                  PL_FMT(path), PL_FMT(link), size, sum, mtime_ns, uid);
}

/* What our reader saw. */
static void read_ours(const struct pl_buf *tar, struct pl_buf *ret)
{
    static const char kinds[] = { 'f', 'd', 'l', 'h', 'o', '?' };
    struct pl_limits l;
    struct pieces p;
    struct pl_entry e;
    struct pl_err err;
    pl_limits_init(&l);
    pieces_init(&p, tar->p, tar->n, 1 + dice(5000));
    struct pl_tar *t = pl_tar_new(&p.v, &(struct pl_tar_opts){ .limits = &l });
    int rc;
    while ((rc = pl_tar_next(t, &e, &err)) > 0) {
        uint64_t h = 0, n = 0;
        while (e.body && pl_view_ahead(e.body, 1 + dice(1000), NULL) == 0 && e.body->n > 0) {
            h = hash(h, e.body->p, e.body->n);
            n += e.body->n;
            pl_view_consume(e.body, e.body->n);
        }
        assert_int_equal(n, e.size);
        put(ret, kinds[e.kind], e.path, e.link, e.size, h, e.mtime_ns, e.uid);
    }
    if (rc < 0)
        pl_buf_printf(ret, "%s\n", err.msg);
    pl_tar_free(t);
    pieces_release(&p);
}

static uint64_t sum_theirs(struct archive *a, uint64_t size)
{
    const void *p;
    size_t n;
    int64_t off;
    uint64_t h = 0, at = 0;
    while (archive_read_data_block(a, &p, &n, &off) == ARCHIVE_OK) {
        h = hash_zeros(h, (uint64_t)off - at);
        h = hash(h, p, n);
        at = (uint64_t)off + n;
    }
    return hash_zeros(h, size - at);
}

static char kind_theirs(struct archive_entry *e)
{
    if (archive_entry_hardlink(e))
        return 'h';
    switch (archive_entry_filetype(e)) {
    case AE_IFREG:
        return 'f';
    case AE_IFDIR:
        return 'd';
    case AE_IFLNK:
        return 'l';
    default:
        return 'o';
    }
}

/* What libarchive saw. */
static void read_theirs(const struct pl_buf *tar, struct pl_buf *ret)
{
    struct archive *a = archive_read_new();
    struct archive_entry *e;
    archive_read_support_format_tar(a);
    assert_int_equal(archive_read_open_memory(a, tar->p, tar->n), ARCHIVE_OK);
    int rc;
    while ((rc = archive_read_next_header(a, &e)) == ARCHIVE_OK || rc == ARCHIVE_WARN) {
        struct pl_str path = pl_str_c(archive_entry_pathname(e));
        while (path.n > 0 && path.p[path.n - 1] == '/')
            path.n--;
        char kind = kind_theirs(e);
        struct pl_str link =
            pl_str_c(kind == 'h' ? archive_entry_hardlink(e) : archive_entry_symlink(e));
        uint64_t size = (uint64_t)archive_entry_size(e);
        int64_t ns = archive_entry_mtime(e) * 1000000000 + archive_entry_mtime_nsec(e);
        put(ret, kind, path, link, size, sum_theirs(a, size), ns, (uint64_t)archive_entry_uid(e));
    }
    if (rc != ARCHIVE_EOF)
        pl_buf_printf(ret, "%s\n", archive_error_string(a));
    archive_read_free(a);
}

static void compare(const struct pl_buf *tar, const char *how, uint64_t seed)
{
    struct pl_buf ours = { 0 }, theirs = { 0 };
    read_ours(tar, &ours);
    read_theirs(tar, &theirs);
    if (!pl_str_eq(pl_buf_str(&ours), pl_buf_str(&theirs)))
        fail_msg("%s %" PRIu64 ":\n%.*s--- libarchive:\n%.*s", how, seed, PL_FMT(pl_buf_str(&ours)),
                 PL_FMT(pl_buf_str(&theirs)));
    pl_buf_release(&ours);
    pl_buf_release(&theirs);
}

struct pair {
    uint64_t off, n;
};

/* A map of up to eight segments; returns the bytes of data. */
static size_t make_map(struct pl_buf *map, struct pair *pairs, size_t *ret_n, uint64_t *ret_size)
{
    uint64_t at = 0;
    size_t data = 0, n = 1 + dice(8);
    for (size_t i = 0; i < n; i++) {
        at += 1 + dice(2000);
        pairs[i] = (struct pair){ at, 1 + dice(1500) };
        pl_buf_printf(map, "%s%" PRIu64 ",%" PRIu64, i ? "," : "", pairs[i].off, pairs[i].n);
        at += pairs[i].n;
        data += (size_t)pairs[i].n;
    }
    *ret_n = n;
    *ret_size = at + dice(2) * dice(3000);
    return data;
}

static void add_sparse(struct pl_buf *b)
{
    struct pl_buf map = { 0 }, body = { 0 };
    struct pair pairs[8];
    char size[24], name[40];
    size_t n;
    uint64_t logical;
    size_t data = make_map(&map, pairs, &n, &logical);
    pl_buf_putc(&map, '\0');
    snprintf(size, sizeof size, "%" PRIu64, logical);
    make_path(name, 30);
    if (dice(2)) {
        char header[64], count[24];
        snprintf(header, sizeof header, "GNUSparseFile.%zu/x", dice(1000));
        snprintf(count, sizeof count, "%zu", n);
        TM_PAX(b, 'x', "GNU.sparse.size", size, "GNU.sparse.numblocks", count, "GNU.sparse.name",
               name, "GNU.sparse.map", map.p);
        make_body(&body, data);
        TM_ADD(b, .name = header, .body = body.p, .body_n = body.n);
    } else {
        TM_PAX(b, 'x', "GNU.sparse.major", "1", "GNU.sparse.minor", "0", "GNU.sparse.name", name,
               "GNU.sparse.realsize", size);
        pl_buf_printf(&body, "%zu\n", n);
        for (size_t i = 0; i < n; i++)
            pl_buf_printf(&body, "%" PRIu64 "\n%" PRIu64 "\n", pairs[i].off, pairs[i].n);
        while (body.n % 512)
            pl_buf_putc(&body, '\0');
        make_body(&body, data);
        TM_ADD(b, .name = "x", .body = body.p, .body_n = body.n);
    }
    pl_buf_release(&map);
    pl_buf_release(&body);
}

static void add_old_sparse(struct pl_buf *b)
{
    struct pl_buf map = { 0 }, body = { 0 };
    struct pair pairs[8];
    char head[97] = { 0 }, more[512] = { 0 }, real[12], size[12], name[40];
    size_t n;
    uint64_t logical;
    static const char zero[512];
    size_t data = make_map(&map, pairs, &n, &logical);
    for (size_t i = 0; i < n; i++) {
        char *at = i < 4 ? head + 24 * i : more + 24 * (i - 4);
        snprintf(at, 12, "%011" PRIo64, pairs[i].off);
        snprintf(at + 12, 12, "%011" PRIo64, pairs[i].n);
    }
    snprintf(real, sizeof real, "%011" PRIo64, logical);
    snprintf(size, sizeof size, "%011zo", data);
    make_path(name, 30);
    TM_ADD(b, .name = name, .type = 'S', .layout = TM_GNU, .size = size,
           .patch = { { 386, head, 96 }, { 482, n > 4 ? "\1" : "\0", 1 }, { 483, real, 12 } });
    if (n > 4)
        pl_buf_putn(b, more, 512);
    make_body(b, data);
    pl_buf_putn(b, zero, -data & 511);
    pl_buf_release(&map);
    pl_buf_release(&body);
}

static void add_long(struct pl_buf *b, const char *name, const char *link)
{
    bool sym = dice(2);
    if (dice(2)) {
        TM_PAX(b, 'x', "path", name, "linkpath", link, "comment", "c");
    } else {
        TM_ADD(b, .name = "././@LongLink", .type = 'K', .layout = TM_GNU, .body = link,
               .body_n = strlen(link) + 1);
        TM_ADD(b, .name = "././@LongLink", .type = 'L', .layout = TM_GNU, .body = name,
               .body_n = strlen(name) + 1);
    }
    TM_ADD(b, .name = "short", .type = sym ? '2' : '1', .link = "link", .layout = TM_GNU);
}

static void add_any(struct pl_buf *b)
{
    char name[400], link[400], prefix[60];
    struct pl_buf body = { 0 };
    enum tm_layout layout = (enum tm_layout)dice(3);
    make_body(&body, dice(4) ? dice(2000) : 512 * dice(4));
    make_path(name, 90);
    make_path(link, 90);
    switch (dice(10)) {
    case 0:
        make_path(name, 390);
        make_path(link, 390);
        add_long(b, name, link);
        break;
    case 1:
        add_sparse(b);
        break;
    case 2:
        add_old_sparse(b);
        break;
    case 3:
        TM_ADD(b, .name = name, .type = '5', .layout = layout);
        break;
    case 4:
        TM_ADD(b, .name = name, .type = dice(2) ? '1' : '2', .link = link, .layout = layout);
        break;
    case 5:
        make_path(prefix, 50);
        TM_ADD(b, .name = name, .prefix = prefix, .body = body.p, .body_n = body.n);
        break;
    case 6:
        TM_PAX(b, 'x', "mtime", "77.25", "uid", "99999", "SCHILY.xattr.user.a", "value");
        TM_ADD(b, .name = name, .body = body.p, .body_n = body.n);
        break;
    case 7:
        TM_PAX(b, 'g', "comment", "all");
        TM_ADD(b, .name = name, .type = "346"[dice(3)]);
        break;
    case 8:
        TM_ADD(b, .name = name, .layout = TM_GNU, .body = body.p, .body_n = body.n,
               .patch = { { 108, "\x80\0\0\0\0\x12\x34\x56", 8 },
                          { 136, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xf0\0", 12 } });
        break;
    default:
        TM_ADD(b, .name = name, .layout = layout, .body = body.p, .body_n = body.n,
               .null_type = dice(2));
    }
    pl_buf_release(&body);
}

static size_t rounds(size_t normal)
{
    const char *more = getenv("PL_DIFF_ROUNDS");
    return more ? (size_t)strtoull(more, NULL, 10) : normal;
}

static void our_archives_read_the_same(void **unused)
{
    (void)unused;
    for (size_t seed = 1; seed <= rounds(1500); seed++) {
        struct pl_buf b = { 0 };
        state = seed;
        for (size_t n = 1 + dice(12); n > 0; n--)
            add_any(&b);
        tm_end(&b);
        compare(&b, "seed", seed);
        pl_buf_release(&b);
    }
}

static void add_theirs(struct archive *a, bool is_long, bool sparse)
{
    char name[400], link[400];
    struct pl_buf body = { 0 };
    struct archive_entry *e = archive_entry_new();
    make_path(name, is_long ? 390 : 90);
    make_path(link, is_long ? 390 : 90);
    archive_entry_set_pathname(e, name);
    archive_entry_set_mtime(e, (time_t)dice(1u << 30), 0);
    archive_entry_set_perm(e, 0644);
    archive_entry_set_uid(e, (int64_t)dice(100000));
    unsigned kind = (unsigned)dice(5);
    archive_entry_set_filetype(e, kind == 0 ? AE_IFDIR : kind == 1 ? AE_IFLNK : AE_IFREG);
    if (kind == 1)
        archive_entry_set_symlink(e, link);
    if (kind == 2)
        archive_entry_set_hardlink(e, link);
    if (kind > 2)
        make_body(&body, dice(5000));
    if (kind == 4 && sparse && body.n > 3000) {
        memset(body.p + 1000, 0, 1500);
        archive_entry_sparse_add_entry(e, 0, 1000);
        archive_entry_sparse_add_entry(e, 2500, (int64_t)body.n - 2500);
    }
    archive_entry_set_size(e, (int64_t)body.n);
    if (archive_write_header(a, e) == ARCHIVE_OK && body.n)
        archive_write_data(a, body.p, body.n);
    archive_entry_free(e);
    pl_buf_release(&body);
}

static void archives_of_libarchive_read_the_same(void **unused)
{
    (void)unused;
    static int (*const formats[])(struct archive *) = {
        archive_write_set_format_pax,    archive_write_set_format_pax_restricted,
        archive_write_set_format_gnutar, archive_write_set_format_ustar,
        archive_write_set_format_v7tar,
    };
    static char out[1 << 17];
    for (size_t seed = 1; seed <= rounds(1500); seed++) {
        size_t used = 0, f = seed % 5;
        state = seed;
        struct archive *a = archive_write_new();
        formats[f](a);
        archive_write_set_bytes_per_block(a, 512);
        assert_int_equal(archive_write_open_memory(a, out, sizeof out, &used), ARCHIVE_OK);
        for (size_t n = 1 + dice(12); n > 0; n--)
            add_theirs(a, f < 3, f < 2);
        archive_write_close(a);
        archive_write_free(a);
        struct pl_buf b = { .p = out, .n = used };
        compare(&b, "format and seed", seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(our_archives_read_the_same),
        cmocka_unit_test(archives_of_libarchive_read_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
