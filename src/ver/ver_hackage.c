/* Haskell: the Package Versioning Policy: dotted numbers, a longer version is above its prefix. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ver/ver_int.h"

static int hackage_cmp(struct pl_str a, struct pl_str b)
{
    size_t i = 0, j = 0;
    while (i < a.n && j < b.n) {
        int d = pl_v_num(pl_v_take_digits(a, &i), pl_v_take_digits(b, &j));
        if (d)
            return d;
        if (i == a.n || j == b.n)
            break;
        if (a.p[i] != b.p[j])
            return (unsigned char)a.p[i] - (unsigned char)b.p[j];
        i++, j++;
    }
    return (i < a.n) - (j < b.n);
}

static bool hackage_valid(struct pl_str v)
{
    return pl_v_dotted(v);
}

const struct pl_scheme pl_ver_hackage = { .name = "hackage",
                                          .cmp = hackage_cmp,
                                          .valid = hackage_valid };
