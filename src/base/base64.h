/* Base 64 of RFC 4648: sections 4 (standard) and 5 (URL and file names). */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_BASE_BASE64_H
#define PL_BASE_BASE64_H

#include "base/buf.h"

enum pl_base64_flags {
    PL_BASE64_STD = 0,         /* alphabet with '+' and '/' */
    PL_BASE64_URL = 1u << 0,   /* alphabet with '-' and '_' */
    PL_BASE64_NOPAD = 1u << 1, /* encode: no '='; decode: '=' is refused */
    PL_BASE64_LENIENT =
        1u << 2 /* decode: both alphabets, white space skipped, '=' optional, left-over
                   bits ignored; what follows the first '=' group is refused */
};

/* The most bytes that decoding `n` characters can give. */
size_t pl_base64_room(size_t n);

/* Decodes `in` to `out`, which has room for pl_base64_room(in.n) bytes and may be in.p itself;
 * *ret_n is the number written. Strict unless LENIENT: whole groups with padding (URL: with or
 * without), zero left-over bits, nothing else. PL_E_FORMAT names the offset of the first character
 * that does not fit; the bytes before it were written. */
int pl_base64_decode(struct pl_str in, unsigned flags, void *out, size_t *ret_n,
                     struct pl_err *err);

/* Appends the encoding of `in` to `b`, with padding unless NOPAD; ends the process when memory is
 * gone. */
void pl_base64_encode(struct pl_buf *b, struct pl_str in, unsigned flags);

#endif
