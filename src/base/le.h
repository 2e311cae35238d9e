/* Numbers in little-endian order, as most formats of archives have them. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_BASE_LE_H
#define PL_BASE_LE_H

#include <stdint.h>

/* The 2, 4 or 8 bytes at `p`, which need no alignment. */
static inline uint32_t pl_le16(const uint8_t *p)
{
    return (uint32_t)(p[0] | p[1] << 8);
}

static inline uint32_t pl_le32(const uint8_t *p)
{
    return pl_le16(p) | pl_le16(p + 2) << 16;
}

static inline uint64_t pl_le64(const uint8_t *p)
{
    return pl_le32(p) | (uint64_t)pl_le32(p + 4) << 32;
}

#endif
