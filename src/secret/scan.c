/* One level of text: the literal pass, its hits, and how findings settle. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/cleanup.h"
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

/* Where words of identifiers begin: behind what is no letter or digit, and at a capital behind a
 * small letter or in front of one. */
static bool word_begins(const uint8_t *p, size_t n, size_t i)
{
    uint8_t c = p[i], b = i ? p[i - 1] : ' ';
    if (!pl_is_alnum(c))
        return false;
    if (!pl_is_alnum(b))
        return true;
    if (c < 'A' || c > 'Z')
        return false;
    return (b >= 'a' && b <= 'z') || (i + 1 < n && p[i + 1] >= 'a' && p[i + 1] <= 'z');
}

static bool same_word(const struct pl_word_entry *w, const struct pl_hit *h)
{
    struct pl_str text = { w->text, w->len };
    if (h->at < w->lead || h->n - (h->at - w->lead) < w->len)
        return false;
    struct pl_str here = pl_str_n(h->p + h->at - w->lead, w->len);
    return w->nocase ? pl_str_ieq(here, text) : pl_str_eq(here, text);
}

/* Evaluates the keywords that begin with the gram at h->at. */
static void look_up(struct pl_level *l, const struct pl_hit *h, uint32_t gram, size_t base)
{
    const struct pl_rule_image *img = &l->m->r->img;
    size_t lo = 0, hi = img->n_words;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (img->word[mid].gram < gram)
            lo = mid + 1;
        else
            hi = mid;
    }
    for (; lo < img->n_words && img->word[lo].gram == gram; lo++) {
        const struct pl_word_entry *w = &img->word[lo];
        if (!same_word(w, h))
            continue;
        struct pl_hit at = *h;
        at.at -= w->lead;
        at.len = w->len;
        if (l->piece || (at.at >= l->from && at.at < l->to))
            pl_eval_hit(l->m, w->rule, &at, base, l->depth);
    }
}

/* A trigger at h->at: looks up the words that begin in reach in front of it, each once. */
static void from_trigger(struct pl_level *l, const struct pl_hit *h, size_t base)
{
    size_t end = h->at + h->len, i = end > PL_TRIGGER_REACH ? end - PL_TRIGGER_REACH : 0;
    const uint64_t *bits = l->m->r->gram;
    if (base + i < l->looked_up)
        i = l->looked_up - base;
    for (; i < end && i + 4 <= h->n; i++) {
        uint32_t gram = pl_gram(h->p + i), bit = pl_gram_bit(gram);
        if (!(bits[bit / 64] >> (bit % 64) & 1))
            continue;
        if (i != h->at && !word_begins(h->p, h->n, i))
            continue;
        struct pl_hit at = *h;
        at.at = i;
        look_up(l, &at, gram, base);
    }
    /* the trigger itself may begin a keyword with the next trigger in it: not done with it */
    if (base + i > l->looked_up)
        l->looked_up = base + i;
}

static void note_gzip(struct pl_level *l, size_t at)
{
    if (l->n_gzip < PL_GZIP_MAX)
        l->gzip[l->n_gzip++] = at;
    else
        l->m->limit = "many compressed runs in one text; the last were not decoded";
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
    }
    bool mine = l->piece || (at >= l->from && at < l->to);
    for (unsigned k = 0; k < e->n; k++) {
        const struct pl_lit_ref *ref = &m->r->img.ref[e->first + k];
        if (ref->kind == PL_LIT_TRIGGER)
            from_trigger(l, &h, base);
        else if (ref->kind == PL_LIT_GZIP)
            note_gzip(l, at);
        else if (ref->kind == PL_LIT_RULE && mine)
            pl_eval_hit(m, ref->rule, &h, base, l->depth);
    }
    return 0;
}

void pl_scan_level(struct pl_level *l)
{
    size_t gzip[PL_GZIP_MAX];
    l->gzip = gzip;
    pl_literals_scan(l->m->r->db, l->m->scratch, l->p, l->n, on_literal, l);
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
