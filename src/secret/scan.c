/* One level of text: the literal pass, its hits, and how findings settle. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "secret/blocks.h"
#include "secret/matcher_int.h"
#include "secret/trigger.h"

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

/* Is a hit at `at` of plain text this window's, or near enough to dispute with one of its own? */
static bool near_window(const struct pl_level *l, size_t at, struct pl_sink *to)
{
    to->mine = l->piece || (at >= l->from && at < l->to);
    return to->mine || (at + PL_MARGIN >= l->from && at < l->to + PL_MARGIN);
}

static bool same_word(const struct pl_word_entry *w, const struct pl_hit *h)
{
    struct pl_str text = { w->text, w->len };
    if (h->at < w->lead || h->n - (h->at - w->lead) < w->len)
        return false;
    struct pl_str here = pl_str_n(h->p + h->at - w->lead, w->len);
    return w->nocase ? pl_str_ieq(here, text) : pl_str_eq(here, text);
}

/* Looks up the keywords that begin at p[i], and evaluates them. */
static void look_up(struct pl_level *l, const struct pl_hit *h, size_t i, struct pl_sink *to)
{
    const struct pl_rule_image *img = &l->m->r->img;
    uint32_t gram = pl_gram(h->p + i), slot = pl_gram_slot(gram);
    size_t k = l->m->r->slot[slot];
    if (k == 0)
        return;
    for (k--; k < img->n_words && pl_gram_slot(img->word[k].gram) == slot; k++) {
        const struct pl_word_entry *w = &img->word[k];
        struct pl_hit at = *h;
        at.at = i;
        if (w->gram != gram || !same_word(w, &at))
            continue;
        at.at -= w->lead;
        at.len = w->len;
        if (near_window(l, at.at, to))
            pl_eval_hit(l->m, w->rule, &at, to);
    }
}

/* Starts of words in p[i, end), bit k for i + k; at most 63 bytes. */
static uint64_t starts(const struct pl_hit *h, size_t i, size_t end)
{
    uint64_t found = 0, wanted = (1ull << (end - i)) - 1;
    if (i > 0 && h->n - i >= 64)
        return pl_word_starts(h->p + i) & wanted;
    for (size_t k = i; k < end; k++)
        found |= (uint64_t)pl_word_begins(h->p, h->n, k) << (k - i);
    return found;
}

/* A trigger at h->at: looks up the words that begin in reach in front of it, each once. */
static void from_trigger(struct pl_level *l, const struct pl_hit *h, struct pl_sink *to)
{
    size_t base = to->base;
    size_t end = h->at + h->len, i = end > PL_TRIGGER_REACH ? end - PL_TRIGGER_REACH : 0;
    if (base + i < l->looked_up)
        i = l->looked_up - base;
    if (i >= end)
        return;
    /* the trigger itself may be the beginning of a keyword, wherever it stands */
    uint64_t found = starts(h, i, end) | (h->at >= i ? 1ull << (h->at - i) : 0);
    for (; found; found &= found - 1) {
        size_t k = i + (size_t)__builtin_ctzll(found);
        if (h->n - k >= 4)
            look_up(l, h, k, to);
    }
    l->looked_up = base + end;
}

static void note_gzip(struct pl_level *l, size_t at)
{
    if (l->n_gzip < PL_GZIP_MAX)
        l->gzip[l->n_gzip++] = at;
    else
        l->m->limit = "many compressed runs in one text; the last were not decoded";
}

/* The text round a literal at `at`; false when it only seems to be one, across two pieces. */
static bool hit_at(struct pl_level *l, size_t at, size_t len, struct pl_hit *h, struct pl_sink *to)
{
    *to = (struct pl_sink){ .depth = l->depth };
    *h = (struct pl_hit){ l->p, l->n, at, len, l->last, l->m->t->path, &l->m->work };
    if (!l->piece)
        return true;
    const struct pl_piece *s = piece_of(l, at);
    if (at < s->at || at + len > s->at + s->n)
        return false;
    to->base = s->at;
    h->p = l->p + s->at;
    h->n = s->n;
    h->at = at - s->at;
    h->last = true;
    return true;
}

static int on_literal(void *arg, uint32_t id, size_t end)
{
    struct pl_level *l = arg;
    struct pl_matcher *m = l->m;
    const struct pl_lit_entry *e = &m->r->img.lit[id];
    size_t at = end - e->len;
    struct pl_sink to;
    struct pl_hit h;
    if (!hit_at(l, at, e->len, &h, &to))
        return 0;
    bool near = near_window(l, at, &to), mine = to.mine;
    for (unsigned k = 0; k < e->n; k++) {
        const struct pl_lit_ref *ref = &m->r->img.ref[e->first + k];
        to.mine = mine;
        if (ref->kind == PL_LIT_TRIGGER)
            from_trigger(l, &h, &to);
        else if (ref->kind == PL_LIT_GZIP)
            note_gzip(l, at);
        else if (near)
            pl_eval_hit(m, ref->rule, &h, &to);
    }
    return 0;
}

/* The beginning of a known secret. */
static int on_known(void *arg, uint32_t id, size_t end)
{
    struct pl_level *l = arg;
    const struct pl_rule_image *img = &l->m->r->over->img;
    const struct pl_lit_entry *e = &img->lit[id];
    struct pl_sink to;
    struct pl_hit h;
    if (!hit_at(l, end - e->len, e->len, &h, &to) || !near_window(l, end - e->len, &to))
        return 0;
    unsigned first = (unsigned)(l->m->r->img.n_rules - img->n_rules);
    for (unsigned k = 0; k < e->n; k++)
        if (img->ref[e->first + k].kind == PL_LIT_RULE)
            pl_eval_hit(l->m, first + img->ref[e->first + k].rule, &h, &to);
    return 0;
}

void pl_eval_run(struct pl_level *l, size_t at, size_t len)
{
    struct pl_matcher *m = l->m;
    struct pl_found_at found = { 0 };
    struct pl_sink to;
    struct pl_hit h;
    if (l->piece || m->run_rule == m->r->img.n_rules || !hit_at(l, at, len, &h, &to) ||
        !near_window(l, at, &to))
        return;
    if (!pl_known_service(m->r->known, pl_named_run_key(&h)) || !pl_find_named_run(&h, &found))
        return;
    pl_judge(m, (unsigned)m->run_rule, &h, &found, &to);
}

void pl_scan_level(struct pl_level *l)
{
    size_t gzip[PL_GZIP_MAX];
    l->gzip = gzip;
    pl_literals_scan(l->m->r->db, l->m->scratch, l->p, l->n, on_literal, l);
    if (l->m->over)
        pl_literals_scan(l->m->r->over->db, l->m->over, l->p, l->n, on_known, l);
    pl_decode_level(l);
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

/* A finding gives way to one of higher rank on any of its bytes, and a generic one to an earlier of
 * its own rank. `reach[r]` is where the farthest of rank r seen so far ends. */
static void drop_generic(pl_found_vec *v)
{
    size_t out = 0, reach[PL_RANK_SPECIFIC + 1] = { 0 };
    for (size_t i = 0; i < v->n; i++) {
        struct pl_found f = v->p[i];
        bool lost = false;
        for (unsigned r = f.rank; r <= PL_RANK_SPECIFIC && f.rank < PL_RANK_SPECIFIC; r++)
            lost |= f.off < reach[r];
        for (size_t k = i + 1;
             k < v->n && !lost && f.rank < PL_RANK_SPECIFIC && v->p[k].off < f.off + f.len; k++)
            lost = v->p[k].rank > f.rank || (v->p[k].denied && f.rank == PL_RANK_KEYVALUE);
        if (lost)
            continue;
        if (f.off + f.len > reach[f.rank])
            reach[f.rank] = f.off + f.len;
        if (!f.denied)
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
