/* xz: all streams and the padding between them (The .xz File Format 1.2.0, section 2). */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <lzma.h>

#include "io/refill.h"

struct xz {
    struct pl_refill r;
    lzma_stream s;
    bool inside;      /* of a stream */
    uint64_t streams; /* begun */
};

static const uint8_t magic[6] = { 0xfd, '7', 'z', 'X', 'Z', 0 };

static unsigned xz_bid(const uint8_t *p, size_t n)
{
    return n >= sizeof magic && memcmp(p, magic, sizeof magic) == 0 ? 48 : 0;
}

/* Zero bytes between streams; as many as are visible, in fours. */
static int padding(struct pl_view *in, struct pl_err *err)
{
    static const uint8_t zero[4];
    for (;;) {
        int rc = pl_view_ahead(in, sizeof magic, err);
        if (rc < 0 || in->n < 4 || memcmp(in->p, zero, 4) != 0)
            return rc;
        pl_view_consume(in, 4);
    }
}

/* Between streams. 1: no other follows and all is taken; 0: inside the next. */
static int begin(struct xz *x, struct pl_err *err)
{
    struct pl_view *in = x->r.in;
    int rc = x->streams > 0 ? padding(in, err) : pl_view_ahead(in, sizeof magic, err);
    if (rc < 0)
        return rc;
    if (xz_bid(in->p, in->n) == 0) {
        if (x->streams == 0)
            return pl_fail(err, PL_E_FORMAT, "xz: no stream at offset %" PRIu64, in->off);
        rc = pl_frame_pass(&x->r, PL_FRAME_TRAILER, UINT64_MAX, err);
        return rc < 0 ? rc : 1;
    }
    rc = pl_refill_member(&x->r, &x->streams, err);
    if (rc < 0)
        return rc;
    if (lzma_stream_decoder(&x->s, x->r.limits.window, 0) != LZMA_OK)
        return pl_fail(err, PL_E_NOMEM, "xz: out of memory");
    x->inside = true;
    return 0;
}

static int damaged(struct xz *x, lzma_ret r, struct pl_err *err)
{
    uint64_t at = x->r.in->off;
    switch (r) {
    case LZMA_MEMLIMIT_ERROR:
        return pl_fail(err, PL_E_LIMIT, "xz: memory above %" PRIu64 " bytes (limit window)",
                       x->r.limits.window);
    case LZMA_MEM_ERROR:
        return pl_fail(err, PL_E_NOMEM, "xz: out of memory");
    case LZMA_OPTIONS_ERROR:
        return pl_fail(err, PL_E_UNSUP, "xz: unknown filter or option near offset %" PRIu64, at);
    default:
        return pl_fail(err, PL_E_FORMAT, "xz: damaged near offset %" PRIu64, at);
    }
}

static int xz_step(struct pl_refill *r, uint8_t *out, size_t room, size_t *ret_n,
                   struct pl_err *err)
{
    struct xz *x = (struct xz *)r;
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

static void xz_release(struct pl_refill *r)
{
    lzma_end(&((struct xz *)r)->s);
}

static struct pl_view *xz_open(struct pl_view *in, const struct pl_codec_opts *o)
{
    struct xz *x = pl_refill_new(sizeof *x, "xz", in, o);
    x->s = (lzma_stream)LZMA_STREAM_INIT;
    x->r.step = xz_step;
    x->r.release = xz_release;
    return &x->r.v;
}

const struct pl_codec pl_codec_xz = { .id = "xz", .bid = xz_bid, .open = xz_open };
