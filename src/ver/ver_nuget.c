/* NuGet: up to four numbers, prerelease without case, metadata without effect; its ranges. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ver/ver_int.h"

static int nuget_cmp(struct pl_str a, struct pl_str b)
{
    struct pl_v_semver x = pl_v_semver_cut(a), y = pl_v_semver_cut(b);
    int d = pl_v_core_cmp(x.core, y.core);
    if (!d)
        d = y.has_pre - x.has_pre;
    return d || !x.has_pre ? d : pl_v_idents_cmp(x.pre, y.pre, /* fold= */ true);
}

static bool idents(struct pl_str s)
{
    struct pl_str part;
    while (pl_str_split(&s, '.', &part)) {
        if (!part.n)
            return false;
        for (size_t i = 0; i < part.n; i++)
            if (!pl_v_alnum(pl_v_at(part, i)) && part.p[i] != '-')
                return false;
    }
    return true;
}

static bool nuget_valid(struct pl_str v)
{
    struct pl_v_semver s = pl_v_semver_cut(v);
    size_t dots = 0;
    v = pl_str_trim(v);
    for (size_t i = 0; i < s.core.n; i++)
        dots += s.core.p[i] == '.';
    return v.n && pl_v_digit(v.p[0]) && pl_v_dotted(s.core) && dots <= 3 && !s.attached &&
           (!s.has_pre || idents(s.pre)) && (!s.has_build || idents(s.build));
}

/* "[1.0,2.0)" as Maven's, a bare version is a lower bound */
static int nuget_in(struct pl_str range, struct pl_str v, unsigned flags)
{
    (void)flags;
    range = pl_str_trim(range);
    if (!range.n)
        return PL_RANGE_BAD;
    if (range.p[0] != '[' && range.p[0] != '(')
        return nuget_valid(range) ? nuget_cmp(v, range) >= 0
                                  : pl_range_plain(&pl_ver_nuget, range, v);
    bool low_in = range.p[0] == '[', high_in = range.p[range.n - 1] == ']';
    if (range.n < 3 || (!high_in && range.p[range.n - 1] != ')'))
        return PL_RANGE_BAD;
    struct pl_str inner = pl_str_sub(range, 1, range.n - 2), low = { "", 0 };
    bool comma = memchr(inner.p, ',', inner.n) != NULL;
    pl_str_split(&inner, ',', &low);
    struct pl_str high = comma ? pl_str_trim(inner) : pl_str_trim(low);
    low = pl_str_trim(low);
    int above = low.n ? nuget_cmp(v, low) : 1, below = high.n ? nuget_cmp(v, high) : -1;
    return (low_in ? above >= 0 : above > 0) && (high_in ? below <= 0 : below < 0);
}

const struct pl_scheme pl_ver_nuget = {
    .name = "nuget", .cmp = nuget_cmp, .valid = nuget_valid, .in = nuget_in
};
