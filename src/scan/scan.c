/* A run: workers, options, targets in order. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "scan/git.h"
#include "scan/scan_int.h"

int pl_scan_new(const struct pl_scan_opts *o, const struct pl_rules *rules, struct pl_scan **ret,
                struct pl_err *err)
{
    struct pl_scan *s = calloc(1, sizeof *s);
    if (!s)
        pl_oom();
    s->o = *o;
    s->ctx = (struct pl_scan_ctx){ .rules = rules, .limits = o->limits, .sandbox = o->sandbox };
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned threads = o->threads ? o->threads : cpus > 0 ? (unsigned)cpus : 1;
    if (o->sandbox == PL_SANDBOX_OFF)
        s->degraded = snprintf(s->missing, sizeof s->missing, "switched off by --sandbox=off") > 0;
    else
        s->degraded = pl_sandbox_probe(s->missing, sizeof s->missing) > 0;
    if (s->degraded && o->sandbox == PL_SANDBOX_REQUIRE) {
        int r = pl_fail(err, PL_E_UNSUP, "--sandbox=require, but this kernel lacks %s", s->missing);
        free(s);
        return r;
    }
    s->threads = threads;
    if (!s->o.salt.n)
        s->o.salt = PL_S("plimsoll");
    s->pool = pl_pool_new(&s->ctx, threads, o->cancel);
    pl_pool_progress(s->pool, o->progress, o->progress_arg);
    *ret = s;
    return 0;
}

void pl_scan_free(struct pl_scan *s)
{
    if (!s)
        return;
    pl_pool_free(s->pool);
    free(s);
}

void pl_scan_rules(struct pl_scan *s, const struct pl_rules *rules)
{
    pl_pool_free(s->pool);
    s->ctx.rules = rules;
    s->pool = pl_pool_new(&s->ctx, s->threads, s->o.cancel);
    pl_pool_progress(s->pool, s->o.progress, s->o.progress_arg);
}

void pl_scan_use(struct pl_scan *s, const struct pl_source_opts *o)
{
    s->o.source = o;
}

void pl_scan_keep(struct pl_scan *s, const struct pl_keep *k)
{
    s->o.keep = k;
}

struct pl_target *pl_report_target(struct pl_report *r)
{
    if ((r->n_targets & (r->n_targets - 1)) == 0) { /* grows by doubling, in the arena */
        struct pl_target *p = pl_alloc_n(r->a, r->n_targets ? r->n_targets * 2 : 1, sizeof *p);
        if (r->n_targets)
            memcpy(p, r->targets, r->n_targets * sizeof *p);
        r->targets = p;
    }
    return &r->targets[r->n_targets++];
}

int pl_scan_target(struct pl_scan *s, const char *target, struct pl_report *r, struct pl_err *err)
{
    struct pl_unit *u = NULL;
    static const struct pl_git_scope all = { 0 };
    if (strncmp(target, "git:", 4) == 0)
        return pl_scan_git(s, target, target + 4, s->o.git ? s->o.git : &all, r, err);
    if (strncmp(target, "sbom:", 5) == 0)
        return pl_scan_sbom(s, target, target + 5, r, err);
    int ret = pl_unit_read(s, target, &u, err);
    if (ret < 0)
        return ret;
    pl_unit_report(u, r);
    pl_unit_free(u);
    return 0;
}
