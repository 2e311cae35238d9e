/* lzip: all members (draft-diaz-lzip-09), by liblzma 5.4. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "io/codec_lzma.h"

#define HEAD 5 /* "LZIP" and the version */

static unsigned lzip_bid(const uint8_t *p, size_t n)
{
    return n >= HEAD && memcmp(p, "LZIP", 4) == 0 && p[4] <= 1 ? 39 : 0;
}

static lzma_ret lzip_start(lzma_stream *s, uint64_t memory)
{
    return lzma_lzip_decoder(s, memory, 0);
}

static struct pl_view *lzip_open(struct pl_view *in, const struct pl_codec_opts *o)
{
    static const struct pl_lzma_form form = { "lzip", HEAD, lzip_bid, NULL, lzip_start };
    return pl_lzma_open(&form, in, o);
}

const struct pl_codec pl_codec_lzip = { .id = "lzip", .bid = lzip_bid, .open = lzip_open };
