/* Bytes looked at many at a time: alternatives by machine, blocks_sse2.c and blocks_c.c, chosen by
 * the build. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SECRET_BLOCKS_H
#define PL_SECRET_BLOCKS_H

#include "secret/hit.h"

/* Offset of the next block of 16 bytes, at a multiple of 16 from `i`, that either consists of
 * base64 characters such as encoded text or a random value has, or has a zero in every second place
 * and none in the others; n when there is none. */
size_t pl_next_block(const uint8_t *p, size_t n, size_t i);

/* Bit k is set where a word of an identifier begins at p[k], for k < 63: behind what is no letter
 * or digit, and at a capital behind a small letter or in front of one. Reads p[-1] to p[63]. */
uint64_t pl_word_starts(const uint8_t *p);

/* The same for one place by definition; p[i - 1] and p[i + 1] are looked at where there are any. */
static inline bool pl_word_begins(const uint8_t *p, size_t n, size_t i)
{
    uint8_t c = p[i], b = i ? p[i - 1] : ' ';
    if (!pl_is_alnum(c))
        return false;
    if (!pl_is_alnum(b))
        return true;
    if (c < 'A' || c > 'Z')
        return false;
    return (b >= 'a' && b <= 'z') || (i + 1 < n && p[i + 1] >= 'a' && p[i + 1] <= 'z');
}

#endif
