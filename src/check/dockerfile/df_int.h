/* Between the files of the Dockerfile parser. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CHECK_DOCKERFILE_DF_INT_H
#define PL_CHECK_DOCKERFILE_DF_INT_H

#include "base/vec.h"
#include "check/dockerfile/df.h"

struct pl_df_args {
    PL_VEC(struct pl_df_arg) v;
};

/* Splits n->text from `from` on into word, flags and arguments; sets n->error. `depth` counts
 * ONBUILD inside ONBUILD. Results live in `a`. */
void pl_df_split(struct pl_arena *a, struct pl_df_node *n, char escape, uint32_t from,
                 unsigned depth);
/* The heredocs that the line of `n` opens, bodies still empty. */
void pl_df_heredocs(struct pl_arena *a, struct pl_df_node *n);

#endif
