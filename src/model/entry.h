/* One file seen in a layer. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_MODEL_ENTRY_H
#define PL_MODEL_ENTRY_H

#include "base/str.h"

struct pl_view;

enum pl_entry_kind {
    PL_ENTRY_FILE,
    PL_ENTRY_DIR,
    PL_ENTRY_SYMLINK,
    PL_ENTRY_HARDLINK,
    PL_ENTRY_DEVICE, /* character or block device, fifo */
    PL_ENTRY_OTHER,  /* a type flag nobody defines; content is read */
};

enum pl_entry_flags {
    PL_ENTRY_UNSAFE = 1u << 0,  /* path has ".." : takes no place in the view */
    PL_ENTRY_LONG = 1u << 1,    /* path above 4096 bytes */
    PL_ENTRY_SPARSE = 1u << 2,  /* `size` is the logical size */
    PL_ENTRY_DEV00 = 1u << 3,   /* character device 0/0 */
    PL_ENTRY_OVERLAY = 1u << 4, /* has a trusted.overlay.* or user.overlay.* attribute */
};

/* Valid during the callback or until the next pl_tar_next. Whiteouts are recognised by name in
 * oci/whiteout.h, not here. */
struct pl_entry {
    struct pl_str path; /* normalised: relative, no "./", "//" or trailing "/" */
    enum pl_entry_kind kind;
    uint32_t flags;
    uint32_t mode, uid, gid;
    uint32_t ordinal; /* n-th header of the layer, from 0 */
    uint64_t size;    /* of the body, logical bytes */
    uint64_t at;      /* offset of the body in the unpacked stream */
    int64_t mtime_ns;
    struct pl_str link;   /* target of a symlink (as written) or hardlink (normalised) */
    struct pl_view *body; /* content; NULL when size is 0. Consume as much as wanted. */
};

#endif
