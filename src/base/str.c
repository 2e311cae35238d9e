/* Views on bytes. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"

int pl_str_cmp(struct pl_str a, struct pl_str b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int c = n ? memcmp(a.p, b.p, n) : 0;
    if (c)
        return c;
    return (a.n > b.n) - (a.n < b.n);
}

bool pl_str_starts(struct pl_str s, struct pl_str with)
{
    return s.n >= with.n && (with.n == 0 || memcmp(s.p, with.p, with.n) == 0);
}

bool pl_str_ends(struct pl_str s, struct pl_str with)
{
    return s.n >= with.n && (with.n == 0 || memcmp(s.p + s.n - with.n, with.p, with.n) == 0);
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

bool pl_str_ieq(struct pl_str a, struct pl_str b)
{
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++)
        if (lower(a.p[i]) != lower(b.p[i]))
            return false;
    return true;
}

bool pl_str_iends(struct pl_str s, struct pl_str with)
{
    return s.n >= with.n && pl_str_ieq(pl_str_n(s.p + s.n - with.n, with.n), with);
}

struct pl_str pl_str_sub(struct pl_str s, size_t from, size_t n)
{
    if (s.n == 0)
        return s;
    if (from > s.n)
        from = s.n;
    if (n > s.n - from)
        n = s.n - from;
    return (struct pl_str){ s.p + from, n };
}

size_t pl_str_find(struct pl_str s, struct pl_str needle, size_t from)
{
    if (from > s.n)
        return SIZE_MAX;
    if (needle.n == 0)
        return from;
    if (s.n - from < needle.n)
        return SIZE_MAX;
    const char *hit = memmem(s.p + from, s.n - from, needle.p, needle.n);
    return hit ? (size_t)(hit - s.p) : SIZE_MAX;
}

bool pl_str_split(struct pl_str *s, char sep, struct pl_str *ret_head)
{
    if (!s->p)
        return false;
    const char *hit = s->n ? memchr(s->p, sep, s->n) : NULL;
    if (!hit) {
        *ret_head = *s;
        *s = (struct pl_str){ NULL, 0 };
        return true;
    }
    *ret_head = (struct pl_str){ s->p, (size_t)(hit - s->p) };
    *s = (struct pl_str){ hit + 1, s->n - ret_head->n - 1 };
    return true;
}

static bool blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

struct pl_str pl_str_trim(struct pl_str s)
{
    while (s.n && blank(s.p[0])) {
        s.p++;
        s.n--;
    }
    while (s.n && blank(s.p[s.n - 1]))
        s.n--;
    return s;
}

bool pl_str_u64(struct pl_str s, uint64_t *ret)
{
    uint64_t v = 0;
    if (s.n == 0)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        unsigned d = (unsigned char)s.p[i] - (unsigned)'0';
        if (d > 9 || v > (UINT64_MAX - d) / 10)
            return false;
        v = v * 10 + d;
    }
    *ret = v;
    return true;
}

void pl_hex(const uint8_t *in, size_t n, char *out)
{
    static const char digit[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        *out++ = digit[in[i] >> 4];
        *out++ = digit[in[i] & 15];
    }
    *out = 0;
}

static int nibble(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool pl_unhex(struct pl_str in, uint8_t *out, size_t n)
{
    if (in.n != 2 * n)
        return false;
    for (size_t i = 0; i < n; i++) {
        int a = nibble(in.p[2 * i]), b = nibble(in.p[2 * i + 1]);
        if (a < 0 || b < 0)
            return false;
        out[i] = (uint8_t)(a << 4 | b);
    }
    return true;
}

uint64_t pl_str_hash(struct pl_str s)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < s.n; i++)
        h = (h ^ (uint8_t)s.p[i]) * 0x100000001b3u;
    return h ^ h >> 32;
}
