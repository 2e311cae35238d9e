/* rpm: a header blob as the database holds it: two counts, index entries of tag, type, offset and
 * count, then the data. Numbers are big-endian. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/endian.h"
#include "pkg/rpm_int.h"

#define ENTRIES_MAX 4096u /* real headers have about a hundred */

enum { T_INT32 = 4, T_STRING = 6, T_STRINGS = 8, T_I18N = 9 };

enum { NAME, VERSION, RELEASE, ARCH, SOURCE, LICENCE, MODULE, VENDOR, N_TEXT };
static const uint32_t tags[N_TEXT] = { 1000, 1001, 1002, 1022, 1044, 1014, 5096, 1011 };
#define TAG_EPOCH 1003u
#define TAG_DIRINDEXES 1116u
#define TAG_BASENAMES 1117u
#define TAG_DIRNAMES 1118u
#define TAG_DIGESTS 1035u /* of files: hex, empty for what has no content */
#define FILES_MAX 200000u /* of one package */

struct header {
    struct pl_str text[N_TEXT];
    bool has_epoch;
    uint32_t epoch;
    struct list {
        struct pl_str data; /* to the end of the data */
        uint32_t count;
    } base, dir, index, sums;
};

static struct pl_str string_at(struct pl_str data, uint32_t off)
{
    struct pl_str s = pl_str_sub(data, off, data.n);
    const char *end = s.n ? memchr(s.p, 0, s.n) : NULL;
    return end ? pl_str_sub(s, 0, (size_t)(end - s.p)) : PL_S("");
}

static void entry(struct header *h, struct pl_str data, struct pl_str e)
{
    uint32_t tag = pl_be32(e.p), type = pl_be32(e.p + 4);
    uint32_t off = pl_be32(e.p + 8), count = pl_be32(e.p + 12);
    if (off >= data.n || !count)
        return;
    if (tag == TAG_EPOCH && type == T_INT32 && data.n - off >= 4) {
        h->has_epoch = true;
        h->epoch = pl_be32(data.p + off);
    }
    struct list l = { pl_str_sub(data, off, data.n), count };
    if (tag == TAG_BASENAMES && type == T_STRINGS)
        h->base = l;
    else if (tag == TAG_DIRNAMES && type == T_STRINGS)
        h->dir = l;
    else if (tag == TAG_DIRINDEXES && type == T_INT32 && l.data.n / 4 >= count)
        h->index = l;
    else if (tag == TAG_DIGESTS && type == T_STRINGS)
        h->sums = l;
    for (size_t i = 0; i < N_TEXT; i++)
        if (tag == tags[i] && (type == T_STRING || type == T_STRINGS || type == T_I18N))
            h->text[i] = string_at(data, off);
}

static void source(struct pl_pkg_sink *s, struct pl_str file, bool epoch, uint32_t number,
                   struct pl_pkg *p)
{
    struct pl_str version;
    if (pl_pkg_source_rpm(file, &p->source, &version))
        p->source_version = epoch ? pl_printf(s->a, "%u:%.*s", number, PL_FMT(version)) : version;
}

/* the next of a list of strings; false when there is none */
static bool next_string(struct list *l, struct pl_str *ret)
{
    const char *end = l->count && l->data.n ? memchr(l->data.p, 0, l->data.n) : NULL;
    if (!end)
        return false;
    *ret = pl_str_sub(l->data, 0, (size_t)(end - l->data.p));
    l->data = pl_str_sub(l->data, ret->n + 1, l->data.n);
    l->count--;
    return true;
}

/* A file is its base name in the folder that its index names. */
static void files(const struct header *h, struct pl_pkg_sink *s)
{
    struct list base = h->base, dir = h->dir, sums = h->sums;
    struct pl_arena a = { 0 };
    struct pl_str name, sum;
    if (!s->own || !dir.count || dir.count > FILES_MAX || base.count > FILES_MAX ||
        dir.count > dir.data.n)
        return;
    struct pl_str *dirs = pl_alloc_n(&a, dir.count, sizeof *dirs);
    size_t n = 0;
    while (next_string(&dir, &name))
        dirs[n++] = name;
    pl_auto_buf struct pl_buf path = { .max = PL_PKG_TEXT };
    for (uint32_t i = 0; i < h->index.count && next_string(&base, &name); i++) {
        uint32_t at = pl_be32(h->index.data.p + (size_t)i * 4);
        if (!next_string(&sums, &sum))
            sum = PL_S("");
        pl_buf_clear(&path);
        if (at < n && pl_buf_add(&path, dirs[at].p, dirs[at].n, NULL) == 0 &&
            pl_buf_add(&path, name.p, name.n, NULL) == 0)
            pl_pkg_own_sum(s, h->text[NAME], pl_buf_str(&path), pl_pkg_hex_sum(sum));
    }
    pl_arena_release(&a);
}

bool pl_rpm_header(struct pl_str blob, struct pl_pkg_sink *s)
{
    struct header h = { .has_epoch = false };
    if (blob.n < 8)
        return false;
    uint32_t il = pl_be32(blob.p), dl = pl_be32(blob.p + 4);
    if (il > ENTRIES_MAX || (uint64_t)il * 16 + dl + 8 > blob.n)
        return false;
    struct pl_str data = pl_str_sub(blob, 8 + (size_t)il * 16, dl);
    for (size_t i = 0; i < il; i++)
        entry(&h, data, pl_str_sub(blob, 8 + i * 16, 16));
    struct pl_str *t = h.text;
    if (!t[NAME].n || !t[VERSION].n || pl_str_is(t[NAME], "gpg-pubkey"))
        return t[NAME].n > 0;
    struct pl_pkg p = { .type = PL_S("rpm"), .name = t[NAME], .arch = t[ARCH] };
    p.version =
        h.has_epoch && h.epoch
            ? pl_printf(s->a, "%u:%.*s-%.*s", h.epoch, PL_FMT(t[VERSION]), PL_FMT(t[RELEASE]))
            : pl_printf(s->a, "%.*s-%.*s", PL_FMT(t[VERSION]), PL_FMT(t[RELEASE]));
    p.licence = t[LICENCE];
    p.flags = pl_pkg_by_distro(t[VENDOR]) ? PL_PKG_VENDOR : 0;
    if (t[MODULE].n)
        p.quals = pl_printf(s->a, "rpmmod=%.*s", PL_FMT(t[MODULE]));
    source(s, t[SOURCE], h.has_epoch && h.epoch, h.epoch, &p);
    pl_pkg_emit(s, p);
    files(&h, s);
    return true;
}
