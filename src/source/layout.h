/* OCI layout directories. OCI image-spec, image-layout.md. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SOURCE_LAYOUT_H
#define PL_SOURCE_LAYOUT_H

#include "source/source.h"

/* Lists the files of the layout in s->fd as blobs, in lexical order. PL_E_USAGE when there is no
 * index.json. What cannot be listed goes to s->unread. */
int pl_layout_list(struct pl_source *s, struct pl_err *err);
/* Opens one of them beneath the directory. */
struct pl_feed *pl_layout_feed(const struct pl_source *s, const struct pl_blob *b,
                               struct pl_err *err);
/* Opens `path` for reading beneath `dirfd`, no link followed anywhere; -1 with errno. */
int pl_open_beneath(int dirfd, const char *path, int flags);

#endif
