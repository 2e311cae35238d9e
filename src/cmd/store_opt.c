/* Inventories into the store. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/store_opt.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/vec.h"
#include "cmd/config.h"
#include "model/vuln.h"

int pl_store_named(const char *given, bool no_config, struct pl_arena *a, const char **ret,
                   struct pl_err *err)
{
    const char *env = getenv("PLIMSOLL_STORE");
    *ret = given ? given : env && *env ? env : NULL;
    return *ret || no_config ? 0 : pl_config_folder("store", a, ret, err);
}

void pl_store_keep_begin(struct pl_store_keep *k, const struct pl_report *report)
{
    k->n = report->n_targets;
    k->before = pl_alloc_n(report->a, k->n + 1, sizeof *k->before);
    if (k->n)
        memcpy(k->before, report->targets, k->n * sizeof *k->before);
}

struct pl_store_origin pl_store_origin_now(const struct pl_report *report)
{
    const char *epoch = getenv("SOURCE_DATE_EPOCH");
    uint64_t at;
    struct pl_store_origin o = { (int64_t)time(NULL), report->tool_version, report->rules_version,
                                 report->db ? report->db->digest : PL_S("") };
    if (epoch && pl_str_u64(pl_str_c(epoch), &at) && at < INT64_MAX)
        o.at = (int64_t)at;
    return o;
}

struct pl_str pl_store_subject(const struct pl_finding *f)
{
    return f->vuln ? f->vuln->purl : f->title;
}

static int by_number(const void *pa, const void *pb)
{
    uint32_t a = *(const uint32_t *)pa, b = *(const uint32_t *)pb;
    return a < b ? -1 : a > b;
}

/* The flaws of a target as the store numbers them. */
static int put_state(struct pl_store *s, int64_t run, int64_t image, const struct pl_target *t,
                     struct pl_arena *a, struct pl_err *err)
{
    uint32_t *v = pl_alloc_n(a, t->n_findings + 1, sizeof *v);
    size_t n = 0, kept = 0;
    int r = 0;
    for (size_t i = 0; i < t->n_findings && r == 0; i++) {
        const struct pl_finding *f = &t->findings[i];
        if (f->vuln || pl_str_is(f->rule, "trust/end-of-life"))
            r = s->ops->flaw(s, pl_store_subject(f), f->rule, /* make= */ true, &v[n++], err);
    }
    if (n)
        qsort(v, n, sizeof *v, by_number);
    for (size_t i = 0; i < n; i++)
        if (!kept || v[kept - 1] != v[i])
            v[kept++] = v[i];
    return r == 0 ? s->ops->state(s, run, image, v, kept, err) : r;
}

static int keep(const struct pl_store_keep *k, const struct pl_report *report, bool matched,
                struct pl_store *s, struct pl_err *err)
{
    const struct pl_store_origin o = pl_store_origin_now(report);
    int64_t run = 0, image;
    int r = s->ops->begin(s, err);
    if (r == 0 && matched)
        r = s->ops->run(s, &o, &run, err);
    for (size_t i = 0; i < k->n && r == 0; i++) {
        r = s->ops->put(s, &o, &k->before[i], &image, err);
        if (r == 0 && matched)
            r = put_state(s, run, image, &report->targets[i], report->a, err);
    }
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
