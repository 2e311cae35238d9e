/* An input for fuzz targets that comes in pieces. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_TESTS_DRIP_H
#define PL_TESTS_DRIP_H

#include <stdlib.h>

#include "io/view.h"

/* Gives `step` bytes at a time, each time at a new place. */
struct drip {
    struct pl_view v;
    const uint8_t *all;
    size_t n, at, step;
    uint8_t *held;
};

static int drip_fill(struct pl_view *v, size_t want, struct pl_err *err)
{
    struct drip *d = (struct drip *)v;
    (void)err;
    size_t more = want - v->n > d->step ? want - v->n : d->step;
    if (more > d->n - d->at)
        more = d->n - d->at;
    uint8_t *fresh = malloc(v->n + more + 1);
    if (!fresh)
        pl_oom();
    memcpy(fresh, v->n ? v->p : fresh, v->n);
    memcpy(fresh + v->n, d->all + d->at, more);
    free(d->held);
    d->held = fresh;
    v->p = fresh;
    v->n += more;
    d->at += more;
    v->eof = d->at == d->n;
    return 0;
}

#endif
