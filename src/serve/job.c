/* Questions: each image is a piece of work of its own; whoever finishes the last one answers, or
 * the clock does. What comes after that is thrown away, but written down. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/job.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "serve/job_int.h"

#define QUEUE_MAX 1024u
#define TICK_NS 10000000L
/* images get so much less time than the answer, so that they can say themselves what took so long
 */
#define MARGIN_MS 150u
#define LEAST_MS 20u

static void unref(struct pl_job *job)
{
    if (atomic_fetch_sub(&job->refs, 1) != 1)
        return;
    for (size_t i = 0; i < job->n; i++)
        if (job->item[i].ruled)
            job->jobs->ops->release(&job->item[i].ruling);
    job->jobs->ops->unref(job->policy);
    pthread_mutex_destroy(&job->lock);
    pl_arena_release(&job->a);
    free(job);
}

static void forget(struct pl_job *job)
{
    struct pl_jobs *j = job->jobs;
    pthread_mutex_lock(&j->lock);
    *(job->prev ? &job->prev->next : &j->first) = job->next;
    if (job->next)
        job->next->prev = job->prev;
    if (--j->n == 0)
        pthread_cond_broadcast(&j->none);
    pthread_mutex_unlock(&j->lock);
    unref(job);
}

/* The job's lock is held, and nobody has answered yet. */
static void answer(struct pl_job *job)
{
    pl_auto_buf struct pl_buf out = { 0 };
    enum pl_outcome outcome;
    job->answered = true;
    if (job->door == PL_DOOR_AUTHZ)
        outcome = pl_job_say_authz(job, &out);
    else
        outcome = pl_job_say_review(job, &out);
    pl_metrics_answer(job->jobs->metrics, job->door, outcome, pl_clock_ns() - job->begin_ns);
    pl_httpd_answer(job->req, 200, "application/json", pl_buf_str(&out));
    job->req = NULL;
}

uint32_t pl_job_left_ms(const struct pl_job *job)
{
    int64_t ms = (job->deadline_ns - pl_clock_ns()) / 1000000;
    return ms <= MARGIN_MS + LEAST_MS ? LEAST_MS : (uint32_t)ms - MARGIN_MS;
}

static struct pl_serve_ask ask_of(const struct pl_job *job, struct pl_str ref)
{
    return (struct pl_serve_ask){ .ref = ref,
                                  .platform = job->platform,
                                  .user = job->user,
                                  .door = pl_door_names[job->door],
                                  .need_digest = job->door == PL_DOOR_VALIDATE,
                                  .dry_run = job->dry_run,
                                  .deadline_ms = pl_job_left_ms(job) };
}

bool pl_job_decide(struct pl_job *job, struct pl_item *x, struct pl_str ref)
{
    const struct pl_serve_ops *ops = job->jobs->ops;
    struct pl_serve_ask ask = ask_of(job, ref);
    struct pl_serve_ruling r = { .why = { .max = 4096 } };
    ops->decide(ops->arg, job->policy, &ask, &r);
    pthread_mutex_lock(&job->lock);
    bool late = job->answered;
    pthread_mutex_unlock(&job->lock);
    ops->record(ops->arg, job->policy, &ask, &r, late);
    pthread_mutex_lock(&job->lock);
    if (x->ruled)
        ops->release(&x->ruling);
    x->ruling = r;
    x->ruled = x->done = true;
    x->passes = r.passes;
    x->audit = r.audit;
    atomic_fetch_add(&job->jobs->metrics->cached, r.cached);
    pthread_mutex_unlock(&job->lock);
    return r.passes;
}

void pl_job_settle(struct pl_job *job, struct pl_item *x, const char *why)
{
    pthread_mutex_lock(&job->lock);
    x->done = true;
    x->passes = false;
    if (!job->answered)
        x->why = pl_dup(&job->a, pl_str_c(why));
    pthread_mutex_unlock(&job->lock);
}

static void resolve(struct pl_job *job, struct pl_item *x)
{
    const struct pl_serve_ops *ops = job->jobs->ops;
    struct pl_arena a = { 0 };
    struct pl_str pinned = { 0 };
    struct pl_err err = { 0 };
    int q = ops->resolve(ops->arg, job->policy, x->ref, pl_job_left_ms(job), &a, &pinned, &err);
    pthread_mutex_lock(&job->lock);
    if (!job->answered) { /* else the arena is being read no more, but is not ours either */
        x->done = true;
        x->passes = q == 0;
        x->pinned = q == 0 ? pl_dup(&job->a, pinned) : PL_S("");
        x->why = q < 0 ? pl_dup(&job->a, pl_str_c(err.msg)) : PL_S("");
    }
    pthread_mutex_unlock(&job->lock);
    pl_arena_release(&a);
}

static void work(void *arg)
{
    struct pl_item *x = arg;
    struct pl_job *job = x->job;
    pthread_mutex_lock(&job->lock);
    bool needed = !job->answered;
    pthread_mutex_unlock(&job->lock);
    atomic_fetch_add(&job->jobs->metrics->images, 1);
    if (needed && job->door == PL_DOOR_MUTATE)
        resolve(job, x);
    else if (needed && job->run)
        pl_job_local(job, x);
    else if (needed)
        (void)pl_job_decide(job, x, x->ref);
    pthread_mutex_lock(&job->lock);
    bool last = --job->left == 0 && !job->answered;
    if (last)
        answer(job);
    pthread_mutex_unlock(&job->lock);
    if (last)
        forget(job);
    unref(job);
}

/* Refuses everything whose time is over; all, when `every`. */
static void expire(struct pl_jobs *j, bool every)
{
    int64_t now = pl_clock_ns();
    for (;;) {
        struct pl_job *job;
        pthread_mutex_lock(&j->lock);
        for (job = j->first; job && !(every || now >= job->deadline_ns); job = job->next)
            continue;
        if (job)
            atomic_fetch_add(&job->refs, 1);
        pthread_mutex_unlock(&j->lock);
        if (!job)
            return;
        pthread_mutex_lock(&job->lock);
        bool ours = !job->answered;
        if (ours) {
            atomic_fetch_add(&j->metrics->late, 1);
            answer(job);
        }
        pthread_mutex_unlock(&job->lock);
        if (ours)
            forget(job);
        unref(job);
        if (!ours)
            return; /* its worker is about to take it from the list */
    }
}

static void *run_clock(void *arg)
{
    struct pl_jobs *j = arg;
    pthread_mutex_lock(&j->lock);
    while (!j->closing) {
        if (!j->first) {
            pthread_cond_wait(&j->wake, &j->lock);
            continue;
        }
        pthread_mutex_unlock(&j->lock);
        struct timespec tick = { 0, TICK_NS };
        nanosleep(&tick, NULL);
        expire(j, /* every= */ false);
        pthread_mutex_lock(&j->lock);
    }
    pthread_mutex_unlock(&j->lock);
    return NULL;
}

int pl_jobs_init(struct pl_jobs *j, const struct pl_serve_ops *ops, struct pl_metrics *metrics,
                 unsigned max_threads, struct pl_err *err)
{
    *j = (struct pl_jobs){ .ops = ops, .metrics = metrics };
    pthread_condattr_t monotonic;
    pthread_mutex_init(&j->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&j->wake, &monotonic);
    pthread_cond_init(&j->none, &monotonic);
    pthread_condattr_destroy(&monotonic);
    j->pool = pl_work_new(max_threads, QUEUE_MAX);
    int r = pthread_create(&j->clock, NULL, run_clock, j);
    return r ? pl_fail_errno(err, PL_E_IO, r, "cannot start a thread") : 0;
}

void pl_jobs_finish(struct pl_jobs *j, unsigned wait_ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += wait_ms / 1000;
    until.tv_nsec += (long)(wait_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&j->lock);
    while (j->n && pthread_cond_timedwait(&j->none, &j->lock, &until) == 0)
        continue;
    j->closing = true;
    pthread_cond_broadcast(&j->wake);
    pthread_mutex_unlock(&j->lock);
    pthread_join(j->clock, NULL);
    while (pl_jobs_open(j))
        expire(j, /* every= */ true);
}

void pl_jobs_release(struct pl_jobs *j)
{
    pl_work_free(j->pool);
    while (atomic_load(&j->posted))
        usleep(1000);
    pthread_cond_destroy(&j->wake);
    pthread_cond_destroy(&j->none);
    pthread_mutex_destroy(&j->lock);
}

size_t pl_jobs_open(struct pl_jobs *j)
{
    pthread_mutex_lock(&j->lock);
    size_t n = j->n;
    pthread_mutex_unlock(&j->lock);
    return n;
}

struct pl_job *pl_job_new(struct pl_jobs *j, struct pl_httpd_req *req, enum pl_door door,
                          void *policy, uint32_t ms)
{
    struct pl_job *job = calloc(1, sizeof *job);
    if (!job)
        pl_oom();
    job->jobs = j;
    job->req = req;
    job->door = door;
    job->policy = policy;
    job->begin_ns = pl_clock_ns();
    job->deadline_ns = job->begin_ns + (int64_t)ms * 1000000;
    atomic_store(&job->refs, 1);
    pthread_mutex_init(&job->lock, NULL);
    return job;
}

void pl_job_discard(struct pl_job *job)
{
    unref(job);
}

struct pl_arena *pl_job_arena(struct pl_job *job)
{
    return &job->a;
}

/* False: nothing is taken up any more. */
static bool list(struct pl_job *job)
{
    struct pl_jobs *j = job->jobs;
    pthread_mutex_lock(&j->lock);
    bool open = !j->closing;
    if (open) {
        job->next = j->first;
        if (j->first)
            j->first->prev = job;
        j->first = job;
        if (j->n++ == 0)
            pthread_cond_signal(&j->wake);
    }
    pthread_mutex_unlock(&j->lock);
    return open;
}

/* ---- what is known already: decided on the thread of the connection ---- */

/* With the job's lock held. */
static void take_over(struct pl_job *job, struct pl_item *x)
{
    x->done = true;
    x->passes = x->ruling.passes;
    x->audit = x->ruling.audit;
    atomic_fetch_add(&job->jobs->metrics->images, 1);
    atomic_fetch_add(&job->jobs->metrics->cached, x->ruling.cached);
}

static void written(void *arg)
{
    struct pl_item *x = arg;
    struct pl_job *job = x->job;
    struct pl_jobs *j = job->jobs;
    pthread_mutex_lock(&job->lock);
    take_over(job, x);
    bool last = --job->left == 0 && !job->answered;
    if (last)
        answer(job);
    pthread_mutex_unlock(&job->lock);
    if (last)
        forget(job);
    unref(job);
    atomic_fetch_sub(&j->posted, 1);
}

/* Decides what can be decided without waiting; whether that is all. */
static bool decide_known(struct pl_job *job)
{
    const struct pl_serve_ops *ops = job->jobs->ops;
    bool all = true;
    for (size_t i = 0; i < job->n; i++) {
        struct pl_item *x = &job->item[i];
        x->job = job;
        x->ruling.why.max = 4096;
        if (x->same)
            continue;
        struct pl_serve_ask ask = ask_of(job, x->ref);
        x->ruled = ops->known && job->door != PL_DOOR_MUTATE && !job->run &&
                   ops->known(ops->arg, job->policy, &ask, &x->ruling);
        all &= x->ruled;
    }
    return all;
}

/* With the lock held, so that the first ones do not answer before the last. */
static void write_known(struct pl_job *job)
{
    const struct pl_serve_ops *ops = job->jobs->ops;
    for (size_t i = 0; i < job->n; i++) {
        struct pl_item *x = &job->item[i];
        if (!x->ruled)
            continue;
        struct pl_serve_ask ask = ask_of(job, x->ref);
        atomic_fetch_add(&job->refs, 1);
        atomic_fetch_add(&job->jobs->posted, 1);
        job->left++;
        if (ops->post(ops->arg, job->policy, &ask, &x->ruling, written, x))
            continue;
        atomic_fetch_sub(&job->jobs->posted, 1);
        atomic_fetch_sub(&job->refs, 1);
        job->left--;
        take_over(job, x);
    }
}

/* ---- the rest, on threads that may wait ---- */

static void send_off(struct pl_job *job)
{
    struct pl_jobs *j = job->jobs;
    for (size_t i = 0; i < job->n; i++) {
        struct pl_item *x = &job->item[i];
        if (x->same || x->ruled) /* answered together with another one */
            continue;
        atomic_fetch_add(&job->refs, 1);
        job->left++;
        if (pl_work_add(j->pool, work, x))
            continue;
        atomic_fetch_sub(&job->refs, 1);
        job->left--;
        job->overload = true;
    }
}

/* Sends every image on its way. */
static void go(struct pl_job *job)
{
    bool all = decide_known(job), open = true;
    pthread_mutex_lock(&job->lock);
    write_known(job);
    bool over = all && job->left == 0;
    bool listed = !over && (open = list(job));
    if (listed)
        send_off(job);
    job->overload |= !open;
    if (job->overload)
        atomic_fetch_add(&job->jobs->metrics->overload, 1);
    over |= job->left == 0 || job->overload;
    if (over)
        answer(job);
    pthread_mutex_unlock(&job->lock);
    if (over && listed)
        forget(job);
    else if (over)
        unref(job);
}

static void same_ones(struct pl_job *job)
{
    for (size_t i = 0; i < job->n; i++)
        for (size_t k = 0; k < i && !job->item[i].same; k++)
            if (!job->item[k].same && pl_str_eq(job->item[i].ref, job->item[k].ref))
                job->item[i].same = &job->item[k];
}

void pl_job_review(struct pl_job *job, const struct pl_review *v)
{
    job->review = *v;
    job->user = v->user;
    job->dry_run = v->dry_run;
    job->n = v->refuse.n ? 0 : v->n_images;
    job->item = pl_alloc_n(&job->a, job->n + 1, sizeof *job->item);
    for (size_t i = 0; i < job->n; i++) {
        job->item[i].ref = v->images[i].ref;
        job->item[i].pointer = v->images[i].pointer;
    }
    same_ones(job);
    go(job);
}

void pl_job_authz(struct pl_job *job, const struct pl_authz *z)
{
    job->authz = *z;
    job->user = z->user;
    job->platform = z->platform;
    job->run = z->kind == PL_AUTHZ_RUN;
    job->n = z->kind == PL_AUTHZ_RUN || z->kind == PL_AUTHZ_PULL ? z->n_images : 0;
    job->item = pl_alloc_n(&job->a, job->n + 1, sizeof *job->item);
    for (size_t i = 0; i < job->n; i++)
        job->item[i].ref = z->images[i];
    same_ones(job);
    go(job);
}
