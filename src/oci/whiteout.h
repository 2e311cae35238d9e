/* Whiteout names in layers: forensics.md section 3, rules 1 to 6. OCI image-spec, layer.md
 * "Whiteouts". */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_OCI_WHITEOUT_H
#define PL_OCI_WHITEOUT_H

#include "base/arena.h"

enum pl_whiteout {
    PL_WH_NONE,        /* an ordinary name */
    PL_WH_FILE,        /* .wh.N : *ret_target is D/N */
    PL_WH_OPAQUE,      /* .wh..wh..opq : *ret_target is D */
    PL_WH_BOOKKEEPING, /* .wh..wh.* of old storage drivers: no effect */
    PL_WH_BAD,         /* ".wh.", ".wh..", ".wh...": names no file, no effect, note */
};

/* Classifies the normalised `path`; the target is built in `a`. */
enum pl_whiteout pl_whiteout(struct pl_str path, struct pl_arena *a, struct pl_str *ret_target);

#endif
