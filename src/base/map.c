/* Open addressing with linear probing; never more than two thirds full. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/map.h"

#include <stdlib.h>
#include <sys/random.h>

#include "base/err.h"

/* Drawn once per process: nobody who chooses names can choose them to collide. */
static uint64_t salt(void)
{
    static uint64_t drawn; /* drawn once */
    if (!drawn && getrandom(&drawn, sizeof drawn, 0) != sizeof drawn)
        drawn = 0x9e3779b97f4a7c15u;
    return drawn | 1;
}

static uint64_t mix(uint64_t a, uint64_t b)
{
    a = (a ^ a >> 32) * b;
    return a ^ a >> 29;
}

static uint64_t hash_of(struct pl_str s)
{
    uint64_t h = salt() ^ s.n, part;
    size_t i = 0;
    for (; s.n - i >= 8; i += 8) {
        memcpy(&part, s.p + i, 8);
        h = mix(h ^ part, 0xa0761d6478bd642fu);
    }
    part = 0;
    if (s.n > i)
        memcpy(&part, s.p + i, s.n - i);
    return mix(h ^ part, 0xe7037ed1a0b428dbu);
}

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
    uint64_t hash = hash_of(key);
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
    return m->cap ? find(m, hash_of(key), key)->value : NULL;
}

void pl_map_release(struct pl_map *m)
{
    free(m->slot);
    m->slot = NULL;
    m->n = m->cap = 0;
}
