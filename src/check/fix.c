/* Repairs: tried one by one, kept when they prove themselves. formats/dockerfile.md section 9. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "check/fix.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/vec.h"
#include "check/edits.h"

#define PASSES_MAX 40u
#define TOGETHER_MAX 200u       /* repairs that are tried at once */
#define TRIES_MAX 200u          /* hits of one pass that are tried */
#define PROOF_MAX (8u << 20)    /* bytes that the proofs of one pass may read */
#define FIX_TEXT_MAX (1u << 20) /* larger files are judged, not repaired */
#define GROWTH_MAX (4u << 20)   /* a text that grows beyond is not taken */

/* How often each rule and each code stands in a result. */
struct counts {
    unsigned rule[PL_RULE_COUNT];
    unsigned *code; /* by index in pl_lint_codes */
};

static void count(struct pl_arena *a, const struct pl_lint_result *r, struct counts *c)
{
    *c = (struct counts){ .code = pl_alloc_n(a, pl_lint_n_codes, sizeof *c->code) };
    for (size_t i = 0; i < r->n_hits; i++) {
        c->rule[r->hits[i].rule]++;
        for (size_t k = 0; k < r->hits[i].n_codes; k++)
            c->code[r->hits[i].code_at[k]]++;
    }
}

static bool none_new(const struct counts *before, const struct counts *after)
{
    for (size_t i = 0; i < PL_RULE_COUNT; i++)
        if (after->rule[i] > before->rule[i])
            return false;
    for (size_t i = 0; i < pl_lint_n_codes; i++)
        if (after->code[i] > before->code[i])
            return false;
    return true;
}

struct proof {
    struct pl_str text;
    struct pl_lint_opts o; /* without repairs */
    const struct pl_lint_result *r;
    struct counts before;
};

/* Is `text` as good as before, and has each rule `gone` findings less (NULL: nothing asked)? */
static bool holds(const struct proof *p, struct pl_str text, const unsigned *gone)
{
    struct pl_arena a = { 0 };
    struct pl_lint_result r;
    struct counts after;
    bool ok = text.p && pl_lint_file(&a, text, &p->o, &r, NULL) == 0;
    if (ok) {
        count(&a, &r, &after);
        ok = r.parsed >= p->r->parsed && r.refused <= p->r->refused && none_new(&p->before, &after);
        for (size_t i = 0; i < PL_RULE_COUNT && ok && gone; i++)
            ok = after.rule[i] + gone[i] <= p->before.rule[i];
    }
    pl_arena_release(&a);
    return ok;
}

/* What a proof reads again: no repairs, and secrets by value are not what a repair brings. */
static void cheaper(struct pl_lint_opts *o, const struct pl_lint_result *r)
{
    o->fixes = false;
    o->known = r->texts;
    o->secrets = NULL;
    o->context = NULL;
}

/* One reading for the repairs `hit` that do not touch each other. Marks in `done` those that held;
 * true when all of them did. */
static bool prove_together(const struct proof *p, const struct pl_lint_result *r, const size_t *hit,
                           size_t n, bool *done)
{
    struct pl_arena a = { 0 };
    unsigned gone[PL_RULE_COUNT] = { 0 };
    size_t used = 0;
    size_t *in = pl_alloc_n(&a, n + 1, sizeof *in);
    struct pl_edits all = { NULL, 0 };
    for (size_t i = 0; i < n && used < TOGETHER_MAX; i++) {
        const struct pl_lint_hit *h = &r->hits[hit[i]];
        if (!pl_edits_join(&a, &all, h->edits, h->n_edits))
            continue;
        in[used++] = hit[i];
        gone[h->rule]++;
    }
    bool held = used && holds(p, pl_edits_apply(&a, p->text, &all, GROWTH_MAX), gone);
    for (size_t i = 0; i < used && held; i++)
        done[in[i]] = true;
    pl_arena_release(&a);
    return held && used == n;
}

/* Halves what does not hold together until it does, or is one. The halves wait on a stack: few
 * readings when few repairs fail. */
static void prove_all(const struct proof *p, const struct pl_lint_result *r, size_t *hit, size_t n,
                      bool *done)
{
    struct range {
        size_t from, n;
    } stack[64] = { { 0, n } };
    size_t top = n > 0, tries = 0;
    while (top && ++tries <= TRIES_MAX && tries * p->text.n <= PROOF_MAX) {
        struct range x = stack[--top];
        if (prove_together(p, r, hit + x.from, x.n, done))
            continue;
        size_t left = 0; /* those that touch others were not asked */
        for (size_t i = x.from; i < x.from + x.n; i++)
            if (!done[hit[i]])
                hit[x.from + left++] = hit[i];
        if (left < 2 && left == x.n)
            continue;
        size_t half = left == x.n ? left / 2 : left;
        if (left > half && top < 63)
            stack[top++] = (struct range){ x.from + half, left - half };
        if (half && top < 63)
            stack[top++] = (struct range){ x.from, half };
    }
}

void pl_fix_prove(struct pl_arena *a, struct pl_str text, const struct pl_lint_opts *o,
                  struct pl_lint_result *r)
{
    struct proof p = { .text = text, .o = *o, .r = r };
    bool *done = pl_alloc_n(a, r->n_hits + 1, sizeof *done);
    size_t *hit = pl_alloc_n(a, r->n_hits + 1, sizeof *hit), n = 0;
    cheaper(&p.o, r);
    count(a, r, &p.before);
    for (size_t i = 0; i < r->n_hits && text.n <= FIX_TEXT_MAX; i++)
        if (r->hits[i].n_edits)
            hit[n++] = i;
    prove_all(&p, r, hit, n, done);
    for (size_t i = 0; i < r->n_hits; i++)
        if (!done[i]) {
            r->hits[i].fix_class = PL_FIX_NONE;
            r->hits[i].n_edits = 0;
        }
}

static struct pl_str alone(struct pl_arena *a, struct pl_str text, const struct pl_lint_hit *h)
{
    struct pl_edits e = { NULL, 0 };
    pl_edits_join(a, &e, h->edits, h->n_edits);
    return pl_edits_apply(a, text, &e, GROWTH_MAX);
}

/* One pass: all repairs that hold alone, then together as far as they do. */
static struct pl_str pass(struct pl_arena *a, struct pl_str text, const struct pl_lint_opts *o,
                          enum pl_fix_class c, struct pl_lint_result *r,
                          const struct pl_fix_log *log)
{
    struct proof p = { .text = text, .o = *o, .r = r };
    cheaper(&p.o, r);
    pl_fix_prove(a, text, o, r);
    count(a, r, &p.before);
    struct pl_edits all = { NULL, 0 };
    const struct pl_lint_hit **hit = pl_alloc_n(a, r->n_hits + 1, sizeof *hit);
    size_t n = 0;
    for (size_t i = 0; i < r->n_hits; i++) {
        struct pl_lint_hit *h = &r->hits[i];
        if (h->fix_class == PL_FIX_NONE || h->fix_class > c)
            continue;
        if (pl_edits_join(a, &all, h->edits, h->n_edits))
            hit[n++] = h;
    }
    struct pl_str out = all.n ? pl_edits_apply(a, text, &all, GROWTH_MAX) : text;
    if (all.n && !holds(&p, out, NULL)) {
        size_t k = 0; /* they do not get on: the first that holds alone */
        while (k < n && k < TRIES_MAX && !holds(&p, out = alone(a, text, hit[k]), NULL))
            k++;
        bool found = k < n && k < TRIES_MAX;
        hit[0] = found ? hit[k] : NULL;
        out = found ? out : text;
        n = found;
    }
    for (size_t i = 0; i < n && log; i++)
        log->told(log->arg, hit[i]);
    return out;
}

int pl_fix_apply(struct pl_arena *a, struct pl_str text, const struct pl_lint_opts *o,
                 enum pl_fix_class c, struct pl_str *ret, const struct pl_fix_log *log,
                 struct pl_err *err)
{
    struct pl_lint_opts with = *o;
    with.fixes = true;
    *ret = text;
    for (unsigned i = 0; i < PASSES_MAX; i++) {
        struct pl_lint_result r;
        int e = pl_lint_file(a, *ret, &with, &r, err);
        if (e < 0)
            return e;
        struct pl_str next = pass(a, *ret, &with, c, &r, log);
        if (pl_str_eq(next, *ret))
            break;
        *ret = next;
    }
    return 0;
}

/* --- unified diff --- */

struct lines {
    struct pl_str *p;
    size_t n;
};

static struct lines split(struct pl_str s)
{
    struct lines l = { NULL, 0 };
    size_t n = 1;
    for (size_t i = 0; i < s.n; i++)
        n += s.p[i] == '\n';
    l.p = calloc(n + 1, sizeof *l.p);
    if (!l.p)
        pl_oom();
    for (size_t i = 0; i < s.n;) {
        const char *nl = memchr(s.p + i, '\n', s.n - i);
        size_t end = nl ? (size_t)(nl - s.p) + 1 : s.n;
        l.p[l.n++] = pl_str_sub(s, i, end - i);
        i = end;
    }
    return l;
}

static void put_line(struct pl_buf *out, char mark, struct pl_str s)
{
    pl_buf_putc(out, mark);
    pl_buf_putn(out, s.p, s.n);
    if (!s.n || s.p[s.n - 1] != '\n')
        pl_buf_puts(out, "\n\\ No newline at end of file\n");
}

#define CONTEXT 3
#define LOOK 64 /* lines in which the two texts are expected to meet again */

/* The next place where both go on alike: two equal lines, or the end. */
static void meet(const struct lines *x, const struct lines *y, size_t i, size_t k, size_t *ret_i,
                 size_t *ret_k)
{
    for (size_t sum = 1; sum < 2 * LOOK; sum++)
        for (size_t di = 0; di <= sum; di++) {
            size_t ni = i + di, nk = k + (sum - di);
            if (ni <= x->n && nk <= y->n &&
                ((ni == x->n && nk == y->n) ||
                 (ni < x->n && nk < y->n && pl_str_eq(x->p[ni], y->p[nk])))) {
                *ret_i = ni;
                *ret_k = nk;
                return;
            }
        }
    *ret_i = x->n;
    *ret_k = y->n;
}

struct hunk {
    size_t i0, i1, k0, k1;
};

static void put_hunk(struct pl_buf *out, const struct lines *x, const struct lines *y,
                     const struct hunk *h, size_t n)
{
    size_t from = h[0].i0 > CONTEXT ? h[0].i0 - CONTEXT : 0;
    size_t to = h[n - 1].i1 + CONTEXT < x->n ? h[n - 1].i1 + CONTEXT : x->n;
    size_t kfrom = h[0].k0 - (h[0].i0 - from), kto = h[n - 1].k1 + (to - h[n - 1].i1);
    pl_buf_printf(out, "@@ -%zu,%zu +%zu,%zu @@\n", from + (to > from), to - from,
                  kfrom + (kto > kfrom), kto - kfrom);
    size_t i = from;
    for (size_t c = 0; c < n; c++) {
        for (; i < h[c].i0; i++)
            put_line(out, ' ', x->p[i]);
        for (; i < h[c].i1; i++)
            put_line(out, '-', x->p[i]);
        for (size_t k = h[c].k0; k < h[c].k1; k++)
            put_line(out, '+', y->p[k]);
    }
    for (; i < to; i++)
        put_line(out, ' ', x->p[i]);
}

void pl_fix_diff(struct pl_str name, struct pl_str before, struct pl_str after, struct pl_buf *out)
{
    struct lines x = split(before), y = split(after);
    PL_VEC(struct hunk) h = { 0 };
    size_t i = 0, k = 0;
    while (i < x.n || k < y.n) {
        if (i < x.n && k < y.n && pl_str_eq(x.p[i], y.p[k])) {
            i++;
            k++;
            continue;
        }
        struct hunk one = { i, 0, k, 0 };
        meet(&x, &y, i, k, &one.i1, &one.k1);
        i = one.i1;
        k = one.k1;
        pl_vec_push(&h, one);
    }
    if (h.n)
        pl_buf_printf(out, "--- a/%.*s\n+++ b/%.*s\n", PL_FMT(name), PL_FMT(name));
    for (size_t c = 0; c < h.n;) {
        size_t n = 1;
        while (c + n < h.n && h.p[c + n].i0 - h.p[c + n - 1].i1 <= 2 * CONTEXT)
            n++;
        put_hunk(out, &x, &y, &h.p[c], n);
        c += n;
    }
    pl_vec_release(&h);
    free(x.p);
    free(y.p);
}
