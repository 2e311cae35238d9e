/* The index file of git, read as bytes: entries in order, and the ids of the trees it knows.
 * Foreign bytes: read it in the child. gitformat-index(5), versions 2 to 4. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SOURCE_GIT_INDEX_H
#define PL_SOURCE_GIT_INDEX_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/map.h"

/* One entry; views on the file, `path` valid until the next. */
struct pl_index_entry {
    struct pl_str path;
    uint32_t mode;
    uint32_t mtime, mtime_ns, size; /* of the file when it was added */
    const uint8_t *oid;
    unsigned stage; /* 0, or 1 to 3 while a merge is unfinished */
    bool to_add;    /* only intended to be added: no content yet */
};

struct pl_index {
    struct pl_str file;
    uint32_t version, count, next; /* entries; those taken */
    size_t at;                     /* offset of the next entry */
    struct pl_buf path;            /* version 4 builds on the path before */
    bool split;                    /* entries are in another file, too */
    struct pl_map trees;           /* folder ("" = top) -> struct pl_index_tree * */
};

/* What the index knows of a folder that has not changed since its tree was written. */
struct pl_index_tree {
    uint32_t count; /* entries below it */
    const uint8_t *oid;
};

/* Reads the head and the extensions of `file`, which must outlive it; trees live in `a`.
 * PL_E_FORMAT. */
int pl_index_open(struct pl_str file, struct pl_arena *a, struct pl_index *ret, struct pl_err *err);
/* Takes the next entry: 1; 0: none is left; PL_E_FORMAT. */
int pl_index_next(struct pl_index *x, struct pl_index_entry *ret, struct pl_err *err);
/* The tree of folder `path`, or NULL when it is not known. */
const struct pl_index_tree *pl_index_tree(const struct pl_index *x, struct pl_str path);
/* Frees what is not in the arena. */
void pl_index_release(struct pl_index *x);

#endif
