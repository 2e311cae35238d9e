/* OpenSSL: 1.1.1k and before count patches by letters (z is followed by za), 3.0.0 on by numbers.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ver/ver_int.h"

struct openssl {
    struct pl_str core, letters, pre;
    bool has_pre;
};

static struct openssl cut(struct pl_str v)
{
    struct openssl o = { .pre = { "", 0 } };
    size_t i = 0;
    v = pl_str_trim(v);
    while (pl_v_digit(pl_v_at(v, i)) || (i && pl_v_at(v, i) == '.'))
        i++;
    o.core = pl_str_sub(v, 0, i);
    o.letters = pl_v_take_alphas(v, &i);
    i += pl_v_at(v, i) == '-';
    o.pre = pl_str_sub(v, i, v.n);
    /* -fips and distributors' marks are no prereleases */
    o.has_pre = pl_str_starts(o.pre, PL_S("pre")) || pl_str_starts(o.pre, PL_S("beta")) ||
                pl_str_starts(o.pre, PL_S("alpha")) || pl_str_starts(o.pre, PL_S("dev"));
    return o;
}

static int pre_cmp(struct pl_str a, struct pl_str b)
{
    size_t i = 0, j = 0;
    int d = pl_v_bytes(pl_v_take_alphas(a, &i), pl_v_take_alphas(b, &j));
    return d ? d : pl_v_num(pl_v_take_digits(a, &i), pl_v_take_digits(b, &j));
}

static int openssl_cmp(struct pl_str a, struct pl_str b)
{
    struct openssl x = cut(a), y = cut(b);
    int d = pl_v_core_cmp(x.core, y.core);
    if (!d && x.letters.n != y.letters.n)
        d = x.letters.n < y.letters.n ? -1 : 1;
    if (!d)
        d = pl_v_icmp(x.letters, y.letters);
    if (!d)
        d = y.has_pre - x.has_pre;
    return d || !x.has_pre ? d : pre_cmp(x.pre, y.pre);
}

static bool openssl_valid(struct pl_str v)
{
    struct openssl o = cut(v);
    return pl_v_dotted(o.core) && (!o.pre.n || o.has_pre || pl_str_is(o.pre, "fips"));
}

const struct pl_scheme pl_ver_openssl = { .name = "openssl",
                                          .cmp = openssl_cmp,
                                          .valid = openssl_valid };
