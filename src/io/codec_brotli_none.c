/* Built without libbrotlidec: brotli is named, not read. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "io/codec.h"

static unsigned brotli_named(const uint8_t *p, size_t n, bool all, struct pl_str path)
{
    (void)p;
    (void)n;
    (void)all;
    return pl_str_iends(path, PL_S(".br")) ? 1 : 0;
}

const struct pl_codec pl_codec_brotli = { .id = "brotli", .named = brotli_named };
