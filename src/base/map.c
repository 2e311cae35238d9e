/* Open addressing with linear probing; never more than two thirds full. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/map.h"

#include <stdlib.h>

#include "base/err.h"

static struct pl_map_slot *find(const struct pl_map *m, uint64_t hash, struct pl_str key)
{
    size_t i = hash & (m->cap - 1);
    while (m->slot[i].key.p) {
        if (m->slot[i].hash == hash && pl_str_eq(m->slot[i].key, key))
            break;
        i = (i + 1) & (m->cap - 1);
    }
    return &m->slot[i];
}

static void grow(struct pl_map *m)
{
    struct pl_map old = *m;
    m->cap = old.cap ? old.cap * 2 : 64;
    m->slot = calloc(m->cap, sizeof *m->slot);
    if (!m->slot)
        pl_oom();
    for (size_t i = 0; i < old.cap; i++)
        if (old.slot[i].key.p)
            *find(m, old.slot[i].hash, old.slot[i].key) = old.slot[i];
    free(old.slot);
}

void **pl_map_put(struct pl_map *m, struct pl_str key)
{
    if ((m->n + 1) * 3 > m->cap * 2)
        grow(m);
    uint64_t hash = pl_str_hash(key);
    struct pl_map_slot *s = find(m, hash, key);
    if (!s->key.p) {
        s->hash = hash;
        s->key = pl_dup(m->a, key);
        m->n++;
    }
    return &s->value;
}

void *pl_map_get(const struct pl_map *m, struct pl_str key)
{
    return m->cap ? find(m, pl_str_hash(key), key)->value : NULL;
}

void pl_map_release(struct pl_map *m)
{
    free(m->slot);
    m->slot = NULL;
    m->n = m->cap = 0;
}
