/* What is brotli, which has no mark. Not for other folders. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_IO_CODEC_BROTLI_H
#define PL_IO_CODEC_BROTLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Can these be the first bytes of a brotli stream (`all`: all of it)? A name alone is no proof.
 * Without the library: always. */
bool pl_brotli_begins(const uint8_t *p, size_t n, bool all);

#endif
