/* Versions, ranges and package URLs: orders are antisymmetric, what is printed reads back alike. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "ver/purl.h"
#include "ver/scheme.h"
#include "ver/vers.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void purl(struct pl_str s)
{
    struct pl_arena a = { 0 };
    struct pl_purl one, two;
    struct pl_err err = { 0 };
    bool in;
    if (pl_purl_parse(&a, s, &one, &err) == 0) {
        struct pl_str text = pl_purl_print(&a, &one);
        if (text.n <= PL_PURL_MAX &&
            (pl_purl_parse(&a, text, &two, &err) < 0 || !pl_str_eq(pl_purl_print(&a, &two), text)))
            abort();
    }
    pl_vers_in(&a, s, PL_S("1.0.0"), NULL, &in, &err);
    pl_arena_release(&a);
}

/* two versions, cut at the first tab */
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct pl_str b = pl_str_n(p, n), a;
    pl_str_split(&b, '\t', &a);
    purl(a);
    if (!b.p)
        return -1;
    for (size_t i = 0; pl_schemes[i]; i++) {
        const struct pl_scheme *s = pl_schemes[i];
        if (pl_ver_cmp(s, a, b) != -pl_ver_cmp(s, b, a) || pl_ver_cmp(s, a, a) != 0)
            abort();
        s->valid(a);
        pl_ver_bound(s, a, b);
        pl_ver_in(s, a, b, 0);
        pl_ver_in(s, a, b, PL_RANGE_PRE);
    }
    return 0;
}
