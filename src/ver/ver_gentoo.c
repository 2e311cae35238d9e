/* Gentoo: the Package Manager Specification, section "Version Comparison". */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ver/ver_int.h"

/* `suffixes` begins with '_' or is empty */
struct ebuild {
    struct pl_str numbers, letter, suffixes, revision, rest;
};

static struct ebuild cut(struct pl_str v)
{
    struct ebuild e;
    size_t i = 0;
    while (pl_v_digit(pl_v_at(v, i)) ||
           (i && pl_v_at(v, i) == '.' && pl_v_digit(pl_v_at(v, i + 1))))
        i++;
    e.numbers = pl_str_sub(v, 0, i);
    size_t from = i;
    int c = pl_v_at(v, i);
    i += c >= 'a' && c <= 'z';
    e.letter = pl_str_sub(v, from, i - from);
    from = i;
    while (pl_v_at(v, i) == '_') {
        size_t word = i + 1;
        if (!pl_v_take_alphas(v, &word).n)
            break;
        i = pl_v_digits(v, word);
    }
    e.suffixes = pl_str_sub(v, from, i - from);
    e.revision = PL_S("");
    if (pl_v_at(v, i) == '-' && pl_v_at(v, i + 1) == 'r' && pl_v_digit(pl_v_at(v, i + 2))) {
        i += 2;
        e.revision = pl_v_take_digits(v, &i);
    }
    e.rest = pl_str_sub(v, i, v.n);
    return e;
}

static struct pl_str no_end_zeros(struct pl_str s)
{
    while (s.n && s.p[s.n - 1] == '0')
        s.n--;
    return s;
}

static int numbers(struct pl_str a, struct pl_str b)
{
    struct pl_str x, y;
    for (bool first = true;; first = false) {
        bool more_a = pl_str_split(&a, '.', &x), more_b = pl_str_split(&b, '.', &y);
        if (!more_a || !more_b)
            return more_a - more_b;
        bool fraction = !first && ((x.n && x.p[0] == '0') || (y.n && y.p[0] == '0'));
        int d = fraction ? pl_v_bytes(no_end_zeros(x), no_end_zeros(y)) : pl_v_num(x, y);
        if (d)
            return d;
    }
}

static int suffix_rank(struct pl_str s)
{
    static const char *const order[] = { "alpha", "beta", "pre", "rc", "", "p" };
    for (int i = 0; i < (int)PL_COUNT(order); i++)
        if (pl_str_is(s, order[i]))
            return i;
    return 4;
}

static int suffixes(struct pl_str a, struct pl_str b)
{
    size_t i = 0, j = 0;
    while (i < a.n || j < b.n) {
        i += i < a.n; /* the '_' */
        j += j < b.n;
        struct pl_str x = pl_v_take_alphas(a, &i), y = pl_v_take_alphas(b, &j);
        int d = suffix_rank(x) - suffix_rank(y);
        if (!d)
            d = pl_v_num(pl_v_take_digits(a, &i), pl_v_take_digits(b, &j));
        if (d)
            return d;
    }
    return 0;
}

static int gentoo_cmp(struct pl_str a, struct pl_str b)
{
    struct ebuild x = cut(a), y = cut(b);
    int d = numbers(x.numbers, y.numbers);
    if (!d)
        d = pl_v_bytes(x.letter, y.letter);
    if (!d)
        d = suffixes(x.suffixes, y.suffixes);
    if (!d)
        d = pl_v_num(x.revision, y.revision);
    return d ? d : pl_v_bytes(x.rest, y.rest);
}

static bool gentoo_valid(struct pl_str v)
{
    struct ebuild e = cut(v);
    if (!e.numbers.n || e.rest.n)
        return false;
    for (size_t i = 0; i < e.suffixes.n;) {
        i++;
        struct pl_str word = pl_v_take_alphas(e.suffixes, &i);
        if (suffix_rank(word) == 4)
            return false;
        i = pl_v_digits(e.suffixes, i);
    }
    return true;
}

const struct pl_scheme pl_ver_gentoo = { .name = "gentoo",
                                         .cmp = gentoo_cmp,
                                         .valid = gentoo_valid };
