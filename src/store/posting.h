/* The index of packages: rows that say which lists hold a package. Not for other folders. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_STORE_POSTING_H
#define PL_STORE_POSTING_H

#include "base/vec.h"
#include "store/row.h"

#define PL_POSTING_BUCKET 256u /* package numbers of a row */

#define PL_POSTING_SUM 8u /* bytes that tell whether a row is what was written there */

/* The sum of what a row holds at its place: `bucket` of the segment whose last list is `segment`.
 * Other rows of buckets have negative numbers there. */
void pl_posting_sum(uint32_t bucket, int64_t segment, struct pl_str body,
                    uint8_t out[PL_POSTING_SUM]);

/* Numbers of lists. */
struct pl_posting_ids {
    int64_t *p;
    size_t n, cap;
};

/* Appends the row of `bucket` in the segment whose last list is `segment`. `pair`: numbers of
 * packages of that bucket, and below the lower 32 bits those of lists, counted from the segment's
 * first; rising, each once. */
void pl_posting_put(struct pl_buf *b, uint32_t bucket, int64_t segment, const uint64_t *pair,
                    size_t n);
/* Appends the lists, `first` to `last`, that hold a package that is wanted; in order for each
 * package. False when the bytes are not what was written at this place. */
bool pl_posting_get(struct pl_str row, uint32_t bucket, int64_t first, int64_t last,
                    const bool wanted[PL_POSTING_BUCKET], struct pl_posting_ids *ret);
/* The same of what follows the sum that a row begins with. */
bool pl_posting_body(struct pl_str body, int64_t first, int64_t last,
                     const bool wanted[PL_POSTING_BUCKET], struct pl_posting_ids *ret);

#endif
