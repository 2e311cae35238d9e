/* Inventories into the store. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/store_opt.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/numbers.h"
#include "base/vec.h"
#include "cmd/common.h"
#include "cmd/config.h"
#include "cmd/vuln_opt.h"
#include "model/vuln.h"
#include "query/found.h"
#include "report/finding_json.h"
#include "vuln/eco.h"
#include "vuln/match.h"

#define ECOSYSTEMS_MAX 64u

int pl_store_named(const char *given, bool no_config, struct pl_arena *a, const char **ret,
                   struct pl_err *err)
{
    const char *env = getenv("PLIMSOLL_STORE");
    *ret = given ? given : env && *env ? env : NULL;
    return *ret || no_config ? 0 : pl_config_folder("store", a, ret, err);
}

struct ecosystems {
    struct pl_arena *a, tmp;
    struct pl_names n;
};

static int add_ecosystem(void *arg, uint32_t id, const struct pl_package *p)
{
    struct ecosystems *x = arg;
    struct pl_match_eco e;
    (void)id;
    pl_arena_reset(&x->tmp);
    if (!pl_match_eco(&x->tmp, p, &e) || !e.known)
        return 0;
    struct pl_str base = pl_eco_base(e.name);
    for (size_t i = 0; i < x->n.n; i++)
        if (pl_str_eq(x->n.p[i], base))
            return 0;
    if (x->n.n < ECOSYSTEMS_MAX)
        x->n.p[x->n.n++] = pl_dup(x->a, base);
    return 0;
}

struct pl_names pl_store_ecosystems(const char *given, struct pl_arena *a)
{
    struct ecosystems x = { .a = a };
    struct pl_err err = { 0 };
    struct pl_store *s = NULL;
    const char *where = NULL;
    x.n.p = pl_alloc_n(a, ECOSYSTEMS_MAX, sizeof *x.n.p);
    int r = pl_store_named(given, /* no_config= */ false, a, &where, &err);
    if (r == 0 && where)
        r = pl_store_open(where, PL_STORE_READ, &s, &err);
    if (r == 0 && s)
        r = s->ops->each_package(s, 0, add_ecosystem, &x, &err);
    if (r < 0 && (given || r != PL_E_NOENT))
        fprintf(stderr, "warning: the store does not say which ecosystems it needs: %s\n", err.msg);
    if (s)
        s->ops->close(s);
    pl_arena_release(&x.tmp);
    return x.n;
}

void pl_store_keep_begin(struct pl_store_keep *k, const struct pl_report *report)
{
    k->n = report->n_targets;
    k->before = pl_alloc_n(report->a, k->n + 1, sizeof *k->before);
    if (k->n)
        memcpy(k->before, report->targets, k->n * sizeof *k->before);
}

void pl_store_keep_matched(struct pl_store_keep *k, const struct pl_report *report)
{
    k->matched = pl_alloc_n(report->a, k->n + 1, sizeof *k->matched);
    for (size_t i = 0; i < k->n; i++) {
        struct pl_target *t = &k->matched[i];
        *t = report->targets[i];
        t->findings = pl_alloc_n(report->a, t->n_findings + 1, sizeof *t->findings);
        if (t->n_findings)
            memcpy(t->findings, report->targets[i].findings, t->n_findings * sizeof *t->findings);
    }
}

static struct pl_store_origin origin_now(const struct pl_report *report)
{
    const char *epoch = getenv("SOURCE_DATE_EPOCH");
    uint64_t at;
    struct pl_store_origin o = { (int64_t)time(NULL), report->tool_version, report->rules_version,
                                 report->db ? report->db->digest : PL_S(""), PL_S("") };
    if (epoch && pl_str_u64(pl_str_c(epoch), &at) && at < INT64_MAX)
        o.at = (int64_t)at;
    return o;
}

int pl_store_origin_in(struct pl_store *s, const struct pl_report *report,
                       struct pl_store_origin *ret, struct pl_err *err)
{
    *ret = origin_now(report);
    return getenv("SOURCE_DATE_EPOCH") ? 0 : s->ops->now(s, &ret->at, err);
}

struct pl_str pl_store_subject(const struct pl_finding *f)
{
    return f->vuln ? f->vuln->purl : f->title;
}

bool pl_store_ordinary(const struct pl_common *c, const struct pl_vuln_cli *v)
{
    return !c->limit.n && !c->rules.n && !c->marks && !c->lockfiles && !v->ignore_status.n &&
           !v->vex.n && !v->ignore_unfixed && !v->only_fixed && !v->expand_kernel &&
           !v->all_layers && !v->match_owned && !v->unimportant;
}

static bool is_flaw(const struct pl_finding *f)
{
    return f->vuln || pl_str_is(f->rule, "trust/end-of-life");
}

/* The flaws of a target as the store numbers them. */
static int put_state(struct pl_store *s, int64_t run, int64_t image, const struct pl_target *t,
                     struct pl_arena *a, struct pl_err *err)
{
    uint32_t *v = pl_alloc_n(a, t->n_findings + 1, sizeof *v);
    size_t n = 0;
    int r = 0;
    for (size_t i = 0; i < t->n_findings && r == 0; i++) {
        const struct pl_finding *f = &t->findings[i];
        if (is_flaw(f))
            r = s->ops->flaw(s, pl_store_subject(f), f->rule, /* make= */ true, &v[n++], err);
    }
    return r == 0 ? s->ops->state(s, run, image, v, pl_unique_u32(v, n), err) : r;
}

static int put_found(struct pl_store *s, int64_t image, const struct pl_target *t,
                     struct pl_str how, struct pl_err *err)
{
    pl_auto_buf struct pl_buf own = { 0 }, flaws = { 0 }, packed = { 0 };
    size_t life[2];
    for (size_t i = 0; i < t->n_findings; i++) {
        struct pl_buf *b = is_flaw(&t->findings[i]) ? &flaws : &own;
        struct pl_jsonw w = { .out = b, .depth = 1 };
        if (b->n)
            pl_buf_putc(b, ',');
        pl_finding_put(&w, t, &t->findings[i], life);
    }
    pl_store_found_pack(pl_buf_str(&own), pl_buf_str(&flaws), how, &packed);
    return s->ops->found_put(s, image, pl_buf_str(&packed), err);
}

int pl_store_keep_in(const struct pl_store_keep *k, const struct pl_report *report, bool matched,
                     struct pl_store *s, struct pl_err *err)
{
    struct pl_store_origin o;
    int64_t run = 0, image = 0;
    struct pl_str how = PL_S("");
    if (k->ordinary)
        how = pl_printf(report->a, "%.*s%.*s", PL_FMT(PL_FOUND_ORDINARY),
                        PL_FMT(report->db ? report->db->built : PL_S("")));
    int r = pl_store_origin_in(s, report, &o, err);
    if (r == 0 && matched)
        r = s->ops->run(s, &o, &run, err);
    for (size_t i = 0; i < k->n && r == 0; i++) {
        r = s->ops->put(s, &o, &k->before[i], &image, err);
        if (r == 0 && matched)
            r = put_state(s, run, image, &k->matched[i], report->a, err);
        if (r == 0)
            r = put_found(s, image, &report->targets[i], how, err);
    }
    return r;
}

static int keep(const struct pl_store_keep *k, const struct pl_report *report, bool matched,
                struct pl_store *s, struct pl_err *err)
{
    int r = s->ops->begin(s, err);
    if (r == 0)
        r = pl_store_keep_in(k, report, matched, s, err);
    return r == 0 ? s->ops->commit(s, err) : r;
}

static void add_note(struct pl_report *report, struct pl_target *t, struct pl_str message)
{
    struct pl_note *n = pl_alloc_n(report->a, t->n_notes + 1, sizeof *n);
    if (t->n_notes)
        memcpy(n, t->notes, t->n_notes * sizeof *n);
    n[t->n_notes++] = (struct pl_note){
        .scope = PL_SCOPE_RUN, .where = PL_S(""), .code = PL_S("not-stored"), .message = message
    };
    t->notes = n;
}

void pl_store_keep_end(const struct pl_store_keep *k, struct pl_report *report, bool matched,
                       bool quiet)
{
    struct pl_err err = { 0 };
    struct pl_store *s = NULL;
    int r = pl_store_open(k->where, PL_STORE_MAKE, &s, &err);
    if (r == 0) {
        r = keep(k, report, matched, s, &err);
        s->ops->close(s);
    }
    if (r == 0)
        return;
    struct pl_str message = pl_printf(report->a, "the inventory was not kept: %s", err.msg);
    if (!quiet)
        fprintf(stderr, "warning: %s\n", message.p);
    for (size_t i = 0; i < report->n_targets; i++)
        add_note(report, &report->targets[i], message);
}
