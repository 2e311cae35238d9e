/* Inside io: raw deflate (RFC 1951) with the CRC-32 of what comes out. Two implementations, of
 * which the build takes one: gzip_isal.c or gzip_zlib.c. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_IO_INFLATE_H
#define PL_IO_INFLATE_H

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct pl_inflate;

/* A decoder at the start of a stream; ends the process when memory is gone. */
struct pl_inflate *pl_inflate_new(void);
/* At the start of a stream again. */
void pl_inflate_reset(struct pl_inflate *z);
/* Decodes from `in` to out[0..room). `in` must begin with the byte behind those that *ret_in
 * reported so far: the decoder may keep a few that it has looked at, and wants to see them again.
 * Returns 1 at the end of the stream, where *ret_in is exact; 0: out of room or of input; -1: the
 * data is damaged. *ret_out is right in each case. */
int pl_inflate_run(struct pl_inflate *z, struct pl_str in, uint8_t *out, size_t room,
                   size_t *ret_in, size_t *ret_out);
/* CRC-32 of what came out since the start of the stream. */
uint32_t pl_inflate_crc(const struct pl_inflate *z);
/* Frees; accepts NULL. */
void pl_inflate_free(struct pl_inflate *z);

#endif
