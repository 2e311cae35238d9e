/* Base 64, RFC 4648 sections 3 to 5. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"

enum { VALUE_BAD = 255, VALUE_PAD = 254, VALUE_BLANK = 253 };

static unsigned value(unsigned char c, unsigned flags)
{
    bool lenient = flags & PL_BASE64_LENIENT, url = flags & PL_BASE64_URL;
    if (c >= 'A' && c <= 'Z')
        return c - 'A' + 0u;
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26u;
    if (c >= '0' && c <= '9')
        return c - '0' + 52u;
    if (c == '+' || c == '/')
        return lenient || !url ? (c == '+' ? 62u : 63u) : VALUE_BAD;
    if (c == '-' || c == '_')
        return lenient || url ? (c == '-' ? 62u : 63u) : VALUE_BAD;
    if (c == '=')
        return flags & PL_BASE64_NOPAD ? VALUE_BAD : VALUE_PAD;
    if (lenient && (c == ' ' || (c >= '\t' && c <= '\r')))
        return VALUE_BLANK;
    return VALUE_BAD;
}

size_t pl_base64_room(size_t n)
{
    return n / 4 * 3 + 3;
}

static int bad(struct pl_err *err, size_t at)
{
    return pl_fail(err, PL_E_FORMAT, "base64: character %zu does not fit", at);
}

/* The end of the text: `have` characters (`acc`) of a last, incomplete group and the padding that
 * stands at in.p[at..). */
static int finish(struct pl_str in, unsigned flags, size_t at, unsigned have, uint32_t acc,
                  uint8_t *out, size_t *n, struct pl_err *err)
{
    bool lenient = flags & PL_BASE64_LENIENT;
    unsigned pads = 0;
    for (; at < in.n; at++) {
        unsigned v = value((unsigned char)in.p[at], flags);
        if (v == VALUE_PAD)
            pads++;
        else if (v != VALUE_BLANK)
            return bad(err, at);
    }
    unsigned missing = have ? 4 - have : 0;
    bool may_lack = lenient || flags & (PL_BASE64_URL | PL_BASE64_NOPAD);
    if (have == 1 || pads > missing || (pads < missing && (!may_lack || (pads && !lenient))))
        return bad(err, in.n);
    if (have < 2)
        return 0;
    acc <<= 6 * missing;
    if (!lenient && acc & (missing == 1 ? 0xffu : 0xffffu))
        return bad(err, in.n - pads - 1);
    out[(*n)++] = (uint8_t)(acc >> 16);
    if (have == 3)
        out[(*n)++] = (uint8_t)(acc >> 8);
    return 0;
}

int pl_base64_decode(struct pl_str in, unsigned flags, void *out, size_t *ret_n, struct pl_err *err)
{
    uint8_t *o = out;
    size_t n = 0, i;
    uint32_t acc = 0;
    unsigned have = 0;
    for (i = 0; i < in.n; i++) {
        unsigned v = value((unsigned char)in.p[i], flags);
        if (v == VALUE_BLANK)
            continue;
        if (v == VALUE_PAD)
            break;
        if (v == VALUE_BAD)
            return bad(err, i);
        acc = acc << 6 | v;
        if (++have < 4)
            continue;
        o[n++] = (uint8_t)(acc >> 16);
        o[n++] = (uint8_t)(acc >> 8);
        o[n++] = (uint8_t)acc;
        acc = have = 0;
    }
    int r = finish(in, flags, i, have, acc, o, &n, err);
    if (r == 0)
        *ret_n = n;
    return r;
}

void pl_base64_encode(struct pl_buf *b, struct pl_str in, unsigned flags)
{
    static const char std[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    static const char url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const char *digit = flags & PL_BASE64_URL ? url : std;
    for (size_t i = 0; i < in.n; i += 3) {
        size_t left = in.n - i < 3 ? in.n - i : 3;
        uint32_t v = (uint32_t)(uint8_t)in.p[i] << 16;
        if (left > 1)
            v |= (uint32_t)(uint8_t)in.p[i + 1] << 8;
        if (left > 2)
            v |= (uint8_t)in.p[i + 2];
        char o[4] = { digit[v >> 18], digit[v >> 12 & 63], digit[v >> 6 & 63], digit[v & 63] };
        size_t keep = left + 1;
        if (!(flags & PL_BASE64_NOPAD))
            for (; keep < 4; keep++)
                o[keep] = '=';
        pl_buf_putn(b, o, keep);
    }
}
