/* Zstandard: all frames, skippable ones offered (RFC 8878). zstd:chunked is ordinary zstd. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/endian.h"
#include "io/refill.h"

#define BLOCK_HEADER ((size_t)3)

struct zstd {
    struct pl_refill r;
    ZSTD_DCtx *d;
    bool inside;     /* of a frame */
    bool any;        /* a frame was seen */
    uint64_t frames; /* begun */
    size_t hint;     /* bytes the decoder would like next */
    bool full;       /* the last call had no room left, so it may hold more */
};

static bool is_skippable(const uint8_t *p, size_t n)
{
    return n >= 4 && (pl_le32(p) & 0xfffffff0u) == 0x184d2a50u;
}

static bool is_frame(const uint8_t *p, size_t n)
{
    return n >= 4 && pl_le32(p) == 0xfd2fb528u;
}

static unsigned zstd_bid(const uint8_t *p, size_t n)
{
    return is_frame(p, n) ? 32 : is_skippable(p, n) ? 28 : 0;
}

static int skippable(struct zstd *z, struct pl_err *err)
{
    int rc = pl_refill_need(&z->r, 8, err);
    if (rc < 0)
        return rc;
    uint32_t n = pl_le32(z->r.in->p + 4);
    pl_view_consume(z->r.in, 8);
    return pl_frame_pass(&z->r, PL_FRAME_SKIPPABLE, n, err);
}

/* The number of the dictionary that a frame header asks for, 0 for none: RFC 8878 section 3.1.1.1.
 * Bytes that are not there count as 0; the decoder will miss them. */
static uint32_t dictionary(const uint8_t *p, size_t n)
{
    static const uint8_t width[4] = { 0, 1, 2, 4 };
    if (n < 5)
        return 0;
    size_t at = p[4] & 0x20 ? 5 : 6; /* no window byte in a frame of a single segment */
    uint32_t id = 0;
    for (size_t i = 0; i < width[p[4] & 3] && at + i < n; i++)
        id |= (uint32_t)p[at + i] << 8 * i;
    return id;
}

/* Between frames. 1: no other follows and all is taken; 0: go on. */
static int begin(struct zstd *z, struct pl_err *err)
{
    struct pl_view *in = z->r.in;
    int rc = pl_view_ahead(in, 10, err);
    if (rc < 0)
        return rc;
    if (is_skippable(in->p, in->n)) {
        z->any = true;
        return skippable(z, err);
    }
    if (!is_frame(in->p, in->n)) {
        if (!z->any)
            return pl_fail(err, PL_E_FORMAT, "zstd: no frame at offset %" PRIu64, in->off);
        rc = pl_frame_pass(&z->r, PL_FRAME_TRAILER, UINT64_MAX, err);
        return rc < 0 ? rc : 1;
    }
    uint32_t id = dictionary(in->p, in->n);
    if (id)
        return pl_fail(err, PL_E_UNSUP, "zstd: needs dictionary %" PRIu32 " at offset %" PRIu64, id,
                       in->off);
    rc = pl_refill_member(&z->r, &z->frames, err);
    ZSTD_DCtx_reset(z->d, ZSTD_reset_session_only);
    z->hint = 5;
    z->full = false;
    z->inside = z->any = true;
    return rc;
}

static int damaged(struct zstd *z, size_t code, struct pl_err *err)
{
    switch (ZSTD_getErrorCode(code)) {
    case ZSTD_error_frameParameter_windowTooLarge:
        return pl_fail(err, PL_E_LIMIT, "zstd: window above %" PRIu64 " bytes (limit window)",
                       z->r.limits.window);
    case ZSTD_error_memory_allocation:
        return pl_fail(err, PL_E_NOMEM, "zstd: out of memory");
    default:
        return pl_fail(err, PL_E_FORMAT, "zstd: damaged near offset %" PRIu64 ": %s", z->r.in->off,
                       ZSTD_getErrorName(code));
    }
}

static int zstd_step(struct pl_refill *r, uint8_t *out, size_t room, size_t *ret_n,
                     struct pl_err *err)
{
    struct zstd *z = (struct zstd *)r;
    if (!z->inside)
        return begin(z, err);
    /* A call that fails does not say how much it wrote before. So a block and the header of the
     * next never go in together, nor anything while output is waiting: what failed has then written
     * nothing. */
    size_t want = z->full ? 0 : z->hint > BLOCK_HEADER ? z->hint - BLOCK_HEADER : z->hint;
    ZSTD_inBuffer in = { r->in->p, want < r->in->n ? want : r->in->n, 0 };
    ZSTD_outBuffer o = { out, room, 0 };
    size_t hint = ZSTD_decompressStream(z->d, &o, &in);
    if (ZSTD_isError(hint))
        return damaged(z, hint, err);
    *ret_n = o.pos;
    pl_view_consume(r->in, in.pos);
    z->inside = hint != 0;
    z->hint = hint;
    z->full = o.pos == room;
    if (hint == 0 || z->full || r->in->n > 0)
        return 0;
    int rc = pl_view_ahead(r->in, 1, err);
    if (rc == 0 && r->in->n == 0 && in.pos == 0 && o.pos == 0)
        return pl_refill_truncated(r, err);
    return rc;
}

static void zstd_release(struct pl_refill *r)
{
    ZSTD_freeDCtx(((struct zstd *)r)->d);
}

/* The largest power of two that is not above `n`, as its exponent within what the library takes. */
static int window_log(uint64_t n)
{
    ZSTD_bounds b = ZSTD_dParam_getBounds(ZSTD_d_windowLogMax);
    int log = n ? 63 - __builtin_clzll(n) : 0;
    return log < b.lowerBound ? b.lowerBound : log > b.upperBound ? b.upperBound : log;
}

static struct pl_view *zstd_open(struct pl_view *in, const struct pl_codec_opts *o)
{
    struct zstd *z = pl_refill_new(sizeof *z, "zstd", in, o);
    z->d = ZSTD_createDCtx();
    if (!z->d)
        pl_oom();
    ZSTD_DCtx_setParameter(z->d, ZSTD_d_windowLogMax, window_log(o->limits->window));
    z->r.step = zstd_step;
    z->r.release = zstd_release;
    return &z->r.v;
}

const struct pl_codec pl_codec_zstd = { .id = "zstd", .bid = zstd_bid, .open = zstd_open };
