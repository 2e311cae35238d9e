/* Compressing: the way back from io/codec.h, for images that are written anew. The same bytes in
 * give the same bytes out: no time, no name, one thread. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_IO_CODEC_PACK_H
#define PL_IO_CODEC_PACK_H

#include "base/err.h"
#include "base/str.h"

struct pl_pack;

/* Takes compressed bytes as they come. */
typedef void pl_pack_fn(void *arg, const void *p, size_t n);

/* A compressor for the codec called `id` ("gzip", "zstd", "xz", "bzip2"; NULL: bytes pass as they
 * are). Heap; ends the process when memory is gone. NULL when there is none of that name. */
struct pl_pack *pl_pack_new(const char *id, pl_pack_fn *out, void *arg);
/* Adds `n` bytes. */
void pl_pack_add(struct pl_pack *k, const void *p, size_t n);
/* Gives out what is left, with the end of the stream. */
void pl_pack_end(struct pl_pack *k);
/* Frees; accepts NULL. */
void pl_pack_free(struct pl_pack *k);

#endif
