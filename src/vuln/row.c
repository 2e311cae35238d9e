/* Rows: decoding, and the comparison. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "vuln/row.h"

#include <stdlib.h>

#include "ver/osv.h"
#include "vuln/build_int.h"

#define ROW_EVENTS_MAX 100000u

static bool get_names(struct pl_rd *r, struct pl_arena *a, struct pl_names *ret)
{
    uint64_t n = pl_get_var(r);
    if (r->bad || n > (uint64_t)(r->end - r->p)) /* each takes a byte at least */
        return false;
    ret->p = pl_alloc_n(a, (size_t)n + 1, sizeof *ret->p);
    ret->n = (size_t)n;
    for (size_t i = 0; i < n; i++)
        ret->p[i] = pl_get_str(r);
    return !r->bad;
}

bool pl_advrow_decode(struct pl_str body, struct pl_arena *a, struct pl_advrow *ret)
{
    struct pl_rd r = { (const uint8_t *)body.p, (const uint8_t *)body.p + body.n, false };
    unsigned parts = pl_get_u8(&r), second = pl_get_u8(&r);
    uint64_t n = pl_get_var(&r);
    if (r.bad || n > ROW_EVENTS_MAX || n > (uint64_t)(r.end - r.p) ||
        (second & 15) > PL_SEV_COUNT || second >> 4 >= PL_FIX_COUNT)
        return false;
    *ret = (struct pl_advrow){ .flags = parts >> 4,
                               .state = (enum pl_fix_state)(second >> 4),
                               .severity = (int)(second & 15) - 1,
                               .n_events = (size_t)n };
    struct pl_adv_event *e = pl_alloc_n(a, (size_t)n + 1, sizeof *e);
    for (size_t i = 0; i < n; i++) {
        unsigned kind = pl_get_u8(&r);
        if (kind > PL_ADV_OUT)
            return false;
        e[i].kind = (enum pl_adv_event_kind)kind;
        e[i].version = pl_get_str(&r);
    }
    ret->event = e;
    if ((parts & PL_ROW_VERSIONS) && !get_names(&r, a, &ret->versions))
        return false;
    if (parts & PL_ROW_MODULE)
        ret->module = pl_get_str(&r);
    if (parts & PL_ROW_ARCH)
        ret->arch = pl_get_str(&r);
    if ((parts & PL_ROW_SYMBOLS) && !get_names(&r, a, &ret->symbols))
        return false;
    return !r.bad && r.p == r.end;
}

/* ---- is a version in a row? ---- */

static bool is_start(struct pl_str v)
{
    return pl_str_is(v, "0");
}

/* The bounds around `v`: the nearest introduction at or below it, the nearest end above it; of a
 * version that is not affected the nearest fix at or below it. */
static void place_in(const struct pl_scheme *s, const struct pl_adv_event *e, size_t n,
                     struct pl_str v, bool affected, struct pl_advrow_place *ret)
{
    for (size_t i = 0; i < n; i++) {
        struct pl_str at = e[i].version;
        int c = is_start(at) && e[i].kind == PL_ADV_INTRODUCED ? 1 : pl_ver_bound(s, v, at);
        if (e[i].kind == PL_ADV_INTRODUCED && c >= 0 && affected &&
            (!ret->introduced.n || is_start(ret->introduced) ||
             (!is_start(at) && pl_ver_cmp(s, at, ret->introduced) > 0)))
            ret->introduced = at;
        if (e[i].kind == PL_ADV_FIXED && c < 0 && affected &&
            (!ret->fixed.n || pl_ver_cmp(s, at, ret->fixed) < 0))
            ret->fixed = at;
        if (e[i].kind == PL_ADV_LAST_AFFECTED && c <= 0 && affected &&
            (!ret->last.n || pl_ver_cmp(s, at, ret->last) < 0))
            ret->last = at;
        if ((e[i].kind == PL_ADV_FIXED || e[i].kind == PL_ADV_LAST_AFFECTED) && c >= 0 &&
            !affected && (!ret->above.n || pl_ver_cmp(s, at, ret->above) > 0))
            ret->above = at;
    }
}

static bool in_range(const struct pl_scheme *s, const struct pl_adv_event *e, size_t n,
                     struct pl_str v)
{
    struct pl_osv_event few[16] = { { PL_OSV_INTRODUCED, { NULL, 0 } } }, *x = few;
    if (n > sizeof few / sizeof *few && !(x = calloc(n, sizeof *x)))
        pl_oom();
    for (size_t i = 0; i < n; i++)
        x[i] = (struct pl_osv_event){ (enum pl_osv_kind)e[i].kind, e[i].version };
    bool in = pl_osv_affected(s, x, n, v);
    if (x != few)
        free(x);
    return in;
}

/* ---- ranges in the ecosystem's own language ---- */

/* Cargo's comparisons are those of npm. */
static const struct pl_scheme *language_of(const struct pl_scheme *s)
{
    const struct pl_scheme *npm =
        pl_str_is(pl_str_c(s->name), "semver") ? pl_scheme_find(PL_S("npm")) : NULL;
    return npm ? npm : s;
}

static bool in_own(const struct pl_scheme *s, struct pl_str range, struct pl_str v)
{
    return pl_ver_in(language_of(s), range, v, PL_RANGE_PRE) > 0;
}

bool pl_advrow_reads(const struct pl_scheme *s, struct pl_str range)
{
    return pl_ver_in(language_of(s), range, PL_S("1.0.0"), PL_RANGE_PRE) >= 0;
}

/* The smallest version above `v` that a comparison of `range` begins at (or, with `below`, ends
 * before). */
static void next_bound(const struct pl_scheme *s, struct pl_str range, struct pl_str v, bool below,
                       struct pl_str *best)
{
    size_t i = 0;
    while (i < range.n) {
        size_t from = i;
        while (i < range.n && strchr("<>=~^! ,|", range.p[i]))
            i++;
        struct pl_str op = pl_str_trim(pl_str_sub(range, from, i - from));
        while (op.n && strchr(",| ", *op.p))
            op = pl_str_sub(op, 1, SIZE_MAX);
        size_t at = i;
        while (i < range.n && !strchr("<>=~^! ,|", range.p[i]))
            i++;
        struct pl_str x = pl_str_sub(range, at, i - at);
        bool fits = below ? pl_str_is(op, "<")
                          : !op.n || *op.p == '>' || *op.p == '~' || *op.p == '^' || *op.p == '=';
        if (x.n && fits && pl_ver_cmp(s, v, x) < 0 && (!best->n || pl_ver_cmp(s, x, *best) < 0))
            *best = x;
    }
}

static bool in_own_ranges(const struct pl_scheme *s, const struct pl_advrow *r, struct pl_str v,
                          struct pl_advrow_place *ret)
{
    bool any = false, in = false, out = false;
    struct pl_str own = { NULL, 0 }, fix = { NULL, 0 };
    for (size_t i = 0; i < r->n_events; i++) {
        const struct pl_adv_event *e = &r->event[i];
        if (e->kind != PL_ADV_IN && e->kind != PL_ADV_OUT)
            continue;
        any = true;
        bool fits = v.n && in_own(s, e->version, v);
        if (e->kind == PL_ADV_OUT) {
            out |= fits;
            next_bound(s, e->version, v, false, &fix);
        } else if (fits) {
            in = true;
            own = e->version;
            next_bound(s, e->version, v, true, &fix);
        }
    }
    bool only_out = any;
    for (size_t i = 0; i < r->n_events; i++)
        only_out &= r->event[i].kind != PL_ADV_IN;
    bool affected = v.n && any && !out && (in || only_out);
    if (affected && ret)
        *ret = (struct pl_advrow_place){ .fixed = fix, .own = own };
    return affected;
}

bool pl_advrow_in_ranges(const struct pl_scheme *s, const struct pl_advrow *r, struct pl_str v,
                         struct pl_advrow_place *ret)
{
    if (r->n_events && r->event[0].kind >= PL_ADV_IN)
        return in_own_ranges(s, r, v, ret);
    for (size_t at = 0; at < r->n_events;) {
        size_t n = 0;
        while (at + n < r->n_events && r->event[at + n].kind != PL_ADV_RANGE_ENDS)
            n++;
        bool in = n && in_range(s, r->event + at, n, v);
        if (ret)
            place_in(s, r->event + at, n, v, in, ret);
        if (in)
            return true;
        at += n + 1;
    }
    return false;
}

bool pl_advrow_affects(const struct pl_scheme *s, const struct pl_advrow *r, struct pl_str v,
                       struct pl_advrow_place *ret)
{
    if (pl_advrow_in_ranges(s, r, v, ret))
        return true;
    for (size_t i = 0; i < r->versions.n; i++) {
        if (!v.n || (!pl_str_eq(r->versions.p[i], v) && pl_ver_cmp(s, r->versions.p[i], v) != 0))
            continue;
        if (ret)
            *ret = (struct pl_advrow_place){ .listed = true };
        return true;
    }
    return false;
}
