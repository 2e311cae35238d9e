/* xz: all streams and the padding between them (The .xz File Format 1.2.0, section 2). */
/* SPDX-License-Identifier: Apache-2.0 */
#include "io/codec_lzma.h"

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

static lzma_ret xz_start(lzma_stream *s, uint64_t memory)
{
    return lzma_stream_decoder(s, memory, 0);
}

static struct pl_view *xz_open(struct pl_view *in, const struct pl_codec_opts *o)
{
    static const struct pl_lzma_form form = { "xz", sizeof magic, xz_bid, padding, xz_start };
    return pl_lzma_open(&form, in, o);
}

const struct pl_codec pl_codec_xz = { .id = "xz", .bid = xz_bid, .open = xz_open };
