/* The table of limits. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"

#include "base/near.h"

void pl_limits_init(struct pl_limits *l)
{
    *l = (struct pl_limits){
#define X(field, name, value, why) .field = (value),
        PL_LIMITS(X)
#undef X
    };
}

static bool value(struct pl_str s, uint64_t *ret)
{
    unsigned shift = 0;
    if (s.n && s.p[s.n - 1] == 'K')
        shift = 10;
    else if (s.n && s.p[s.n - 1] == 'M')
        shift = 20;
    else if (s.n && s.p[s.n - 1] == 'G')
        shift = 30;
    if (shift)
        s.n--;
    if (!pl_str_u64(s, ret) || *ret > UINT64_MAX >> shift)
        return false;
    *ret <<= shift;
    return true;
}

int pl_limits_set(struct pl_limits *l, const char *spec, struct pl_err *err)
{
    static const char *const names[] = {
#define X(field, name, value, why) name,
        PL_LIMITS(X)
#undef X
    };
    uint64_t *const fields[] = {
#define X(field, name, value, why) &l->field,
        PL_LIMITS(X)
#undef X
    };
    struct pl_str rest = pl_str_c(spec), name;
    pl_str_split(&rest, '=', &name);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!pl_str_is(name, names[i]))
            continue;
        uint64_t v;
        if (!rest.p || !value(rest, &v))
            return pl_fail(err, PL_E_USAGE, "limit '%s' needs a number, as in %s=%s", names[i],
                           names[i], "64M");
        *fields[i] = v;
        return 0;
    }
    const char *near = pl_near(name, names, sizeof names / sizeof *names);
    return pl_fail(err, PL_E_USAGE, "unknown limit '%.*s'%s%s%s", PL_FMT(name),
                   near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}
