/* Blocks of LZ4 (block format 1.5.1), Snappy (format description of 2011) and S2,
 * MinLZ (specification 1.0); CRC-32C (RFC 3720
 * B.4); xxHash 0.1.1. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "io/lzblock.h"

#include <string.h>

#include "base/endian.h"

/* What is read and what is written. */
struct lz {
    const uint8_t *p, *end;
    uint8_t *base;
    size_t at, cap; /* of base: next byte, end */
};

static bool literals(struct lz *z, size_t n)
{
    if (n > (size_t)(z->end - z->p) || n > z->cap - z->at)
        return false;
    if (n)
        memcpy(z->base + z->at, z->p, n);
    z->p += n;
    z->at += n;
    return true;
}

static bool copy(struct lz *z, size_t offset, size_t n)
{
    if (offset == 0 || offset > z->at || n > z->cap - z->at)
        return false;
    uint8_t *to = z->base + z->at;
    const uint8_t *from = to - offset;
    z->at += n;
    if (offset >= n) {
        memcpy(to, from, n);
        return true;
    }
    while (n--) /* overlapping: what was just written is read */
        *to++ = *from++;
    return true;
}

/* 15 goes on with bytes up to the first that is not 255. */
static bool lz4_length(struct lz *z, size_t *len)
{
    if (*len != 15)
        return true;
    for (;;) {
        if (z->p == z->end)
            return false;
        uint8_t more = *z->p++;
        *len += more;
        if (more != 255)
            return true;
    }
}

int64_t pl_lz4_block(const uint8_t *in, size_t n, uint8_t *base, size_t have, size_t room)
{
    struct lz z = { .p = in, .end = in + n, .base = base, .at = have, .cap = have + room };
    while (z.p < z.end) {
        uint8_t token = *z.p++;
        size_t len = token >> 4;
        if (!lz4_length(&z, &len) || !literals(&z, len))
            return -1;
        if (z.p == z.end)
            return (int64_t)(z.at - have);
        if (z.end - z.p < 2)
            return -1;
        size_t offset = z.p[0] | (size_t)z.p[1] << 8;
        z.p += 2;
        len = token & 15;
        if (!lz4_length(&z, &len) || !copy(&z, offset, len + 4))
            return -1;
    }
    return -1; /* the last sequence has literals only */
}

/* A number of `n` bytes, the lowest first. */
static bool number(struct lz *z, unsigned n, size_t *ret)
{
    if ((size_t)(z->end - z->p) < n)
        return false;
    *ret = 0;
    for (unsigned i = 0; i < n; i++)
        *ret |= (size_t)z->p[i] << 8 * i;
    z->p += n;
    return true;
}

static bool varint(struct lz *z, uint64_t *ret)
{
    *ret = 0;
    for (unsigned shift = 0; shift < 35 && z->p < z->end; shift += 7) {
        uint8_t b = *z->p++;
        *ret |= (uint64_t)(b & 0x7f) << shift;
        if (!(b & 0x80))
            return true;
    }
    return false;
}

static bool snappy_literals(struct lz *z, uint8_t tag)
{
    size_t len = tag >> 2;
    if (len >= 60 && !number(z, (unsigned)len - 59, &len))
        return false;
    return literals(z, len + 1);
}

/* The length of a copy that repeats the offset before it. */
static bool repeat_length(struct lz *z, size_t code, size_t *ret)
{
    static const size_t base[3] = { 8, 260, 65540 };
    *ret = code + 4;
    if (code < 5)
        return true;
    if (!number(z, (unsigned)code - 4, ret))
        return false;
    *ret += base[code - 5];
    return true;
}

static bool snappy_copy(struct lz *z, uint8_t tag, bool s2, size_t *offset)
{
    size_t len, low;
    if ((tag & 3) != 1) {
        len = (size_t)(tag >> 2) + 1;
        return number(z, (tag & 3) == 2 ? 2 : 4, offset) && copy(z, *offset, len);
    }
    if (!number(z, 1, &low))
        return false;
    size_t to = (size_t)(tag & 0xe0) << 3 | low;
    len = (size_t)(tag >> 2 & 7) + 4;
    if (to == 0 && s2)
        return repeat_length(z, tag >> 2 & 7, &len) && copy(z, *offset, len);
    *offset = to;
    return copy(z, to, len);
}

int64_t pl_snappy_block(const uint8_t *in, size_t n, uint8_t *out, size_t room, bool s2)
{
    struct lz z = { .p = in, .end = in + n, .base = out };
    uint64_t size;
    size_t offset = 0;
    if (!varint(&z, &size) || size > room)
        return -1;
    z.cap = (size_t)size;
    while (z.p < z.end) {
        uint8_t tag = *z.p++;
        bool good = (tag & 3) == 0 ? snappy_literals(&z, tag) : snappy_copy(&z, tag, s2, &offset);
        if (!good)
            return -1;
    }
    return z.at == z.cap ? (int64_t)z.at : -1;
}

/* 64 and a number that follows: what the largest codes of a length stand for. */
static bool minlz_length(struct lz *z, size_t code, size_t *len)
{
    *len = code + 4;
    if (code <= 60)
        return true;
    if (!number(z, (unsigned)code - 60, len))
        return false;
    *len += 64;
    return true;
}

/* Literals, or a copy from where the one before came from. */
static bool minlz_run(struct lz *z, uint8_t tag, size_t offset)
{
    size_t len = tag >> 3;
    if (len < 29) {
        len++;
    } else {
        if (!number(z, (unsigned)len - 28, &len))
            return false;
        len += 30;
    }
    return tag & 4 ? copy(z, offset, len) : literals(z, len);
}

static bool minlz_copy1(struct lz *z, uint8_t tag, size_t *offset)
{
    size_t high, len = tag >> 2 & 15, more = 0;
    if (!number(z, 1, &high) || (len == 15 && !number(z, 1, &more)))
        return false;
    *offset = (high << 2 | tag >> 6) + 1;
    return copy(z, *offset, len < 15 ? len + 4 : more + 18);
}

static bool minlz_copy2(struct lz *z, uint8_t tag, size_t *offset)
{
    size_t len;
    if (!number(z, 2, offset) || !minlz_length(z, tag >> 2, &len))
        return false;
    *offset += 64;
    return copy(z, *offset, len);
}

/* A few literals and a copy in one. */
static bool minlz_fused(struct lz *z, uint8_t tag, size_t *offset)
{
    size_t word, len = 4 + (size_t)(tag >> 5), lits = tag >> 3 & 3;
    if (!(tag & 4)) {
        if (!number(z, 2, offset))
            return false;
        *offset += 64;
        return literals(z, lits + 1) && copy(z, *offset, len);
    }
    if (!number(z, 3, &word))
        return false;
    word = word << 8 | tag;
    if (!minlz_length(z, word >> 5 & 63, &len))
        return false;
    *offset = (word >> 11) + 65536;
    return literals(z, lits) && copy(z, *offset, len);
}

static bool minlz_one(struct lz *z, uint8_t tag, size_t *offset)
{
    switch (tag & 3) {
    case 0:
        return minlz_run(z, tag, *offset);
    case 1:
        return minlz_copy1(z, tag, offset);
    case 2:
        return minlz_copy2(z, tag, offset);
    default:
        return minlz_fused(z, tag, offset);
    }
}

int64_t pl_minlz_block(const uint8_t *in, size_t n, uint8_t *out, size_t room)
{
    struct lz z = { .p = in, .end = in + n, .base = out };
    uint64_t size;
    size_t offset = 1;
    if (!varint(&z, &size) || size > room)
        return -1;
    z.cap = size ? (size_t)size : room;
    if (size == 0) /* not compressed */
        return literals(&z, (size_t)(z.end - z.p)) ? (int64_t)z.at : -1;
    while (z.p < z.end)
        if (!minlz_one(&z, *z.p++, &offset))
            return -1;
    return z.at == z.cap ? (int64_t)z.at : -1;
}

uint32_t pl_crc32c(const uint8_t *p, size_t n)
{
    /* of the 16 values of half a byte, polynomial 0x82f63b78 */
    static const uint32_t half[16] = { 0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1,
                                       0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
                                       0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
                                       0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75 };
    uint32_t c = UINT32_MAX;
    for (size_t i = 0; i < n; i++) {
        c ^= p[i];
        c = c >> 4 ^ half[c & 15];
        c = c >> 4 ^ half[c & 15];
    }
    return ~c;
}

#define P1 2654435761u
#define P2 2246822519u
#define P3 3266489917u
#define P4 668265263u
#define P5 374761393u

static uint32_t rotl(uint32_t x, unsigned by)
{
    return x << by | x >> (32 - by);
}

void pl_xxh32_init(struct pl_xxh32 *x)
{
    *x = (struct pl_xxh32){ .v = { P1 + P2, P2, 0, 0u - P1 } };
}

static void stripe(struct pl_xxh32 *x, const uint8_t *p)
{
    for (unsigned i = 0; i < 4; i++)
        x->v[i] = rotl(x->v[i] + pl_le32(p + 4 * (size_t)i) * P2, 13) * P1;
}

void pl_xxh32_add(struct pl_xxh32 *x, const uint8_t *p, size_t n)
{
    size_t have = x->total % 16;
    x->total += n;
    if (have) {
        size_t take = n < 16 - have ? n : 16 - have;
        memcpy(x->rest + have, p, take);
        p += take;
        n -= take;
        if (have + take < 16)
            return;
        stripe(x, x->rest);
    }
    for (; n >= 16; p += 16, n -= 16)
        stripe(x, p);
    if (n)
        memcpy(x->rest, p, n);
}

uint32_t pl_xxh32_get(const struct pl_xxh32 *x)
{
    uint32_t h = x->v[2] + P5;
    if (x->total >= 16)
        h = rotl(x->v[0], 1) + rotl(x->v[1], 7) + rotl(x->v[2], 12) + rotl(x->v[3], 18);
    h += (uint32_t)x->total;
    size_t n = x->total % 16, i = 0;
    for (; i + 4 <= n; i += 4)
        h = rotl(h + pl_le32(x->rest + i) * P3, 17) * P4;
    for (; i < n; i++)
        h = rotl(h + x->rest[i] * P5, 11) * P1;
    h = (h ^ h >> 15) * P2;
    h = (h ^ h >> 13) * P3;
    return h ^ h >> 16;
}
