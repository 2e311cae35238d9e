/* plimsoll worker: what its files share. fleet.md sections 3 and 4. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CMD_WORKER_CMD_H
#define PL_CMD_WORKER_CMD_H

#include "cmd/common.h"
#include "cmd/fleet_log.h"
#include "cmd/registry_opt.h"
#include "cmd/vuln_opt.h"
#include "cmd/worker_stats.h"
#include "model/store.h"

struct pl_worker_cmd {
    struct pl_common common;
    struct pl_registry_cli reg;
    struct pl_vuln_cli vuln;
    const char *store, *listen, *log_format;
    bool once;
    uint32_t lease, delay, rate, queue_max;
};

struct pl_registry_opts;
struct pl_work;
struct pl_discovered {
    bool again; /* there is more, for later */
    bool store; /* what failed was the store, not the registry */
    bool held;  /* all is found, and the work was still this worker's: it is done */
};
/* Finds what a registry or a repository has and queues it, as long as fewer than `most` images and
 * layers are ready; `name` is the worker's. Nothing of it is lost when it fails in between. The
 * codes of registry.h and of the store. */
int pl_worker_discover(struct pl_store *s, const struct pl_registry_opts *ro,
                       const struct pl_work *w, struct pl_str name, int64_t most,
                       struct pl_discovered *ret, struct pl_err *err);

/* Opens the store, waiting while it cannot be reached; says so once. PL_E_CANCEL when the run is to
 * end; other codes when waiting would not help, or took too long. */
int pl_worker_open(const char *where, const struct pl_fleet_log *log, struct pl_store **ret,
                   struct pl_err *err);

/* Waits after the `failures`th failure of a store in a row, longer each time; until the run is to
 * end. */
void pl_worker_rest(unsigned failures);

/* What a slot is given. */
struct pl_worker_slot {
    const char *where, *name; /* the store; its own name in leases */
    struct pl_fleet_log log;
    struct pl_worker_stats *stats;
    size_t index; /* in the arrays of `stats` */
};

/* One slot, in a process of its own: claims work and does it until the run is to end, or (--once)
 * nothing is left. An exit code. */
int pl_worker_slot(const struct pl_worker_cmd *o, const struct pl_worker_slot *given);

#endif
