/* Our own bounded tar reader: ustar, GNU, PAX, sparse, duplicates, and what a comfortable reader
 * hides: offsets, raw headers, padding, bytes after the end mark. POSIX.1-2017 pax "ustar
 * Interchange Format" and "pax Header"; GNU tar manual, "Basic Tar Format" and "Sparse". */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_IO_TAR_H
#define PL_IO_TAR_H

#include "base/arena.h"
#include "base/limits.h"
#include "io/view.h"
#include "model/entry.h"

/* Bytes that are neither path nor content. */
enum pl_tar_part {
    PL_TAR_PAX,     /* value of a PAX record (local or global); `name` is its key */
    PL_TAR_XATTR,   /* value of SCHILY.xattr.* / LIBARCHIVE.xattr.* (decoded); `name` is the rest of
                       the key */
    PL_TAR_OWNER,   /* uname or gname (in `name`), when not empty nor that of the entry before */
    PL_TAR_UNUSED,  /* header bytes no field uses, not all zero; number fields with other bytes */
    PL_TAR_NAME,    /* a GNU long name or link block's bytes after its NUL; a name or link that
                       another header replaced and that tells something else */
    PL_TAR_PADDING, /* after a body up to the block, not all zero */
};

/* `path` is the entry's (empty for a global header); `off` the offset in the unpacked stream (of a
 * decoded value: of its encoded form). Records whose value the entry shows, or a number where a
 * number belongs, are not offered. `in` must not be touched. */
typedef void pl_tar_fn(void *arg, enum pl_tar_part part, struct pl_str path, struct pl_str name,
                       struct pl_str bytes, uint64_t off);

/* A note about one entry (or none: empty path) that does not stop the reading. Codes after which
 * something may have been read in another way than others do, or not at all (incomplete):
 *   tar-no-end           no two zero blocks at the end
 *   tar-pax-damaged      an extended header holds what is no record; the rest of it is offered raw
 *   tar-dangling-header  an extended header without its entry; it is offered with an empty path
 *   tar-global           a global header with a path or size, applied here, ignored by runtimes
 *   tar-limit:path       a name was cut; all of it is offered
 * and for information:
 *   tar-size             two sizes, of which the extended header's was taken; or a size, but no
 * body tar-number           mode, owner or time is no number or out of range, and was left out
 *   tar-signed-sum       header checksum over signed bytes
 *   tar-sparse-unknown   a sparse format that is not known; its body is shown as stored */
typedef void pl_tar_note_fn(void *arg, const char *code, struct pl_str path, const char *message);

struct pl_tar_opts {
    const struct pl_limits *limits;
    pl_tar_fn *part;      /* may be NULL */
    pl_tar_note_fn *note; /* may be NULL */
    void *arg;
};

struct pl_tar;

/* Reads from `in`, which it does not own. */
struct pl_tar *pl_tar_new(struct pl_view *in, const struct pl_tar_opts *o);
/* 1: *ret is the next entry (the rest of the one before is skipped, its padding offered);
 * 0: end mark (two zero blocks; or one, or a clean end of stream: then note "tar-no-end");
 * PL_E_FORMAT with the offset: not a header, or cut in the middle of a header, body or padding.
 * After 0 or a failure the rest of `in` is where reading stopped. Failures are sticky. A body may
 * fail on its own, with `in` intact: PL_E_LIMIT at the end of a sparse file whose holes are too
 * much (its data was shown, without holes); then the next entry can still be read. */
int pl_tar_next(struct pl_tar *t, struct pl_entry *ret, struct pl_err *err);
/* Headers seen so far (extension headers not counted). */
uint32_t pl_tar_count(const struct pl_tar *t);
/* Frees; accepts NULL. */
void pl_tar_free(struct pl_tar *t);

/* Bits verified that the 512 bytes at `p` are a tar header with a right checksum; 0 when not. An
 * all-zero block is 0. */
unsigned pl_tar_bid(const uint8_t *p, size_t n);

#endif
