/* Points in time as a user says them. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CMD_SINCE_H
#define PL_CMD_SINCE_H

#include <stdint.h>

#include "base/err.h"

/* "2026-01-31", "2026-01-31T12:00:00Z", seconds since the epoch as "@N", or an age as "30d", "2w",
 * "12h": seconds since the epoch, UTC. PL_E_USAGE. */
int pl_since_parse(const char *s, int64_t *ret, struct pl_err *err);

#endif
