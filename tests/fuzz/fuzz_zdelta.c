/* A difference to an empty file. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "io/zdelta.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct pl_buf out = { .max = 1u << 20 };
    struct pl_err err = { 0 };
    int r = pl_zdelta_apply(PL_S(""), pl_str_n(p, n), &out, &err);
    if (r < 0 && !err.code)
        abort();
    pl_buf_release(&out);
    return r < 0 ? -1 : 0;
}
