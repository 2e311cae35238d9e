/* Git objects: the zlib stream round them, the header of a loose one, and the fields of trees and
 * commits. git's "Git Objects" and gitformat-pack(5). Not for other folders. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_IO_GITOBJ_H
#define PL_IO_GITOBJ_H

#include "base/err.h"
#include "base/str.h"
#include "io/gitpack_head.h"

#define PL_GIT_ID_MAX 32 /* SHA-256; SHA-1 takes 20 */

/* A zlib stream (RFC 1950) that is decoded in pieces. */
struct pl_zlib;

/* Are these the first two bytes of a zlib stream without dictionary? */
static inline bool pl_zlib_bid(const uint8_t *p, size_t n)
{
    return n >= 2 && (p[0] & 0x0f) == 8 && p[0] <= 0x78 && !(p[1] & 0x20) &&
           (p[0] << 8 | p[1]) % 31 == 0;
}

/* A decoder at the start of a stream. Free with pl_zlib_free, which accepts NULL. */
struct pl_zlib *pl_zlib_new(void);
void pl_zlib_free(struct pl_zlib *z);
/* At the start of another stream. */
void pl_zlib_reset(struct pl_zlib *z);
/* Decodes from `in`, which begins behind what *ret_in reported so far, to out[0..room). 1: the
 * stream has ended (and its checksum is right); 0: out of room or of input; PL_E_FORMAT. */
int pl_zlib_run(struct pl_zlib *z, struct pl_str in, uint8_t *out, size_t room, size_t *ret_in,
                size_t *ret_out, struct pl_err *err);
/* Decodes one whole stream at the start of `in` to exactly `size` bytes at `out` (NULL: they are
 * thrown away, `fresh` sees them). *ret_in: bytes it took. */
int pl_zlib_all(struct pl_zlib *z, struct pl_str in, uint8_t *out, uint64_t size,
                void (*fresh)(void *arg, const void *p, size_t n), void *arg, size_t *ret_in,
                struct pl_err *err);

/* Reads "TYPE SIZE" and a NUL at the start of a loose object. Returns the length of that, or 0 when
 * it is none. */
size_t pl_git_loose_header(struct pl_str s, enum pl_git_type *ret_type, uint64_t *ret_size);

/* One entry of a tree. Views on the tree. */
struct pl_git_entry {
    uint32_t mode; /* 040000 is a tree, 0160000 another repository's commit */
    struct pl_str name;
    const uint8_t *id;
};
/* Takes the next entry off *tree: 1; 0: none is left; PL_E_FORMAT. */
int pl_git_tree_next(struct pl_str *tree, size_t id_len, struct pl_git_entry *ret);

/* What we need of a commit. `text` begins at the author: the ids before it are no content. */
struct pl_git_commit {
    uint8_t tree[PL_GIT_ID_MAX];
    int64_t time; /* of the committer; 0 when it is not there */
    struct pl_str text;
};
/* False when the commit has no tree. */
bool pl_git_commit_read(struct pl_str s, size_t id_len, struct pl_git_commit *ret);

#endif
