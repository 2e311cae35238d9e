/* Blocks of the byte-oriented LZ formats (LZ4, Snappy, its extension S2, MinLZ) and the check sums
 * of their frames. Not for other folders. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_IO_LZBLOCK_H
#define PL_IO_LZBLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Decodes one block of LZ4 behind the `have` bytes at `base`, which it may refer to, into at most
 * `room` bytes. Returns their number, -1 when the block is damaged. */
int64_t pl_lz4_block(const uint8_t *in, size_t n, uint8_t *base, size_t have, size_t room);

/* Decodes one block of Snappy to `out`, at most `room` bytes; `s2` allows its repeated offsets.
 * Returns their number, -1 when the block is damaged or larger. */
int64_t pl_snappy_block(const uint8_t *in, size_t n, uint8_t *out, size_t room, bool s2);

/* Decodes one block of MinLZ that has no leading zero byte to `out`, at most `room` bytes. Returns
 * their number, -1 when the block is damaged or larger. */
int64_t pl_minlz_block(const uint8_t *in, size_t n, uint8_t *out, size_t room);

/* CRC-32C (Castagnoli). */
uint32_t pl_crc32c(const uint8_t *p, size_t n);

/* xxHash, 32 bits, seed 0, in pieces. */
struct pl_xxh32 {
    uint32_t v[4];
    uint64_t total;
    uint8_t rest[16]; /* the last total % 16 bytes */
};
/* Begins anew. */
void pl_xxh32_init(struct pl_xxh32 *x);
/* Takes in more. */
void pl_xxh32_add(struct pl_xxh32 *x, const uint8_t *p, size_t n);
/* The hash of all that was taken in; may be asked for at any time. */
uint32_t pl_xxh32_get(const struct pl_xxh32 *x);

#endif
