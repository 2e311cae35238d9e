/* Rows of a store as bytes. Each list begins with its length; a length that the bytes cannot hold
 * is refused before anything is reserved for it. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "store/row.h"

#include "base/cleanup.h"
#include "base/hash.h"

void pl_row_print(struct pl_str s, uint8_t *out)
{
    uint8_t sum[PL_SHA256_LEN];
    pl_sha256(s.p, s.n, sum);
    memcpy(out, sum, PL_ROW_PRINT);
}

static struct pl_rd reader(struct pl_str row)
{
    const uint8_t *p = (const uint8_t *)(row.n ? row.p : "");
    return (struct pl_rd){ p, p + row.n, false };
}

static bool ended(const struct pl_rd *r)
{
    return !r->bad && r->p == r->end;
}

/* How many there are, of at least `each` bytes. */
static size_t get_count(struct pl_rd *r, size_t each)
{
    uint64_t n = pl_get_var(r);
    if (n > (uint64_t)(r->end - r->p) / each)
        r->bad = true;
    return r->bad ? 0 : (size_t)n;
}

static uint32_t get_u32(struct pl_rd *r)
{
    uint64_t v = pl_get_var(r);
    r->bad |= v > UINT32_MAX;
    return r->bad ? 0 : (uint32_t)v;
}

static struct pl_str get_text(struct pl_rd *r, struct pl_arena *a)
{
    struct pl_str s = pl_get_str(r);
    return s.n ? pl_dup(a, s) : PL_S("");
}

void pl_row_put_package(struct pl_buf *b, const struct pl_package *x)
{
    const struct pl_pkg *p = &x->pkg;
    const struct pl_str text[] = {
        p->type,    p->ns,    p->name, p->version, p->arch,   p->source,   p->source_version,
        p->licence, p->quals, p->by,   x->purl,    x->distro, x->owned_by, pl_str_c(x->scheme)
    };
    for (size_t i = 0; i < PL_COUNT(text); i++)
        pl_put_str(b, text[i]);
    pl_put_var(b, p->flags);
}

bool pl_row_get_package(struct pl_str row, struct pl_arena *a, struct pl_package *ret)
{
    struct pl_rd r = reader(row);
    struct pl_pkg *p = &ret->pkg;
    struct pl_str scheme;
    *ret = (struct pl_package){ .span = { PL_NEVER, PL_NEVER, PL_HOW_NONE, true } };
    struct pl_str *text[] = { &p->type,       &p->ns,     &p->name,           &p->version,
                              &p->arch,       &p->source, &p->source_version, &p->licence,
                              &p->quals,      &p->by,     &ret->purl,         &ret->distro,
                              &ret->owned_by, &scheme };
    for (size_t i = 0; i < PL_COUNT(text); i++)
        *text[i] = get_text(&r, a);
    p->flags = get_u32(&r);
    p->ordinal = PL_NEVER;
    ret->scheme = scheme.n ? scheme.p : NULL;
    return ended(&r) && p->type.n;
}

void pl_row_put_names(struct pl_buf *b, const struct pl_names *n)
{
    pl_put_var(b, n->n);
    for (size_t i = 0; i < n->n; i++)
        pl_put_str(b, n->p[i]);
}

bool pl_row_get_names(struct pl_str row, struct pl_arena *a, struct pl_names *ret)
{
    struct pl_rd r = reader(row);
    size_t n = get_count(&r, 1);
    *ret = (struct pl_names){ pl_alloc_n(a, n + 1, sizeof *ret->p), 0 };
    for (; ret->n < n; ret->n++)
        ret->p[ret->n] = get_text(&r, a);
    return ended(&r);
}

void pl_row_put_layer(struct pl_buf *b, const struct pl_layer_info *l)
{
    pl_put_var(b, l->index);
    pl_put_str(b, l->digest);
    pl_put_str(b, l->diff_id);
    pl_put_u8(b, l->has_created_by);
    pl_put_str(b, l->created_by);
    pl_put_var(b, l->bytes);
    pl_put_var(b, l->blob_bytes);
    pl_put_var(b, l->files);
}

bool pl_row_get_layer(struct pl_str row, struct pl_arena *a, struct pl_layer_info *ret)
{
    struct pl_rd r = reader(row);
    *ret = (struct pl_layer_info){ .index = get_u32(&r) };
    ret->digest = get_text(&r, a);
    ret->diff_id = get_text(&r, a);
    ret->has_created_by = pl_get_u8(&r) != 0;
    ret->created_by = get_text(&r, a);
    ret->bytes = pl_get_var(&r);
    ret->blob_bytes = pl_get_var(&r);
    ret->files = pl_get_var(&r);
    return ended(&r);
}

void pl_row_put_notes(struct pl_buf *b, const struct pl_note *note, size_t n)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += note[i].incomplete;
    pl_put_var(b, count);
    for (size_t i = 0; i < n; i++) {
        if (!note[i].incomplete)
            continue;
        pl_put_u8(b, (uint8_t)note[i].scope);
        pl_put_str(b, note[i].where);
        pl_put_str(b, note[i].code);
        pl_put_str(b, note[i].message);
    }
}

bool pl_row_get_notes(struct pl_str row, struct pl_arena *a, struct pl_note **ret, size_t *ret_n)
{
    struct pl_rd r = reader(row);
    size_t n = get_count(&r, 4);
    *ret = pl_alloc_n(a, n + 1, sizeof **ret);
    for (*ret_n = 0; *ret_n < n; ++*ret_n) {
        struct pl_note *note = &(*ret)[*ret_n];
        uint8_t scope = pl_get_u8(&r);
        r.bad |= scope > PL_SCOPE_RUN;
        note->scope = r.bad ? PL_SCOPE_RUN : (enum pl_scope)scope;
        note->where = get_text(&r, a);
        note->code = get_text(&r, a);
        note->message = get_text(&r, a);
        note->incomplete = true;
    }
    return ended(&r);
}

/* ---- numbers ---- */

/* The difference to the number before it, small in either direction. */
static void put_step(struct pl_buf *b, uint32_t *last, uint32_t v)
{
    int64_t d = (int64_t)v - (int64_t)*last;
    pl_put_var(b, d < 0 ? ((uint64_t)-d << 1) - 1 : (uint64_t)d << 1);
    *last = v;
}

/* Most are of one byte, and there are very many. */
static inline uint64_t get_short(struct pl_rd *r)
{
    return r->p < r->end && *r->p < 0x80 ? *r->p++ : pl_get_var(r);
}

static inline uint32_t get_step(struct pl_rd *r, uint32_t *last)
{
    uint64_t z = get_short(r);
    if (z > (uint64_t)UINT32_MAX << 1)
        r->bad = true;
    int64_t v =
        r->bad ? 0 : (int64_t)*last + (z & 1 ? -(int64_t)((z + 1) >> 1) : (int64_t)(z >> 1));
    if (v < 0 || v > UINT32_MAX)
        r->bad = true;
    *last = r->bad ? 0 : (uint32_t)v;
    return *last;
}

#define VISIBLE 1u
#define HIDDEN 2u /* the layer that hides it follows */
#define HOW_SHIFT 2

/* Members follow each other, then their spans in runs. A length that is no shortest form tells the
 * rows apart from those of schemas 1 and 2, where each member had its span behind it. */
static const char in_runs[2] = { (char)0x80, 0 };

static void put_span(struct pl_buf *b, const struct pl_span *s)
{
    pl_put_var(b, s->introduced == PL_NEVER ? 0 : (uint64_t)s->introduced + 1);
    pl_put_u8(b, (uint8_t)((s->visible ? VISIBLE : 0) | (s->hidden != PL_NEVER ? HIDDEN : 0) |
                           (unsigned)s->how << HOW_SHIFT));
    if (s->hidden != PL_NEVER)
        pl_put_var(b, s->hidden);
}

static struct pl_span get_span(struct pl_rd *r)
{
    uint64_t introduced = get_short(r);
    uint8_t flags = r->p < r->end ? *r->p++ : pl_get_u8(r);
    r->bad |= introduced > UINT32_MAX || flags >> HOW_SHIFT > PL_HOW_REPLACED;
    return (struct pl_span){ .introduced = (uint32_t)introduced - 1, /* 0: PL_NEVER */
                             .hidden = flags & HIDDEN ? get_u32(r) : PL_NEVER,
                             .how = r->bad ? PL_HOW_NONE : (enum pl_how)(flags >> HOW_SHIFT),
                             .visible = flags & VISIBLE };
}

static bool span_eq(const struct pl_span *a, const struct pl_span *b)
{
    return a->introduced == b->introduced && a->hidden == b->hidden && a->how == b->how &&
           a->visible == b->visible;
}

void pl_row_put_members(struct pl_buf *b, const struct pl_store_member *m, size_t n)
{
    uint32_t package = 0, place = 0;
    pl_buf_putn(b, in_runs, sizeof in_runs);
    pl_put_var(b, n);
    for (size_t i = 0; i < n; i++) {
        put_step(b, &package, m[i].package);
        put_step(b, &place, m[i].place);
    }
    for (size_t i = 0, k; i < n; i = k) {
        for (k = i + 1; k < n && span_eq(&m[i].span, &m[k].span); k++)
            ;
        pl_put_var(b, k - i);
        put_span(b, &m[i].span);
    }
}

static void get_runs(struct pl_rd *r, struct pl_store_member *m, size_t n)
{
    for (size_t i = 0; i < n && !r->bad;) {
        uint64_t run = pl_get_var(r);
        const struct pl_span s = get_span(r);
        r->bad |= !run || run > n - i;
        for (; run && !r->bad; run--)
            m[i++].span = s;
    }
}

bool pl_row_get_members(struct pl_str row, struct pl_arena *a, struct pl_store_member **ret,
                        size_t *ret_n)
{
    struct pl_rd r = reader(row);
    uint32_t package = 0, place = 0;
    bool runs = row.n >= sizeof in_runs && memcmp(row.p, in_runs, sizeof in_runs) == 0;
    r.p += runs ? sizeof in_runs : 0;
    size_t n = get_count(&r, runs ? 2 : 4);
    struct pl_store_member *m = *ret = pl_alloc_n(a, n + 1, sizeof *m);
    for (*ret_n = 0; *ret_n < n && !r.bad; ++*ret_n, m++) {
        m->package = get_step(&r, &package);
        m->place = get_step(&r, &place);
        if (!runs)
            m->span = get_span(&r);
    }
    if (runs)
        get_runs(&r, *ret, n);
    return ended(&r);
}

void pl_row_put_numbers(struct pl_buf *b, const uint32_t *v, size_t n)
{
    uint32_t last = 0;
    pl_put_var(b, n);
    for (size_t i = 0; i < n; i++)
        put_step(b, &last, v[i]);
}

bool pl_row_get_numbers(struct pl_str row, struct pl_arena *a, uint32_t **ret, size_t *ret_n)
{
    struct pl_rd r = reader(row);
    uint32_t last = 0;
    size_t n = get_count(&r, 1);
    *ret = pl_alloc_n(a, n + 1, sizeof **ret);
    for (*ret_n = 0; *ret_n < n && !r.bad; ++*ret_n)
        (*ret)[*ret_n] = get_step(&r, &last);
    return ended(&r);
}
