/* How the files of a directory travel to a worker: frames in one stream, so that a slice of a tree
 * looks like a layer. A frame is this head, the path, the link target, then `size` bytes. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SOURCE_FRAME_H
#define PL_SOURCE_FRAME_H

#include <stdint.h>

#define PL_FRAME_MAGIC 0x4c46504cu

struct pl_frame {
    uint32_t magic, kind; /* enum pl_entry_kind */
    uint32_t path_len, link_len;
    uint32_t mode, uid, gid, pad;
    uint64_t size;
    int64_t mtime_ns;
};

#endif
