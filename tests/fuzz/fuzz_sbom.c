/* Inventories in every form. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "pkg/sbom.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct pl_arena a = { 0 };
    struct pl_sbom s = { .a = &a };
    struct pl_err err = { 0 };
    int r = pl_sbom_read(pl_str_n(p, n), &s, &err);
    if (r < 0 && err.msg[0] == 0)
        abort();
    for (size_t i = 0; i < s.packages.n; i++) {
        const struct pl_package *x = &s.packages.p[i];
        if (!x->pkg.name.n || !x->pkg.type.n ||
            (x->span.introduced != PL_NEVER && x->span.introduced >= s.layers.n))
            abort();
    }
    pl_sbom_release(&s);
    pl_arena_release(&a);
    return r < 0 ? -1 : 0;
}
