/* Many bytes at a time with SSE2, which every x86-64 machine has, and with AVX2 where there is. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <immintrin.h>

#include "secret/blocks.h"

static inline __m128i load(const uint8_t *p)
{
    return _mm_loadu_si128((const __m128i *)(const void *)p);
}

/* 0xff where the byte is one of the `n` from `lo` on. */
static inline __m128i in_range(__m128i v, uint8_t lo, uint8_t n)
{
    __m128i d = _mm_sub_epi8(v, _mm_set1_epi8((char)lo));
    return _mm_cmpeq_epi8(_mm_min_epu8(d, _mm_set1_epi8((char)(n - 1))), d);
}

static inline unsigned bits(__m128i v)
{
    return (unsigned)_mm_movemask_epi8(v);
}

static inline __m128i is(__m128i v, char c)
{
    return _mm_cmpeq_epi8(v, _mm_set1_epi8(c));
}

/* Do the bits k, k + 4, k + 8, k + 12 (of `m`) come together for some k? And every second of `h`?
 */
static inline bool plausible(unsigned m, unsigned h)
{
    m &= m >> 8;
    m &= m >> 4;
    h &= h >> 8;
    h &= h >> 4;
    h &= h >> 2;
    return (m & 15) | (h & 3);
}

/* Base64 of text? The first of four characters has the high bits of a byte, which text leaves few
 * values ('I' to 'f', and 'A' to 'D' for control characters and zeros); letters are of both cases;
 * the two alphabets do not mix, which names and paths do. Hex of text? The first of two digits is
 * '0' to '7'. Or a value that is random? */
static bool may_be_text(const uint8_t *p)
{
    __m128i v = load(p), low = _mm_or_si128(v, _mm_set1_epi8(0x20));
    unsigned digit = bits(in_range(v, '0', 10)), letter = bits(in_range(low, 'a', 26));
    unsigned upper = bits(in_range(v, 'A', 26));
    unsigned std = bits(_mm_or_si128(is(v, '+'), is(v, '/')));
    unsigned url = bits(_mm_or_si128(is(v, '-'), is(v, '_')));
    if ((digit | letter | std | url) != 0xffff)
        return false;
    unsigned first = bits(_mm_or_si128(in_range(v, 'I', 30), in_range(v, 'A', 4)));
    unsigned hex = digit | bits(in_range(low, 'a', 6));
    /* a random value: digits among the letters */
    if ((digit & (digit - 1)) && (letter & (letter - 1)))
        return true;
    return plausible(upper && upper != letter && !(std && url) ? first : 0,
                     hex == 0xffff ? bits(in_range(v, '0', 8)) : 0);
}

static inline bool zeros(const uint8_t *p)
{
    unsigned zero = bits(_mm_cmpeq_epi8(load(p), _mm_setzero_si128()));
    return zero == 0x5555 || zero == 0xaaaa;
}

static inline bool wanted(const uint8_t *p)
{
    return p[0] == 0 || p[1] == 0 ? zeros(p) : may_be_text(p);
}

/* Bits that are all set where sixteen bytes are nearly base64 characters (a few marks of
 * punctuation pass), or zero in every second place: a block is worth a look when 15 of its bits
 * are set. */
static inline unsigned candidates(const uint8_t *p)
{
    __m128i v = load(p), low = _mm_or_si128(v, _mm_set1_epi8(0x20));
    unsigned near = bits(_mm_or_si128(in_range(low, 'a', 31), in_range(v, '+', 15)));
    unsigned zero = bits(_mm_cmpeq_epi8(v, _mm_setzero_si128()));
    return ((near | (zero ^ zero >> 1)) & 0x7fff) == 0x7fff;
}

/* The first 64 bytes from `i` on, at a multiple of 64, that hold a candidate; or where less than 64
 * are left. */
static size_t skip_sse2(const uint8_t *p, size_t n, size_t i)
{
    while (n - i >= 64 && !(candidates(p + i) | candidates(p + i + 16) | candidates(p + i + 32) |
                            candidates(p + i + 48)))
        i += 64;
    return i;
}

#define AVX2 __attribute__((target("avx2")))

AVX2 static inline __m256i in_range32(__m256i v, uint8_t lo, uint8_t n)
{
    __m256i d = _mm256_sub_epi8(v, _mm256_set1_epi8((char)lo));
    return _mm256_cmpeq_epi8(_mm256_min_epu8(d, _mm256_set1_epi8((char)(n - 1))), d);
}

AVX2 static inline unsigned candidates32(const uint8_t *p)
{
    __m256i v = _mm256_loadu_si256((const __m256i *)(const void *)p);
    __m256i low = _mm256_or_si256(v, _mm256_set1_epi8(0x20));
    __m256i ok = _mm256_or_si256(in_range32(low, 'a', 31), in_range32(v, '+', 15));
    unsigned near = (unsigned)_mm256_movemask_epi8(ok);
    unsigned zero = (unsigned)_mm256_movemask_epi8(_mm256_cmpeq_epi8(v, _mm256_setzero_si256()));
    unsigned t = near | (zero ^ zero >> 1);
    return ((t & 0x7fff) == 0x7fff) | ((t >> 16 & 0x7fff) == 0x7fff);
}

AVX2 static size_t skip_avx2(const uint8_t *p, size_t n, size_t i)
{
    while (n - i >= 64 && !(candidates32(p + i) | candidates32(p + i + 32)))
        i += 64;
    return i;
}

size_t pl_next_block(const uint8_t *p, size_t n, size_t i)
{
    bool avx2 = __builtin_cpu_supports("avx2");
    for (size_t end = i; n - i >= 16; i += 16) {
        if (i >= end) {
            i = avx2 ? skip_avx2(p, n, i) : skip_sse2(p, n, i);
            end = i + 64;
            if (n - i < 16)
                break;
        }
        if (wanted(p + i))
            return i;
    }
    return n;
}

uint64_t pl_word_starts(const uint8_t *p)
{
    uint64_t upper = 0, lower = 0, alnum = 0;
    for (unsigned k = 0; k < 4; k++) {
        __m128i v = load(p + 16 * k);
        __m128i u = in_range(v, 'A', 26), l = in_range(v, 'a', 26), d = in_range(v, '0', 10);
        upper |= (uint64_t)bits(u) << 16 * k;
        lower |= (uint64_t)bits(l) << 16 * k;
        alnum |= (uint64_t)bits(_mm_or_si128(_mm_or_si128(u, l), d)) << 16 * k;
    }
    uint64_t before = alnum << 1 | pl_is_alnum(p[-1]);
    uint64_t small = lower << 1 | (p[-1] >= 'a' && p[-1] <= 'z') | lower >> 1;
    return (alnum & ~before) | (upper & small);
}
