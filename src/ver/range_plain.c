/* Plain ranges: comparisons joined by commas or blanks, alternatives by "||". */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ver/ver_int.h"

/* one alternative: every comparison must hold */
static int all_hold(const struct pl_scheme *s, struct pl_str set, struct pl_str v)
{
    struct pl_str word;
    int in = 1;
    bool any = false;
    while (pl_v_word(&set, &word)) {
        if (pl_str_is(word, "&&"))
            continue;
        any = true;
        if (pl_str_is(word, "*"))
            continue;
        enum pl_v_op op = pl_v_take_op(&word);
        if (op > PL_OP_GT && op != PL_OP_SAME)
            return PL_RANGE_BAD;
        /* "< 1.0": the version is the next word */
        if (!word.n && !pl_v_word(&set, &word))
            return PL_RANGE_BAD;
        if (!pl_v_op_fits(op, pl_ver_bound(s, v, word)))
            in = 0;
    }
    return any ? in : PL_RANGE_BAD;
}

int pl_range_plain(const struct pl_scheme *s, struct pl_str range, struct pl_str v)
{
    struct pl_str set;
    int in = 0;
    while (pl_v_split(&range, PL_S("||"), &set)) {
        int r = all_hold(s, set, v);
        if (r < 0)
            return r;
        in |= r;
    }
    return in;
}
