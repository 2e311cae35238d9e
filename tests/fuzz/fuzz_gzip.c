/* Fuzz target: gzip framing and content. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "codec_run.h"

extern const struct pl_codec pl_codec_gzip;

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    return codec_run(&pl_codec_gzip, p, n);
}
