/* UTF-8 one character at a time (Unicode 15, table 3-7: no surrogates, no overlong forms). */
/* SPDX-License-Identifier: Apache-2.0 */
#include "fmt/utf8.h"

#include "base/cleanup.h"

/* What may follow a lead byte: its second byte, and how many bytes there are in all. */
static size_t lead(uint8_t c, uint8_t *lo, uint8_t *hi)
{
    *lo = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
    *hi = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
    if (c < 0x80)
        return 1;
    if (c < 0xc2 || c > 0xf4)
        return 0;
    return c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

size_t pl_utf8_next(struct pl_str s, uint32_t *ret_cp)
{
    if (s.n == 0)
        return 0;
    const uint8_t *p = (const uint8_t *)s.p;
    uint8_t lo, hi;
    size_t len = lead(p[0], &lo, &hi);
    if (len == 0 || len > s.n)
        return 0;
    if (len == 1) {
        *ret_cp = p[0];
        return 1;
    }
    if (p[1] < lo || p[1] > hi)
        return 0;
    uint32_t cp = p[0] & (0x7fu >> len);
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        cp = cp << 6 | (p[i] & 0x3f);
    }
    *ret_cp = cp;
    return len;
}

void pl_utf8_put(struct pl_buf *out, uint32_t cp)
{
    char c[4];
    size_t n = cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
    for (size_t i = n; i-- > 1; cp >>= 6)
        c[i] = (char)(0x80 | (cp & 0x3f));
    static const uint8_t first[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
    c[0] = (char)(first[n] | cp);
    pl_buf_putn(out, c, n);
}

/* Rising, not touching. */
static const struct {
    uint32_t first, last;
} hidden[] = {
    { 0x00, 0x1f },     { 0x7f, 0x9f },     { 0xad, 0xad },       { 0x34f, 0x34f },
    { 0x61c, 0x61c },   { 0x115f, 0x1160 }, { 0x17b4, 0x17b5 },   { 0x180b, 0x180f },
    { 0x200b, 0x200f }, { 0x2028, 0x202e }, { 0x2060, 0x206f },   { 0x3164, 0x3164 },
    { 0xd800, 0xdfff }, { 0xfdd0, 0xfdef }, { 0xfe00, 0xfe0f },   { 0xfeff, 0xfeff },
    { 0xffa0, 0xffa0 }, { 0xfff0, 0xfffb }, { 0x1d173, 0x1d17a }, { 0xe0000, 0xe0fff },
};

bool pl_utf8_hidden(uint32_t cp)
{
    if ((cp & 0xfffe) == 0xfffe || cp > 0x10ffff)
        return true;
    for (size_t i = 0; i < PL_COUNT(hidden) && hidden[i].first <= cp; i++) {
        if (cp <= hidden[i].last)
            return true;
    }
    return false;
}
