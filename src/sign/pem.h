/* PEM blocks, RFC 7468: labels, base64, nothing else. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SIGN_PEM_H
#define PL_SIGN_PEM_H

#include "base/arena.h"
#include "base/buf.h"

struct pl_pem {
    struct pl_str label; /* "PUBLIC KEY", a view on the text */
    struct pl_str body;  /* decoded, in the arena */
};

/* Takes the next block off `text` (what stands before it must be white space or lines of text),
 * body in `a`. PL_E_NOENT: there is none; PL_E_FORMAT; PL_E_LIMIT: more than 1 MiB. */
int pl_pem_next(struct pl_str *text, struct pl_arena *a, struct pl_pem *ret, struct pl_err *err);
/* Appends a block, lines of 64 characters. */
void pl_pem_write(struct pl_buf *b, const char *label, struct pl_str body);

#endif
