/* Whole files of the operator: keys, policies, configuration, lists. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_IO_FILE_H
#define PL_IO_FILE_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* Appends the whole of `path` to `b`, whose max counts. PL_E_USAGE: it cannot be opened or read;
 * PL_E_LIMIT: there is more than max; PL_E_NOMEM. */
int pl_file_read(const char *path, struct pl_buf *b, struct pl_err *err);
/* A number that is another one when the file was changed, replaced or removed: of device, inode,
 * size and times. Links are followed, so that those of mounted secrets work. 0: there is none. */
uint64_t pl_file_stamp(const char *path);

#endif
