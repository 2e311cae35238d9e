/* Edits of repairs, applied side by side: of Dockerfiles (fix.c) and of manifests (deploy/prove.c).
 */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CHECK_EDITS_H
#define PL_CHECK_EDITS_H

#include "check/lint.h"

/* Sorted by offset; none touches another. */
struct pl_edits {
    const struct pl_lint_edit **p;
    size_t n;
};

/* Adds the `n` edits at `more` when they touch neither each other nor those that are there. False:
 * they do, and `e` stays as it was. The list grows in `a`. */
bool pl_edits_join(struct pl_arena *a, struct pl_edits *e, const struct pl_lint_edit *more,
                   size_t n);
/* `text` with the edits made, in `a`; p is NULL when it would have more than `max` bytes. */
struct pl_str pl_edits_apply(struct pl_arena *a, struct pl_str text, const struct pl_edits *e,
                             size_t max);

#endif
