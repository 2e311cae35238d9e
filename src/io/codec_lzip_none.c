/* Built with an older liblzma: lzip is named, not read. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "io/codec.h"

static unsigned lzip_bid(const uint8_t *p, size_t n)
{
    return n >= 5 && memcmp(p, "LZIP", 4) == 0 && p[4] <= 1 ? 39 : 0;
}

const struct pl_codec pl_codec_lzip = { .id = "lzip", .bid = lzip_bid };
