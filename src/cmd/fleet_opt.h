/* What the verbs over a shared store have in common: the store by its name, keys of work. fleet.md
 * section 4. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CMD_FLEET_OPT_H
#define PL_CMD_FLEET_OPT_H

#include "cmd/command.h"
#include "store/store.h"

/* Opens the store that `given`, the environment or the configuration names. Prints what is wrong
 * and returns an exit code, or 0. */
int pl_fleet_open(const char *verb, const char *given, enum pl_store_mode mode,
                  struct pl_store **ret);
/* Its name alone, in `a`. As above. */
int pl_fleet_named(const char *verb, const char *given, struct pl_arena *a, const char **ret);

/* The key of work: of an image, `what` is the target; of a layer, its digest, and `engine` says by
 * which program and rules it is read. To out[PL_WORK_KEY]. */
void pl_fleet_key(enum pl_work_kind kind, struct pl_str what, struct pl_str engine, uint8_t *out);

struct pl_common;
/* What records of layers depend on beside the layer: program, rules, limits. In `a`. */
struct pl_str pl_fleet_engine(const struct pl_common *c, struct pl_arena *a);

/* Work of `target` (kind IMAGE or DISCOVER) as it is added: key, registry, whose turn it takes.
 * Text in `a`. PL_E_USAGE: other machines could not read that. */
int pl_fleet_work(enum pl_work_kind kind, struct pl_str target, int64_t priority,
                  struct pl_arena *a, struct pl_work_new *ret, struct pl_err *err);
/* A registry ("docker://HOST") or a repository ("docker://HOST/REPO") whose images are to be found:
 * as it is queued, in `a`; ret->repo is empty for a registry. PL_E_USAGE: it is neither. */
struct pl_reference;
int pl_fleet_place(struct pl_str target, struct pl_arena *a, struct pl_str *ret_target,
                   struct pl_reference *ret, struct pl_err *err);

/* Priorities: gate requests, images that run, what was pulled lately, the rest. */
enum pl_fleet_priority {
    PL_FLEET_REST = 0,
    PL_FLEET_PULLED = 10,
    PL_FLEET_RUNNING = 20,
    PL_FLEET_GATE = 30,
};
/* "ready", "leased" …; "image", "layer" …; static. */
const char *pl_fleet_state(enum pl_work_state s);
const char *pl_fleet_kind(enum pl_work_kind k);

#endif
