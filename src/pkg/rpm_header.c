/* rpm: a header blob as the database holds it: two counts, index entries of tag, type, offset and
 * count, then the data. Numbers are big-endian. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg/rpm_int.h"

#define ENTRIES_MAX 4096u /* real headers have about a hundred */

enum { T_INT32 = 4, T_STRING = 6, T_STRINGS = 8, T_I18N = 9 };

enum { NAME, VERSION, RELEASE, ARCH, SOURCE, LICENCE, MODULE, VENDOR, N_TEXT };
static const uint32_t tags[N_TEXT] = { 1000, 1001, 1002, 1022, 1044, 1014, 5096, 1011 };
#define TAG_EPOCH 1003u

struct header {
    struct pl_str text[N_TEXT];
    bool has_epoch;
    uint32_t epoch;
};

static struct pl_str string_at(struct pl_str data, uint32_t off)
{
    struct pl_str s = pl_str_sub(data, off, data.n);
    const char *end = s.n ? memchr(s.p, 0, s.n) : NULL;
    return end ? pl_str_sub(s, 0, (size_t)(end - s.p)) : PL_S("");
}

static void entry(struct header *h, struct pl_str data, struct pl_str e)
{
    uint32_t tag = pl_rpm_be32(e, 0), type = pl_rpm_be32(e, 4);
    uint32_t off = pl_rpm_be32(e, 8), count = pl_rpm_be32(e, 12);
    if (off >= data.n || !count)
        return;
    if (tag == TAG_EPOCH && type == T_INT32 && data.n - off >= 4) {
        h->has_epoch = true;
        h->epoch = pl_rpm_be32(data, off);
    }
    for (size_t i = 0; i < N_TEXT; i++)
        if (tag == tags[i] && (type == T_STRING || type == T_STRINGS || type == T_I18N))
            h->text[i] = string_at(data, off);
}

/* "NAME-VERSION-RELEASE.src.rpm" */
static void source(struct pl_pkg_sink *s, struct pl_str file, bool epoch, uint32_t number,
                   struct pl_pkg *p)
{
    static const char *const ends[] = { ".nosrc.rpm", ".src.rpm" };
    for (size_t i = 0; i < 2; i++)
        if (pl_str_ends(file, pl_str_c(ends[i])))
            file.n -= strlen(ends[i]);
    const char *dash = file.n ? memrchr(file.p, '-', file.n) : NULL;
    const char *second = dash ? memrchr(file.p, '-', (size_t)(dash - file.p)) : NULL;
    if (!second)
        return;
    size_t at = (size_t)(second - file.p);
    struct pl_str version = pl_str_sub(file, at + 1, file.n);
    p->source = pl_str_sub(file, 0, at);
    p->source_version = epoch ? pl_printf(s->a, "%u:%.*s", number, PL_FMT(version)) : version;
}

bool pl_rpm_header(struct pl_str blob, struct pl_pkg_sink *s)
{
    struct header h = { .has_epoch = false };
    if (blob.n < 8)
        return false;
    uint32_t il = pl_rpm_be32(blob, 0), dl = pl_rpm_be32(blob, 4);
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
    if (t[MODULE].n)
        p.quals = pl_printf(s->a, "rpmmod=%.*s", PL_FMT(t[MODULE]));
    source(s, t[SOURCE], h.has_epoch && h.epoch, h.epoch, &p);
    pl_pkg_emit(s, p);
    return true;
}
