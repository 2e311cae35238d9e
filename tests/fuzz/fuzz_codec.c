/* Fuzz target: every codec, chosen by its first bytes; what has none of its own is zlib where it
 * can be, else brotli. The pieces given to the hook must be what the view showed, and the size of
 * the pieces that come in must not matter. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "codec_run.h"

static const struct pl_codec *called(const char *id)
{
    const struct pl_codec *const *c = pl_codecs;
    while (*c && strcmp((*c)->id, id) != 0)
        c++;
    return *c;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct pl_view v;
    const struct pl_codec *c;
    pl_view_mem_init(&v, p, n);
    if (pl_codec_probe(&v, &c, NULL) < 0)
        return -1;
    if (!c)
        c = called(n > 1 && (p[0] & 15) == 8 && (p[0] << 8 | p[1]) % 31 == 0 ? "zlib" : "brotli");
    if (!c->open)
        return -1;
    return codec_run(c, p, n);
}
