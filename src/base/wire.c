/* Serialisation of messages. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/wire.h"

void pl_put_u8(struct pl_buf *b, uint8_t v)
{
    pl_buf_putn(b, &v, 1);
}

void pl_put_u32(struct pl_buf *b, uint32_t v)
{
    uint8_t o[4];
    for (unsigned i = 0; i < 4; i++)
        o[i] = (uint8_t)(v >> 8 * i);
    pl_buf_putn(b, o, 4);
}

void pl_put_u64(struct pl_buf *b, uint64_t v)
{
    uint8_t o[8];
    for (unsigned i = 0; i < 8; i++)
        o[i] = (uint8_t)(v >> 8 * i);
    pl_buf_putn(b, o, 8);
}

void pl_put_var(struct pl_buf *b, uint64_t v)
{
    uint8_t o[10];
    size_t n = 0;
    while (v > 127) {
        o[n++] = (uint8_t)(v | 128);
        v >>= 7;
    }
    o[n++] = (uint8_t)v;
    pl_buf_putn(b, o, n);
}

void pl_put_str(struct pl_buf *b, struct pl_str s)
{
    pl_put_var(b, s.n);
    pl_buf_putn(b, s.p, s.n);
}

static bool need(struct pl_rd *r, size_t n)
{
    if (r->bad || (size_t)(r->end - r->p) < n) {
        r->bad = true;
        return false;
    }
    return true;
}

uint8_t pl_get_u8(struct pl_rd *r)
{
    return need(r, 1) ? *r->p++ : 0;
}

uint32_t pl_get_u32(struct pl_rd *r)
{
    uint32_t v = 0;
    if (!need(r, 4))
        return 0;
    for (unsigned i = 0; i < 4; i++)
        v |= (uint32_t)r->p[i] << 8 * i;
    r->p += 4;
    return v;
}

uint64_t pl_get_u64(struct pl_rd *r)
{
    uint64_t lo = pl_get_u32(r), hi = pl_get_u32(r);
    return r->bad ? 0 : lo | hi << 32;
}

uint64_t pl_get_var(struct pl_rd *r)
{
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t c = pl_get_u8(r);
        if (shift == 63 && c > 1)
            break; /* more than 64 bits */
        v |= (uint64_t)(c & 127) << shift;
        if (!(c & 128))
            return r->bad ? 0 : v;
    }
    r->bad = true;
    return 0;
}

struct pl_str pl_get_str(struct pl_rd *r)
{
    uint64_t n = pl_get_var(r);
    if (n > SIZE_MAX / 2)
        r->bad = true;
    if (!need(r, (size_t)n))
        return (struct pl_str){ "", 0 };
    struct pl_str s = pl_str_n(r->p, (size_t)n);
    r->p += n;
    return s;
}

void pl_get_raw(struct pl_rd *r, void *out, size_t n)
{
    if (need(r, n)) {
        memcpy(out, r->p, n);
        r->p += n;
    } else {
        memset(out, 0, n);
    }
}
