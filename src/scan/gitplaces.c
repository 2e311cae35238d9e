/* Parent: the places of each blob. One that stands at paths of several kinds (a test and a
 * configuration file, say) is searched once for each kind, since rules ask for the path. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "scan/gitunit.h"

static int by_blob(const void *pa, const void *pb)
{
    const struct pl_git_place_of *a = pa, *b = pb;
    if (a->blob != b->blob)
        return a->blob < b->blob ? -1 : 1;
    if (a->path != b->path)
        return a->path < b->path ? -1 : 1;
    return a->commit < b->commit ? -1 : a->commit > b->commit;
}

void pl_git_places_sort(struct pl_git_unit *u)
{
    size_t n = 0;
    if (u->more.n)
        qsort(u->more.p, u->more.n, sizeof *u->more.p, by_blob);
    for (size_t i = 0; i < u->more.n; i++) {
        struct pl_git_place_of *x = &u->more.p[i], *last = n ? &u->more.p[n - 1] : NULL;
        struct pl_git_place_of *first = &u->first.p[x->blob];
        if (first->path == x->path || (last && last->blob == x->blob && last->path == x->path))
            continue; /* there again: the earliest counts */
        if (!first->kind)
            first->kind = pl_secret_path_kind(u->ctx.rules, u->paths.p[first->path]);
        x->kind = pl_secret_path_kind(u->ctx.rules, u->paths.p[x->path]);
        u->more.p[n++] = *x;
    }
    u->more.n = n;
}

size_t pl_git_places_more(const struct pl_git_unit *u, uint32_t blob)
{
    size_t lo = 0, hi = u->more.n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (u->more.p[mid].blob < blob)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* Was the kind of more.p[at] that of a place before it? */
static bool had_kind(const struct pl_git_unit *u, size_t from, size_t at)
{
    uint32_t kind = u->more.p[at].kind;
    if (u->first.p[u->more.p[at].blob].kind == kind)
        return true;
    for (size_t i = from; i < at; i++)
        if (u->more.p[i].kind == kind)
            return true;
    return false;
}

size_t pl_git_places_each_kind(const struct pl_git_unit *u, uint32_t blob,
                               struct pl_git_place_of *ret, size_t max)
{
    size_t n = 0, from;
    ret[n++] = u->first.p[blob];
    if (!u->first.p[blob].kind)
        return n;
    from = pl_git_places_more(u, blob);
    for (size_t i = from; n < max && i < u->more.n && u->more.p[i].blob == blob; i++)
        if (!had_kind(u, from, i))
            ret[n++] = u->more.p[i];
    return n;
}
