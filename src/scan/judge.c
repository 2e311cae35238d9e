/* Child: facts of an image become findings and advice. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "check/image/judge.h"

#include "scan/worker.h"

#define FACTS_MAX PL_MIB(256)

void pl_job_judge(struct pl_worker *w, struct pl_view *in)
{
    pl_auto_buf struct pl_buf facts = { .max = FACTS_MAX };
    pl_auto_buf struct pl_buf out = { 0 };
    struct pl_err err = { 0 };
    struct pl_img im;
    struct pl_verdict v;
    int r = pl_view_slurp(in, &facts, FACTS_MAX, &err);
    if (r == 0)
        r = pl_img_read(&w->job_arena, pl_buf_str(&facts), &im, &err);
    if (r < 0) {
        pl_worker_note(w, PL_SCOPE_UNIT, true, "limit", PL_S("config"), "%s", err.msg);
        return;
    }
    pl_img_judge(&im, &v);
    pl_verdict_put(&out, &v);
    pl_worker_bytes(w, out.p, out.n);
}
