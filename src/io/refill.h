/* Inside io: a view that decodes in pieces into one contiguous buffer; what all codecs share. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_IO_REFILL_H
#define PL_IO_REFILL_H

#include "io/codec.h"

/* Embed as first member. An implementation sets `step` and `release`. */
struct pl_refill {
    struct pl_view v;
    struct pl_view *in;
    struct pl_codec_opts o;
    struct pl_limits limits; /* a copy, o.limits points to it */
    const char *id;          /* begins the messages */
    uint64_t start;          /* offset of `in` when it was opened */
    uint64_t out;            /* bytes decoded */
    uint8_t *buf;
    size_t cap;
    bool ended;
    /* Decodes up to `room` bytes to `out`; *ret_n (zero before) says how many, also on failure. 1:
     * that was the end, `in` is at its end; 0: more may follow, though *ret_n may be 0; negative.
     */
    int (*step)(struct pl_refill *r, uint8_t *out, size_t room, size_t *ret_n, struct pl_err *err);
    /* Frees what the implementation holds, not `r`. */
    void (*release)(struct pl_refill *r);
};

/* A zeroed object of `size` bytes that begins with a pl_refill, ready but for its decoder. Ends the
 * process when memory is gone. */
void *pl_refill_new(size_t size, const char *id, struct pl_view *in, const struct pl_codec_opts *o);

/* Takes `n` bytes (UINT64_MAX: all there are) from `in` and offers them as `part` in pieces of 64
 * KiB that overlap by 4 KiB. A trailer's pieces that are all zero are padding and not offered.
 * Fewer than `n`: offers them, then PL_E_FORMAT. */
int pl_frame_pass(struct pl_refill *r, enum pl_frame_part part, uint64_t n, struct pl_err *err);

/* Makes `n` bytes visible in `in`; PL_E_FORMAT when the stream ends before. */
int pl_refill_need(struct pl_refill *r, size_t n, struct pl_err *err);

/* Takes exactly `n` bytes from `in` to `to`; PL_E_FORMAT when the stream ends before. For more than
 * can be seen at once. */
int pl_refill_take(struct pl_refill *r, uint8_t *to, size_t n, struct pl_err *err);

/* "ID: truncated at offset N", N the end of `in`. Returns PL_E_FORMAT. */
int pl_refill_truncated(struct pl_refill *r, struct pl_err *err);

/* Counts one more member against the limit; PL_E_LIMIT. */
int pl_refill_member(struct pl_refill *r, uint64_t *count, struct pl_err *err);

#define PL_FRAME_PIECE ((size_t)64 << 10)
#define PL_FRAME_OVERLAP ((size_t)4 << 10)

#endif
