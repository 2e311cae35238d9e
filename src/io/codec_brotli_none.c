/* Built without libbrotlidec: brotli is named, not read. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "io/codec.h"
#include "io/codec_brotli.h"

bool pl_brotli_begins(const uint8_t *p, size_t n, bool all)
{
    (void)p;
    (void)n;
    (void)all;
    return true;
}

static unsigned brotli_bid(const uint8_t *p, size_t n)
{
    (void)p;
    (void)n;
    return 0;
}

const struct pl_codec pl_codec_brotli = { .id = "brotli", .bid = brotli_bid };
