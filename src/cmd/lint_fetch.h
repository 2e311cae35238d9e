/* Reading an address for a repair: its checksum, whether its host speaks TLS. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CMD_LINT_FETCH_H
#define PL_CMD_LINT_FETCH_H

#include "base/err.h"
#include "base/str.h"

/* SHA-256 of what stands at `url` as 64 hex digits and a NUL. Follows up to 10 redirects, never to
 * a network that is less public than the one before; at most 1 GiB. PL_E_NET, PL_E_LIMIT,
 * PL_E_FORMAT, PL_E_NOENT, PL_E_AUTH: a refused address. */
int pl_lint_fetch_sum(struct pl_str url, const char *ca_file, char ret[65], struct pl_err *err);
/* Does the same address answer with success over TLS? `url` begins with http://. */
bool pl_lint_fetch_https(struct pl_str url, const char *ca_file);

#endif
