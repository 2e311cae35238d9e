/* What stands at an address, into a file: for the advisory database. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CMD_DB_FETCH_H
#define PL_CMD_DB_FETCH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* Writes what `url` gives to the new file `path`, which is removed on failure. Follows up to 10
 * redirects, never to a network that is less public than the one before, nor from TLS to none.
 * PL_E_NET, PL_E_AUTH, PL_E_LIMIT, PL_E_IO; PL_E_NOENT: status 404. */
int pl_db_fetch(const char *url, const char *path, struct pl_err *err);
/* Writes all `n` bytes to the descriptor that `fd` points to (const int *). PL_E_IO. */
int pl_db_to_fd(void *fd, const void *p, size_t n, struct pl_err *err);
/* Is it an address ("https://…", "http://…")? */
bool pl_db_is_url(const char *s);

#endif
