/* A stream that comes in pieces and is as unkind as the interface allows: every refill moves the
 * bytes to new memory and frees the old, and it may break at an offset. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_TESTS_PIECES_H
#define PL_TESTS_PIECES_H

#include <stdlib.h>

#include "io/view.h"

struct pieces {
    struct pl_view v;
    const uint8_t *all;
    size_t n;        /* of `all` */
    size_t at;       /* given so far */
    size_t step;     /* given at a time, at least; more only when more is asked for */
    size_t break_at; /* reading beyond this fails; SIZE_MAX: never */
    uint8_t *held;
};

static int pieces_fill(struct pl_view *v, size_t want, struct pl_err *err)
{
    struct pieces *s = (struct pieces *)v;
    size_t more = want - v->n > s->step ? want - v->n : s->step;
    if (more > s->n - s->at)
        more = s->n - s->at;
    size_t end = s->at + more > s->break_at ? s->break_at : s->at + more;
    size_t n = v->n + (end - s->at);
    uint8_t *fresh = malloc(n ? n : 1);
    if (v->n)
        memcpy(fresh, v->p, v->n);
    if (end > s->at)
        memcpy(fresh + v->n, s->all + s->at, end - s->at);
    free(s->held);
    s->held = fresh;
    v->p = fresh;
    v->n = n;
    s->at = end;
    if (end == s->break_at && n < want)
        return pl_fail(err, PL_E_IO, "broken at %zu", end);
    v->eof = s->at == s->n && s->break_at == SIZE_MAX;
    return 0;
}

static inline void pieces_init(struct pieces *s, const void *p, size_t n, size_t step)
{
    *s = (struct pieces){ .all = p, .n = n, .step = step, .break_at = SIZE_MAX };
    s->v.fill = pieces_fill;
}

static inline void pieces_release(struct pieces *s)
{
    free(s->held);
}

#endif
