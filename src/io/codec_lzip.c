/* lzip: all members (draft-diaz-lzip-09), by liblzma 5.4. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <lzma.h>

#include "io/refill.h"

struct lzip {
    struct pl_refill r;
    lzma_stream s;
    bool inside; /* of a member */
    uint64_t members;
};

static unsigned lzip_bid(const uint8_t *p, size_t n)
{
    return n >= 5 && memcmp(p, "LZIP", 4) == 0 && p[4] <= 1 ? 39 : 0;
}

/* Between members. 1: no other follows and all is taken; 0: inside the next. */
static int begin(struct lzip *x, struct pl_err *err)
{
    struct pl_view *in = x->r.in;
    int rc = pl_view_ahead(in, 5, err);
    if (rc < 0)
        return rc;
    if (lzip_bid(in->p, in->n) == 0) {
        if (x->members == 0)
            return pl_fail(err, PL_E_FORMAT, "lzip: no member at offset %" PRIu64, in->off);
        rc = pl_frame_pass(&x->r, PL_FRAME_TRAILER, UINT64_MAX, err);
        return rc < 0 ? rc : 1;
    }
    rc = pl_refill_member(&x->r, &x->members, err);
    if (rc < 0)
        return rc;
    if (lzma_lzip_decoder(&x->s, x->r.limits.window, 0) != LZMA_OK)
        return pl_fail(err, PL_E_NOMEM, "lzip: out of memory");
    x->inside = true;
    return 0;
}

static int damaged(struct lzip *x, lzma_ret r, struct pl_err *err)
{
    uint64_t at = x->r.in->off;
    if (r == LZMA_MEMLIMIT_ERROR)
        return pl_fail(err, PL_E_LIMIT, "lzip: memory above %" PRIu64 " bytes (limit window)",
                       x->r.limits.window);
    if (r == LZMA_MEM_ERROR)
        return pl_fail(err, PL_E_NOMEM, "lzip: out of memory");
    return pl_fail(err, PL_E_FORMAT, "lzip: damaged near offset %" PRIu64, at);
}

static int lzip_step(struct pl_refill *r, uint8_t *out, size_t room, size_t *ret_n,
                     struct pl_err *err)
{
    struct lzip *x = (struct lzip *)r;
    if (!x->inside)
        return begin(x, err);
    int more = pl_view_ahead(r->in, 1, err);
    if (more < 0)
        return more;
    size_t had = r->in->n;
    x->s.next_in = r->in->p;
    x->s.avail_in = had;
    x->s.next_out = out;
    x->s.avail_out = room;
    lzma_ret rc = lzma_code(&x->s, LZMA_RUN);
    *ret_n = room - x->s.avail_out;
    pl_view_consume(r->in, had - x->s.avail_in);
    if (rc == LZMA_STREAM_END)
        x->inside = false;
    else if (rc != LZMA_OK && rc != LZMA_BUF_ERROR)
        return damaged(x, rc, err);
    return x->inside && had == 0 && *ret_n == 0 ? pl_refill_truncated(r, err) : 0;
}

static void lzip_release(struct pl_refill *r)
{
    lzma_end(&((struct lzip *)r)->s);
}

static struct pl_view *lzip_open(struct pl_view *in, const struct pl_codec_opts *o)
{
    struct lzip *x = pl_refill_new(sizeof *x, "lzip", in, o);
    x->s = (lzma_stream)LZMA_STREAM_INIT;
    x->r.step = lzip_step;
    x->r.release = lzip_release;
    return &x->r.v;
}

const struct pl_codec pl_codec_lzip = { .id = "lzip", .bid = lzip_bid, .open = lzip_open };
