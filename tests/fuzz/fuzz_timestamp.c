/* RFC 3161 responses. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "sign/tsa.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct pl_root root = { 0 };
    struct pl_err err = { 0 };
    int64_t ns;
    int r = pl_timestamp_verify(pl_str_n(p, n), PL_S("x"), &root, &ns, &err);
    if (r == 0 || err.msg[0] == 0) /* nothing is trusted here */
        abort();
    return -1;
}
