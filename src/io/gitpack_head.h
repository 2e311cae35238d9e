/* The head of an object in a git pack. gitformat-pack(5). */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_IO_GITPACK_HEAD_H
#define PL_IO_GITPACK_HEAD_H

#include "base/str.h"

enum pl_git_type { /* the numbers of a pack */
                   PL_GIT_NONE = 0,
                   PL_GIT_COMMIT = 1,
                   PL_GIT_TREE = 2,
                   PL_GIT_BLOB = 3,
                   PL_GIT_TAG = 4,
                   PL_GIT_OFS_DELTA = 6,
                   PL_GIT_REF_DELTA = 7,
};

/* What stands before an object's bytes in a pack: type and size (3 bits of type and 4 of size in
 * the first byte, then 7 bits each). Returns its length, 0: it is cut. */
size_t pl_gitpack_head(struct pl_str s, uint8_t *ret_type, uint64_t *ret_size);
/* What stands behind the head of a PL_GIT_OFS_DELTA: the distance back to its base. As above. */
size_t pl_gitpack_distance(struct pl_str s, uint64_t *ret);

#endif
