/* Repairs of manifests, kept when they prove themselves. formats/hardening.md section 6,
 * formats/dockerfile.md section 9. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "check/deploy/deploy.h"
#include "check/edits.h"

#define PASSES_MAX 20u
#define TOGETHER_MAX 400u     /* edits that are tried at once */
#define TRIES_MAX 100u        /* repairs of one pass that are tried alone */
#define PROOF_MAX (8u << 20)  /* bytes that the proofs of one pass may read */
#define GROWTH_MAX (4u << 20) /* a text that grows beyond is not taken */

struct counts {
    unsigned rule[PL_DEPLOY_RULE_COUNT];
};

static struct counts count(const struct pl_deploy_result *r)
{
    struct counts c = { { 0 } };
    for (size_t i = 0; i < r->n; i++)
        c.rule[r->hits[i].rule]++;
    return c;
}

struct proof {
    struct pl_str text;
    struct pl_deploy_opts o; /* without repairs */
    const struct pl_deploy_result *r;
    struct counts before;
    size_t tries;
};

static void begin(struct proof *p, struct pl_str text, const struct pl_deploy_opts *o,
                  const struct pl_deploy_result *r)
{
    *p = (struct proof){ .text = text, .o = *o, .r = r, .before = count(r) };
    p->o.fixes = false;
}

/* Is `text` read as before, has no rule a finding more, and each of `gone` that many less? */
static bool holds(struct proof *p, struct pl_str text, const struct counts *gone)
{
    struct pl_arena a = { 0 };
    struct pl_deploy_result r;
    if (++p->tries * p->text.n > PROOF_MAX || p->tries > TRIES_MAX)
        return false;
    bool ok = text.p && pl_deploy_lint(&a, text, &p->o, &r, NULL) == 0 && r.form == p->r->form &&
              r.containers == p->r->containers && r.templated == p->r->templated;
    struct counts after = ok ? count(&r) : p->before;
    for (size_t i = 0; i < PL_DEPLOY_RULE_COUNT && ok; i++)
        ok = after.rule[i] + gone->rule[i] <= p->before.rule[i];
    pl_arena_release(&a);
    return ok;
}

/* As many of the repairs up to class `c` as stand side by side, in their order; `used` marks
 * them. */
static struct pl_edits together(struct pl_arena *a, const struct pl_deploy_result *r,
                                enum pl_fix_class c, const bool *not_these, bool *used,
                                struct counts *gone)
{
    struct pl_edits all = { NULL, 0 };
    *gone = (struct counts){ { 0 } };
    for (size_t i = 0; i < r->n; i++) {
        const struct pl_deploy_hit *h = &r->hits[i];
        used[i] = h->n_edits && h->fix_class <= c && !not_these[i] && all.n < TOGETHER_MAX &&
                  pl_edits_join(a, &all, h->edits, h->n_edits);
        gone->rule[h->rule] += used[i];
    }
    return all;
}

/* Drops the repairs that do not hold alone; those of one place are asked one after the other. */
static void alone(struct proof *p, struct pl_arena *a, const struct pl_deploy_result *r,
                  const bool *which, bool *bad)
{
    for (size_t i = 0; i < r->n; i++) {
        struct pl_edits e = { NULL, 0 };
        struct counts gone = { { 0 } };
        if (!which[i])
            continue;
        gone.rule[r->hits[i].rule] = 1;
        bad[i] = !pl_edits_join(a, &e, r->hits[i].edits, r->hits[i].n_edits) ||
                 !holds(p, pl_edits_apply(a, p->text, &e, GROWTH_MAX), &gone);
    }
}

void pl_deploy_prove(struct pl_str text, const struct pl_deploy_opts *o, struct pl_deploy_result *r)
{
    struct pl_arena a = { 0 };
    struct proof p;
    struct counts gone;
    bool *bad = pl_alloc_n(&a, r->n + 1, sizeof *bad), *used = pl_alloc_n(&a, r->n + 1, 1);
    bool *asked = pl_alloc_n(&a, r->n + 1, sizeof *asked);
    begin(&p, text, o, r);
    for (size_t round = 0; round < 8; round++) { /* what touches others waits for the next round */
        struct pl_edits all = together(&a, r, PL_FIX_UNSAFE, asked, used, &gone);
        if (!all.n)
            break;
        bool held = holds(&p, pl_edits_apply(&a, text, &all, GROWTH_MAX), &gone);
        if (!held)
            alone(&p, &a, r, used, bad);
        for (size_t i = 0; i < r->n; i++)
            asked[i] |= used[i];
    }
    for (size_t i = 0; i < r->n; i++)
        if (bad[i] || !asked[i]) {
            r->hits[i].fix_class = PL_FIX_NONE;
            r->hits[i].n_edits = 0;
        }
    pl_arena_release(&a);
}

/* One pass: all that get on together, or the first that holds alone. */
static struct pl_str pass(struct pl_arena *a, struct pl_str text, const struct pl_deploy_opts *o,
                          enum pl_fix_class c, const struct pl_deploy_result *r,
                          const struct pl_deploy_log *log)
{
    struct proof p;
    struct counts gone;
    bool *bad = pl_alloc_n(a, r->n + 1, sizeof *bad), *used = pl_alloc_n(a, r->n + 1, 1);
    begin(&p, text, o, r);
    struct pl_edits all = together(a, r, c, bad, used, &gone);
    struct pl_str out = text;
    bool held = all.n && holds(&p, out = pl_edits_apply(a, text, &all, GROWTH_MAX), &gone);
    if (all.n && !held) {
        alone(&p, a, r, used, bad);
        all = together(a, r, c, bad, used, &gone);
        held = all.n && holds(&p, out = pl_edits_apply(a, text, &all, GROWTH_MAX), &gone);
    }
    for (size_t i = 0; i < r->n && held && log; i++)
        if (used[i])
            log->told(log->arg, &r->hits[i]);
    return held ? out : text;
}

int pl_deploy_mend(struct pl_arena *a, struct pl_str text, const struct pl_deploy_opts *o,
                   enum pl_fix_class c, struct pl_str *ret, const struct pl_deploy_log *log,
                   struct pl_err *err)
{
    struct pl_deploy_opts with = *o;
    struct pl_arena one = { 0 };
    int e = 0;
    with.fixes = true;
    *ret = text;
    for (unsigned i = 0; i < PASSES_MAX && e == 0; i++) {
        struct pl_deploy_result r;
        e = pl_deploy_lint(&one, *ret, &with, &r, err);
        struct pl_str next = e == 0 ? pass(&one, *ret, &with, c, &r, log) : *ret;
        if (e < 0 || pl_str_eq(next, *ret))
            break;
        *ret = pl_dup(a, next);
        pl_arena_reset(&one);
    }
    pl_arena_release(&one);
    return e;
}
