/* Hash map from bytes to a pointer; keys live in the map's arena. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_BASE_MAP_H
#define PL_BASE_MAP_H

#include "base/arena.h"

struct pl_map_slot {
    uint64_t hash;
    struct pl_str key;
    void *value;
};

/* Zero-initialise, set `a`. Slots are heap memory; keys are copied into `a`. */
struct pl_map {
    struct pl_arena *a;
    struct pl_map_slot *slot;
    size_t n, cap;
};

/* Place of the value of `key`, made (NULL inside) when absent; valid until the next call. */
void **pl_map_put(struct pl_map *m, struct pl_str key);
/* The value of `key`, or NULL. */
void *pl_map_get(const struct pl_map *m, struct pl_str key);
/* Frees the slots; keys go with the arena. */
void pl_map_release(struct pl_map *m);

#endif
