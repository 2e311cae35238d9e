/* The universal version range: vers:TYPE/CONSTRAINT|CONSTRAINT… (VERS specification). */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_VER_VERS_H
#define PL_VER_VERS_H

#include "base/arena.h"
#include "base/err.h"
#include "ver/scheme.h"

/* The most constraints of one range. */
#define PL_VERS_MAX 10000u

/* Is `v` in the range? *ret_scheme (may be NULL) is the scheme of its type. PL_E_FORMAT for what is
 * no range, PL_E_UNSUP for an unknown type, PL_E_LIMIT for too many constraints. `a` holds scratch.
 */
int pl_vers_in(struct pl_arena *a, struct pl_str range, struct pl_str v,
               const struct pl_scheme **ret_scheme, bool *ret, struct pl_err *err);

#endif
