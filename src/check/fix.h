/* Repairing a Dockerfile with proof: the repaired text parses as well as before, the finding is
 * gone, none is new. formats/dockerfile.md section 9. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CHECK_FIX_H
#define PL_CHECK_FIX_H

#include "check/lint.h"

/* Keeps of the edits of the hits in `r` (from `text`, judged with o->fixes) only those that hold:
 * each alone is applied and judged again. Costs one reading for each hit that has edits. */
void pl_fix_prove(struct pl_arena *a, struct pl_str text, const struct pl_lint_opts *o,
                  struct pl_lint_result *r);
/* Told of each repair that is made; the hit is valid during the call. */
struct pl_fix_log {
    void (*told)(void *arg, const struct pl_lint_hit *h);
    void *arg;
};
/* Applies what can be applied up to class `c`, in passes until nothing changes. *ret is a view on
 * `text` when there is nothing to do, else text in `a`. `log` may be NULL. PL_E_FORMAT, PL_E_LIMIT
 * as pl_lint_file. */
int pl_fix_apply(struct pl_arena *a, struct pl_str text, const struct pl_lint_opts *o,
                 enum pl_fix_class c, struct pl_str *ret, const struct pl_fix_log *log,
                 struct pl_err *err);
/* Appends a unified diff of `before` and `after` under `name`; nothing when they are equal. */
void pl_fix_diff(struct pl_str name, struct pl_str before, struct pl_str after, struct pl_buf *out);

#endif
