/* The nearest known name, for hints. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_BASE_NEAR_H
#define PL_BASE_NEAR_H

#include "base/str.h"

/* The one of `names` with the smallest edit distance to `word`, if that is at most a third of its
 * length (and at least 2 edits are allowed); else NULL. A view on `names`. */
const char *pl_near(struct pl_str word, const char *const *names, size_t n);

#endif
