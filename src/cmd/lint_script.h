/* Scripts of the build context that an image starts. formats/dockerfile.md section 2. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CMD_LINT_SCRIPT_H
#define PL_CMD_LINT_SCRIPT_H

#include "check/check.h"

#define SCRIPT_END "PLIMSOLL_END_OF_SCRIPT"
#define SCRIPT_HEAD "FROM scratch\nCOPY <<\"" SCRIPT_END "\" /script\n"
#define SCRIPT_HEAD_LINES 2u
#define SCRIPTS_MAX 8

struct pl_lint_scripts {
    struct pl_str p[SCRIPTS_MAX]; /* paths in the context, without "..", perhaps of no file */
    size_t n;
};

/* Finds what CMD and ENTRYPOINT start and COPY brings; paths live in `a`. */
void pl_lint_scripts_find(struct pl_arena *a, const struct pl_df_file *f,
                          struct pl_lint_scripts *out);
/* The text of a script as a Dockerfile that brings it, SCRIPT_HEAD in front; empty when it has no
 * "#!" line or cannot be brought like this. In `a`. */
struct pl_str pl_lint_script_wrap(struct pl_arena *a, struct pl_str text);

#endif
