/* Images that a daemon has: its name for them says nothing, the digest they came under does. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/docker.h"
#include "serve/job_int.h"

void pl_job_local(struct pl_job *job, struct pl_item *x)
{
    struct pl_arena a = { 0 };
    struct pl_str *digest = NULL;
    size_t n = 0;
    struct pl_err err = { 0 };
    bool passes = false;
    if (pl_str_find(x->ref, PL_S("@"), 0) != SIZE_MAX) { /* the daemon takes no other than this */
        (void)pl_job_decide(job, x, x->ref);
        return;
    }
    int r = !job->jobs->docker ? pl_fail(&err, PL_E_UNSUP, "no daemon is known (--docker)")
                               : pl_docker_digests(job->jobs->docker, x->ref, pl_job_left_ms(job),
                                                   &a, &digest, &n, &err);
    if (r == PL_E_NOENT) /* its client pulls, and asks again */
        passes = pl_job_decide(job, x, x->ref);
    else if (r < 0)
        pl_job_settle(job, x, err.msg);
    else if (n == 0)
        pl_job_settle(job, x, "a local image without a digest of a registry");
    for (size_t i = 0; r == 0 && i < n && !passes; i++)
        passes = pl_job_decide(job, x, digest[i]);
    pl_arena_release(&a);
}
