/* Semantic Versioning 2.0.0 and those who follow it. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ver/ver_int.h"

struct pl_v_semver pl_v_semver_cut(struct pl_str v)
{
    struct pl_v_semver r = { .pre = { "", 0 }, .build = { "", 0 } };
    size_t i = 0;
    v = pl_str_trim(v);
    while (i < v.n && strchr("vV= \t", v.p[i]) && v.p[i])
        i++;
    size_t from = i;
    while (pl_v_digit(pl_v_at(v, i)) ||
           (pl_v_at(v, i) == '.' && i + 1 < v.n && i > from && pl_v_digit(pl_v_at(v, i + 1))))
        i++;
    r.core = pl_str_sub(v, from, i - from);
    size_t plus = pl_str_find(v, PL_S("+"), i);
    r.has_build = plus != SIZE_MAX;
    if (r.has_build)
        r.build = pl_str_sub(v, plus + 1, v.n);
    r.pre = pl_str_sub(v, i, (r.has_build ? plus : v.n) - i);
    r.has_pre = r.pre.n > 0;
    r.attached = r.has_pre && r.pre.p[0] != '-';
    if (r.has_pre && (!r.attached || r.pre.p[0] == '.'))
        r.pre = pl_str_sub(r.pre, 1, r.pre.n);
    return r;
}

int pl_v_semver_cmp(struct pl_str a, struct pl_str b)
{
    struct pl_v_semver x = pl_v_semver_cut(a), y = pl_v_semver_cut(b);
    int d = (x.core.n > 0) - (y.core.n > 0);
    if (!d)
        d = pl_v_core_cmp(x.core, y.core);
    if (!d)
        d = y.has_pre - x.has_pre;
    return d || !x.has_pre ? d : pl_v_idents_cmp(x.pre, y.pre, /* fold= */ false);
}

static bool idents_valid(struct pl_str s, bool no_leading_zeros)
{
    struct pl_str part;
    while (pl_str_split(&s, '.', &part)) {
        if (!part.n || (no_leading_zeros && part.n > 1 && part.p[0] == '0' && pl_v_is_num(part)))
            return false;
        for (size_t i = 0; i < part.n; i++)
            if (!pl_v_alnum(pl_v_at(part, i)) && part.p[i] != '-')
                return false;
    }
    return true;
}

static bool core_valid(struct pl_str core)
{
    struct pl_str part;
    int n = 0;
    for (; pl_str_split(&core, '.', &part); n++)
        if (!pl_v_is_num(part) || (part.n > 1 && part.p[0] == '0'))
            return false;
    return n == 3;
}

bool pl_v_semver_valid(struct pl_str v)
{
    struct pl_v_semver s = pl_v_semver_cut(v);
    return v.n && pl_v_digit(v.p[0]) && pl_v_digit(v.p[v.n - 1]) + 1 && !s.attached &&
           core_valid(s.core) && (!s.has_pre || idents_valid(s.pre, true)) &&
           (!s.has_build || idents_valid(s.build, false)) &&
           v.n == s.core.n + (s.has_pre ? s.pre.n + 1 : 0) + (s.has_build ? s.build.n + 1 : 0);
}

static bool semver_valid(struct pl_str v)
{
    return pl_v_semver_valid(v);
}

/* Dart's: build metadata has an order too, and none is below some */
static int pub_cmp(struct pl_str a, struct pl_str b)
{
    int d = pl_v_semver_cmp(a, b);
    struct pl_v_semver x = pl_v_semver_cut(a), y = pl_v_semver_cut(b);
    if (!d)
        d = x.has_build - y.has_build;
    return d || !x.has_build ? d : pl_v_idents_cmp(x.build, y.build, /* fold= */ false);
}

const struct pl_scheme pl_ver_semver = { .name = "semver",
                                         .cmp = pl_v_semver_cmp,
                                         .valid = semver_valid };
const struct pl_scheme pl_ver_pub = { .name = "pub", .cmp = pub_cmp, .valid = semver_valid };
