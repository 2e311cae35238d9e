/* What pool.c, pool_proc.c and pool_take.c share. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SCAN_POOL_INT_H
#define PL_SCAN_POOL_INT_H

#include <time.h>

#include "scan/pool.h"

#define PL_POOL_THREADS 64u
#define PL_POOL_EXTRA 2u /* a TARINDEX and an UNPACK run beside the others */

/* A worker process as the parent sees it. */
struct pl_proc {
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
    struct pl_proc *proc; /* threads + PL_POOL_EXTRA */
    struct pl_task *queue;
    struct pl_proc *large; /* who has the large slot */
    const volatile sig_atomic_t *cancel;
    pl_progress_fn *progress;
    void *progress_arg;
    uint64_t fed;
};

/* Starts the child on pipes and a ring of its own; PL_E_IO when the system has none left. */
int pl_proc_start(struct pl_pool *p, struct pl_proc *w, struct pl_err *err);
/* Sends `n` bytes, or a command, down to the child; false when it is gone. */
bool pl_proc_send(struct pl_proc *w, const void *p, size_t n);
bool pl_proc_cmd(struct pl_proc *w, uint32_t type, uint32_t a, uint64_t b);
/* CPU time of the child so far; zero when it cannot be told. */
struct timespec pl_proc_cpu(const struct pl_proc *w);
/* Waits for a child that has ended; one that has not is killed, `at_once` or after 0.2 s. */
void pl_proc_reap(pid_t pid, bool at_once, int *ret_status);
/* Closes pipes and ring; the child is not waited for. */
void pl_proc_close(struct pl_proc *w);

/* Takes what the child has sent into its record, and ends its task at the last message. */
void pl_pool_take(struct pl_pool *p, struct pl_proc *w);
/* The task of `w` is over; its record goes to whoever wanted it. */
void pl_pool_finish(struct pl_pool *p, struct pl_proc *w);
/* The worker is gone (`why` NULL) or misbehaves: its blob is incomplete. */
void pl_pool_lost(struct pl_pool *p, struct pl_proc *w, const char *why);

#endif
