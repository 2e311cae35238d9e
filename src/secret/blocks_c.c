/* Many bytes at a time, in plain C for machines without a file of their own. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "secret/blocks.h"

static bool first_of_four(uint8_t c)
{
    return (c >= 'I' && c <= 'f') || (c >= 'A' && c <= 'D');
}

/* The marks of sixteen bytes, a bit each. */
struct marks {
    unsigned digit, upper, lower, std, url, first, hex, high;
};

static struct marks marks_of(const uint8_t *p)
{
    struct marks m = { 0 };
    for (unsigned k = 0; k < 16; k++) {
        uint8_t c = p[k];
        m.digit |= (unsigned)pl_is_digit(c) << k;
        m.upper |= (unsigned)(c >= 'A' && c <= 'Z') << k;
        m.lower |= (unsigned)(c >= 'a' && c <= 'z') << k;
        m.std |= (unsigned)(c == '+' || c == '/') << k;
        m.url |= (unsigned)(c == '-' || c == '_') << k;
        m.first |= (unsigned)first_of_four(c) << k;
        m.hex |= (unsigned)(pl_is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')) << k;
        m.high |= (unsigned)(c >= '0' && c <= '7') << k;
    }
    return m;
}

/* See blocks_sse2.c for why. */
static bool may_be_text(const uint8_t *p)
{
    struct marks m = marks_of(p);
    if ((m.digit | m.upper | m.lower | m.std | m.url) != 0xffff)
        return false;
    unsigned letter = m.upper | m.lower;
    if ((m.digit & (m.digit - 1)) && (letter & (letter - 1)))
        return true;
    unsigned f = m.upper && m.lower && !(m.std && m.url) ? m.first : 0;
    unsigned h = m.hex == 0xffff ? m.high : 0;
    f &= f >> 8;
    f &= f >> 4;
    h &= h >> 8;
    h &= h >> 4;
    h &= h >> 2;
    return (f & 15) | (h & 3);
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
