/* Peekable streams: what all views share, views on memory, and a window on another view. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "io/view.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/buf.h"

/* Natural portion of loops that take a stream as it comes. */
#define TAKE ((size_t)64 << 10)

int pl_view_refill(struct pl_view *v, size_t want, struct pl_err *err)
{
    if (v->failed == 0) {
        if (want > PL_VIEW_MAX)
            pl_bug("a view is asked for %zu bytes", want);
        int r = v->fill(v, want, &v->error);
        if (r >= 0)
            return 0;
        v->failed = r;
    }
    if (err)
        *err = v->error;
    return v->failed;
}

int pl_view_skip(struct pl_view *v, uint64_t n, struct pl_err *err)
{
    while (n > 0) {
        size_t now = n < v->n ? (size_t)n : v->n;
        pl_view_consume(v, now);
        n -= now;
        if (n == 0)
            return 0;
        if (v->skip)
            return v->skip(v, n, err);
        int r = pl_view_ahead(v, n < TAKE ? (size_t)n : TAKE, err);
        if (v->n > 0)
            continue;
        if (r < 0)
            return r;
        return pl_fail(err, PL_E_FORMAT, "ends %" PRIu64 " bytes early at offset %" PRIu64, n,
                       v->off);
    }
    return 0;
}

void pl_view_close(struct pl_view *v)
{
    if (v && v->close)
        v->close(v);
}

/* All of it is there from the start, so nothing is ever to fill. */
static int mem_fill(struct pl_view *v, size_t want, struct pl_err *err)
{
    (void)want;
    (void)err;
    v->eof = true;
    return 0;
}

static void mem_close(struct pl_view *v)
{
    free(v);
}

void pl_view_mem_init(struct pl_view *v, const void *p, size_t n)
{
    *v = (struct pl_view){ .p = p, .n = n, .eof = true, .fill = mem_fill };
}

struct pl_view *pl_view_mem(const void *p, size_t n)
{
    struct pl_view *v = malloc(sizeof *v);
    if (!v)
        pl_oom();
    pl_view_mem_init(v, p, n);
    v->close = mem_close;
    return v;
}

/* Shows what `under` holds at the moment. */
static void sub_show(struct pl_sub *s)
{
    bool all = s->under->n >= s->left;
    s->v.p = s->under->p;
    s->v.n = all ? (size_t)s->left : s->under->n;
    s->v.eof = all || s->under->eof;
    s->short_read = s->under->eof && !all;
}

static int sub_fill(struct pl_view *v, size_t want, struct pl_err *err)
{
    struct pl_sub *s = (struct pl_sub *)v;
    pl_sub_sync(s);
    int r = pl_view_ahead(s->under, want < s->left ? want : (size_t)s->left, err);
    sub_show(s);
    return r;
}

void pl_sub_init(struct pl_sub *s, struct pl_view *under, uint64_t n)
{
    /* field by field: one of these is made for every entry, and the message buffer is large */
    s->v.off = 0;
    s->v.failed = 0;
    s->v.error.code = 0;
    s->v.error.msg[0] = '\0';
    s->v.fill = sub_fill;
    s->v.skip = NULL;
    s->v.close = NULL;
    s->under = under;
    s->left = n;
    s->synced = 0;
    sub_show(s);
}

void pl_sub_sync(struct pl_sub *s)
{
    uint64_t d = s->v.off - s->synced;
    pl_view_consume(s->under, (size_t)d);
    s->left -= d;
    s->synced = s->v.off;
    s->v.n = 0; /* `under` may move its bytes from now on */
    s->v.eof = s->left == 0;
}

int pl_view_slurp(struct pl_view *v, struct pl_buf *b, size_t max, struct pl_err *err)
{
    for (size_t got = 0;;) {
        int r = pl_view_ahead(v, 1, err);
        if (v->n == 0)
            return r;
        size_t now = v->n < max - got ? v->n : max - got;
        int full = pl_buf_add(b, v->p, now, err);
        if (full < 0)
            return full;
        pl_view_consume(v, now);
        got += now;
        if (v->n > 0)
            return pl_fail(err, PL_E_LIMIT, "more than %zu bytes", max);
    }
}
