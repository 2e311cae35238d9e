/* plimsoll worker: what its files share. fleet.md sections 3 and 4. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CMD_WORKER_CMD_H
#define PL_CMD_WORKER_CMD_H

#include "cmd/common.h"
#include "cmd/registry_opt.h"
#include "cmd/vuln_opt.h"
#include "model/store.h"

struct pl_worker_cmd {
    struct pl_common common;
    struct pl_registry_cli reg;
    struct pl_vuln_cli vuln;
    const char *store;
    bool once;
    uint32_t lease, delay, rate;
};

/* Opens the store, waiting while it cannot be reached; says so once. PL_E_CANCEL when the run is to
 * end; other codes when waiting would not help, or took too long. */
int pl_worker_open(const char *where, struct pl_store **ret, struct pl_err *err);

/* One slot, in a process of its own: claims work under `name` and does it until the run is to end,
 * or (--once) nothing is left. An exit code. */
int pl_worker_slot(const struct pl_worker_cmd *o, const char *where, const char *name);

#endif
