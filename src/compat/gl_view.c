/* A feed seen as a view. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "compat/gl_view.h"

#define READ_AHEAD ((size_t)1 << 18)

static int fill(struct pl_view *v, size_t want, struct pl_err *err)
{
    struct pl_gl_view *f = (struct pl_gl_view *)v;
    if (v->n && (const char *)v->p != f->b.p)
        memmove(f->b.p, v->p, v->n);
    f->b.n = v->n;
    int r = 0;
    while (r >= 0 && f->b.n < want && !v->eof) {
        size_t got = 0, room = want - f->b.n > READ_AHEAD ? want - f->b.n : READ_AHEAD;
        void *to = pl_buf_room(&f->b, room, err);
        r = to ? f->feed->read(f->feed, to, room, &got, err) : err->code;
        f->b.n += r < 0 ? 0 : got;
        v->eof = r == 0 && got == 0;
    }
    v->p = (const uint8_t *)f->b.p;
    v->n = f->b.n;
    return r < 0 ? r : 0;
}

static void close_view(struct pl_view *v)
{
    struct pl_gl_view *f = (struct pl_gl_view *)v;
    f->feed->close(f->feed);
    pl_buf_release(&f->b);
}

void pl_gl_view_init(struct pl_gl_view *v, struct pl_feed *feed)
{
    *v = (struct pl_gl_view){ .v = { .fill = fill, .close = close_view }, .feed = feed };
}
