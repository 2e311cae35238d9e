/* What a worker counts, in memory that its processes share, and how that is told to Prometheus
 * (exposition format 0.0.4). */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CMD_WORKER_STATS_H
#define PL_CMD_WORKER_STATS_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/buf.h"
#include "cmd/fleet_door.h"
#include "model/store.h"

#define PL_WORKER_SLOTS 64u   /* at most, of one worker */
#define PL_WORKER_BUCKETS 13u /* of seconds */

/* How a piece of work ended, or began. */
enum pl_worker_event {
    PL_WORKER_CLAIMED,
    PL_WORKER_DONE,
    PL_WORKER_WAITS, /* for layers that others read */
    PL_WORKER_FAILED,
    PL_WORKER_BACK, /* given back: the end of the worker, a registry that wants to be left alone */
    PL_WORKER_LOST, /* its process died */
    PL_WORKER_EVENTS
};

/* Zeroed memory; every process of the worker writes to it at any time. */
struct pl_worker_stats {
    atomic_uint_least64_t events[PL_WORKER_EVENTS][PL_WORK_KINDS];
    atomic_uint_least64_t bucket[PL_WORK_KINDS][PL_WORKER_BUCKETS]; /* not cumulative */
    atomic_uint_least64_t sum_us[PL_WORK_KINDS];
    atomic_uint_least64_t read_bytes, records_taken, records_made, host_holds, slots_lost;
    atomic_int pid[PL_WORKER_SLOTS];  /* 0: none runs there */
    atomic_int busy[PL_WORKER_SLOTS]; /* 1 + kind of what it works on; 0: nothing */
    atomic_int supervisor;            /* its process */
    atomic_int_least64_t tick_ms;     /* when the supervising process was last alive */
};

/* New, zeroed, shared with the processes forked from now on; NULL when there is no memory. */
struct pl_worker_stats *pl_worker_stats_new(void);
void pl_worker_stats_free(struct pl_worker_stats *s); /* accepts NULL */
/* Something happened to work of `kind`. */
void pl_worker_count(struct pl_worker_stats *s, enum pl_worker_event e, enum pl_work_kind kind);
/* A piece of work of `kind` took so long. */
void pl_worker_took(struct pl_worker_stats *s, enum pl_work_kind kind, int64_t ns);
/* Bytes of memory that the worker's processes hold: what each has alone, and once what the largest
 * shares with others. */
uint64_t pl_worker_memory(struct pl_worker_stats *s);
/* Appends all of it as text; `arg`: them. For a door. */
void pl_worker_stats_write(void *arg, const struct pl_fleet_queue *q, struct pl_buf *out);

#endif
