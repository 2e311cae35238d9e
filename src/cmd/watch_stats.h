/* What a watcher counts, in memory that it shares with the process that tells it to Prometheus. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CMD_WATCH_STATS_H
#define PL_CMD_WATCH_STATS_H

#include "cmd/fleet_door.h"

/* What a round does. */
enum pl_watch_step {
    PL_WATCH_DISCOVER,
    PL_WATCH_PODS,
    PL_WATCH_DATABASE,
    PL_WATCH_MATCH,
    PL_WATCH_REREAD,
    PL_WATCH_TELL,
    PL_WATCH_SEND,
    PL_WATCH_COLLECT,
    PL_WATCH_STEPS
};
enum pl_watch_kind {
    PL_WATCH_NEW,
    PL_WATCH_GONE,
    PL_WATCH_REBUILD,
    PL_WATCH_ASIDE,
    PL_WATCH_KINDS
};

/* Zeroed memory. */
struct pl_watch_stats {
    atomic_uint_least64_t rounds, failed;          /* rounds; of these, not to their end */
    atomic_uint_least64_t events[PL_WATCH_KINDS];  /* made, in transactions that were committed */
    atomic_uint_least64_t sent, refused, given_up; /* messages to webhooks */
    atomic_int_least64_t done_at[PL_WATCH_STEPS];  /* seconds since the epoch; 0: never */
    atomic_int_least64_t tick_ms;                  /* when the watcher was last alive */
};

/* New, zeroed, shared with the processes forked from now on; NULL when there is no memory. */
struct pl_watch_stats *pl_watch_stats_new(void);
void pl_watch_stats_free(struct pl_watch_stats *s); /* accepts NULL */
/* Appends all of it as text; `arg`: them. For a door. */
void pl_watch_stats_write(void *arg, const struct pl_fleet_queue *q, struct pl_buf *out);

#endif
