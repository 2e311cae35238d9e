/* What liblzma decodes: the formats differ in their marks and in what stands between their members.
 * Not for other folders. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_IO_CODEC_LZMA_H
#define PL_IO_CODEC_LZMA_H

#include <lzma.h>

#include "io/refill.h"

struct pl_lzma_form {
    const char *id;
    size_t head; /* bytes that `bid` needs */
    unsigned (*bid)(const uint8_t *p, size_t n);
    /* Passes what may stand between members; may be NULL. */
    int (*between)(struct pl_view *in, struct pl_err *err);
    lzma_ret (*start)(lzma_stream *s, uint64_t memory); /* the decoder of one member */
};

/* A view of all members of `in`, as `open` of struct pl_codec. `f` lives as long. */
struct pl_view *pl_lzma_open(const struct pl_lzma_form *f, struct pl_view *in,
                             const struct pl_codec_opts *o);

#endif
