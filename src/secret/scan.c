/* One level of text: the literal pass, its hits, and how findings settle. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "secret/matcher_int.h"

/* The piece of decoded text that holds offset `at`; hits come in rising order. */
static const struct pl_piece *piece_of(struct pl_level *l, size_t at)
{
    while (l->cur + 1 < l->n_pieces && l->piece[l->cur + 1].at <= at)
        l->cur++;
    /* the order is that of ends, so a longer literal may begin one piece earlier */
    while (l->cur > 0 && l->piece[l->cur].at > at)
        l->cur--;
    return &l->piece[l->cur];
}

static int on_literal(void *arg, uint32_t id, size_t end)
{
    struct pl_level *l = arg;
    struct pl_matcher *m = l->m;
    const struct pl_lit_entry *e = &m->r->img.lit[id];
    size_t at = end - e->len, base = 0;
    struct pl_hit h = { l->p, l->n, at, e->len, l->last, m->t->path, &m->work };
    if (l->piece) {
        const struct pl_piece *s = piece_of(l, at);
        if (at < s->at || end > s->at + s->n)
            return 0;
        base = s->at;
        h.p = l->p + base;
        h.n = s->n;
        h.at = at - base;
        h.last = true;
    } else if (at < l->from || at >= l->to) {
        return 0;
    }
    for (unsigned k = 0; k < e->n; k++) {
        const struct pl_lit_ref *ref = &m->r->img.ref[e->first + k];
        if (ref->kind == PL_LIT_RULE)
            pl_eval_hit(m, ref->rule, &h, base, l->depth);
    }
    return 0;
}

void pl_scan_level(struct pl_level *l)
{
    pl_literals_scan(l->m->r->db, l->m->scratch, l->p, l->n, on_literal, l);
}

static int by_place(const void *a, const void *b)
{
    const struct pl_found *x = a, *y = b;
    if (x->off != y->off)
        return x->off < y->off ? -1 : 1;
    if (x->rule != y->rule)
        return x->rule < y->rule ? -1 : 1;
    return x->len > y->len ? -1 : x->len < y->len;
}

/* Within one rule, what begins inside an earlier finding is the same secret seen twice. */
static void drop_repeats(pl_found_vec *v, size_t n_rules)
{
    pl_auto_free size_t *end = calloc(n_rules, sizeof *end);
    size_t out = 0;
    if (!end)
        pl_oom();
    for (size_t i = 0; i < v->n; i++) {
        struct pl_found f = v->p[i];
        if (f.off < end[f.rule])
            continue;
        end[f.rule] = f.off + f.len;
        v->p[out++] = f;
    }
    v->n = out;
}

/* A generic finding gives way to a specific one on any of its bytes. Specific spans are sorted by
 * start; `reach` is where the farthest of those before ends. */
static void drop_generic(pl_found_vec *v)
{
    size_t out = 0, reach = 0, generic_reach = 0;
    for (size_t i = 0; i < v->n; i++) {
        struct pl_found f = v->p[i];
        bool lost = false;
        if (f.generic) {
            lost = f.off < reach || f.off < generic_reach;
            for (size_t k = i + 1; k < v->n && !lost && v->p[k].off < f.off + f.len; k++)
                lost = !v->p[k].generic;
            if (!lost && f.off + f.len > generic_reach)
                generic_reach = f.off + f.len;
        } else if (f.off + f.len > reach) {
            reach = f.off + f.len;
        }
        if (!lost)
            v->p[out++] = f;
    }
    v->n = out;
}

void pl_found_settle(pl_found_vec *v, size_t n_rules)
{
    if (v->n == 0)
        return;
    qsort(v->p, v->n, sizeof *v->p, by_place);
    drop_repeats(v, n_rules);
    drop_generic(v);
}
