/* R: package_version of "Writing R Extensions": numbers with '.' or '-' between, more is greater.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ver/ver_int.h"

static int cran_cmp(struct pl_str a, struct pl_str b)
{
    size_t i = 0, j = 0;
    while (i < a.n && j < b.n) {
        int d = pl_v_num(pl_v_take_digits(a, &i), pl_v_take_digits(b, &j));
        if (d)
            return d;
        /* whatever stands between numbers counts as one sign */
        i += i < a.n;
        j += j < b.n;
    }
    return (i < a.n) - (j < b.n);
}

static bool cran_valid(struct pl_str v)
{
    bool number = false;
    size_t numbers = 0;
    for (size_t i = 0; i < v.n; i++) {
        bool digit = pl_v_digit(pl_v_at(v, i));
        if (!digit && (!number || (v.p[i] != '.' && v.p[i] != '-')))
            return false;
        numbers += digit && !number;
        number = digit;
    }
    return number && numbers >= 2;
}

const struct pl_scheme pl_ver_cran = { .name = "cran", .cmp = cran_cmp, .valid = cran_valid };
