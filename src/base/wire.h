/* Plain serialisation for messages between our own processes: little-endian, length-prefixed.
 * The reader treats its bytes as hostile: every get checks, a failure is sticky. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_BASE_WIRE_H
#define PL_BASE_WIRE_H

#include "base/buf.h"

/* Append to `b`; they end the process when memory is gone (messages are ours and small). */
void pl_put_u8(struct pl_buf *b, uint8_t v);
void pl_put_u32(struct pl_buf *b, uint32_t v);
void pl_put_u64(struct pl_buf *b, uint64_t v);
/* Variable-length integer, 7 bits a byte. */
void pl_put_var(struct pl_buf *b, uint64_t v);
/* pl_put_var length, then the bytes. */
void pl_put_str(struct pl_buf *b, struct pl_str s);

struct pl_rd {
    const uint8_t *p, *end;
    bool bad; /* something was missing or out of range; all later gets give 0 or "" */
};

/* Reads the bytes that `b` holds, which may be none. */
static inline struct pl_rd pl_rd_buf(const struct pl_buf *b)
{
    const uint8_t *p = (const uint8_t *)(b->n ? b->p : "");
    return (struct pl_rd){ p, p + b->n, false };
}

/* Read one value; 0, an empty view or zeroes after a failure. Strings are views on the message. */
uint8_t pl_get_u8(struct pl_rd *r);
uint32_t pl_get_u32(struct pl_rd *r);
uint64_t pl_get_u64(struct pl_rd *r);
uint64_t pl_get_var(struct pl_rd *r);
struct pl_str pl_get_str(struct pl_rd *r);
/* Copies exactly `n` raw bytes to `out`. */
void pl_get_raw(struct pl_rd *r, void *out, size_t n);

#endif
