/* Trusted roots. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "sign/root.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct pl_root *root = NULL;
    struct pl_err err = { 0 };
    int r = pl_root_parse(pl_str_n(p, n), &root, &err);
    if (r < 0 && err.msg[0] == 0)
        abort();
    pl_root_free(root);
    return r == 0 ? 0 : -1;
}
