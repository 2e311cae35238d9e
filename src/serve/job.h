/* One question that is being decided: its images, on several threads, against the clock. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SERVE_JOB_H
#define PL_SERVE_JOB_H

#include <pthread.h>
#include <stdatomic.h>

#include "serve/authz.h"
#include "serve/door.h"
#include "serve/http.h"
#include "serve/metrics.h"
#include "serve/review.h"
#include "serve/work.h"

struct pl_job;

/* All questions at once. */
struct pl_jobs {
    const struct pl_serve_ops *ops;
    const char *docker; /* the daemon's socket, or NULL */
    struct pl_metrics *metrics;
    struct pl_work *pool;
    pthread_t clock;
    pthread_mutex_t lock;
    pthread_cond_t wake, none;
    struct pl_job *first; /* those without an answer */
    size_t n;
    bool closing;
    atomic_uint posted; /* on their way into the log */
};

/* Starts the clock. PL_E_IO. */
int pl_jobs_init(struct pl_jobs *j, const struct pl_serve_ops *ops, struct pl_metrics *metrics,
                 unsigned max_threads, struct pl_err *err);
/* Waits up to `wait_ms` for the open ones, refuses the rest and all that come from now on. */
void pl_jobs_finish(struct pl_jobs *j, unsigned wait_ms);
/* Ends the threads, once nobody asks any more. */
void pl_jobs_release(struct pl_jobs *j);
size_t pl_jobs_open(struct pl_jobs *j);

/* A question with nothing in it. `policy` is a reference that the job takes over; `ms` is the time
 * there is for an answer. */
struct pl_job *pl_job_new(struct pl_jobs *j, struct pl_httpd_req *req, enum pl_door door,
                          void *policy, uint32_t ms);
/* Frees one that nothing has been done with, its request still to be answered. */
void pl_job_discard(struct pl_job *job);
/* Where its text and its images are kept. */
struct pl_arena *pl_job_arena(struct pl_job *job);
/* Decides about `v`, whose text is in the job's arena, and answers. */
void pl_job_review(struct pl_job *job, const struct pl_review *v);
/* The same for a request of the Engine API. */
void pl_job_authz(struct pl_job *job, const struct pl_authz *z);

#endif
