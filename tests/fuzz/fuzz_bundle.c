/* Sigstore bundles: read, and every entry of a log taken apart. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "sign/tlog.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct pl_arena a = { 0 };
    struct pl_bundle b;
    struct pl_checkpoint c;
    struct pl_err err = { 0 };
    uint8_t leaf[32] = { 0 }, root[32];
    int r = pl_bundle_parse(pl_str_n(p, n), &a, &b, &err);
    for (size_t i = 0; r == 0 && i < b.n_entries; i++) {
        const struct pl_tlog_entry *e = &b.entries[i];
        pl_checkpoint_parse(e->checkpoint, &c, &err);
        pl_merkle_root(leaf, e->proof_index, e->tree_size, e->hashes, e->n_hashes, root, &err);
    }
    if (r < 0 && err.msg[0] == 0)
        abort();
    pl_arena_release(&a);
    return r == 0 ? 0 : -1;
}
