/* gzip: all members, with their checksums and lengths (RFC 1952). eStargz is ordinary gzip. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "base/endian.h"
#include "io/gzip_head.h"
#include "io/inflate.h"

struct gzip {
    struct pl_refill r;
    struct pl_inflate *z;
    bool inside;      /* of a member's body */
    uint64_t members; /* begun */
    uint64_t made;    /* bytes of this member */
};

static unsigned gzip_bid(const uint8_t *p, size_t n)
{
    return pl_gzip_is_head(p, n) ? 24 : 0;
}

/* Between members. 1: no other follows and all is taken; 0: inside the next. */
static int begin(struct gzip *g, struct pl_err *err)
{
    struct pl_view *in = g->r.in;
    int rc = pl_view_ahead(in, 3, err);
    if (rc < 0)
        return rc;
    if (!pl_gzip_is_head(in->p, in->n)) {
        if (g->members == 0)
            return pl_fail(err, PL_E_FORMAT, "gzip: no header at offset %" PRIu64, in->off);
        rc = pl_frame_pass(&g->r, PL_FRAME_TRAILER, UINT64_MAX, err);
        return rc < 0 ? rc : 1;
    }
    rc = pl_refill_member(&g->r, &g->members, err);
    if (rc == 0)
        rc = pl_gzip_head(&g->r, err);
    if (rc < 0)
        return rc;
    pl_inflate_reset(g->z);
    g->made = 0;
    g->inside = true;
    return 0;
}

static int finish(struct gzip *g, struct pl_err *err)
{
    struct pl_view *in = g->r.in;
    int rc = pl_refill_need(&g->r, 8, err);
    if (rc < 0)
        return rc;
    if (pl_le32(in->p) != pl_inflate_crc(g->z))
        return pl_fail(err, PL_E_FORMAT, "gzip: wrong checksum at offset %" PRIu64, in->off);
    if (pl_le32(in->p + 4) != (uint32_t)g->made)
        return pl_fail(err, PL_E_FORMAT, "gzip: wrong length at offset %" PRIu64, in->off + 4);
    pl_view_consume(in, 8);
    g->inside = false;
    return 0;
}

static int gzip_step(struct pl_refill *r, uint8_t *out, size_t room, size_t *ret_n,
                     struct pl_err *err)
{
    struct gzip *g = (struct gzip *)r;
    if (!g->inside)
        return begin(g, err);
    struct pl_view *in = r->in;
    size_t took = 0;
    int end = pl_inflate_run(g->z, pl_str_n(in->p, in->n), out, room, &took, ret_n);
    pl_view_consume(in, took);
    g->made += *ret_n;
    if (end < 0)
        return pl_fail(err, PL_E_FORMAT, "gzip: damaged near offset %" PRIu64, in->off);
    if (end > 0)
        return finish(g, err);
    if (*ret_n == room)
        return 0;
    size_t had = in->n;
    int rc = pl_view_ahead(in, had + 1, err);
    if (rc == 0 && in->n == had && took == 0 && *ret_n == 0)
        return pl_refill_truncated(r, err);
    return rc;
}

static void gzip_release(struct pl_refill *r)
{
    pl_inflate_free(((struct gzip *)r)->z);
}

static struct pl_view *gzip_open(struct pl_view *in, const struct pl_codec_opts *o)
{
    struct gzip *g = pl_refill_new(sizeof *g, "gzip", in, o);
    g->z = pl_inflate_new();
    g->r.step = gzip_step;
    g->r.release = gzip_release;
    return &g->r.v;
}

const struct pl_codec pl_codec_gzip = { .id = "gzip", .bid = gzip_bid, .open = gzip_open };
