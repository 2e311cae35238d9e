/* The index file of git: its entries in order, the trees of its extension. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "source/git_index.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct pl_arena a = { 0 };
    struct pl_index x;
    struct pl_index_entry e;
    struct pl_err err = { 0 };
    int r = pl_index_open(pl_str_n(p, n), &a, &x, &err);
    if (r < 0) {
        if (!err.msg[0])
            abort();
        pl_arena_release(&a);
        return -1;
    }
    uint32_t seen = 0;
    while ((r = pl_index_next(&x, &e, &err)) > 0) {
        const struct pl_index_tree *t = pl_index_tree(&x, e.path);
        if (!e.path.n || (t && !t->oid))
            abort();
        seen++;
    }
    if (r == 0 && seen != x.count)
        abort();
    pl_index_release(&x);
    pl_arena_release(&a);
    return r < 0 ? -1 : 0;
}
