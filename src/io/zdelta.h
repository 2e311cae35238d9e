/* The difference between two files, as zstd makes it: the new one packed with the old as its
 * dictionary (RFC 8878, "raw content dictionary"). Header: magic, SHA-256 of both, length of the
 * new. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_IO_ZDELTA_H
#define PL_IO_ZDELTA_H

#include "base/buf.h"

/* The longest file that is made. */
#define PL_ZDELTA_MAX ((uint64_t)1 << 30)

/* Does it begin as a difference does? */
bool pl_zdelta_is(struct pl_str s);
/* Appends the difference that makes `new_` of `old`. PL_E_LIMIT beyond PL_ZDELTA_MAX. */
int pl_zdelta_make(struct pl_str old, struct pl_str new_, struct pl_buf *out, struct pl_err *err);
/* Appends the new file to `out`, whose `max` allows for it. PL_E_DIGEST when `old` is not what the
 * difference is to, or what comes out is not what it says; PL_E_FORMAT, PL_E_LIMIT. */
int pl_zdelta_apply(struct pl_str old, struct pl_str delta, struct pl_buf *out, struct pl_err *err);

#endif
