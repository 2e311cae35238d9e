/* Compiled Python: marshal and byte code. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "io/pyc.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct pl_pyc c;
    struct pl_buf out = { .max = 65536 };
    int r = pl_pyc_read(pl_str_n(p, n), &c, NULL);
    if (c.magic) {
        int r2 = pl_pyc_pairs(&c, &out, NULL);
        r = r == 0 ? r2 : r;
    }
    pl_buf_release(&out);
    pl_pyc_release(&c);
    return r < 0 ? -1 : 0;
}
