/* Descriptors. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_BASE_FD_H
#define PL_BASE_FD_H

#include <stddef.h>

/* Writes all `n` bytes, through short writes and signals: write(2). -1 with errno, and then any
 * part may have been written. */
int pl_fd_write(int fd, const void *p, size_t n);

#endif
