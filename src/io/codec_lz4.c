/* LZ4 frames: recognised, so that the message can name them, but not read. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "io/codec.h"

static unsigned lz4_bid(const uint8_t *p, size_t n)
{
    static const uint8_t frame[4] = { 0x04, 0x22, 0x4d, 0x18 };
    static const uint8_t legacy[4] = { 0x02, 0x21, 0x4c, 0x18 };
    return n >= 4 && (memcmp(p, frame, 4) == 0 || memcmp(p, legacy, 4) == 0) ? 32 : 0;
}

const struct pl_codec pl_codec_lz4 = { .id = "lz4", .bid = lz4_bid };
