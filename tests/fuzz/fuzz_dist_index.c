/* An index of a distribution: Packages, APKINDEX, primary.xml. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "vuln/dist_index.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct pl_arena a = { 0 };
    struct pl_err err = { 0 };
    struct pl_dist x = { .a = &a, .best = { .a = &a }, .types = { .a = &a } };
    int r = pl_dist_text(&x, pl_str_n(p, n), &err);
    if (r < 0 && !err.code)
        abort();
    struct pl_package like = { .pkg = {
                                   .type = PL_S("deb"), .name = PL_S("a"), .arch = PL_S("b") } };
    pl_dist_of(&x, &like);
    pl_dist_release(&x);
    pl_arena_release(&a);
    return r < 0 ? -1 : 0;
}
