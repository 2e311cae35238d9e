/* bzip2: all streams. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <bzlib.h>
#include <inttypes.h>

#include "io/refill.h"

/* Its counters are 32 bits wide. */
#define MOST ((size_t)1 << 30)

struct bzip2 {
    struct pl_refill r;
    bz_stream s;
    bool inside;      /* of a stream; then `s` holds memory */
    uint64_t streams; /* begun */
};

static bool is_stream(const uint8_t *p, size_t n)
{
    return n >= 4 && p[0] == 'B' && p[1] == 'Z' && p[2] == 'h' && p[3] >= '1' && p[3] <= '9';
}

/* A stream goes on with a block or with its end. Short input is no contradiction: it is a stream
 * cut off. */
static unsigned bzip2_bid(const uint8_t *p, size_t n)
{
    static const uint8_t block[6] = { 0x31, 0x41, 0x59, 0x26, 0x53, 0x59 };
    static const uint8_t end[6] = { 0x17, 0x72, 0x45, 0x38, 0x50, 0x90 };
    if (!is_stream(p, n))
        return 0;
    size_t more = n - 4 < 6 ? n - 4 : 6;
    if (memcmp(p + 4, block, more) != 0 && memcmp(p + 4, end, more) != 0)
        return 0;
    return 28 + 8 * (unsigned)more;
}

/* Between streams. 1: no other follows and all is taken; 0: inside the next. */
static int begin(struct bzip2 *b, struct pl_err *err)
{
    struct pl_view *in = b->r.in;
    int rc = pl_view_ahead(in, 4, err);
    if (rc < 0)
        return rc;
    if (!is_stream(in->p, in->n)) {
        if (b->streams == 0)
            return pl_fail(err, PL_E_FORMAT, "bzip2: no stream at offset %" PRIu64, in->off);
        rc = pl_frame_pass(&b->r, PL_FRAME_TRAILER, UINT64_MAX, err);
        return rc < 0 ? rc : 1;
    }
    rc = pl_refill_member(&b->r, &b->streams, err);
    if (rc < 0)
        return rc;
    b->s = (bz_stream){ 0 };
    if (BZ2_bzDecompressInit(&b->s, /* verbosity= */ 0, /* small= */ 0) != BZ_OK)
        return pl_fail(err, PL_E_NOMEM, "bzip2: out of memory");
    b->inside = true;
    return 0;
}

static int bzip2_step(struct pl_refill *r, uint8_t *out, size_t room, size_t *ret_n,
                      struct pl_err *err)
{
    struct bzip2 *b = (struct bzip2 *)r;
    if (!b->inside)
        return begin(b, err);
    size_t had = r->in->n < MOST ? r->in->n : MOST;
    size_t most = room < MOST ? room : MOST;
    b->s.next_in = (char *)(uintptr_t)r->in->p;
    b->s.avail_in = (unsigned)had;
    b->s.next_out = (char *)out;
    b->s.avail_out = (unsigned)most;
    int rc = BZ2_bzDecompress(&b->s);
    *ret_n = most - b->s.avail_out;
    size_t took = had - b->s.avail_in;
    pl_view_consume(r->in, took);
    if (rc == BZ_STREAM_END) {
        BZ2_bzDecompressEnd(&b->s);
        b->inside = false;
        return 0;
    }
    if (rc == BZ_MEM_ERROR)
        return pl_fail(err, PL_E_NOMEM, "bzip2: out of memory");
    if (rc != BZ_OK)
        return pl_fail(err, PL_E_FORMAT, "bzip2: damaged near offset %" PRIu64, r->in->off);
    if (*ret_n == most || r->in->n > 0)
        return 0;
    int more = pl_view_ahead(r->in, 1, err);
    if (more == 0 && r->in->n == 0 && took == 0 && *ret_n == 0)
        return pl_refill_truncated(r, err);
    return more;
}

static void bzip2_release(struct pl_refill *r)
{
    struct bzip2 *b = (struct bzip2 *)r;
    if (b->inside)
        BZ2_bzDecompressEnd(&b->s);
}

static struct pl_view *bzip2_open(struct pl_view *in, const struct pl_codec_opts *o)
{
    struct bzip2 *b = pl_refill_new(sizeof *b, "bzip2", in, o);
    b->r.step = bzip2_step;
    b->r.release = bzip2_release;
    return &b->r.v;
}

const struct pl_codec pl_codec_bzip2 = { .id = "bzip2", .bid = bzip2_bid, .open = bzip2_open };
