/* What "{assign}" in the regex of a rule stands for. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SECRET_ASSIGN_H
#define PL_SECRET_ASSIGN_H

#include "secret/hit.h"

#define PL_ASSIGN_MARK "{assign}"
#define PL_ASSIGN_MAX 4

/* Where values assigned to the name may begin: the name (or the rest of it) stands at `from`, the
 * keyword at h->at. Offsets go to `ret`; returns how many. */
unsigned pl_assign_values(const struct pl_hit *h, size_t from, size_t ret[PL_ASSIGN_MAX]);
/* Cuts a regex at the mark; false when there is none. Views. */
bool pl_assign_split(struct pl_str regex, struct pl_str *ret_head, struct pl_str *ret_tail);

#endif
