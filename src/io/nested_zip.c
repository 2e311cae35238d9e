/* zip, jar, whl …: read by the central directory when the file fits in memory, and then also what
 * the directory does not name; larger ones, and broken ones, from front to back. APPNOTE 6.3. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "base/cleanup.h"
#include "base/endian.h"
#include "base/vec.h"
#include "io/nested_arc.h"

#define LOCAL_SIZE 30
#define CENTRAL_SIZE 46
#define END_SIZE 22
#define END64_SIZE 56
#define LOCATOR_SIZE 20

static bool zip_name(struct pl_str path)
{
    static const char *const ends[] = { ".zip", ".jar", ".war", ".ear", ".whl",   ".egg",
                                        ".pyz", ".pex", ".apk", ".aar", ".nupkg", ".vsix",
                                        ".exe", ".bin", ".run", ".sfx" };
    if (path.n < 4 || !memchr(path.p + (path.n > 6 ? path.n - 6 : 0), '.', path.n > 6 ? 6 : path.n))
        return false;
    for (size_t i = 0; i < PL_COUNT(ends); i++)
        if (pl_str_iends(path, pl_str_c(ends[i])))
            return true;
    return false;
}

/* A zip may have a script or a program before it: then its name, or a script that ends within these
 * bytes, tells. */
static unsigned bid_zip(const uint8_t *p, size_t n, struct pl_str path)
{
    if (p[0] == 'P') {
        if (n < 4 || p[1] != 'K')
            return 0;
        if ((p[2] == 3 && p[3] == 4) || (p[2] == 5 && p[3] == 6) || (p[2] == 7 && p[3] == 8) ||
            (p[2] == '0' && p[3] == '0'))
            return 32;
    }
    if (p[0] == '#' && n > 2 && p[1] == '!' && memmem(p, n, "PK\3\4", 4))
        return 24;
    return zip_name(path) ? 2 : 0;
}

/* A stretch of the file that the central directory accounts for. */
struct stretch {
    uint64_t from, to;
};

struct stretches {
    PL_VEC(struct stretch) v;
};

static void stretches_release(struct stretches *s)
{
    pl_vec_release(&s->v);
}

static int by_start(const void *a, const void *b)
{
    const struct stretch *x = a, *y = b;
    return x->from < y->from ? -1 : x->from > y->from;
}

/* Where the central directory is: `base` is added to the offsets it holds, since something may
 * stand before the archive. */
struct directory {
    uint64_t at, size, base;
};

static bool find_end(struct pl_str z, size_t *ret)
{
    if (z.n < END_SIZE)
        return false;
    size_t stop = z.n > END_SIZE + 65535 ? z.n - END_SIZE - 65535 : 0;
    for (size_t i = z.n - END_SIZE;; i--) {
        if (z.p[i] == 'P' && memcmp(z.p + i, "PK\5\6", 4) == 0) {
            *ret = i;
            return true;
        }
        if (i == stop)
            return false;
    }
}

static bool find_directory(struct pl_str z, struct directory *ret)
{
    size_t end;
    if (!find_end(z, &end))
        return false;
    const uint8_t *e = (const uint8_t *)z.p + end;
    uint64_t size = pl_le32(e + 12), off = pl_le32(e + 16), stop = end;
    const uint8_t *loc = e - LOCATOR_SIZE;
    if (end >= LOCATOR_SIZE + END64_SIZE && memcmp(loc, "PK\6\7", 4) == 0) {
        const uint8_t *e64 = loc - END64_SIZE; /* where it is when it has no extensible data */
        if (memcmp(e64, "PK\6\6", 4) == 0) {
            size = pl_le64(e64 + 40);
            off = pl_le64(e64 + 48);
            stop = end - LOCATOR_SIZE - END64_SIZE;
        }
    }
    if (size > stop || off > stop - size)
        return false;
    *ret = (struct directory){ .at = stop - size, .size = size, .base = stop - size - off };
    return true;
}

/* Compressed size and local offset of one directory entry, zip64 extra field included. */
static void entry_place(const uint8_t *e, uint64_t *size, uint64_t *off)
{
    const uint8_t *x = e + CENTRAL_SIZE + pl_le16(e + 28), *end = x + pl_le16(e + 30);
    *size = pl_le32(e + 20);
    *off = pl_le32(e + 42);
    while (end - x >= 4 && (size_t)(end - x) >= 4 + pl_le16(x + 2)) {
        const uint8_t *f = x + 4, *stop = f + pl_le16(x + 2);
        if (pl_le16(x) == 1) {
            if (pl_le32(e + 24) == UINT32_MAX)
                f += 8;
            if (*size == UINT32_MAX && stop - f >= 8) {
                *size = pl_le64(f);
                f += 8;
            }
            if (*off == UINT32_MAX && stop - f >= 8)
                *off = pl_le64(f);
        }
        x = stop;
    }
}

/* Lists the stretches that the directory's entries take. False when the directory is not sound. */
static bool list_entries(struct pl_str z, const struct directory *d, struct stretches *ret)
{
    const uint8_t *base = (const uint8_t *)z.p, *e = base + d->at, *end = e + d->size;
    while (end - e >= CENTRAL_SIZE && memcmp(e, "PK\1\2", 4) == 0) {
        size_t len = CENTRAL_SIZE + pl_le16(e + 28) + pl_le16(e + 30) + pl_le16(e + 32);
        if ((size_t)(end - e) < len)
            return false;
        uint64_t size, off;
        entry_place(e, &size, &off);
        e += len;
        if (off > z.n || d->base > z.n - off || z.n - off - d->base < LOCAL_SIZE)
            continue; /* libarchive says what is wrong with it */
        off += d->base;
        const uint8_t *l = base + off;
        uint64_t head = LOCAL_SIZE + pl_le16(l + 26) + pl_le16(l + 28);
        if (memcmp(l, "PK\3\4", 4) != 0 || size > z.n)
            continue;
        pl_vec_push(&ret->v, (struct stretch){ off, off + head + size });
    }
    return true;
}

/* Is there room for a whole member at `p`, and are its fields such as writers make? */
static bool plausible_local(const uint8_t *p, size_t n)
{
    return n > LOCAL_SIZE && pl_le16(p + 4) < 100 && pl_le16(p + 8) < 100 && pl_le16(p + 26) > 0 &&
           LOCAL_SIZE + pl_le16(p + 26) + pl_le16(p + 28) <= n;
}

/* Put behind a piece that is read from front to back: libarchive wants to see more than the end of
 * a member to believe that it is the end. */
static const char padding[64];

static int read_gap(struct pl_nest *n, struct pl_str gap, struct pl_err *err)
{
    for (size_t at = 0; (at = pl_str_find(gap, PL_S("PK\3\4"), at)) != SIZE_MAX; at++) {
        struct pl_str from = pl_str_sub(gap, at, SIZE_MAX);
        if (!plausible_local((const uint8_t *)from.p, from.n))
            continue;
        struct pl_view v;
        pl_view_mem_init(&v, padding, sizeof padding);
        struct pl_arc x = { .nest = n,
                            .in = &v,
                            .prefix = from,
                            .detail = PL_S("not in the central directory"),
                            .lenient = true };
        int r = pl_arc_stream(&x, pl_arc_lib()->archive_read_support_format_zip_streamable, err);
        if (r != 2 && x.seen)
            return r;
    }
    return 0;
}

/* Members that share their bytes are read once, under one name: a bomb, or a disguise. */
static void note_shared(struct pl_nest *n, const struct stretches *s)
{
    uint64_t done = 0;
    size_t shared = 0;
    for (size_t i = 0; i < s->v.n; i++) {
        shared += s->v.p[i].from < done;
        if (s->v.p[i].to > done)
            done = s->v.p[i].to;
    }
    if (shared)
        pl_nest_note(n, "nested-damaged", PL_S(""),
                     "%zu members of the central directory share bytes with others", shared);
}

/* Members with a local header only: unpackers that follow the directory do not see them. */
static int read_hidden(struct pl_nest *n, struct pl_str z, struct pl_err *err)
{
    struct directory d;
    PL_AUTO(struct stretches, s, stretches_release) = { { NULL, 0, 0 } };
    if (!find_directory(z, &d) || !list_entries(z, &d, &s))
        return 0;
    pl_vec_push(&s.v, (struct stretch){ d.at, z.n });
    qsort(s.v.p, s.v.n, sizeof *s.v.p, by_start);
    note_shared(n, &s);
    uint64_t done = 0;
    for (size_t i = 0; i < s.v.n; i++) {
        const struct stretch *t = &s.v.p[i];
        if (t->from > done + LOCAL_SIZE) {
            int r = read_gap(n, pl_str_sub(z, done, (size_t)(t->from - done)), err);
            if (r)
                return r;
        }
        if (t->to > done)
            done = t->to;
    }
    return 0;
}

/* From front to back; what comes before the first local header is skipped. */
static int read_front(struct pl_nest *n, struct pl_str prefix, struct pl_view *in,
                      struct pl_err *err)
{
    size_t at = pl_str_find(prefix, PL_S("PK\3\4"), 0);
    if (at == SIZE_MAX)
        return 2;
    struct pl_arc x = { .nest = n, .in = in, .prefix = pl_str_sub(prefix, at, SIZE_MAX) };
    return pl_arc_stream(&x, pl_arc_lib()->archive_read_support_format_zip_streamable, err);
}

/* By the directory. Where that is broken, from the front, though members may come twice then. */
static int read_mem(struct pl_nest *n, struct pl_str z, struct pl_err *err)
{
    struct pl_arc x = { .nest = n };
    int r = pl_arc_mem(&x, pl_arc_lib()->archive_read_support_format_zip_seekable, z, err);
    if (r == 0 && !x.fatal)
        return read_hidden(n, z, err);
    if (r != 0 && r != 2)
        return r;
    bool noted = r == 0;
    struct pl_view end;
    pl_view_mem_init(&end, padding, sizeof padding);
    r = read_front(n, z, &end, err);
    if (r == 0 && !noted && !n->tripped)
        pl_nest_note(n, "nested-damaged", PL_S(""), "no usable central directory");
    return noted && r == 2 ? 0 : r;
}

static int read_zip(struct pl_view *in, const struct pl_nested_opts *o, struct pl_nested_sink *sink,
                    struct pl_err *err)
{
    struct pl_nest n;
    struct pl_str z = { "", 0 };
    int r = pl_view_ahead(in, 4, err);
    if (r < 0)
        return r;
    bool magic = in->n >= 4 && memcmp(in->p, "PK", 2) == 0;
    pl_nest_init(&n, in, o, sink);
    r = pl_nest_whole(&n, &z, err);
    if (r == PL_E_LIMIT && !in->failed)
        r = read_front(&n, pl_buf_str(&n.hold), in, err);
    else if (r == 0)
        r = read_mem(&n, z, err);
    bool empty = z.n >= 22 && memcmp(z.p, "PK\5\6", 4) == 0; /* a directory of nothing */
    if (r == 2 && magic && !empty)                           /* else only the name said zip */
        pl_nest_note(&n, "nested-damaged", PL_S(""), "neither members nor a directory");
    pl_nest_release(&n);
    return r < 0 ? r : 0;
}

const struct pl_nested pl_nested_zip = { "zip", bid_zip, read_zip, false };
