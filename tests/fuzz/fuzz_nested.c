/* Archives and compressed files: whatever bids reads. The first byte below 16 takes a kind without
 * a bid, so that readers meet what bids keep from them. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz_nested.h"

const char *__asan_default_options(void);

/* libarchive allocates what a header declares before it looks for the bytes; in the product the
 * child's address space bounds that. */
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1:max_allocation_size_mb=512";
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    const struct pl_nested *k = pl_nested_probe(p, n < 512 ? n : 512, PL_S("dir/file"));
    if (n && p[0] < 14) {
        k = pl_nesteds[p[0]];
        p++;
        n--;
    }
    if (!k)
        return -1;
    int r = fuzz_read(k, p, n, (size_t)1 << 20);
    if (n > 64)
        fuzz_read(k, p, n, 64); /* as what does not fit in memory */
    return r;
}
