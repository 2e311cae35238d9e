/* Numbers as formats have them: little-endian in most archives, big-endian in git, SQLite and rpm.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_BASE_ENDIAN_H
#define PL_BASE_ENDIAN_H

#include <stdint.h>

/* The 2, 4 or 8 bytes at `at`, which need no alignment. */
static inline uint32_t pl_le16(const void *at)
{
    const uint8_t *p = at;
    return (uint32_t)(p[0] | p[1] << 8);
}

static inline uint32_t pl_le32(const void *at)
{
    const uint8_t *p = at;
    return pl_le16(p) | pl_le16(p + 2) << 16;
}

static inline uint64_t pl_le64(const void *at)
{
    const uint8_t *p = at;
    return pl_le32(p) | (uint64_t)pl_le32(p + 4) << 32;
}

static inline uint32_t pl_be32(const void *at)
{
    const uint8_t *p = at;
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint64_t pl_be64(const void *at)
{
    const uint8_t *p = at;
    return (uint64_t)pl_be32(p) << 32 | pl_be32(p + 4);
}

#endif
