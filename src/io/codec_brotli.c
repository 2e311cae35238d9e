/* Brotli (RFC 7932), by libbrotlidec. It has no mark to know it by: only a name does. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <brotli/decode.h>
#include <inttypes.h>

#include "io/refill.h"

struct brotli {
    struct pl_refill r;
    BrotliDecoderState *s;
    bool done;
};

/* Can these be the first bytes of a stream? A name alone is no proof. */
static bool begins(const uint8_t *p, size_t n, bool all)
{
    uint8_t out[4096], *to = out;
    size_t room = sizeof out;
    BrotliDecoderState *s = n ? BrotliDecoderCreateInstance(NULL, NULL, NULL) : NULL;
    if (!s)
        return false;
    BrotliDecoderResult r = BrotliDecoderDecompressStream(s, &n, &p, &room, &to, NULL);
    BrotliDecoderDestroyInstance(s);
    return r == BROTLI_DECODER_RESULT_SUCCESS || r == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT ||
           (r == BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT && !all);
}

static unsigned brotli_named(const uint8_t *p, size_t n, bool all, struct pl_str path)
{
    return pl_str_iends(path, PL_S(".br")) && begins(p, n, all) ? 1 : 0;
}

static int finished(struct brotli *b, struct pl_err *err)
{
    int rc = pl_frame_pass(&b->r, PL_FRAME_TRAILER, UINT64_MAX, err);
    return rc < 0 ? rc : 1;
}

static int brotli_step(struct pl_refill *r, uint8_t *out, size_t room, size_t *ret_n,
                       struct pl_err *err)
{
    struct brotli *b = (struct brotli *)r;
    if (b->done)
        return finished(b, err);
    int rc = pl_view_ahead(r->in, 1, err);
    if (rc < 0)
        return rc;
    size_t had = r->in->n, in = had, left = room;
    const uint8_t *from = r->in->p;
    BrotliDecoderResult got = BrotliDecoderDecompressStream(b->s, &in, &from, &left, &out, NULL);
    *ret_n = room - left;
    pl_view_consume(r->in, had - in);
    b->done = got == BROTLI_DECODER_RESULT_SUCCESS;
    if (got == BROTLI_DECODER_RESULT_ERROR)
        return pl_fail(err, PL_E_FORMAT, "brotli: damaged near offset %" PRIu64, r->in->off);
    if (got == BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT && had == 0 && *ret_n == 0)
        return pl_refill_truncated(r, err);
    return 0;
}

static void brotli_release(struct pl_refill *r)
{
    BrotliDecoderDestroyInstance(((struct brotli *)r)->s);
}

static struct pl_view *brotli_open(struct pl_view *in, const struct pl_codec_opts *o)
{
    struct brotli *b = pl_refill_new(sizeof *b, "brotli", in, o);
    b->s = BrotliDecoderCreateInstance(NULL, NULL, NULL);
    if (!b->s)
        pl_oom();
    b->r.step = brotli_step;
    b->r.release = brotli_release;
    return &b->r.v;
}

const struct pl_codec pl_codec_brotli = { .id = "brotli",
                                          .named = brotli_named,
                                          .open = brotli_open };
