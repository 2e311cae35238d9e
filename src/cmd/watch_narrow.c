/* Which inventories a rebuild may mend otherwise than when all were last looked at: those that hold
 * a package of which another flaw is mended now. fleet.md section 4, "watch". */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/vec.h"
#include "cmd/narrow.h"
#include "cmd/watch_event.h"

#define FORM 1 /* of the prints, and of what follows from them */

struct printing {
    struct pl_events *e;
    PL_VEC(uint64_t) print;
    struct pl_err *err;
};

static int on_package(void *arg, uint32_t id, const struct pl_package *p)
{
    struct printing *x = arg;
    uint64_t print;
    if (*pl_common_cancel())
        return pl_fail(x->err, PL_E_CANCEL, "interrupted");
    if (id > x->print.n * 64 + (1u << 24)) /* numbers are not given twice */
        return pl_fail(x->err, PL_E_FORMAT, "the store is damaged: numbers of packages");
    int r = pl_event_print(x->e, p, &print, x->err);
    while (x->print.n < id)
        pl_vec_push(&x->print, 0);
    pl_vec_push(&x->print, print);
    return r;
}

static int each(struct pl_events *e, const struct pl_store_matched *before,
                const struct pl_store_matched *now,
                int (*fn)(void *arg, const struct pl_store_image *i), void *arg, struct pl_err *err)
{
    const struct pl_store_ask how = { .since = INT64_MAX, .order = PL_STORE_EXPOSED };
    struct pl_store *s = e->w->s;
    int64_t *id = NULL;
    size_t n = 0;
    if (!pl_narrow_may(before, now))
        return s->ops->each_image(s, INT64_MAX, fn, arg, err);
    int r = pl_narrow(s, before, now, &id, &n, err);
    if (r == 0)
        r = s->ops->images(s, id, n, &how, fn, arg, err);
    free(id);
    return r;
}

int pl_event_each_rebuild(struct pl_events *e, int (*fn)(void *arg, const struct pl_store_image *i),
                          void *arg, struct pl_err *err)
{
    const struct pl_store_ops *ops = e->w->s->ops;
    struct printing x = { .e = e, .err = err };
    struct pl_arena a = { 0 };
    struct pl_store_matched before = { .n = 0 };
    int r = ops->matched_begin(e->w->s, PL_STORE_REBUILDS, err);
    if (r == 0)
        r = ops->matched(e->w->s, PL_STORE_REBUILDS, &a, &before, err);
    if (r == 0)
        r = ops->each_package(e->w->s, 0, on_package, &x, err);
    struct pl_store_matched now = {
        .what = PL_STORE_REBUILDS, .print = x.print.p, .n = x.print.n, .now = before.now
    };
    pl_narrow_key(FORM, e->w->o->vuln.all_layers, now.key);
    if (r == 0)
        r = each(e, &before, &now, fn, arg, err);
    if (r == 0)
        r = ops->matched_keep(e->w->s, &before, &now, 0, err);
    pl_vec_release(&x.print);
    pl_arena_release(&a);
    return r;
}
