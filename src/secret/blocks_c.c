/* Many bytes at a time, in plain C for machines without a file of their own. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "secret/blocks.h"

static bool in_class(uint8_t c)
{
    return pl_is_alnum(c) || c == '+' || c == '/' || c == '-' || c == '_';
}

static bool first_of_four(uint8_t c)
{
    return (c >= 'I' && c <= 'f') || (c >= 'A' && c <= 'D');
}

/* See blocks_sse2.c: what the first digits of text leave. */
static bool may_be_text(const uint8_t *p)
{
    unsigned m = 0, h = 0;
    for (unsigned k = 0; k < 16; k++) {
        if (!in_class(p[k]))
            return false;
        m |= (unsigned)first_of_four(p[k]) << k;
        h |= (unsigned)(p[k] >= '0' && p[k] <= '7') << k;
    }
    m &= m >> 8;
    m &= m >> 4;
    h &= h >> 8;
    h &= h >> 4;
    h &= h >> 2;
    return (m & 15) | (h & 3);
}

static bool zeros(const uint8_t *p)
{
    unsigned zero = 0;
    for (unsigned k = 0; k < 16; k++)
        zero |= (unsigned)(p[k] == 0) << k;
    return zero == 0x5555 || zero == 0xaaaa;
}

size_t pl_next_block(const uint8_t *p, size_t n, size_t i)
{
    for (; n - i >= 16; i += 16) {
        if (p[i] == 0 || p[i + 1] == 0 ? zeros(p + i) : may_be_text(p + i))
            return i;
    }
    return n;
}

uint64_t pl_word_starts(const uint8_t *p)
{
    uint64_t starts = 0;
    for (unsigned k = 0; k < 63; k++)
        starts |= (uint64_t)pl_word_begins(p - 1, 65, k + 1) << k;
    return starts;
}
