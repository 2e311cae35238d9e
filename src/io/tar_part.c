/* What a tar holds beside paths and content: who gets to see which bytes, and once only. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "io/tar_int.h"

void pl_tar_note(struct pl_tar *t, const char *code, const char *message)
{
    if (t->o.note)
        t->o.note(t->o.arg, code, t->path, message);
}

void pl_tar_offer(struct pl_tar *t, enum pl_tar_part part, struct pl_str name, struct pl_str bytes,
                  uint64_t off)
{
    if (t->o.part && bytes.n > 0)
        t->o.part(t->o.arg, part, t->path, name, bytes, off);
}

void pl_tar_pend(struct pl_tar *t, enum pl_tar_part part, struct pl_str name, struct pl_str bytes,
                 uint64_t off)
{
    if (bytes.n == 0)
        return;
    struct pl_tar_pending *p = PL_NEW(&t->scratch, struct pl_tar_pending);
    p->part = part;
    p->name = name;
    p->bytes = pl_dup(&t->scratch, bytes);
    p->off = off;
    *t->ext.pending_last = p;
    t->ext.pending_last = &p->next;
}

void pl_tar_offer_nonzero(struct pl_tar *t, enum pl_tar_part part, const uint8_t *p, size_t n,
                          uint64_t off, bool later)
{
    if (pl_tar_zero(p, n))
        return;
    size_t skip = 0;
    while (p[skip] == 0)
        skip++;
    while (p[n - 1] == 0)
        n--;
    struct pl_str bytes = pl_str_n(p + skip, n - skip);
    if (later)
        pl_tar_pend(t, part, pl_str_c(NULL), bytes, off + skip);
    else
        pl_tar_offer(t, part, pl_str_c(NULL), bytes, off + skip);
}

/* Most entries have the owner of the one before. */
static void offer_owner(struct pl_tar *t, int which, struct pl_str name, uint64_t off, bool later)
{
    struct pl_buf *last = &t->owner[which];
    struct pl_str key = which == 0 ? PL_S("uname") : PL_S("gname");
    if (name.n == 0 || pl_str_eq(name, pl_buf_str(last)))
        return;
    if (later)
        pl_tar_pend(t, PL_TAR_OWNER, key, name, off);
    else
        pl_tar_offer(t, PL_TAR_OWNER, key, name, off);
    pl_buf_clear(last);
    pl_buf_putn(last, name.p, name.n);
}

void pl_tar_offer_head(struct pl_tar *t, const uint8_t *b, const struct pl_tar_head *h, bool later)
{
    struct pl_tar_range r[PL_TAR_RANGES];
    size_t n = pl_tar_head_unused(b, h, r);
    for (size_t i = 0; i < n; i++)
        pl_tar_offer_nonzero(t, PL_TAR_UNUSED, b + r[i].at, r[i].n, t->in->off + r[i].at, later);
    if (h->layout == PL_TAR_V7)
        return;
    offer_owner(t, 0, h->uname, t->in->off + (uint64_t)((const uint8_t *)h->uname.p - b), later);
    offer_owner(t, 1, h->gname, t->in->off + (uint64_t)((const uint8_t *)h->gname.p - b), later);
}

/* Length of a component at the front of `s` that writers make up ("PaxHeaders.0/"), with its slash;
 * else 0. */
static size_t made_up(struct pl_str s)
{
    struct pl_str pax = PL_S("PaxHeader"), sparse = PL_S("GNUSparseFile");
    size_t i = pl_str_starts(s, pax) ? pax.n : pl_str_starts(s, sparse) ? sparse.n : 0;
    if (i == 0)
        return 0;
    i += i < s.n && s.p[i] == 's';
    while (i < s.n && (s.p[i] == '.' || (s.p[i] >= '0' && s.p[i] <= '9')))
        i++;
    return i < s.n && s.p[i] == '/' ? i + 1 : 0;
}

static bool tells_same(struct pl_tar *t, struct pl_str name, struct pl_str shown)
{
    bool unsafe;
    name = pl_tar_path(&t->scratch, name, &unsafe);
    if (pl_str_starts(shown, name))
        return true;
    for (size_t i = 0; i < name.n; i++) {
        size_t skip = i == 0 || name.p[i - 1] == '/' ? made_up(pl_str_sub(name, i, name.n)) : 0;
        if (skip == 0)
            continue;
        struct pl_str rest = pl_str_sub(name, i + skip, name.n);
        return pl_str_starts(shown, pl_str_sub(name, 0, i)) &&
               pl_str_starts(pl_str_sub(shown, i, shown.n), rest);
    }
    return false;
}

bool pl_tar_is_usual(struct pl_str name)
{
    static const char *const usual[] = { "././@LongLink", "././@PaxHeader", "pax_global_header" };
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++) {
        if (pl_str_is(name, usual[i]))
            return true;
    }
    return false;
}

void pl_tar_offer_name(struct pl_tar *t, struct pl_str name, struct pl_str shown, uint64_t off)
{
    if (t->o.part && name.n > 0 && !pl_tar_is_usual(name) && !tells_same(t, name, shown))
        pl_tar_offer(t, PL_TAR_NAME, pl_str_c(NULL), name, off);
}

/* Does the entry show this path or link target? */
static bool is_shown(struct pl_tar *t, struct pl_str value, struct pl_str shown)
{
    bool unsafe;
    return pl_str_eq(value, shown) || pl_str_eq(pl_tar_path(&t->scratch, value, &unsafe), shown);
}

static void offer_record(struct pl_tar *t, struct pl_str key, struct pl_str value, uint64_t off,
                         struct pl_str link)
{
    struct pl_str name, decoded;
    if (pl_pax_is_plain(key, value))
        return;
    if (pl_str_is(key, "path") || pl_str_is(key, "GNU.sparse.name")) {
        if (is_shown(t, value, t->path))
            return;
    } else if (pl_str_is(key, "linkpath")) {
        if (is_shown(t, value, link))
            return;
    } else if (pl_str_is(key, "uname") || pl_str_is(key, "gname")) {
        offer_owner(t, key.p[0] == 'g', value, off, false);
        return;
    } else if (pl_pax_xattr(&t->scratch, key, value, &name, &decoded)) {
        pl_tar_offer(t, PL_TAR_XATTR, name, decoded, off);
        return;
    }
    pl_tar_offer(t, PL_TAR_PAX, key, value, off);
}

void pl_tar_offer_records(struct pl_tar *t, struct pl_str body, uint64_t off, struct pl_str link)
{
    struct pl_str rest = body, key, value;
    int rc;
    while ((rc = pl_pax_next(&rest, &key, &value)) > 0)
        offer_record(t, key, value, off + (uint64_t)(value.p - body.p), link);
    if (rc < 0) {
        pl_tar_note(t, "tar-pax-damaged", "extended header holds what is no record");
        pl_tar_offer(t, PL_TAR_PAX, pl_str_c(NULL), rest, off + (uint64_t)(rest.p - body.p));
    }
}

void pl_tar_offer_ext(struct pl_tar *t, struct pl_str link)
{
    for (const struct pl_tar_pending *p = t->ext.pending; p; p = p->next)
        pl_tar_offer(t, p->part, p->name, p->bytes, p->off);
    if (t->ext.pax_name.n)
        pl_tar_offer_name(t, t->ext.pax_name, t->path, t->ext.pax_name_off);
    for (const struct pl_tar_ext_body *b = t->ext.first; b; b = b->next)
        pl_tar_offer_records(t, b->p, b->off, link);
}
