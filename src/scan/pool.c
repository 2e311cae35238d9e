/* Parent: worker processes, their food and their records. guide sections 4 and 9, hazards.md
 * section 4. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/hash.h"

#define THREADS_MAX 64u
#define EXTRA 2u
#define RING_BYTES ((size_t)PL_RING_SLOTS * PL_RING_SLOT)

struct proc {
    pid_t pid; /* 0 = not running */
    int to, from;
    uint8_t *ring;
    bool used[PL_RING_SLOTS];
    struct pl_buf in; /* messages not yet whole */
    struct pl_task *task;
    struct pl_record *rec;
    struct pl_hash *h256, *h512;
    bool ended;       /* END was sent */
    bool unreachable; /* a command could not be sent */
    bool asked;       /* a READ waits for its answer */
    bool wants_large; /* waits for the large slot */
    uint64_t ask_off;
    uint32_t ask_n;
    struct timespec cpu_seen; /* CPU time of the child when it last said something */
};

struct pl_pool {
    const struct pl_scan_ctx *ctx;
    unsigned threads;
    struct proc *proc; /* threads + 2: a TARINDEX and an UNPACK run beside the others */
    struct pl_task *queue;
    struct proc *large; /* who has the large slot */
    const volatile sig_atomic_t *cancel;
    pl_progress_fn *progress;
    void *progress_arg;
    uint64_t fed;
};

struct pl_pool *pl_pool_new(const struct pl_scan_ctx *ctx, unsigned threads,
                            const volatile sig_atomic_t *cancel)
{
    struct pl_pool *p = calloc(1, sizeof *p);
    if (!p)
        pl_oom();
    p->ctx = ctx;
    p->threads = threads < 1 ? 1 : threads > THREADS_MAX ? THREADS_MAX : threads;
    p->cancel = cancel;
    p->proc = calloc(p->threads + EXTRA, sizeof *p->proc);
    if (!p->proc)
        pl_oom();
    for (unsigned i = 0; i < p->threads + EXTRA; i++)
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

static void proc_close(struct proc *w)
{
    if (w->to >= 0)
        close(w->to);
    if (w->from >= 0)
        close(w->from);
    if (w->ring)
        munmap(w->ring, RING_BYTES);
    w->to = w->from = -1;
    w->ring = NULL;
    w->pid = 0;
    pl_buf_clear(&w->in);
}

/* A ring that the parent can write and the child can only read: the seal keeps a child that has
 * been taken over from changing what the parent has hashed. */
static int ring_new(uint8_t **ret_map)
{
    int fd = memfd_create("plimsoll-ring", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return -1;
    void *map = MAP_FAILED;
    if (ftruncate(fd, (off_t)RING_BYTES) == 0)
        map = mmap(NULL, RING_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED) {
        close(fd);
        return -1;
    }
    madvise(map, RING_BYTES, MADV_DONTFORK);
    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE);
    *ret_map = map;
    return fd;
}

static int proc_start(struct pl_pool *p, struct proc *w, struct pl_err *err)
{
    int down[2] = { -1, -1 }, up[2] = { -1, -1 };
    int ring = ring_new(&w->ring);
    if (ring < 0 || pipe2(down, O_CLOEXEC) < 0 || pipe2(up, O_CLOEXEC) < 0) {
        int e = errno;
        for (int i = 0; i < 2; i++) {
            if (down[i] >= 0)
                close(down[i]);
            if (up[i] >= 0)
                close(up[i]);
        }
        if (ring >= 0)
            close(ring);
        proc_close(w);
        return pl_fail_errno(err, PL_E_IO, e, "cannot start a worker");
    }
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        for (unsigned i = 0; i < p->threads + EXTRA;
             i++) { /* no other worker's pipes stay open here */
            if (p->proc[i].to >= 0)
                close(p->proc[i].to);
            if (p->proc[i].from >= 0)
                close(p->proc[i].from);
        }
        close(down[1]);
        close(up[0]);
        pl_worker_main(p->ctx, down[0], up[1], ring);
    }
    int e = errno;
    close(ring);
    close(down[0]);
    close(up[1]);
    w->to = down[1];
    w->from = up[0];
    if (pid < 0) {
        proc_close(w);
        return pl_fail_errno(err, PL_E_IO, e, "cannot start a worker");
    }
    w->pid = pid;
    memset(w->used, 0, sizeof w->used);
    return 0;
}

static bool send_all(struct proc *w, const void *p, size_t n)
{
    const char *c = p;
    while (n) {
        ssize_t r = write(w->to, c, n);
        if (r < 0 && errno == EINTR)
            continue;
        if (r <= 0)
            return false;
        c += r;
        n -= (size_t)r;
    }
    return true;
}

static bool send_cmd(struct proc *w, uint32_t type, uint32_t a, uint64_t b)
{
    struct pl_cmd cmd = { type, a, b };
    return send_all(w, &cmd, sizeof cmd);
}

static struct timespec cpu_of(const struct proc *w)
{
    struct timespec t = { 0 };
    clockid_t clock;
    if (clock_getcpuclockid(w->pid, &clock) == 0)
        clock_gettime(clock, &t);
    return t;
}

/* Gives the task to the worker. A worker that is gone already shows in the next poll. */
static void proc_give(struct proc *w, struct pl_task *t)
{
    pl_auto_buf struct pl_buf b = { 0 };
    w->task = t;
    w->rec = calloc(1, sizeof *w->rec);
    if (!w->rec)
        pl_oom();
    w->rec->done.complete = true;
    w->rec->facts_asked = (t->params.flags & PL_JOBF_FACTS) != 0;
    w->h256 = pl_hash_new(PL_HASH_SHA256);
    w->h512 = t->want_sha512 ? pl_hash_new(PL_HASH_SHA512) : NULL;
    w->ended = w->asked = w->wants_large = false;
    w->cpu_seen = cpu_of(w);
    pl_put_job(&b, &t->params);
    w->unreachable = !send_cmd(w, PL_CMD_JOB, (uint32_t)b.n, 0) || !send_all(w, b.p, b.n);
}

/* The task of `w` is over; its record goes to whoever wanted it. */
static void finish(struct pl_pool *p, struct proc *w)
{
    struct pl_task *t = w->task;
    struct pl_record *r = w->rec;
    if (p->large == w)
        p->large = NULL;
    uint8_t sum[PL_HASH_MAX];
    pl_hash_end(w->h256, sum);
    memcpy(r->sha256, sum, sizeof r->sha256);
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

/* Waits for a worker that has ended; one that only pretends to is killed after a short grace. */
static void reap(pid_t pid, bool at_once, int *ret_status)
{
    const struct timespec step = { .tv_nsec = 5000000 };
    for (unsigned i = 0; !at_once && i < 40; i++) {
        if (waitpid(pid, ret_status, WNOHANG) == pid)
            return;
        nanosleep(&step, NULL);
    }
    kill(pid, SIGKILL);
    while (waitpid(pid, ret_status, 0) < 0 && errno == EINTR)
        ;
}

/* The worker is gone or misbehaves: its blob is incomplete. */
static void proc_lost(struct pl_pool *p, struct proc *w, const char *why)
{
    int status = 0;
    char text[128];
    reap(w->pid, why != NULL, &status);
    if (why)
        snprintf(text, sizeof text, "%s", why);
    else if (WIFSIGNALED(status))
        snprintf(text, sizeof text, "worker ended by signal %d (%s)", WTERMSIG(status),
                 sigabbrev_np(WTERMSIG(status)) ? sigabbrev_np(WTERMSIG(status)) : "?");
    else
        snprintf(text, sizeof text, "worker ended with status %d", WEXITSTATUS(status));
    proc_close(w);
    if (w->task) {
        pl_record_note(w->rec, PL_SCOPE_LAYER, true, why ? "limit" : "worker-died", PL_S(""), "%s",
                       text);
        w->rec->done.complete = false;
        w->rec->done.has_diff = false;
        finish(p, w);
    }
}

static bool on_entry(struct pl_record *r, struct pl_str payload)
{
    if (r->entries.n + payload.n > PL_MIB(512))
        return false;
    pl_put_var(&r->entries, payload.n);
    pl_buf_putn(&r->entries, payload.p, payload.n);
    r->n_entries++;
    return true;
}

static bool on_hash(struct pl_record *r, struct pl_rd *rd)
{
    struct pl_entry_hash h = { .ordinal = pl_get_u32(rd) };
    pl_get_raw(rd, h.sum, sizeof h.sum);
    pl_vec_push(&r->hashes, h);
    return !rd->bad;
}

/* Facts are small; a layer that has more of them than any real one is told as incomplete. */
#define FACT_BYTES PL_MIB(24)

static bool on_fact(struct pl_record *r, struct pl_rd *rd, struct pl_str payload)
{
    struct pl_fact f;
    if (r->fact_bytes > FACT_BYTES)
        return true;
    r->fact_bytes += payload.n;
    if (!pl_get_fact(rd, &r->a, &f))
        return false;
    pl_vec_push(&r->facts, f);
    if (r->fact_bytes > FACT_BYTES)
        pl_record_note(r, PL_SCOPE_LAYER, true, "limit", PL_S(""),
                       "more than 24 MiB of scripts and configuration");
    return true;
}

static bool on_large(struct pl_pool *p, struct proc *w, struct pl_rd *rd)
{
    bool wants = pl_get_u8(rd) != 0;
    if (rd->bad || wants == (p->large == w || w->wants_large))
        return false;
    w->wants_large = wants;
    if (!wants)
        p->large = NULL;
    return true;
}

/* Lets one worker at a time hold what must be held whole. */
static bool grant_large(struct pl_pool *p, struct proc *w)
{
    if (!w->task || !w->wants_large || p->large)
        return false;
    p->large = w;
    w->wants_large = false;
    w->unreachable |= !send_cmd(w, PL_CMD_LARGE, 0, 0);
    return true;
}

/* One message of a worker. 1: the task is done; 0: go on; -1: nonsense. */
static int on_message(struct pl_pool *p, struct proc *w, uint8_t type, struct pl_str payload)
{
    struct pl_rd rd = { (const uint8_t *)payload.p, (const uint8_t *)payload.p + payload.n, false };
    struct pl_record *r = w->rec;
    struct pl_task *t = w->task;
    struct pl_hit hit;
    struct pl_pkg pkg;
    struct pl_package listed;
    struct pl_claim claim;
    struct pl_note note;
    struct pl_member_msg m;
    uint8_t slot;
    if (!t)
        return -1;
    switch (type) {
    case PL_MSG_CREDIT:
        slot = pl_get_u8(&rd);
        if (rd.bad || slot >= PL_RING_SLOTS || !w->used[slot])
            return -1;
        w->used[slot] = false;
        return 0;
    case PL_MSG_READ:
        w->ask_off = pl_get_u64(&rd);
        w->ask_n = pl_get_u32(&rd);
        w->asked = true;
        return rd.bad || !t->serve ? -1 : 0;
    case PL_MSG_MEMBER:
        if (!t->member || !pl_get_member(&rd, &r->a, &m))
            return -1;
        t->member(t, &m);
        return 0;
    case PL_MSG_ENTRY:
        return on_entry(r, payload) ? 0 : -1;
    case PL_MSG_HIT:
        if (!pl_get_hit(&rd, &r->a, &hit))
            return -1;
        pl_vec_push(&r->hits, hit);
        return 0;
    case PL_MSG_PKG:
        if (!pl_get_pkg(&rd, &r->a, &pkg))
            return -1;
        pl_vec_push(&r->packages, pkg);
        return 0;
    case PL_MSG_LISTED:
        if (!pl_get_package(&rd, &r->a, &listed))
            return -1;
        pl_vec_push(&r->listed, listed);
        return 0;
    case PL_MSG_ABOUT:
        return pl_get_about(&rd, &r->a, &r->about) ? 0 : -1;
    case PL_MSG_OWN:
        if (!pl_get_claim(&rd, &r->a, &claim))
            return -1;
        pl_vec_push(&r->claims, claim);
        return 0;
    case PL_MSG_FACT:
        return on_fact(r, &rd, payload) ? 0 : -1;
    case PL_MSG_NOTE:
        if (!pl_get_note(&rd, &r->a, &note))
            return -1;
        pl_vec_push(&r->notes, note);
        return 0;
    case PL_MSG_DOC:
        r->has_doc = pl_get_doc(&rd, &r->a, &r->doc);
        return r->has_doc ? 0 : -1;
    case PL_MSG_BYTES:
        if (!t->bytes)
            return -1;
        t->bytes(t, payload.p, payload.n);
        return 0;
    case PL_MSG_HASH:
        return on_hash(r, &rd) ? 0 : -1;
    case PL_MSG_GIT:
        return t->git && t->git(t, payload) ? 0 : -1;
    case PL_MSG_LARGE:
        return on_large(p, w, &rd) ? 0 : -1;
    case PL_MSG_DONE: {
        bool complete = r->done.complete;
        if (!pl_get_done(&rd, &r->done))
            return -1;
        r->done.complete &= complete;
        return 1;
    }
    default:
        return -1;
    }
}

/* Takes every whole message out of the input buffer. */
static void take_messages(struct pl_pool *p, struct proc *w)
{
    size_t at = 0;
    int r = 0;
    while (r == 0 && w->in.n - at >= 5) {
        const uint8_t *h = (const uint8_t *)w->in.p + at;
        size_t n = h[0] | (size_t)h[1] << 8 | (size_t)h[2] << 16 | (size_t)h[3] << 24;
        if (n > PL_MSG_MAX) {
            r = -1;
            break;
        }
        if (w->in.n - at < 5 + n)
            break;
        r = on_message(p, w, h[4], pl_str_n(h + 5, n));
        at += 5 + n;
    }
    memmove(w->in.p, w->in.p + at, w->in.n - at);
    w->in.n -= at;
    w->cpu_seen = cpu_of(w);
    if (r < 0)
        proc_lost(p, w, "worker sent nonsense");
    else if (r > 0)
        finish(p, w);
}

static void take_input(struct pl_pool *p, struct proc *w)
{
    w->in.max = (size_t)PL_MSG_MAX * 2;
    void *at = pl_buf_room(&w->in, 64u << 10, NULL);
    if (!at)
        pl_oom();
    ssize_t n = read(w->from, at, 64u << 10);
    if (n < 0 && errno == EINTR)
        return;
    if (n <= 0) {
        proc_lost(p, w, NULL);
        return;
    }
    w->in.n += (size_t)n;
    take_messages(p, w);
}

static int free_slot(const struct proc *w)
{
    for (unsigned i = 0; i < PL_RING_SLOTS; i++)
        if (!w->used[i])
            return (int)i;
    return -1;
}

/* Fills one slot of a worker's ring. True when something was done. */
static bool feed_one(struct pl_pool *p, struct proc *w)
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
        pl_hash_add(w->h256, at, n);
        if (w->h512)
            pl_hash_add(w->h512, at, n);
        w->rec->fed += n;
        p->fed += n;
        w->used[slot] = true;
        w->unreachable |= !send_cmd(w, PL_CMD_DATA, (uint32_t)slot, n);
    }
    if (r < 0)
        pl_record_note(w->rec, PL_SCOPE_LAYER, true, "unreadable", PL_S(""), "%s", err.msg);
    if (r < 0 || (r == 0 && got == 0)) {
        w->ended = true;
        w->rec->fed_all = r == 0;
        w->unreachable |= !send_cmd(w, PL_CMD_END, r < 0, w->rec->fed);
    }
    return true;
}

/* Answers a READ of a TARINDEX. */
static bool serve_one(struct proc *w)
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
        w->unreachable |= !send_cmd(w, PL_CMD_END, r < 0, 0);
    } else {
        w->used[slot] = true;
        w->unreachable |= !send_cmd(w, PL_CMD_DATA, (uint32_t)slot, got);
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
    for (unsigned i = 0; i < p->threads + EXTRA; i++) {
        busy += p->proc[i].task != NULL;
        helpers += p->proc[i].task && is_helper(p->proc[i].task);
    }
    for (unsigned i = 0; i < p->threads + EXTRA && p->queue && busy < p->threads + helpers; i++) {
        struct proc *w = &p->proc[i];
        if (w->task)
            continue;
        if (!w->pid && proc_start(p, w, err) < 0) {
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
    for (unsigned i = 0; i < p->threads + EXTRA; i++) {
        struct proc *w = &p->proc[i];
        if (w->task && w->pid &&
            cpu_of(w).tv_sec - w->cpu_seen.tv_sec > (time_t)p->ctx->limits.cpu_entry)
            proc_lost(p, w, "one entry took too much time; --limit cpu-entry=SECONDS");
    }
}

/* What a worker's feed waits for, when there is room for what it may bring; else -1. */
static int feed_fd(const struct proc *w)
{
    const struct pl_task *t = w->task;
    return t && t->wait_fd && t->feed && !w->ended && free_slot(w) >= 0 ? t->wait_fd(t) : -1;
}

/* One round of waiting for workers and feeds; `block` when there was nothing else to do. */
static void listen_once(struct pl_pool *p, bool block)
{
    struct pollfd fds[2 * (THREADS_MAX + EXTRA)];
    struct proc *who[THREADS_MAX + EXTRA];
    nfds_t n = 0;
    for (unsigned i = 0; i < p->threads + EXTRA; i++) {
        const struct pl_task *t = p->proc[i].task;
        if (t && !(t->full && t->full(t))) {
            who[n] = &p->proc[i];
            fds[n++] = (struct pollfd){ p->proc[i].from, POLLIN, 0 };
        }
    }
    nfds_t all = n;
    for (unsigned i = 0; i < p->threads + EXTRA; i++) {
        int fd = feed_fd(&p->proc[i]);
        if (fd >= 0)
            fds[all++] = (struct pollfd){ fd, POLLIN, 0 };
    }
    int r = poll(fds, all, block ? 1000 : 0);
    if (r == 0 && block)
        watch_cpu(p);
    for (nfds_t i = 0; r > 0 && i < n; i++)
        if (fds[i].revents && who[i]->task)
            take_input(p, who[i]);
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
        for (unsigned i = 0; i < p->threads + EXTRA; i++) {
            struct proc *w = &p->proc[i];
            busy |= w->task != NULL;
            did |= feed_one(p, w) || serve_one(w) || grant_large(p, w);
            if (w->task && w->unreachable)
                proc_lost(p, w, NULL);
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
    for (unsigned i = 0; i < p->threads + EXTRA; i++) {
        struct proc *w = &p->proc[i];
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
        proc_close(w);
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
