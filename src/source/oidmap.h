/* Object ids of git as dense numbers: the n-th distinct id that was put gets number n. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SOURCE_OIDMAP_H
#define PL_SOURCE_OIDMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PL_OID 20u
#define PL_OID_NONE UINT32_MAX

/* Zero-initialised it is ready. `ids` holds n times PL_OID bytes. */
struct pl_oidmap {
    uint8_t *ids;
    uint32_t n, cap;
    uint32_t *slot; /* 1 + number, 0 = free */
    uint32_t n_slots;
    uint64_t salt; /* ids in trees are whatever their author wrote */
};

/* The number of `id`; *ret_new (may be NULL): it was not there before. Ends the process when memory
 * is gone. */
uint32_t pl_oidmap_put(struct pl_oidmap *m, const uint8_t *id, bool *ret_new);
/* The number of `id`, or PL_OID_NONE. */
uint32_t pl_oidmap_find(const struct pl_oidmap *m, const uint8_t *id);
/* Id number `i`. */
static inline const uint8_t *pl_oidmap_id(const struct pl_oidmap *m, uint32_t i)
{
    return m->ids + (size_t)i * PL_OID;
}
/* Frees; zero-initialised again. */
void pl_oidmap_release(struct pl_oidmap *m);

#endif
