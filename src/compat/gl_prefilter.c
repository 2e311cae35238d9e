/* Which rules have a keyword in a text, and where their regexes can match. secrets.md section 9. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "compat/gl_detect_int.h"

static int on_hit(void *arg, uint32_t id, size_t end)
{
    struct pl_gl_worker *w = arg;
    const struct gl_uses *u = &w->e->uses.p[id];
    w->odd |= u->odd;
    w->escapes |= u->escape;
    if (u->only_flag)
        return 0;
    if (w->lit_seen[id] != w->stamp) {
        w->lit_seen[id] = w->stamp;
        w->lit_n[id] = 0;
        pl_vec_push(&w->touched, id);
    }
    w->lit_n[id]++;
    if (w->hits.n < GL_MAX_HITS)
        pl_vec_push(&w->hits, (struct gl_hit){ id, (uint32_t)end });
    else
        w->hits_over = true;
    return 0;
}

/* Positions by literal: w->sorted[lit_from[id] .. + lit_n[id]) are its ends, rising. */
static void sort_hits(struct pl_gl_worker *w)
{
    uint32_t at = 0;
    for (size_t i = 0; i < w->touched.n; i++) {
        w->lit_from[w->touched.p[i]] = at;
        at += w->lit_n[w->touched.p[i]];
        w->lit_n[w->touched.p[i]] = 0;
    }
    while (w->sorted.cap < w->hits.n)
        pl_vec_grow((void **)&w->sorted.p, w->sorted.cap, &w->sorted.cap, sizeof *w->sorted.p);
    for (size_t i = 0; i < w->hits.n; i++) {
        struct gl_hit h = w->hits.p[i];
        w->sorted.p[w->lit_from[h.id] + w->lit_n[h.id]++] = h.end;
    }
}

static void activate(struct pl_gl_worker *w, uint32_t probe)
{
    if (w->probe_seen[probe] == w->stamp)
        return;
    w->probe_seen[probe] = w->stamp;
    pl_vec_push(&w->active, probe);
}

static struct pl_str lowered(struct pl_gl_worker *w)
{
    if (!w->have_low) {
        pl_buf_clear(&w->low);
        pl_gl_lower(&w->low, w->text);
        w->have_low = true;
    }
    return pl_buf_str(&w->low);
}

static bool odd_keyword(struct pl_gl_worker *w, const struct gl_probe *p)
{
    for (size_t i = 0; i < p->rule->keywords.n; i++)
        if (pl_str_find(lowered(w), p->rule->keywords.p[i], 0) != SIZE_MAX)
            return true;
    return false;
}

static int on_low_hit(void *arg, uint32_t id, size_t end)
{
    struct pl_gl_worker *w = arg;
    const struct gl_uses *u = &w->e->uses.p[id];
    (void)end;
    for (size_t k = 0; k < u->keyword.n; k++)
        activate(w, u->keyword.p[k]);
    return 0;
}

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

int gl_prefilter(struct pl_gl_worker *w, struct pl_err *err)
{
    const struct pl_gl_engine *e = w->e;
    if (++w->stamp == 0) { /* the numbers have gone round: old marks must not seem new */
        memset(w->probe_seen, 0, e->probes.n * sizeof *w->probe_seen);
        memset(w->lit_seen, 0, e->literals.n * sizeof *w->lit_seen);
        w->stamp = 1;
    }
    w->hits.n = w->touched.n = w->active.n = 0;
    w->hits_over = w->odd = w->escapes = w->have_low = false;
    int r = pl_literals_scan(e->db, w->lits, (const uint8_t *)w->valid.text.p, w->valid.text.n,
                             on_hit, w);
    if (r < 0)
        return pl_fail(err, r, "text of %zu bytes", w->text.n);
    for (size_t i = 0; i < w->touched.n; i++) {
        const struct gl_uses *u = &e->uses.p[w->touched.p[i]];
        for (size_t k = 0; k < u->keyword.n; k++)
            activate(w, u->keyword.p[k]);
    }
    for (uint32_t i = 0; i < e->probes.n; i++) {
        const struct gl_probe *p = &e->probes.p[i];
        if (p->always || (p->keyword_odd && odd_keyword(w, p)))
            activate(w, i);
    }
    if (w->odd) { /* some keywords show only in lower case */
        struct pl_str low = lowered(w);
        r = pl_literals_scan(e->db, w->lits, (const uint8_t *)low.p, low.n, on_low_hit, w);
        if (r < 0)
            return pl_fail(err, r, "text of %zu bytes", w->text.n);
    }
    if (!w->hits_over)
        sort_hits(w);
    if (w->active.n)
        qsort(w->active.p, w->active.n, sizeof *w->active.p, by_number);
    return 0;
}

/* A walk over the matches of one regex in one text. */
struct walk {
    struct pl_gl_worker *w;
    const struct gl_probe *p;
    const struct pl_regex *re, *core;
    gl_match_fn *fn;
    void *arg;
    size_t pos;      /* the next match begins here or later */
    size_t last_end; /* of the match before; SIZE_MAX at the start */
};

static size_t rune_len(struct pl_str s, size_t at)
{
    unsigned char c = at < s.n ? (unsigned char)s.p[at] : 0;
    return c < 0x80 ? 1 : c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2; /* the text is valid UTF-8 */
}

static void tell(struct walk *k, size_t start, size_t end)
{
    const struct pl_utf8_text *v = &k->w->valid;
    if (v->n_bad)
        k->fn(k->arg, pl_utf8_text_back(v, start), pl_utf8_text_back(v, end));
    else
        k->fn(k->arg, start, end);
}

/* All matches that begin and end in [from, to); what was behind `to` may be one more. */
static bool search(struct walk *k, size_t from, size_t to)
{
    struct pl_str t = k->w->valid.text;
    bool any = false;
    if (from > k->pos)
        k->pos = from;
    while (k->pos <= to) {
        struct pl_regex_group g;
        if (!pl_regex_search(k->re, t.p, t.n, k->pos, to, false, &g, 1))
            return any;
        bool accept = true;
        size_t end = g.off + g.len;
        if (end == k->pos) { /* empty and where the search began */
            accept = g.off != k->last_end;
            k->pos += rune_len(t, k->pos);
        } else {
            k->pos = end;
        }
        k->last_end = end;
        any = true;
        if (accept)
            tell(k, g.off, end);
        if (k->p->shaped && k->p->shape.longest == PL_GL_INF && !k->w->hits_over && !k->w->odd &&
            k->p->shape.lead != PL_GL_INF)
            return true; /* the next one is looked for at the next hit */
    }
    return any;
}

/* Where the literals of the rule begin, rising. */
static void gather(struct pl_gl_worker *w, const struct gl_probe *p)
{
    w->starts.n = 0;
    unsigned lists = 0;
    for (size_t i = 0; i < p->ids.n; i++) {
        uint32_t id = p->ids.p[i], len = (uint32_t)w->e->literals.p[id].n;
        if (w->lit_seen[id] != w->stamp)
            continue;
        lists++;
        for (uint32_t k = 0; k < w->lit_n[id]; k++)
            pl_vec_push(&w->starts, w->sorted.p[w->lit_from[id] + k] - len);
    }
    if (lists > 1)
        qsort(w->starts.p, w->starts.n, sizeof *w->starts.p, by_number);
}

static bool passes(const struct walk *k, size_t at)
{
    struct pl_str t = k->w->valid.text;
    return !k->core || pl_regex_search(k->core, t.p, t.n, at, t.n, true, NULL, 0);
}

/* Windows round the hits at which the regex can match; see gl_shape.h. */
static void by_windows(struct walk *k)
{
    const struct pl_gl_shape *s = &k->p->shape;
    struct pl_gl_worker *w = k->w;
    size_t n = w->valid.text.n;
    for (size_t i = 0; i < w->starts.n;) {
        size_t at = w->starts.p[i++];
        if (at < k->pos || !passes(k, at))
            continue;
        size_t from = at > s->lead ? at - s->lead : 0;
        if (s->longest == PL_GL_INF) {
            if (!search(k, from, n))
                return;
            continue;
        }
        size_t to = at + s->longest < n ? at + s->longest : n;
        for (; i < w->starts.n && w->starts.p[i] <= to + s->lead; i++) {
            at = w->starts.p[i];
            if (passes(k, at))
                to = at + s->longest < n ? at + s->longest : n;
        }
        search(k, from, to);
    }
}

void gl_find_all(struct pl_gl_worker *w, struct gl_probe *p, gl_match_fn *fn, void *arg)
{
    struct walk k = { .w = w, .p = p, .fn = fn, .arg = arg, .last_end = SIZE_MAX };
    if (p->shaped && !w->odd && !w->hits_over) {
        gather(w, p);
        if (!w->starts.n)
            return;
    }
    k.re = pl_gl_re_get(p->rule->regex);
    if (!k.re)
        pl_oom(); /* it compiled when the configuration was read */
    k.core = p->core.text.n ? pl_gl_re_get(&p->core) : NULL;
    bool whole = !p->shaped || w->odd || w->hits_over;
    if (whole) {
        search(&k, 0, w->valid.text.n);
        return;
    }
    if (p->shape.lead == PL_GL_INF)
        search(&k, 0, w->valid.text.n);
    else
        by_windows(&k);
}
