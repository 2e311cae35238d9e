/* Arch Linux: vercmp(8): [epoch:]version[-release]. A release counts only when both have one. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ver/ver_int.h"

struct evr {
    struct pl_str epoch, version, release;
};

static struct evr cut(struct pl_str v)
{
    struct evr e = { .epoch = { "0", 1 }, .release = { "", 0 } };
    size_t colon = pl_v_digits(v, 0);
    if (pl_v_at(v, colon) == ':') {
        e.epoch = pl_str_sub(v, 0, colon);
        v = pl_str_sub(v, colon + 1, v.n);
    }
    const char *dash = v.n ? memrchr(v.p, '-', v.n) : NULL;
    e.version = v;
    if (dash) {
        e.version = pl_str_sub(v, 0, (size_t)(dash - v.p));
        e.release = pl_str_sub(v, (size_t)(dash - v.p) + 1, v.n);
    }
    return e;
}

static size_t separators(struct pl_str s, size_t i)
{
    while (i < s.n && !pl_v_alnum(pl_v_at(s, i)))
        i++;
    return i;
}

/* what is left of one when the other has ended: letters are below the end, all else above */
static int rest(struct pl_str a, size_t i, struct pl_str b, size_t j)
{
    if (i >= a.n && j >= b.n)
        return 0;
    if (i >= a.n)
        return pl_v_alpha(pl_v_at(b, j)) ? 1 : -1;
    return pl_v_alpha(pl_v_at(a, i)) ? -1 : 1;
}

static int piece(struct pl_str a, struct pl_str b)
{
    size_t i = 0, j = 0;
    while (i < a.n && j < b.n) {
        size_t from_a = i, from_b = j;
        i = separators(a, i);
        j = separators(b, j);
        if (i >= a.n || j >= b.n)
            break;
        if (i - from_a != j - from_b)
            return i - from_a < j - from_b ? -1 : 1;
        bool number = pl_v_digit(pl_v_at(a, i));
        if (number != pl_v_digit(pl_v_at(b, j)))
            return number ? 1 : -1;
        int d = number ? pl_v_num(pl_v_take_digits(a, &i), pl_v_take_digits(b, &j))
                       : pl_v_bytes(pl_v_take_alphas(a, &i), pl_v_take_alphas(b, &j));
        if (d)
            return d;
    }
    return rest(a, i, b, j);
}

static int alpm_cmp(struct pl_str a, struct pl_str b)
{
    struct evr x = cut(a), y = cut(b);
    int d = pl_v_num(x.epoch, y.epoch);
    if (!d)
        d = piece(x.version, y.version);
    return d || !x.release.n || !y.release.n ? d : piece(x.release, y.release);
}

static bool alpm_valid(struct pl_str v)
{
    struct evr e = cut(v);
    for (size_t i = 0; i < v.n; i++)
        if (!v.p[i] || strchr("/ \t\r\n", v.p[i]))
            return false;
    return e.version.n > 0;
}

const struct pl_scheme pl_ver_alpm = { .name = "alpm", .cmp = alpm_cmp, .valid = alpm_valid };
