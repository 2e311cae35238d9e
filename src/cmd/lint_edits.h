/* The repair of a finding, as reports tell it. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CMD_LINT_EDITS_H
#define PL_CMD_LINT_EDITS_H

#include "check/lint.h"
#include "model/report.h"

/* Line and column (both from 1, columns in characters) of byte `off` of the text behind `arg`. */
typedef void pl_lint_place_fn(const void *arg, uint32_t off, uint32_t *line, uint32_t *col);

/* Puts the repair into `f`: its class and `n` edits with their places, in `a`. Nothing when there
 * is none. */
void pl_lint_tell_edits(struct pl_arena *a, enum pl_fix_class class,
                        const struct pl_lint_edit *edit, size_t n, pl_lint_place_fn *place,
                        const void *arg, struct pl_finding *f);

#endif
