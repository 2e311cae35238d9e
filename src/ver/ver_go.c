/* Go: module versions (semver with or without 'v'), pseudo versions, and the tool chain's own form
 * "go1.21rc2" (go.dev/doc/toolchain). */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ver/ver_int.h"

static struct pl_str bare(struct pl_str v)
{
    return pl_v_at(v, 0) == 'v' ? pl_str_sub(v, 1, v.n) : v;
}

/* "v1" and "v1.2" stand for v1.0.0 and v1.2.0, but only without prerelease and build */
static bool go_valid(struct pl_str v)
{
    v = bare(v);
    struct pl_v_semver s = pl_v_semver_cut(v);
    if (s.core.n == v.n && v.n && pl_v_dotted(v)) {
        struct pl_str part;
        int n = 0;
        for (; pl_str_split(&v, '.', &part); n++)
            if (part.n > 1 && part.p[0] == '0')
                return false;
        return n <= 3;
    }
    return pl_v_semver_valid(v);
}

static bool is_toolchain(struct pl_str v)
{
    return pl_str_starts(v, PL_S("go")) && pl_v_digit(pl_v_at(v, 2));
}

struct toolchain {
    struct pl_str core, kind, number;
    bool patch; /* three numbers */
};

static struct toolchain toolchain_cut(struct pl_str v)
{
    struct toolchain t;
    size_t i = 0;
    v = pl_str_starts(v, PL_S("go")) ? pl_str_sub(v, 2, v.n) : bare(v);
    while (pl_v_digit(pl_v_at(v, i)) || (pl_v_at(v, i) == '.' && pl_v_digit(pl_v_at(v, i + 1))))
        i++;
    t.core = pl_str_sub(v, 0, i);
    i += pl_v_at(v, i) == '-'; /* go1.21-rc.2, as advisories write it */
    t.kind = pl_v_take_alphas(v, &i);
    i += pl_v_at(v, i) == '.';
    t.number = pl_v_take_digits(v, &i);
    size_t dots = 0;
    for (size_t k = 0; k < t.core.n; k++)
        dots += t.core.p[k] == '.';
    t.patch = dots >= 2;
    return t;
}

/* 1.21 (the language) < 1.21rc1 < 1.21.0; before 1.21 the first release is 1.20 itself */
static int toolchain_place(const struct toolchain *t)
{
    if (t->kind.n)
        return 1;
    if (t->patch)
        return 2;
    return pl_v_core_cmp(t->core, PL_S("1.21")) < 0 ? 2 : 0;
}

static int toolchain_cmp(struct pl_str a, struct pl_str b)
{
    struct toolchain x = toolchain_cut(a), y = toolchain_cut(b);
    int d = pl_v_core_cmp(x.core, y.core);
    if (!d)
        d = toolchain_place(&x) - toolchain_place(&y);
    if (!d)
        d = pl_v_bytes(x.kind, y.kind);
    return d ? d : pl_v_num(x.number, y.number);
}

static int go_cmp(struct pl_str a, struct pl_str b)
{
    if (is_toolchain(a) || is_toolchain(b))
        return toolchain_cmp(a, b);
    bool x = go_valid(a), y = go_valid(b);
    if (x != y)
        return x - y;
    return x ? pl_v_semver_cmp(bare(a), bare(b)) : 0;
}

static bool valid(struct pl_str v)
{
    return is_toolchain(v) || go_valid(v);
}

const struct pl_scheme pl_ver_go = { .name = "go", .cmp = go_cmp, .valid = valid };
