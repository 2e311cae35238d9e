/* How a long-running verb of a fleet answers /healthz, /readyz and /metrics (exposition format
 * 0.0.4). fleet.md section 4. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CMD_FLEET_DOOR_H
#define PL_CMD_FLEET_DOOR_H

#include <stdatomic.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"
#include "cmd/fleet_log.h"
#include "model/store.h"

/* What is known of the store. */
struct pl_fleet_queue {
    uint64_t n[PL_WORK_STATES]; /* but DONE */
    uint64_t out[PL_OUT_STATES];
    bool up, counted, messages; /* messages: `out` was counted, too */
};

/* Filled by who keeps it; zero but for `fd`, which is -1 where nobody asked for it. */
struct pl_fleet_door {
    const char *where; /* the store */
    int fd;
    /* When the verb was last alive (0: it has not begun), in memory that both processes share;
     * after `alive_ms` without it is told to be stuck. */
    atomic_int_least64_t *tick_ms;
    int64_t alive_ms;
    bool messages; /* those of the store are counted, too */
    /* Appends the verb's own numbers; in the other process, and any thread of it. */
    void (*write)(void *arg, const struct pl_fleet_queue *q, struct pl_buf *out);
    void *arg;
    /* its own */
    const struct pl_fleet_log *log;
    pid_t pid;
    int64_t began_ms;
};

/* Listens on "ADDR:PORT" and says so. PL_E_USAGE, PL_E_IO. */
int pl_fleet_door_open(struct pl_fleet_door *d, const char *spec, const struct pl_fleet_log *log,
                       struct pl_err *err);
/* Is there to be a process that answers, and none? */
bool pl_fleet_door_lacks(struct pl_fleet_door *d);
/* Makes it where it lacks, at most once a second; it ends with this process. To be called again and
 * again, while there is no thread beside. */
void pl_fleet_door_keep(struct pl_fleet_door *d);
/* Ends it. */
void pl_fleet_door_end(struct pl_fleet_door *d);

/* Append the head of a metric; one without labels, whole; what is known of the store. */
void pl_fleet_metric_head(struct pl_buf *b, const char *name, const char *type, const char *help);
void pl_fleet_metric(struct pl_buf *b, const char *name, const char *type, const char *help,
                     uint64_t v);
void pl_fleet_queue_write(const struct pl_fleet_queue *q, struct pl_buf *b);

#endif
