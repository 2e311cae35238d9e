/* Fuzz target: every codec, chosen by its first bytes. The pieces given to the hook must be what
 * the view showed, and the size of the pieces that come in must not matter. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "codec_run.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct pl_view v;
    const struct pl_codec *c;
    pl_view_mem_init(&v, p, n);
    if (pl_codec_probe(&v, &c, NULL) < 0 || !c || !c->open)
        return -1;
    return codec_run(c, p, n);
}
