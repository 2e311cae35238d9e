/* Whiteout names. OCI image-spec, layer.md, "Whiteouts" and "Opaque Whiteout". */
/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/whiteout.h"

enum pl_whiteout pl_whiteout(struct pl_str path, struct pl_arena *a, struct pl_str *ret_target)
{
    const char *slash = path.n ? memrchr(path.p, '/', path.n) : NULL;
    struct pl_str dir = pl_str_sub(path, 0, slash ? (size_t)(slash - path.p) : 0);
    struct pl_str name = pl_str_sub(path, slash ? dir.n + 1 : 0, path.n);
    if (!pl_str_starts(name, PL_S(".wh.")))
        return PL_WH_NONE;
    struct pl_str target = pl_str_sub(name, 4, name.n);
    if (pl_str_is(target, ".wh..opq")) {
        *ret_target = dir;
        return PL_WH_OPAQUE;
    }
    if (pl_str_starts(target, PL_S(".wh.")))
        return PL_WH_BOOKKEEPING;
    if (target.n == 0 || pl_str_is(target, ".") || pl_str_is(target, ".."))
        return PL_WH_BAD;
    size_t head = slash ? dir.n + 1 : 0;
    char *p = pl_alloc(a, head + target.n + 1);
    memcpy(p, path.p, head);
    memcpy(p + head, target.p, target.n);
    *ret_target = pl_str_n(p, head + target.n);
    return PL_WH_FILE;
}
