/* Members decoded by liblzma, one after the other. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "io/codec_lzma.h"

#include <inttypes.h>

struct lzma {
    struct pl_refill r;
    const struct pl_lzma_form *f;
    lzma_stream s;
    bool inside;      /* of a member */
    uint64_t members; /* begun */
};

/* Between members. 1: no other follows and all is taken; 0: inside the next. */
static int begin(struct lzma *x, struct pl_err *err)
{
    const struct pl_lzma_form *f = x->f;
    struct pl_view *in = x->r.in;
    int rc = x->members && f->between ? f->between(in, err) : pl_view_ahead(in, f->head, err);
    if (rc < 0)
        return rc;
    if (f->bid(in->p, in->n) == 0) {
        if (x->members == 0)
            return pl_fail(err, PL_E_FORMAT, "%s: no stream at offset %" PRIu64, f->id, in->off);
        rc = pl_frame_pass(&x->r, PL_FRAME_TRAILER, UINT64_MAX, err);
        return rc < 0 ? rc : 1;
    }
    rc = pl_refill_member(&x->r, &x->members, err);
    if (rc < 0)
        return rc;
    if (f->start(&x->s, x->r.limits.window) != LZMA_OK)
        return pl_fail(err, PL_E_NOMEM, "%s: out of memory", f->id);
    x->inside = true;
    return 0;
}

static int damaged(struct lzma *x, lzma_ret r, struct pl_err *err)
{
    const char *id = x->f->id;
    uint64_t at = x->r.in->off;
    switch (r) {
    case LZMA_MEMLIMIT_ERROR:
        return pl_fail(err, PL_E_LIMIT, "%s: memory above %" PRIu64 " bytes (limit window)", id,
                       x->r.limits.window);
    case LZMA_MEM_ERROR:
        return pl_fail(err, PL_E_NOMEM, "%s: out of memory", id);
    case LZMA_OPTIONS_ERROR:
        return pl_fail(err, PL_E_UNSUP, "%s: unknown filter or option near offset %" PRIu64, id,
                       at);
    default:
        return pl_fail(err, PL_E_FORMAT, "%s: damaged near offset %" PRIu64, id, at);
    }
}

static int lzma_step(struct pl_refill *r, uint8_t *out, size_t room, size_t *ret_n,
                     struct pl_err *err)
{
    struct lzma *x = (struct lzma *)r;
    if (!x->inside)
        return begin(x, err);
    size_t had = r->in->n;
    x->s.next_in = r->in->p;
    x->s.avail_in = had;
    x->s.next_out = out;
    x->s.avail_out = room;
    lzma_ret rc = lzma_code(&x->s, LZMA_RUN);
    *ret_n = room - x->s.avail_out;
    size_t took = had - x->s.avail_in;
    pl_view_consume(r->in, took);
    if (rc == LZMA_STREAM_END) {
        x->inside = false;
        return 0;
    }
    if (rc != LZMA_OK && rc != LZMA_BUF_ERROR)
        return damaged(x, rc, err);
    if (*ret_n == room || r->in->n > 0)
        return 0;
    int more = pl_view_ahead(r->in, 1, err);
    if (more == 0 && r->in->n == 0 && took == 0 && *ret_n == 0)
        return pl_refill_truncated(r, err);
    return more;
}

static void lzma_release(struct pl_refill *r)
{
    lzma_end(&((struct lzma *)r)->s);
}

struct pl_view *pl_lzma_open(const struct pl_lzma_form *f, struct pl_view *in,
                             const struct pl_codec_opts *o)
{
    struct lzma *x = pl_refill_new(sizeof *x, f->id, in, o);
    x->f = f;
    x->s = (lzma_stream)LZMA_STREAM_INIT;
    x->r.step = lzma_step;
    x->r.release = lzma_release;
    return &x->r.v;
}
