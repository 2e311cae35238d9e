/* Compression of layers and of single files: chosen by bytes, decoded as a view between two
 * limits (bytes out; ratio of out to in). forensics.md section 2, guide section 8. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_IO_CODEC_H
#define PL_IO_CODEC_H

#include "base/limits.h"
#include "io/view.h"

/* What framing carries besides content. */
enum pl_frame_part {
    PL_FRAME_NAME,      /* gzip FNAME */
    PL_FRAME_COMMENT,   /* gzip FCOMMENT */
    PL_FRAME_EXTRA,     /* gzip FEXTRA */
    PL_FRAME_SKIPPABLE, /* zstd skippable frame */
    PL_FRAME_TRAILER,   /* bytes after the last member or frame that begin no other */
};

/* Called with up to 64 KiB at a time, `off` the offset in the compressed stream of bytes[0]; longer
 * parts come in pieces that overlap by 4 KiB. */
typedef void pl_frame_fn(void *arg, enum pl_frame_part part, struct pl_str bytes, uint64_t off);

struct pl_codec_opts {
    const struct pl_limits *limits;
    uint64_t out_base, out_ratio; /* limit: out_base + out_ratio * bytes in */
    const char *limit_name;       /* named in the message: "layer-out", "nested-out" */
    pl_frame_fn *frame;           /* may be NULL */
    /* Given every freshly decoded piece once, in order, while it is in the cache; may be NULL. */
    void (*fresh)(void *arg, const void *p, size_t n);
    void *arg; /* of both */
};

/* A codec: one file, one line in codec.list. */
struct pl_codec {
    const char *id; /* "gzip", "zstd", "xz", "bzip2" */
    /* Bits verified of the bytes at `p` (n may be short), 0 when it is not this codec. A codec that
     * cannot be decoded may still bid, with open == NULL, so that the message can name it. NULL: it
     * has no mark to know it by. */
    unsigned (*bid)(const uint8_t *p, size_t n);
    /* The same for one without a mark, whose file's name says what it is; `all`: these are all
     * bytes of it. NULL for the others. */
    unsigned (*named)(const uint8_t *p, size_t n, bool all, struct pl_str path);
    /* A heap view of the content of `in`; does not own `in`, and keeps a copy of `o`. All members /
     * frames are read; at its end `in` is at its end too. Damage: PL_E_FORMAT with the offset in
     * `in`, after everything decoded before it. */
    struct pl_view *(*open)(struct pl_view *in, const struct pl_codec_opts *o);
};

/* The codec whose bid on the next bytes of `in` is highest; NULL when none bids (plain). Reads at
 * most 512 bytes ahead. */
int pl_codec_probe(struct pl_view *in, const struct pl_codec **ret, struct pl_err *err);

/* No codec: `in` seen through, nothing copied, for callers that treat all alike. Only `fresh` and
 * its argument are used of `o`. `in` must not be used while it is open. */
struct pl_view *pl_codec_open_plain(struct pl_view *in, const struct pl_codec_opts *o);

/* All codecs, in the order of codec.list, NULL at the end. */
extern const struct pl_codec *const pl_codecs[];

#endif
