/* Counters of the server, and their text for Prometheus (exposition format 0.0.4). */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SERVE_METRICS_H
#define PL_SERVE_METRICS_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/buf.h"

enum pl_door { PL_DOOR_VALIDATE, PL_DOOR_MUTATE, PL_DOOR_AUTHZ, PL_DOORS };
extern const char *const pl_door_names[PL_DOORS];

enum pl_outcome { PL_OUT_ALLOW, PL_OUT_DENY, PL_OUT_AUDIT, PL_OUTCOMES };

#define PL_BUCKETS 12u

struct pl_metrics {
    atomic_uint_least64_t decisions[PL_DOORS][PL_OUTCOMES]; /* whole requests */
    atomic_uint_least64_t bucket[PL_DOORS][PL_BUCKETS];     /* not yet cumulative */
    atomic_uint_least64_t sum_us[PL_DOORS], count[PL_DOORS];
    atomic_uint_least64_t images, cached, late, overload, bad, forbidden;
    atomic_uint_least64_t reloads, reload_failures;
    atomic_int reload_broken;
};

/* One request answered after `ns`. */
void pl_metrics_answer(struct pl_metrics *m, enum pl_door door, enum pl_outcome outcome,
                       int64_t ns);

/* Numbers that are read when asked for. */
struct pl_gauge {
    const char *name, *help;
    bool counter;
    double value;
};

/* Appends everything; `hash` of the policy labels plimsoll_policy_info. */
void pl_metrics_write(struct pl_metrics *m, const struct pl_gauge *gauges, size_t n_gauges,
                      struct pl_str hash, struct pl_buf *out);

/* Bytes of memory this process holds now (resident). */
uint64_t pl_metrics_resident(void);

#endif
