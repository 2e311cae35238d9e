/* What the files that use libgit2 share. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SOURCE_GIT_INT_H
#define PL_SOURCE_GIT_INT_H

#include "base/buf.h"
#include "base/vec.h"
#include "source/git.h"
#include "source/git_late.h"
#include "source/oidmap.h"

struct pl_git_commit {
    uint8_t tree[PL_OID];
    int64_t time;               /* of the committer */
    uint32_t parents;           /* index of the first in `parents` */
    uint32_t n_parents;         /* as the commit says */
    uint32_t waits;             /* while sorting: parents not yet listed */
    bool known, wanted, listed; /* its object was read; it is of the range */
};

struct pl_git {
    git_repository *repo;
    git_odb *odb;
    char *dir;
    struct pl_oidmap ids;              /* of all commits that were met */
    PL_VEC(struct pl_git_commit) info; /* by number in `ids` */
    PL_VEC(uint32_t) parents;          /* numbers in `ids` */
    PL_VEC(uint32_t) list;             /* the commits of the range, parents first */
    struct pl_oidmap shallow;          /* commits whose parents are not here */
    struct pl_oidmap tags;             /* annotated tags */
    struct pl_oidmap whole;            /* trees that were told whole; times[] by number */
    PL_VEC(uint8_t) times;
    struct pl_oidmap submodules; /* paths, hashed */
    bool partial;
};

/* The code for a failed call of libgit2; message from it. */
int pl_git_fail(struct pl_err *err, const char *what);
/* The object's bytes; PL_E_NOENT or PL_E_FORMAT. Free with git_odb_object_free. */
int pl_git_raw(struct pl_git *g, const uint8_t *oid, git_odb_object **ret, struct pl_err *err);
/* The object as a stream when a pack holds it whole; NULL when it does not. Heap. */
struct pl_view *pl_git_packed_view(struct pl_git *g, const uint8_t *oid);

/* An index of version 2: its head, the 256 sums of the fan, then tables of ids, checksums, places
 * (four bytes) and places beyond 2 GiB (eight). gitformat-pack(5). */
#define PL_IDX_HEAD 8u
#define PL_IDX_FAN 1024u
/* How many objects the index `fd` lists; false when it is no index of version 2. */
bool pl_idx_count(int fd, uint32_t *ret);
/* Exactly `n` bytes from `off` on. */
bool pl_read_at(int fd, void *to, size_t n, uint64_t off);

/* An entry of a tree; as pl_git_tree_next of io. */
struct pl_git_item {
    uint32_t mode;
    struct pl_str name;
    const uint8_t *oid;
};
/* Takes the next entry off the tree text *s: 1; 0: none is left; -1: malformed. */
int pl_git_item_next(struct pl_str *s, struct pl_git_item *ret);

#define PL_GIT_MODE_TREE 040000u
#define PL_GIT_MODE_LINK 0120000u
#define PL_GIT_MODE_SUBMODULE 0160000u
#define PL_GIT_MODE_KIND 0170000u
#define PL_GIT_TREE_DEPTH 512u /* folders in folders */

#endif
