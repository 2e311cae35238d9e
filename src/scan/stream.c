/* Parent: standard input as one content without a name. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "scan/git.h"
#include "scan/scan_int.h"

static void on_done(struct pl_task *t, struct pl_record *r)
{
    struct pl_part *p = t->arg;
    p->rec = r;
}

int pl_scan_stream(struct pl_scan *s, int fd, struct pl_report *r, struct pl_err *err)
{
    struct pl_source src = { .form = PL_SRC_TREE, .typed = PL_S("-"), .kind = PL_S("stdin") };
    struct pl_unit u = { .scan = s, .src = &src };
    struct pl_part part = { 0 };
    struct pl_task *t = calloc(1, sizeof *t);
    u.own = calloc(1, sizeof *u.own);
    if (!t || !u.own)
        pl_oom();
    u.own->done.complete = true;
    t->params =
        (struct pl_job_params){ .kind = PL_JOB_STREAM,
                                .flags = PL_JOBF_ENTRIES | (s->o.secrets ? PL_JOBF_SECRETS : 0u) |
                                         (s->o.reveal ? PL_JOBF_REVEAL : 0u) |
                                         (s->o.marks ? PL_JOBF_MARKS : 0u) };
    t->feed = pl_feed_stream(fd);
    t->arg = &part;
    t->done = on_done;
    pl_vec_push(&u.slices, &part);
    pl_pool_submit(s->pool, t);
    int ret = pl_pool_run(s->pool, err);
    if (s->degraded)
        pl_record_note(u.own, PL_SCOPE_UNIT, false, "sandbox-degraded", PL_S("sandbox"), "%s",
                       s->missing);
    if (ret == 0)
        pl_unit_report(&u, r);
    pl_record_free(part.rec);
    pl_record_free(u.own);
    pl_vec_release(&u.slices);
    pl_arena_release(&u.a);
    return ret;
}
