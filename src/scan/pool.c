/* Parent: worker processes, their food and their records. guide sections 4 and 9, hazards.md
 * section 4. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/pool_int.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/hash.h"

struct pl_pool *pl_pool_new(const struct pl_scan_ctx *ctx, unsigned threads,
                            const volatile sig_atomic_t *cancel)
{
    struct pl_pool *p = calloc(1, sizeof *p);
    if (!p)
        pl_oom();
    p->ctx = ctx;
    p->threads = threads < 1 ? 1 : threads > PL_POOL_THREADS ? PL_POOL_THREADS : threads;
    p->cancel = cancel;
    p->proc = calloc(p->threads + PL_POOL_EXTRA, sizeof *p->proc);
    if (!p->proc)
        pl_oom();
    for (unsigned i = 0; i < p->threads + PL_POOL_EXTRA; i++)
        p->proc[i].to = p->proc[i].from = -1;
    return p;
}

void pl_pool_progress(struct pl_pool *p, pl_progress_fn *fn, void *arg)
{
    p->progress = fn;
    p->progress_arg = arg;
}

/* Urgent tasks first, then the larger; equal ones in the order they came. */
void pl_pool_submit(struct pl_pool *p, struct pl_task *t)
{
    struct pl_task **at = &p->queue;
    while (*at &&
           ((*at)->urgent > t->urgent || ((*at)->urgent == t->urgent && (*at)->size >= t->size)))
        at = &(*at)->next;
    t->next = *at;
    *at = t;
}

/* Is what is fed a thing with a digest? Frames of many files, and what a repository is asked, are
 * not. */
static bool has_digest(enum pl_job_kind kind)
{
    return kind != PL_JOB_FILES && kind != PL_JOB_GIT && kind != PL_JOB_JUDGE;
}

/* Gives the task to the worker. A worker that is gone already shows in the next poll. */
static void proc_give(struct pl_proc *w, struct pl_task *t)
{
    pl_auto_buf struct pl_buf b = { 0 };
    w->task = t;
    w->rec = calloc(1, sizeof *w->rec);
    if (!w->rec)
        pl_oom();
    w->rec->done.complete = true;
    w->rec->facts_asked = (t->params.flags & PL_JOBF_FACTS) != 0;
    w->h256 = has_digest(t->params.kind) ? pl_hash_new(PL_HASH_SHA256) : NULL;
    w->h512 = t->want_sha512 ? pl_hash_new(PL_HASH_SHA512) : NULL;
    w->ended = w->asked = w->wants_large = false;
    w->cpu_seen = pl_proc_cpu(w);
    pl_put_job(&b, &t->params);
    w->unreachable = !pl_proc_cmd(w, PL_CMD_JOB, (uint32_t)b.n, 0) || !pl_proc_send(w, b.p, b.n);
}

/* The task of `w` is over; its record goes to whoever wanted it. */
void pl_pool_finish(struct pl_pool *p, struct pl_proc *w)
{
    struct pl_task *t = w->task;
    struct pl_record *r = w->rec;
    if (p->large == w)
        p->large = NULL;
    if (w->h256)
        pl_hash_end(w->h256, r->sha256);
    if (w->h512) {
        pl_hash_end(w->h512, r->sha512);
        r->has_sha512 = true;
    }
    pl_hash_free(w->h256);
    pl_hash_free(w->h512);
    w->h256 = w->h512 = NULL;
    w->task = NULL;
    w->rec = NULL;
    if (t->feed)
        t->feed->close(t->feed);
    t->done(t, r);
    free(t);
}

/* The worker is gone or misbehaves: its blob is incomplete. */
void pl_pool_lost(struct pl_pool *p, struct pl_proc *w, const char *why)
{
    int status = 0;
    char text[128];
    pl_proc_reap(w->pid, why != NULL, &status);
    if (why)
        snprintf(text, sizeof text, "%s", why);
    else if (WIFSIGNALED(status))
        snprintf(text, sizeof text, "worker ended by signal %d (%s)", WTERMSIG(status),
                 sigabbrev_np(WTERMSIG(status)) ? sigabbrev_np(WTERMSIG(status)) : "?");
    else
        snprintf(text, sizeof text, "worker ended with status %d", WEXITSTATUS(status));
    pl_proc_close(w);
    if (w->task) {
        pl_record_note(w->rec, PL_SCOPE_LAYER, true, why ? "limit" : "worker-died", PL_S(""), "%s",
                       text);
        w->rec->done.complete = false;
        w->rec->done.has_diff = false;
        pl_pool_finish(p, w);
    }
}

/* Lets one worker at a time hold what must be held whole. */
static bool grant_large(struct pl_pool *p, struct pl_proc *w)
{
    if (!w->task || !w->wants_large || p->large)
        return false;
    p->large = w;
    w->wants_large = false;
    w->unreachable |= !pl_proc_cmd(w, PL_CMD_LARGE, 0, 0);
    return true;
}

static int free_slot(const struct pl_proc *w)
{
    for (unsigned i = 0; i < PL_RING_SLOTS; i++)
        if (!w->used[i])
            return (int)i;
    return -1;
}

/* Fills one slot of a worker's ring. True when something was done. */
static bool feed_one(struct pl_pool *p, struct pl_proc *w)
{
    struct pl_err err = { 0 };
    size_t got = 0;
    int slot = free_slot(w);
    if (!w->task || w->ended || !w->task->feed || slot < 0)
        return false;
    uint8_t *at = w->ring + (size_t)slot * PL_RING_SLOT;
    size_t n = 0;
    int r = 0;
    do { /* whole slots: fewer, larger steps for the worker */
        r = w->task->feed->read(w->task->feed, at + n, PL_RING_SLOT - n, &got, &err);
        if (r == 0)
            n += got;
    } while (r == 0 && got && n < PL_RING_SLOT);
    if (r > 0 && !n)
        return false;
    if (n) {
        if (w->h256)
            pl_hash_add(w->h256, at, n);
        if (w->h512)
            pl_hash_add(w->h512, at, n);
        w->rec->fed += n;
        p->fed += n;
        w->used[slot] = true;
        w->unreachable |= !pl_proc_cmd(w, PL_CMD_DATA, (uint32_t)slot, n);
    }
    if (r < 0)
        pl_record_note(w->rec, PL_SCOPE_LAYER, true, "unreadable", PL_S(""), "%s", err.msg);
    if (r < 0 || (r == 0 && got == 0)) {
        w->ended = true;
        w->rec->fed_all = r == 0;
        w->unreachable |= !pl_proc_cmd(w, PL_CMD_END, r < 0, w->rec->fed);
    }
    return true;
}

/* Answers a READ of a TARINDEX. */
static bool serve_one(struct pl_proc *w)
{
    struct pl_err err = { 0 };
    size_t got = 0;
    int slot = free_slot(w);
    if (!w->task || !w->asked || slot < 0)
        return false;
    uint8_t *at = w->ring + (size_t)slot * PL_RING_SLOT;
    size_t n = w->ask_n < PL_RING_SLOT ? w->ask_n : PL_RING_SLOT;
    int r = w->task->serve(w->task, w->ask_off, at, n, &got, &err);
    if (r > 0)
        return false;
    w->asked = false;
    if (r < 0)
        pl_record_note(w->rec, PL_SCOPE_UNIT, true, "unreadable", PL_S(""), "%s", err.msg);
    if (r < 0 || got == 0) {
        w->unreachable |= !pl_proc_cmd(w, PL_CMD_END, r < 0, 0);
    } else {
        w->used[slot] = true;
        w->unreachable |= !pl_proc_cmd(w, PL_CMD_DATA, (uint32_t)slot, got);
    }
    return true;
}

/* Does a task run beside the others, since they wait for it? */
static bool is_helper(const struct pl_task *t)
{
    return t->params.kind == PL_JOB_TARINDEX || t->params.kind == PL_JOB_UNPACK;
}

/* Hands out queued tasks; the workers beyond `threads` are for what runs beside the helpers. */
static int assign(struct pl_pool *p, struct pl_err *err)
{
    unsigned busy = 0, helpers = 0;
    for (unsigned i = 0; i < p->threads + PL_POOL_EXTRA; i++) {
        busy += p->proc[i].task != NULL;
        helpers += p->proc[i].task && is_helper(p->proc[i].task);
    }
    for (unsigned i = 0; i < p->threads + PL_POOL_EXTRA && p->queue && busy < p->threads + helpers;
         i++) {
        struct pl_proc *w = &p->proc[i];
        if (w->task)
            continue;
        if (!w->pid && pl_proc_start(p, w, err) < 0) {
            if (busy) /* fewer workers will do */
                return 0;
            return err->code;
        }
        struct pl_task *t = p->queue;
        p->queue = t->next;
        proc_give(w, t);
        busy++;
        helpers += is_helper(t);
    }
    return 0;
}

static void watch_cpu(struct pl_pool *p)
{
    for (unsigned i = 0; i < p->threads + PL_POOL_EXTRA; i++) {
        struct pl_proc *w = &p->proc[i];
        if (w->task && w->pid &&
            pl_proc_cpu(w).tv_sec - w->cpu_seen.tv_sec > (time_t)p->ctx->limits.cpu_entry)
            pl_pool_lost(p, w, "one entry took too much time; --limit cpu-entry=SECONDS");
    }
}

/* What a worker's feed waits for, when there is room for what it may bring; else -1. */
static int feed_fd(const struct pl_proc *w)
{
    const struct pl_task *t = w->task;
    return t && t->wait_fd && t->feed && !w->ended && free_slot(w) >= 0 ? t->wait_fd(t) : -1;
}

/* One round of waiting for workers and feeds; `block` when there was nothing else to do. */
static void listen_once(struct pl_pool *p, bool block)
{
    struct pollfd fds[2 * (PL_POOL_THREADS + PL_POOL_EXTRA)];
    struct pl_proc *who[PL_POOL_THREADS + PL_POOL_EXTRA];
    nfds_t n = 0;
    for (unsigned i = 0; i < p->threads + PL_POOL_EXTRA; i++) {
        const struct pl_task *t = p->proc[i].task;
        if (t && !(t->full && t->full(t))) {
            who[n] = &p->proc[i];
            fds[n++] = (struct pollfd){ p->proc[i].from, POLLIN, 0 };
        }
    }
    nfds_t all = n;
    for (unsigned i = 0; i < p->threads + PL_POOL_EXTRA; i++) {
        int fd = feed_fd(&p->proc[i]);
        if (fd >= 0)
            fds[all++] = (struct pollfd){ fd, POLLIN, 0 };
    }
    int r = poll(fds, all, block ? 1000 : 0);
    if (r == 0 && block)
        watch_cpu(p);
    for (nfds_t i = 0; r > 0 && i < n; i++)
        if (fds[i].revents && who[i]->task)
            pl_pool_take(p, who[i]);
}

int pl_pool_run(struct pl_pool *p, struct pl_err *err)
{
    for (;;) {
        bool did = false, busy = false;
        if (p->cancel && *p->cancel)
            return pl_fail(err, PL_E_CANCEL, "interrupted");
        int r = assign(p, err);
        if (r < 0)
            return r;
        for (unsigned i = 0; i < p->threads + PL_POOL_EXTRA; i++) {
            struct pl_proc *w = &p->proc[i];
            busy |= w->task != NULL;
            did |= feed_one(p, w) || serve_one(w) || grant_large(p, w);
            if (w->task && w->unreachable)
                pl_pool_lost(p, w, NULL);
        }
        if (!busy && !p->queue)
            return 0;
        listen_once(p, !did);
        if (p->progress)
            p->progress(p->progress_arg, p->fed);
    }
}

void pl_pool_free(struct pl_pool *p)
{
    if (!p)
        return;
    for (unsigned i = 0; i < p->threads + PL_POOL_EXTRA; i++) {
        struct pl_proc *w = &p->proc[i];
        pid_t pid = w->pid;
        bool busy = w->task != NULL;
        if (w->task) { /* cancelled in the middle */
            if (w->task->feed)
                w->task->feed->close(w->task->feed);
            free(w->task);
            pl_record_free(w->rec);
            pl_hash_free(w->h256);
            pl_hash_free(w->h512);
        }
        pl_proc_close(w);
        if (pid > 0) {
            if (busy)
                kill(pid, SIGKILL);
            while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
                ;
        }
        pl_buf_release(&w->in);
    }
    while (p->queue) {
        struct pl_task *t = p->queue;
        p->queue = t->next;
        if (t->feed)
            t->feed->close(t->feed);
        free(t);
    }
    free(p->proc);
    free(p);
}
