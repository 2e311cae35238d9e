/* Object ids as numbers: open addressing, salted. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "source/oidmap.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/err.h"

static uint64_t hash_of(const struct pl_oidmap *m, const uint8_t *id)
{
    uint64_t a, b;
    memcpy(&a, id, 8);
    memcpy(&b, id + 12, 8);
    a = (a ^ m->salt) * 0x9e3779b97f4a7c15u;
    a = (a ^ (a >> 29) ^ b) * 0xbf58476d1ce4e5b9u;
    return a ^ (a >> 32);
}

/* The slot of `id`, or the free one where it would stand. */
static uint32_t *place(const struct pl_oidmap *m, const uint8_t *id)
{
    uint32_t i = (uint32_t)hash_of(m, id) & (m->n_slots - 1);
    while (m->slot[i] && memcmp(pl_oidmap_id(m, m->slot[i] - 1), id, PL_OID) != 0)
        i = (i + 1) & (m->n_slots - 1);
    return &m->slot[i];
}

static void grow(struct pl_oidmap *m)
{
    if (!m->n_slots && getrandom(&m->salt, sizeof m->salt, GRND_NONBLOCK) < 0)
        m->salt = (uintptr_t)m;
    uint32_t slots = m->n_slots ? m->n_slots * 2 : 1024;
    if (slots > 1u << 30)
        pl_oom();
    free(m->slot);
    m->slot = calloc(slots, sizeof *m->slot);
    m->n_slots = slots;
    m->cap = slots / 4 * 3;
    uint8_t *ids = realloc(m->ids, (size_t)m->cap * PL_OID);
    if (!m->slot || !ids)
        pl_oom();
    m->ids = ids;
    for (uint32_t i = 0; i < m->n; i++)
        *place(m, pl_oidmap_id(m, i)) = i + 1;
}

uint32_t pl_oidmap_put(struct pl_oidmap *m, const uint8_t *id, bool *ret_new)
{
    if (m->n == m->cap)
        grow(m);
    uint32_t *at = place(m, id);
    bool fresh = *at == 0;
    if (fresh) {
        memcpy(m->ids + (size_t)m->n * PL_OID, id, PL_OID);
        *at = ++m->n;
    }
    if (ret_new)
        *ret_new = fresh;
    return *at - 1;
}

uint32_t pl_oidmap_find(const struct pl_oidmap *m, const uint8_t *id)
{
    return m->n ? *place(m, id) - 1 : PL_OID_NONE;
}

void pl_oidmap_release(struct pl_oidmap *m)
{
    free(m->ids);
    free(m->slot);
    *m = (struct pl_oidmap){ 0 };
}
