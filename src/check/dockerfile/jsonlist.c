/* A JSON array of strings inside an instruction, with the place of each; RFC 8259 as Go reads it.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "check/dockerfile/df_int.h"
#include "fmt/utf8.h"

#define JSON_DEPTH 64

struct json {
    struct pl_arena *a;
    struct pl_str s;
    size_t i;
    struct pl_df_args out;
    bool other; /* an element that is no string */
    struct pl_buf buf;
};

static void blanks(struct json *j)
{
    while (j->i < j->s.n && strchr(" \t\r\n", j->s.p[j->i]) && j->s.p[j->i])
        j->i++;
}

static bool take(struct json *j, char c)
{
    blanks(j);
    if (j->i >= j->s.n || j->s.p[j->i] != c)
        return false;
    j->i++;
    return true;
}

static bool hex4(struct json *j, uint32_t *ret)
{
    uint8_t b[2];
    if (j->i + 4 > j->s.n || !pl_unhex(pl_str_sub(j->s, j->i, 4), b, 2))
        return false;
    *ret = (uint32_t)b[0] << 8 | b[1];
    j->i += 4;
    return true;
}

static bool escape(struct json *j)
{
    static const char letters[] = "\"\\/bfnrt", bytes[] = "\"\\/\b\f\n\r\t";
    if (j->i >= j->s.n)
        return false;
    char c = j->s.p[j->i++];
    const char *at = c ? strchr(letters, c) : NULL;
    uint32_t hi, lo;
    if (at) {
        pl_buf_putc(&j->buf, bytes[at - letters]);
        return true;
    }
    if (c != 'u' || !hex4(j, &hi))
        return false;
    if (hi >= 0xd800 && hi < 0xdc00 && j->i + 6 <= j->s.n && j->s.p[j->i] == '\\' &&
        j->s.p[j->i + 1] == 'u') {
        size_t back = j->i;
        j->i += 2;
        if (!hex4(j, &lo))
            return false;
        if (lo >= 0xdc00 && lo < 0xe000)
            hi = 0x10000 + ((hi - 0xd800) << 10) + (lo - 0xdc00);
        else
            j->i = back;
    }
    pl_utf8_put(&j->buf, hi >= 0xd800 && hi < 0xe000 ? 0xfffd : hi);
    return true;
}

/* Behind the opening quote. */
static bool string(struct json *j)
{
    pl_buf_clear(&j->buf);
    while (j->i < j->s.n) {
        unsigned char c = (unsigned char)j->s.p[j->i++];
        if (c == '"')
            return true;
        if (c < 0x20)
            return false;
        if (c == '\\') {
            if (!escape(j))
                return false;
        } else {
            pl_buf_putc(&j->buf, (char)c);
        }
    }
    return false;
}

static bool digits(struct json *j)
{
    size_t from = j->i;
    while (j->i < j->s.n && (unsigned)(j->s.p[j->i] - '0') < 10)
        j->i++;
    return j->i > from;
}

static bool number(struct json *j)
{
    if (j->i < j->s.n && j->s.p[j->i] == '-')
        j->i++;
    if (j->i < j->s.n && j->s.p[j->i] == '0')
        j->i++;
    else if (!digits(j))
        return false;
    if (j->i < j->s.n && j->s.p[j->i] == '.') {
        j->i++;
        if (!digits(j))
            return false;
    }
    if (j->i < j->s.n && (j->s.p[j->i] | 0x20) == 'e') {
        j->i++;
        if (j->i < j->s.n && (j->s.p[j->i] == '+' || j->s.p[j->i] == '-'))
            j->i++;
        return digits(j);
    }
    return true;
}

static bool value(struct json *j, unsigned depth);

static bool members(struct json *j, char close, unsigned depth)
{
    if (take(j, close))
        return true;
    do {
        if (close == '}' && (!take(j, '"') || !string(j) || !take(j, ':')))
            return false;
        if (!value(j, depth + 1))
            return false;
    } while (take(j, ','));
    return take(j, close);
}

static bool word(struct json *j, struct pl_str w)
{
    if (!pl_str_starts(pl_str_sub(j->s, j->i, SIZE_MAX), w))
        return false;
    j->i += w.n;
    return true;
}

static bool value(struct json *j, unsigned depth)
{
    blanks(j);
    size_t at = j->i;
    if (depth > JSON_DEPTH || at >= j->s.n)
        return false;
    if (depth == 1 && j->s.p[at] != '"')
        j->other = true;
    if (take(j, '"')) {
        if (!string(j))
            return false;
        if (depth == 1)
            pl_vec_push(&j->out.v, ((struct pl_df_arg){ pl_dup(j->a, pl_buf_str(&j->buf)),
                                                        (uint32_t)at, (uint32_t)j->i }));
        return true;
    }
    if (take(j, '['))
        return members(j, ']', depth);
    if (take(j, '{'))
        return members(j, '}', depth);
    return word(j, PL_S("true")) || word(j, PL_S("false")) || word(j, PL_S("null")) || number(j);
}

int pl_df_json(struct pl_arena *a, struct pl_str s, struct pl_df_arg **ret, size_t *ret_n)
{
    struct json j = { .a = a, .s = s };
    bool ok = take(&j, '[') && members(&j, ']', 0);
    blanks(&j);
    ok = ok && j.i == s.n;
    *ret_n = j.out.v.n;
    *ret = pl_alloc_n(a, j.out.v.n + 1, sizeof **ret);
    if (j.out.v.n)
        memcpy(*ret, j.out.v.p, j.out.v.n * sizeof **ret);
    pl_vec_release(&j.out.v);
    pl_buf_release(&j.buf);
    return !ok ? 0 : j.other ? -1 : 1;
}
