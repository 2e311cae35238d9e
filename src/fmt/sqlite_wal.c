/* A write-ahead log laid over its database: https://sqlite.org/fileformat2.html section 4. Frames
 * count up to the last commit, as long as salts and checksums go on. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/endian.h"
#include "fmt/sqlite.h"

#define HEAD 32u
#define FRAME 24u

struct wal {
    struct pl_str text;
    bool big;
    uint32_t page, salt[2], sum[2];
};

static uint32_t word(const struct wal *w, const char *c)
{
    uint32_t v = pl_be32(c);
    return w->big ? v : __builtin_bswap32(v);
}

static void add(struct wal *w, const char *p, size_t n)
{
    for (size_t i = 0; i + 8 <= n; i += 8) {
        w->sum[0] += word(w, p + i) + w->sum[1];
        w->sum[1] += word(w, p + i + 4) + w->sum[0];
    }
}

static bool same(const struct wal *w, const char *p)
{
    return pl_be32(p) == w->sum[0] && pl_be32(p + 4) == w->sum[1];
}

static bool open_log(struct wal *w)
{
    const char *p = w->text.p;
    if (w->text.n < HEAD || (pl_be32(p) & ~1u) != 0x377f0682u)
        return false;
    w->big = pl_be32(p) & 1;
    w->page = pl_be32(p + 8);
    w->salt[0] = pl_be32(p + 16);
    w->salt[1] = pl_be32(p + 20);
    add(w, p, 24);
    return w->page >= 512 && w->page <= 65536 && !(w->page & (w->page - 1)) && same(w, p + 24);
}

/* The next frame at `at`, or NULL when the log does not go on. */
static const char *frame(struct wal *w, size_t at)
{
    if (w->text.n < at || w->text.n - at < FRAME + w->page)
        return NULL;
    const char *p = w->text.p + at;
    if (pl_be32(p + 8) != w->salt[0] || pl_be32(p + 12) != w->salt[1])
        return NULL;
    add(w, p, 8);
    add(w, p + FRAME, w->page);
    return same(w, p + 16) ? p : NULL;
}

static int put_page(struct pl_buf *db, const struct wal *w, const char *p, struct pl_err *err)
{
    static const char zeros[512];
    uint64_t off = ((uint64_t)pl_be32(p) - 1) * w->page;
    if (!pl_be32(p) || (db->max && off + w->page > db->max))
        return pl_fail(err, PL_E_LIMIT, "a page beyond the largest database that is read");
    while (db->n < off + w->page)
        if (pl_buf_add(db, zeros, sizeof zeros, err) < 0)
            return PL_E_LIMIT;
    memcpy(db->p + off, p + FRAME, w->page);
    return 0;
}

int pl_sqlite_wal(struct pl_buf *db, struct pl_str text, struct pl_err *err)
{
    struct wal w = { .text = text };
    size_t end = 0;
    const char *p;
    if (!text.n)
        return 0;
    if (!open_log(&w))
        return pl_fail(err, PL_E_FORMAT, "no write-ahead log");
    for (size_t at = HEAD; (p = frame(&w, at)); at += FRAME + w.page)
        if (pl_be32(p + 4)) /* the size of the database after a commit */
            end = at + FRAME + w.page;
    for (size_t at = HEAD; at < end; at += FRAME + w.page) {
        int r = put_page(db, &w, text.p + at, err);
        if (r < 0)
            return r;
    }
    return 0;
}
