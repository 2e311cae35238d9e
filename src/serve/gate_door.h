/* The gate as the one that the server asks: policy, evidence, decision log. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SERVE_GATE_DOOR_H
#define PL_SERVE_GATE_DOOR_H

#include "gate/gate.h"
#include "gate/log.h"
#include "serve/door.h"

/* Set by the caller; outlives the server. */
struct pl_gate_door {
    const char *policy;                      /* path */
    const struct pl_registry_opts *registry; /* as for pl_gate_new */
    const struct pl_gate_reader *reader;     /* or NULL */
    struct pl_gate_cache *cache;             /* shared by all policies to come */
    struct pl_gate_log *log;                 /* or NULL */
    bool best_effort;                        /* a log that cannot be written refuses nothing */
};

/* The operations over `door`. */
struct pl_serve_ops pl_gate_door_ops(struct pl_gate_door *door);

#endif
