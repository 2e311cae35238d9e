/* Digit runs, letter runs, dotted numbers: the parts that all schemes are made of. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ver/ver_int.h"

size_t pl_v_digits(struct pl_str s, size_t i)
{
    while (i < s.n && pl_v_digit((unsigned char)s.p[i]))
        i++;
    return i;
}

size_t pl_v_alphas(struct pl_str s, size_t i)
{
    while (i < s.n && pl_v_alpha((unsigned char)s.p[i]))
        i++;
    return i;
}

struct pl_str pl_v_take_digits(struct pl_str s, size_t *i)
{
    size_t from = *i;
    *i = pl_v_digits(s, from);
    return pl_str_sub(s, from, *i - from);
}

struct pl_str pl_v_take_alphas(struct pl_str s, size_t *i)
{
    size_t from = *i;
    *i = pl_v_alphas(s, from);
    return pl_str_sub(s, from, *i - from);
}

static struct pl_str no_zeros(struct pl_str s)
{
    size_t i = 0;
    while (i < s.n && s.p[i] == '0')
        i++;
    return pl_str_sub(s, i, s.n);
}

int pl_v_bytes(struct pl_str a, struct pl_str b)
{
    return pl_v_sign(pl_str_cmp(a, b));
}

int pl_v_num(struct pl_str a, struct pl_str b)
{
    a = no_zeros(a);
    b = no_zeros(b);
    if (a.n != b.n)
        return a.n < b.n ? -1 : 1;
    return pl_v_bytes(a, b);
}

bool pl_v_zero(struct pl_str digits)
{
    return no_zeros(digits).n == 0;
}

bool pl_v_is_num(struct pl_str s)
{
    return s.n && pl_v_digits(s, 0) == s.n;
}

int pl_v_icmp(struct pl_str a, struct pl_str b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    for (size_t i = 0; i < n; i++) {
        int d = pl_v_lower(pl_v_at(a, i)) - pl_v_lower(pl_v_at(b, i));
        if (d)
            return pl_v_sign(d);
    }
    return a.n < b.n ? -1 : a.n > b.n;
}

bool pl_v_dotted(struct pl_str s)
{
    for (size_t i = 0;; i++) {
        size_t end = pl_v_digits(s, i);
        if (end == i)
            return false;
        if (end == s.n)
            return true;
        if (s.p[end] != '.')
            return false;
        i = end;
    }
}

int pl_v_core_cmp(struct pl_str a, struct pl_str b)
{
    size_t i = 0, j = 0;
    while (i < a.n || j < b.n) {
        int d = pl_v_num(pl_v_take_digits(a, &i), pl_v_take_digits(b, &j));
        if (d)
            return d;
        /* one sign between numbers; whatever it is, it counts as a dot */
        i += i < a.n;
        j += j < b.n;
    }
    return 0;
}

static int ident_cmp(struct pl_str a, struct pl_str b, bool fold)
{
    bool x = pl_v_is_num(a), y = pl_v_is_num(b);
    if (x && y)
        return pl_v_num(a, b);
    if (x != y)
        return x ? -1 : 1;
    return fold ? pl_v_icmp(a, b) : pl_v_bytes(a, b);
}

int pl_v_idents_cmp(struct pl_str a, struct pl_str b, bool fold)
{
    struct pl_str x, y;
    for (;;) {
        bool more_a = pl_str_split(&a, '.', &x), more_b = pl_str_split(&b, '.', &y);
        if (!more_a || !more_b)
            return more_a - more_b;
        int d = ident_cmp(x, y, fold);
        if (d)
            return d;
    }
}

static bool blank(int c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

bool pl_v_word(struct pl_str *s, struct pl_str *ret)
{
    size_t i = 0;
    while (i < s->n && (blank(s->p[i]) || s->p[i] == ','))
        i++;
    size_t from = i;
    while (i < s->n && !blank(s->p[i]) && s->p[i] != ',')
        i++;
    *ret = pl_str_sub(*s, from, i - from);
    *s = pl_str_sub(*s, i, s->n);
    return ret->n > 0;
}

bool pl_v_split(struct pl_str *s, struct pl_str sep, struct pl_str *ret_head)
{
    if (!s->p)
        return false;
    size_t at = pl_str_find(*s, sep, 0);
    if (at == SIZE_MAX) {
        *ret_head = *s;
        *s = (struct pl_str){ NULL, 0 };
        return true;
    }
    *ret_head = pl_str_sub(*s, 0, at);
    *s = pl_str_sub(*s, at + sep.n, s->n);
    return true;
}

enum pl_v_op pl_v_take_op(struct pl_str *s)
{
    /* longer signs first */
    static const struct {
        const char *sign;
        enum pl_v_op op;
    } known[] = {
        { "===", PL_OP_SAME }, { "<=", PL_OP_LE },     { ">=", PL_OP_GE },   { "<<", PL_OP_LT },
        { ">>", PL_OP_GT },    { "<>", PL_OP_NE },     { "!=", PL_OP_NE },   { "==", PL_OP_EQ },
        { "~>", PL_OP_PESS },  { "~=", PL_OP_COMPAT }, { "<", PL_OP_LT },    { ">", PL_OP_GT },
        { "=", PL_OP_EQ },     { "~", PL_OP_TILDE },   { "^", PL_OP_CARET },
    };
    *s = pl_str_trim(*s);
    for (size_t i = 0; i < PL_COUNT(known); i++) {
        if (!pl_str_starts(*s, pl_str_c(known[i].sign)))
            continue;
        *s = pl_str_trim(pl_str_sub(*s, strlen(known[i].sign), s->n));
        return known[i].op;
    }
    return PL_OP_NONE;
}

bool pl_v_op_fits(enum pl_v_op op, int cmp)
{
    switch (op) {
    case PL_OP_LT:
        return cmp < 0;
    case PL_OP_LE:
        return cmp <= 0;
    case PL_OP_NE:
        return cmp != 0;
    case PL_OP_GE:
        return cmp >= 0;
    case PL_OP_GT:
        return cmp > 0;
    default:
        return cmp == 0;
    }
}

static int hex(int c)
{
    if (pl_v_digit(c))
        return c - '0';
    c = pl_v_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* a '%' that begins no escape stands for itself */
struct pl_str pl_v_unescape(struct pl_arena *a, struct pl_str s)
{
    char *p = pl_alloc_n(a, s.n + 1, 1);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        int hi = s.p[i] == '%' ? hex(pl_v_at(s, i + 1)) : -1;
        int lo = hi >= 0 ? hex(pl_v_at(s, i + 2)) : -1;
        if (lo >= 0)
            i += 2;
        p[n++] = lo >= 0 ? (char)(hi << 4 | lo) : s.p[i];
    }
    return (struct pl_str){ p, n };
}
