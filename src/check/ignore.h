/* Comments that hide findings, of every linter. formats/dockerfile.md section 8.1. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CHECK_IGNORE_H
#define PL_CHECK_IGNORE_H

#include "check/check.h"

/* Finds the comments that pl_ignore_shell looks at. */
void pl_ignore_prepare(struct pl_lint *l);
/* The shell that a "hadolint shell=" comment names for node `i` of stage `s` (SIZE_MAX before the
 * first FROM), or an empty view. */
struct pl_str pl_ignore_shell(struct pl_lint *l, size_t s, size_t i);
/* Reports the comments of hadolint that hide something (a code that is off by default). */
void pl_ignore_report(struct pl_lint *l);
/* Removes the hits that comments hide. True when BuildKit's error=true holds and one of its checks
 * is left. */
bool pl_ignore_apply(struct pl_lint *l);
/* Are the options of the file for BuildKit's checks ("# check=…") ones that it takes? */
bool pl_ignore_check_valid(const struct pl_lint *l);
/* Is the comment text a valid ignore or shell pragma of hadolint? *ret_codes: what follows '='. */
enum pl_pragma {
    PL_PRAGMA_NONE,
    PL_PRAGMA_NEXT,
    PL_PRAGMA_STAGE,
    PL_PRAGMA_GLOBAL,
    PL_PRAGMA_SHELL
};
enum pl_pragma pl_ignore_pragma(struct pl_str comment, struct pl_str *ret_codes);

#endif
