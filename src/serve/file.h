/* Files of the operator: read whole, and watched for change. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SERVE_FILE_H
#define PL_SERVE_FILE_H

#include "base/buf.h"
#include "base/err.h"

/* Appends the whole of `path` to `b`, whose max counts. PL_E_USAGE. */
int pl_serve_read(const char *path, struct pl_buf *b, struct pl_err *err);
/* A number that is another one when the file was changed, replaced or removed: of device, inode,
 * size and times. Links are followed, so that those of mounted secrets work. */
uint64_t pl_serve_stamp(const char *path);

#endif
