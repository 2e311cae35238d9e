/* A question in the making, for the files that make it. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SERVE_JOB_INT_H
#define PL_SERVE_JOB_INT_H

#include <stdatomic.h>

#include "serve/job.h"

/* One image. Fields below `same` are written under the job's lock. */
struct pl_item {
    struct pl_job *job;
    struct pl_str ref, pointer;
    struct pl_item *same; /* an earlier one of the same name, which speaks for it */
    bool done, passes, audit, ruled;
    struct pl_serve_ruling ruling; /* if ruled */
    struct pl_str pinned, why;     /* of the job's arena */
};

/* Counted: the list of open ones, and each piece of work. */
struct pl_job {
    struct pl_jobs *jobs;
    struct pl_job *prev, *next; /* under the lock of `jobs` */
    struct pl_httpd_req *req;   /* NULL: answered, or only warming */
    enum pl_door door;
    void *policy;
    int64_t begin_ns, deadline_ns;
    struct pl_arena a; /* under `lock` once work has begun */
    struct pl_review review;
    struct pl_authz authz;
    struct pl_str user, platform;
    bool dry_run, run;
    atomic_int refs;
    pthread_mutex_t lock;
    bool answered, overload;
    size_t left, n;
    struct pl_item *item;
};

/* Write the answer of a job whose lock is held; what is not done is refused. */
enum pl_outcome pl_job_say_review(struct pl_job *job, struct pl_buf *out);
enum pl_outcome pl_job_say_authz(struct pl_job *job, struct pl_buf *out);
/* What is left for deciding, in milliseconds; never 0. */
uint32_t pl_job_left_ms(const struct pl_job *job);
/* Decides about `ref` in the name of `x`, writes that down; does it pass? */
bool pl_job_decide(struct pl_job *job, struct pl_item *x, struct pl_str ref);
/* Refuses `x`. */
void pl_job_settle(struct pl_job *job, struct pl_item *x, const char *why);
/* Decides about an image that may be one of the daemon's own: by the digests it knows it under, by
 * its name when the daemon has none such. */
void pl_job_local(struct pl_job *job, struct pl_item *x);

#endif
