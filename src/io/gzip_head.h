/* Inside io: the header of a gzip member (RFC 1952 section 2.3). */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_IO_GZIP_HEAD_H
#define PL_IO_GZIP_HEAD_H

#include "io/refill.h"

/* Do the bytes begin a member? Reserved flags do not matter: some readers ignore them, so what
 * follows would be content to them. */
bool pl_gzip_is_head(const uint8_t *p, size_t n);

/* Takes a member's header from r->in, which begins one, and offers its name, comment and extra
 * field. PL_E_FORMAT when it is cut or its own checksum is wrong. */
int pl_gzip_head(struct pl_refill *r, struct pl_err *err);

#endif
