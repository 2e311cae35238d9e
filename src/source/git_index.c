/* Reader of the index file. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "source/git_index.h"

#include "base/endian.h"
#include "base/limits.h"

#define HEAD 12u
#define FIXED 62u /* of an entry, up to its path */
#define OID 20u
#define TREE_DEPTH 512u

/* Decimal number up to `end`, which is taken, too. -1 for the count of a tree that is not valid. */
static bool number(struct pl_str *s, char end, int64_t *ret)
{
    const char *stop = s->n ? memchr(s->p, end, s->n < 16 ? s->n : 16) : NULL;
    uint64_t v;
    if (!stop)
        return false;
    struct pl_str word = pl_str_n(s->p, (size_t)(stop - s->p));
    *s = pl_str_sub(*s, word.n + 1, s->n);
    if (pl_str_is(word, "-1")) {
        *ret = -1;
        return true;
    }
    if (!pl_str_u64(word, &v) || v > UINT32_MAX)
        return false;
    *ret = (int64_t)v;
    return true;
}

/* Extension TREE: folders, each before its own, with how many of those follow. */
static void read_trees(struct pl_index *x, struct pl_str s)
{
    int64_t left[TREE_DEPTH];
    size_t mark[TREE_DEPTH], depth = 0, work = 16 * s.n + PL_KIB(64);
    pl_auto_buf struct pl_buf path = { .max = PL_KIB(64) };
    while (s.n) {
        const char *nul = memchr(s.p, 0, s.n);
        int64_t count, below;
        if (!nul)
            return;
        struct pl_str name = pl_str_n(s.p, (size_t)(nul - s.p));
        s = pl_str_sub(s, name.n + 1, s.n);
        if (!number(&s, ' ', &count) || !number(&s, '\n', &below) || below < 0)
            return;
        size_t before = path.n;
        if (path.n && name.n)
            pl_buf_putc(&path, '/');
        if (path.n + name.n > PL_KIB(60) || path.n + name.n > work)
            return; /* long paths over and over: more than any real index holds */
        pl_buf_putn(&path, name.p, name.n);
        work -= path.n;
        if (count >= 0) {
            if (s.n < OID)
                return;
            struct pl_index_tree *t = PL_NEW(x->trees.a, struct pl_index_tree);
            *t = (struct pl_index_tree){ (uint32_t)count, (const uint8_t *)s.p };
            *pl_map_put(&x->trees, pl_buf_str(&path)) = t;
            s = pl_str_sub(s, OID, s.n);
        }
        if (depth == TREE_DEPTH)
            return;
        left[depth] = below;
        mark[depth++] = before;
        while (depth && left[depth - 1] == 0)
            path.n = mark[--depth];
        if (!depth)
            return;
        left[depth - 1]--;
    }
}

static int read_extensions(struct pl_index *x, size_t at, struct pl_err *err)
{
    size_t end = x->file.n - OID;
    while (end - at >= 8) {
        const char *p = x->file.p + at;
        uint32_t n = pl_be32(p + 4);
        if (n > end - at - 8)
            return pl_fail(err, PL_E_FORMAT, "the index has a damaged extension");
        if (memcmp(p, "TREE", 4) == 0)
            read_trees(x, pl_str_n(p + 8, n));
        else if (memcmp(p, "link", 4) == 0)
            x->split = true;
        else if (memcmp(p, "sdir", 4) != 0 && (p[0] < 'A' || p[0] > 'Z'))
            return pl_fail(err, PL_E_UNSUP, "the index needs extension '%.4s'", p);
        at += 8 + (size_t)n;
    }
    return 0;
}

/* How many bytes the path before loses, version 4. */
static bool strip_count(struct pl_index *x, size_t *at, size_t *ret)
{
    size_t v = 0;
    for (unsigned i = 0; i < 5; i++) {
        if (*at >= x->file.n)
            return false;
        uint8_t c = (uint8_t)x->file.p[(*at)++];
        v = (v << 7) + (c & 0x7f);
        if (!(c & 0x80)) {
            *ret = v;
            return true;
        }
        v++;
    }
    return false;
}

static int bad(const struct pl_index *x, struct pl_err *err)
{
    return pl_fail(err, PL_E_FORMAT, "entry %u of the index is damaged", x->next);
}

int pl_index_next(struct pl_index *x, struct pl_index_entry *ret, struct pl_err *err)
{
    if (x->next == x->count)
        return 0;
    size_t start = x->at, at = start + FIXED, end = x->file.n - OID, strip = 0;
    if (at > end)
        return bad(x, err);
    const char *p = x->file.p + start;
    unsigned flags = (unsigned)((uint8_t)p[60] << 8 | (uint8_t)p[61]), more = 0;
    if (flags & 0x4000u) {
        if (x->version < 3 || at + 2 > end)
            return bad(x, err);
        more = (unsigned)((uint8_t)x->file.p[at] << 8 | (uint8_t)x->file.p[at + 1]);
        at += 2;
    }
    if (x->version == 4 && (!strip_count(x, &at, &strip) || strip > x->path.n))
        return bad(x, err);
    const char *nul = at < end ? memchr(x->file.p + at, 0, end - at) : NULL;
    if (!nul)
        return bad(x, err);
    size_t n = (size_t)(nul - x->file.p) - at;
    *ret = (struct pl_index_entry){ .path = pl_str_n(x->file.p + at, n),
                                    .mode = pl_be32(p + 24),
                                    .mtime = pl_be32(p + 8),
                                    .mtime_ns = pl_be32(p + 12),
                                    .size = pl_be32(p + 36),
                                    .oid = (const uint8_t *)p + 40,
                                    .stage = flags >> 12 & 3,
                                    .to_add = (more & 0x2000u) != 0 };
    if (x->version == 4) {
        x->path.n -= strip;
        if (x->path.n + n > PL_KIB(64))
            return bad(x, err);
        pl_buf_putn(&x->path, x->file.p + at, n);
        ret->path = pl_buf_str(&x->path);
        x->at = at + n + 1;
    } else {
        x->at = start + ((at - start + n + 8) & ~(size_t)7);
    }
    if (x->at > end || !ret->path.n)
        return bad(x, err);
    x->next++;
    return 1;
}

int pl_index_open(struct pl_str file, struct pl_arena *a, struct pl_index *ret, struct pl_err *err)
{
    struct pl_index x = { .file = file, .at = HEAD };
    struct pl_index_entry e;
    x.trees.a = a;
    if (file.n < HEAD + OID || memcmp(file.p, "DIRC", 4) != 0)
        return pl_fail(err, PL_E_FORMAT, "not an index file");
    x.version = pl_be32(file.p + 4);
    x.count = pl_be32(file.p + 8);
    if (x.version < 2 || x.version > 4)
        return pl_fail(err, PL_E_UNSUP, "index version %u", x.version);
    int r;
    while ((r = pl_index_next(&x, &e, err)) > 0) /* the extensions stand behind the entries */
        ;
    if (r == 0)
        r = read_extensions(&x, x.at, err);
    if (r < 0) {
        pl_index_release(&x);
        return r;
    }
    x.next = 0;
    x.at = HEAD;
    pl_buf_clear(&x.path);
    *ret = x;
    return 0;
}

const struct pl_index_tree *pl_index_tree(const struct pl_index *x, struct pl_str path)
{
    return pl_map_get(&x->trees, path);
}

void pl_index_release(struct pl_index *x)
{
    pl_map_release(&x->trees);
    pl_buf_release(&x->path);
}
