/* UTF-8 one character at a time (Unicode 15, table 3-7: no surrogates, no overlong forms). */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_FMT_UTF8_H
#define PL_FMT_UTF8_H

#include "base/buf.h"

/* Length in bytes (1..4) of the well-formed character that `s` begins with, its number in *ret_cp;
 * 0 when `s` is empty or begins with a byte that is not part of one. */
size_t pl_utf8_next(struct pl_str s, uint32_t *ret_cp);
/* Appends the character `cp` (at most 0x10FFFF). */
void pl_utf8_put(struct pl_buf *out, uint32_t cp);

/* Is `cp` a character that must not reach a reader as it is: a control, a mark that reorders text
 * (bidi), one that does not show (zero width, tags), a line separator, or no character at all? */
bool pl_utf8_hidden(uint32_t cp);

#endif
