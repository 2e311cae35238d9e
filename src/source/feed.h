/* Where a job's bytes come from, in the parent: read once, in order. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SOURCE_FEED_H
#define PL_SOURCE_FEED_H

#include "base/err.h"
#include "base/str.h"

struct pl_feed {
    /* Up to `n` bytes into `buf`; *ret_got == 0 is the end. 1: nothing yet, ask again. Negative:
     * the source broke. */
    int (*read)(struct pl_feed *f, void *buf, size_t n, size_t *ret_got, struct pl_err *err);
    /* Releases it, the struct included. */
    void (*close)(struct pl_feed *f);
};

/* Bytes [off, off + size) of `fd`, which stays the caller's and must outlive the feed. A file that
 * ends before is PL_E_IO. Heap. */
struct pl_feed *pl_feed_range(int fd, uint64_t off, uint64_t size);
/* The same of a descriptor that the feed owns and closes. */
struct pl_feed *pl_feed_fd(int fd, uint64_t off, uint64_t size);
/* The bytes of `s`, which must outlive the feed. */
struct pl_feed *pl_feed_memory(struct pl_str s);
/* What `fd`, the caller's, still has to give (a pipe). */
struct pl_feed *pl_feed_stream(int fd);

#endif
