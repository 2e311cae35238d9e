/* OSV ranges (ossf.github.io/osv-schema, "Evaluation"). */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ver/osv.h"

#include "ver/ver_int.h"

static bool from_start(const struct pl_osv_event *e)
{
    return e->kind == PL_OSV_INTRODUCED && pl_str_is(e->version, "0");
}

/* has `e` come to pass at `v`? */
static bool passed(const struct pl_scheme *s, const struct pl_osv_event *e, struct pl_str v)
{
    if (from_start(e))
        return true;
    if (e->kind == PL_OSV_LIMIT && pl_str_is(e->version, "*"))
        return false;
    int d = pl_ver_bound(s, v, e->version);
    return e->kind == PL_OSV_LAST_AFFECTED ? d > 0 : d >= 0;
}

/* does `b` come at or after `a`? "last affected" ends just above its version */
static bool not_before(const struct pl_scheme *s, const struct pl_osv_event *a,
                       const struct pl_osv_event *b)
{
    if (from_start(a) || from_start(b))
        return from_start(a);
    int d = pl_ver_cmp(s, a->version, b->version);
    if (d)
        return d < 0;
    return b->kind == PL_OSV_LAST_AFFECTED || a->kind != PL_OSV_LAST_AFFECTED;
}

static bool every_version(const struct pl_osv_event *e, size_t n)
{
    bool start = false;
    for (size_t i = 0; i < n; i++) {
        if (e[i].kind != PL_OSV_INTRODUCED &&
            !(e[i].kind == PL_OSV_LIMIT && pl_str_is(e[i].version, "*")))
            return false;
        start |= from_start(&e[i]);
    }
    return start;
}

bool pl_osv_affected(const struct pl_scheme *s, const struct pl_osv_event *e, size_t n,
                     struct pl_str v)
{
    const struct pl_osv_event *last = NULL;
    if (!v.n)
        return every_version(e, n);
    for (size_t i = 0; i < n; i++)
        if (passed(s, &e[i], v) && (!last || not_before(s, last, &e[i])))
            last = &e[i];
    return last && last->kind == PL_OSV_INTRODUCED;
}
