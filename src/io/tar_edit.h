/* A tar written anew with some of it taken out: whatever no edit names passes byte for byte. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_IO_TAR_EDIT_H
#define PL_IO_TAR_EDIT_H

#include "io/tar.h"

#define PL_TAR_VALUE_MIN 16u

enum pl_tar_fate {
    PL_TAR_KEEP,
    PL_TAR_DROP,   /* headers, body and padding go */
    PL_TAR_HIDE,   /* … and an empty file called `name` comes in its place, or a directory if that
                      ends with a slash */
    PL_TAR_REDACT, /* `blanks` of the body are overwritten */
};

/* Bytes of a body that are overwritten by as many 'x'; line ends stay. */
struct pl_tar_blank {
    uint64_t off, n;
};

struct pl_tar_edit {
    uint32_t ordinal;
    enum pl_tar_fate fate;
    bool padding; /* what fills the last block of the body becomes zeros */
    bool headers; /* hides one of `values`: see below */
    bool inside;  /* of REDACT: the body is a container, and `values` are overwritten in what it
                     holds (io/redact.h) */
    struct pl_str name; /* of HIDE */
    const struct pl_tar_blank *blanks;
    size_t n_blanks; /* in order, none overlaps another */
};

struct pl_tar_edits {
    const struct pl_tar_edit *p; /* by ordinal, one each */
    size_t n;
    /* Overwritten wherever they stand in a header that is kept; where `headers` is set and none of
     * them does, every text of the headers is. */
    const struct pl_str *values;
    size_t n_values;
    bool all_headers; /* in all headers, not only where `headers` is set, those that are long
                         enough not to stand anywhere by chance */
    bool tail;        /* what follows the end mark goes */
};

/* Takes the new stream as it comes. */
typedef void pl_tar_out_fn(void *arg, const void *p, size_t n);

struct pl_tar_rewrite;

/* Makes ready; strings of `e` must live as long. Heap. */
struct pl_tar_rewrite *pl_tar_rewrite_new(const struct pl_tar_edits *e,
                                          const struct pl_limits *limits, pl_tar_out_fn *out,
                                          void *arg);
/* To be told every byte of the old stream once, in order (pl_codec_opts.fresh). */
void pl_tar_rewrite_fresh(void *w, const void *p, size_t n);
/* Walks the tar in `in`, the view whose bytes `fresh` is told, to the end of the stream.
 * PL_E_FORMAT when it is no tar to its end, or an edit names an entry that is not there;
 * PL_E_UNSUP when a body cannot be redacted. */
int pl_tar_rewrite_run(struct pl_tar_rewrite *w, struct pl_view *in, struct pl_err *err);
void pl_tar_rewrite_free(struct pl_tar_rewrite *w);

#endif
