/* Directories as targets: every regular file and link below them, in lexical order. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SOURCE_TREE_H
#define PL_SOURCE_TREE_H

#include "source/source.h"

/* Lists the tree in s->fd (a directory, or one file). What cannot be listed goes to s->unread. */
int pl_tree_list(struct pl_source *s, struct pl_err *err);

#endif
