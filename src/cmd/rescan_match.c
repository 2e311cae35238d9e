/* Each distinct package once against the database. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "cmd/rescan.h"
#include "model/vuln.h"

#define ROUNDS 5 /* another process may add packages while these are matched */

struct matching {
    struct pl_rescan *r;
    struct pl_arena a; /* of one package */
    struct pl_err *err;
};

/* A text that lives as long as the run, each once. */
static const struct pl_str *rule_of(struct pl_rescan *r, struct pl_str rule)
{
    r->rules.a = &r->a;
    void **at = pl_map_put(&r->rules, rule);
    if (!*at) {
        struct pl_str *s = PL_NEW(&r->a, struct pl_str);
        *s = pl_dup(&r->a, rule);
        *at = s;
    }
    return *at;
}

static int number(struct pl_rescan *r, struct pl_str subject, struct pl_str rule, uint32_t *ret,
                  struct pl_err *err)
{
    int code = r->s->ops->flaw(r->s, subject, rule, /* make= */ !r->still, ret, err);
    if (code == 0 && !*ret)
        *ret = r->next_flaw++;
    return code;
}

static int add_hit(struct pl_rescan *r, const struct pl_package *p, const struct pl_match *m,
                   struct pl_err *err)
{
    struct pl_rescan_hit h = { .rule = rule_of(r, m->rule), .severity = (uint8_t)m->severity };
    h.shown = r->threshold.shown[m->severity] && (m->malware || !pl_vuln_drops(r->v, m->vuln));
    h.fails = h.shown && (pl_threshold_fails(&r->threshold, m->severity) ||
                          pl_vuln_exceeds(&r->o->vuln, m->vuln));
    int code = number(r, p->purl, m->rule, &h.flaw, err);
    if (code == 0)
        pl_vec_push(&r->hit, h);
    return code;
}

static int match(struct matching *x, const struct pl_package *p, bool kernel, uint32_t *ret_first,
                 uint32_t *ret_n)
{
    struct pl_rescan *r = x->r;
    struct pl_matches found;
    /* KEV and EPSS are not told by the brief one */
    bool brief = !r->o->vuln.kev && !r->o->vuln.epss;
    int code = pl_match_package(brief ? r->brief : pl_vuln_matcher_of(r->v), p, kernel, &x->a,
                                &found, x->err);
    *ret_first = (uint32_t)r->hit.n;
    for (size_t i = 0; code == 0 && i < found.n; i++)
        code = add_hit(r, p, &found.p[i], x->err);
    *ret_n = (uint32_t)(r->hit.n - *ret_first);
    return code;
}

static int eco_of(struct matching *x, const struct pl_package *p, uint32_t *ret)
{
    struct pl_rescan *r = x->r;
    struct pl_rescan_eco e = { .seen = 0 };
    *ret = 0;
    if (!pl_match_eco(&x->a, p, &e.e))
        return 0;
    r->ecos.a = &r->a;
    void **at = pl_map_put(&r->ecos, e.e.name);
    int code = 0;
    if (!*at) {
        e.e.name = pl_dup(&r->a, e.e.name);
        pl_match_eco_assess(r->brief, &r->a, &e.e);
        e.has_end = pl_match_eco_finding(&r->a, &e.e, &e.end);
        if (e.has_end) {
            e.hit.rule = rule_of(r, e.end.rule);
            e.hit.severity = (uint8_t)e.end.severity;
            e.hit.shown = r->threshold.shown[e.end.severity];
            e.hit.fails = e.hit.shown && pl_threshold_fails(&r->threshold, e.end.severity);
            code = number(r, e.end.title, e.end.rule, &e.hit.flaw, x->err);
        }
        pl_vec_push(&r->eco, e);
        *at = (void *)(uintptr_t)r->eco.n;
    }
    *ret = (uint32_t)(uintptr_t)*at;
    return code;
}

static int each(void *arg, uint32_t id, const struct pl_package *p)
{
    struct matching *x = arg;
    struct pl_rescan *r = x->r;
    struct pl_rescan_package k = { .kernel = pl_match_has_kernel(p, 1),
                                   .release = p->pkg.flags & PL_PKG_OS,
                                   .there = true };
    int code = 0;
    if (*pl_common_cancel())
        return pl_fail(x->err, PL_E_CANCEL, "interrupted");
    if (id > r->counts.packages * 64 + (1u << 20)) /* numbers are not given twice */
        return pl_fail(x->err, PL_E_FORMAT, "the store is damaged: numbers of packages");
    while (r->package.n <= id)
        pl_vec_push(&r->package, (struct pl_rescan_package){ .eco = 0 });
    pl_arena_reset(&x->a);
    k.wanted = pl_match_wants(r->brief, p);
    k.headers = pl_match_headers(p);
    if (k.wanted)
        code = eco_of(x, p, &k.eco);
    if (code == 0 && k.eco && r->eco.p[k.eco - 1].e.known) {
        code = match(x, p, /* kernel= */ false, &k.hit, &k.n_hits);
        if (code == 0 && k.headers)
            code = match(x, p, /* kernel= */ true, &k.kernel_hit, &k.n_kernel_hits);
    }
    r->package.p[id] = k;
    return code;
}

static void make_gist(struct pl_rescan *r)
{
    r->gist.n = 0;
    for (size_t i = 0; i < r->package.n; i++) {
        const struct pl_rescan_package *k = &r->package.p[i];
        unsigned b = k->kernel ? PL_RESCAN_KERNEL : 0;
        if (k->wanted && k->eco)
            b |= PL_RESCAN_ECO | (k->n_hits + k->n_kernel_hits ? PL_RESCAN_HITS : 0u) |
                 (k->eco < PL_RESCAN_ECOS ? k->eco : PL_RESCAN_ECOS) << PL_RESCAN_ECO_SHIFT;
        pl_vec_push(&r->gist, (uint8_t)b);
    }
}

static int round_of(struct pl_rescan *r, struct pl_err *err)
{
    const struct pl_store_ops *ops = r->s->ops;
    struct matching x = { .r = r, .err = err };
    int code = r->still ? ops->look(r->s, err) : ops->begin(r->s, err);
    if (code == 0)
        code = ops->counts(r->s, &r->counts, err);
    if (code == 0 && r->whole && !r->still)
        code = ops->matched_begin(r->s, PL_STORE_FLAWS, err);
    if (!r->next_flaw)
        r->next_flaw = (uint32_t)r->counts.max_flaw + 1;
    if (code == 0)
        code =
            ops->each_package(r->s, r->package.n ? (uint32_t)r->package.n - 1 : 0, each, &x, err);
    pl_arena_release(&x.a);
    if (code == 0 && !r->still)
        return ops->commit(r->s, err);
    ops->rollback(r->s);
    return code;
}

int pl_rescan_match(struct pl_rescan *r, struct pl_err *err)
{
    for (int i = 0; i < ROUNDS; i++) {
        int code = round_of(r, err);
        if (code == 0)
            code = r->s->ops->look(r->s, err);
        if (code == 0)
            code = r->s->ops->counts(r->s, &r->counts, err);
        if (code < 0)
            return code;
        if (r->counts.max_package < r->package.n || !r->counts.max_package) {
            make_gist(r);
            return 0;
        }
        r->s->ops->rollback(r->s);
    }
    return pl_fail(err, PL_E_IO, "the store is being filled: try again");
}
