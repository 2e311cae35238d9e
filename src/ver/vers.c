/* vers: constraints are sorted by version; neighbours make intervals, '=' and '!=' stand alone. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ver/vers.h"

#include <stdlib.h>

#include "ver/ver_int.h"

struct constraint {
    enum pl_v_op op;
    struct pl_str version;
};

static int order(const void *x, const void *y, void *arg)
{
    const struct constraint *a = x, *b = y;
    const struct pl_scheme *s = arg;
    return pl_ver_cmp(s, a->version, b->version);
}

static int read_all(struct pl_arena *a, struct pl_str s, struct constraint **ret, size_t *ret_n,
                    struct pl_err *err)
{
    struct pl_str part;
    size_t n = 1;
    for (size_t i = 0; i < s.n; i++)
        n += s.p[i] == '|';
    if (n > PL_VERS_MAX)
        return pl_fail(err, PL_E_LIMIT, "vers: %zu constraints", n);
    *ret = pl_alloc_n(a, n, sizeof **ret);
    for (*ret_n = 0; pl_str_split(&s, '|', &part);) {
        enum pl_v_op op = pl_v_take_op(&part);
        if (!part.n)
            continue;
        if (op > PL_OP_GT)
            return pl_fail(err, PL_E_FORMAT, "vers: unknown comparison before '%.*s'",
                           PL_FMT(part));
        (*ret)[(*ret_n)++] =
            (struct constraint){ op == PL_OP_NONE ? PL_OP_EQ : op, pl_v_unescape(a, part) };
    }
    return *ret_n ? 0 : pl_fail(err, PL_E_FORMAT, "vers: no constraint");
}

/* Constraints in order, without '=' and '!=': between two that look at each other lies the range.
 */
static bool within(const struct pl_scheme *s, const struct constraint *c, size_t n, struct pl_str v)
{
    bool open = true; /* everything so far is above a lower bound, or there was none */
    for (size_t i = 0; i < n; i++) {
        bool upper = c[i].op == PL_OP_LT || c[i].op == PL_OP_LE;
        bool fits = pl_v_op_fits(c[i].op, pl_ver_bound(s, v, c[i].version));
        if (upper) {
            if (open && fits)
                return true;
            open = false;
        } else {
            open = fits;
        }
    }
    return n && open && c[n - 1].op >= PL_OP_GE;
}

static bool holds(const struct pl_scheme *s, struct constraint *c, size_t n, struct pl_str v)
{
    size_t kept = 0;
    bool only_not = true;
    for (size_t i = 0; i < n; i++) {
        int d = c[i].op == PL_OP_EQ || c[i].op == PL_OP_NE ? pl_ver_cmp(s, v, c[i].version) : 1;
        if (d == 0)
            return c[i].op == PL_OP_EQ;
        only_not &= c[i].op == PL_OP_NE;
        if (c[i].op != PL_OP_EQ && c[i].op != PL_OP_NE)
            c[kept++] = c[i];
    }
    return only_not || within(s, c, kept, v);
}

int pl_vers_in(struct pl_arena *a, struct pl_str range, struct pl_str v,
               const struct pl_scheme **ret_scheme, bool *ret, struct pl_err *err)
{
    struct pl_str s = pl_str_trim(range), type;
    struct constraint *c = NULL;
    size_t n = 0;
    if (!pl_str_starts(s, PL_S("vers:")))
        return pl_fail(err, PL_E_FORMAT, "vers: no 'vers:' in front");
    s = pl_str_sub(s, 5, s.n);
    pl_str_split(&s, '/', &type);
    const struct pl_scheme *scheme = pl_scheme_of_purl(type);
    if (!scheme && !pl_str_is(type, "all") && !pl_str_is(type, "none"))
        return pl_fail(err, PL_E_UNSUP, "vers: unknown type '%.*s'", PL_FMT(type));
    if (!s.p)
        return pl_fail(err, PL_E_FORMAT, "vers: no constraint");
    if (ret_scheme)
        *ret_scheme = scheme;
    if (!scheme || pl_str_is(s, "*")) {
        *ret = !pl_str_is(type, "none");
        return 0;
    }
    int r = read_all(a, s, &c, &n, err);
    if (r < 0)
        return r;
    qsort_r(c, n, sizeof *c, order, (void *)(uintptr_t)scheme);
    *ret = holds(scheme, c, n, v);
    return 0;
}
