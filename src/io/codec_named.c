/* Codecs that are recognised, so that a message can name them, but not read. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "io/codec.h"

static unsigned lzop_bid(const uint8_t *p, size_t n)
{
    static const uint8_t magic[] = { 0x89, 'L', 'Z', 'O', 0, '\r', '\n', 0x1a, '\n' };
    return n >= sizeof magic && memcmp(p, magic, sizeof magic) == 0 ? 8 * sizeof magic : 0;
}

static unsigned lrzip_bid(const uint8_t *p, size_t n)
{
    return n >= 6 && memcmp(p, "LRZI\0", 5) == 0 ? 40 : 0; /* then the minor version */
}

const struct pl_codec pl_codec_lzop = { .id = "lzop", .bid = lzop_bid };
const struct pl_codec pl_codec_lrzip = { .id = "lrzip", .bid = lrzip_bid };
