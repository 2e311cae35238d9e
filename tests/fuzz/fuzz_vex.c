/* VEX documents. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "policy/vex.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct pl_arena a = { 0 };
    struct pl_vex x = { .a = &a };
    struct pl_err err = { 0 };
    pl_auto_buf struct pl_buf out = { 0 };
    int r = pl_vex_read(&x, "v", pl_str_n(p, n), &err);
    if (r < 0 && !err.code)
        abort();
    pl_vex_complain(&x, &out);
    pl_vex_release(&x);
    pl_arena_release(&a);
    return r < 0 ? -1 : 0;
}
