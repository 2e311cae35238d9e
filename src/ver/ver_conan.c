/* Conan 2: dotted items (numbers or text) without zeros at the end, prerelease, build. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ver/ver_int.h"

struct conan {
    struct pl_str items, pre, build;
    bool has_pre, has_build;
};

static struct conan cut(struct pl_str v)
{
    struct conan c = { .pre = { "", 0 }, .build = { "", 0 } };
    v = pl_str_trim(v);
    const char *plus = v.n ? memrchr(v.p, '+', v.n) : NULL;
    if (plus) {
        c.has_build = true;
        c.build = pl_str_sub(v, (size_t)(plus - v.p) + 1, v.n);
        v = pl_str_sub(v, 0, (size_t)(plus - v.p));
    }
    size_t dash = pl_str_find(v, PL_S("-"), 0);
    c.has_pre = dash != SIZE_MAX;
    if (c.has_pre)
        c.pre = pl_str_sub(v, dash + 1, v.n);
    c.items = pl_str_sub(v, 0, dash);
    return c;
}

/* "1.0.0" is "1" */
static struct pl_str no_end_zeros(struct pl_str s)
{
    size_t n = s.n;
    for (;;) {
        size_t i = n;
        while (i && s.p[i - 1] == '0')
            i--;
        if (i == n || i == 0 || s.p[i - 1] != '.')
            return pl_str_sub(s, 0, i == 0 && n ? 0 : n);
        n = i - 1;
    }
}

static int items(struct pl_str a, struct pl_str b)
{
    struct pl_str x, y;
    a = no_end_zeros(a);
    b = no_end_zeros(b);
    if (!a.n || !b.n)
        return (a.n > 0) - (b.n > 0);
    for (;;) {
        bool more_a = pl_str_split(&a, '.', &x), more_b = pl_str_split(&b, '.', &y);
        if (!more_a || !more_b)
            return more_a - more_b;
        int d = pl_v_is_num(x) && pl_v_is_num(y) ? pl_v_num(x, y) : pl_v_bytes(x, y);
        if (d)
            return d;
    }
}

static int conan_cmp(struct pl_str a, struct pl_str b)
{
    struct conan x = cut(a), y = cut(b);
    int d = items(x.items, y.items);
    if (!d)
        d = y.has_pre - x.has_pre;
    if (!d)
        d = items(x.pre, y.pre);
    if (!d)
        d = x.has_build - y.has_build;
    return d ? d : items(x.build, y.build);
}

static bool conan_valid(struct pl_str v)
{
    for (size_t i = 0; i < v.n; i++)
        if (!pl_v_alnum(pl_v_at(v, i)) && (!v.p[i] || !strchr("._+-", v.p[i])))
            return false;
    return v.n > 0;
}

const struct pl_scheme pl_ver_conan = { .name = "conan", .cmp = conan_cmp, .valid = conan_valid };
