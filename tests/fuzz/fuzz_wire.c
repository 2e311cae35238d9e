/* Messages between our own processes, read as hostile: the first byte of each step says what is
 * taken next. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct pl_rd r = { p, p + n, false };
    uint8_t raw[16];
    while (!r.bad && r.p < r.end) {
        struct pl_str s = { "", 0 };
        switch (pl_get_u8(&r) % 5) {
        case 0:
            pl_get_u32(&r);
            break;
        case 1:
            pl_get_u64(&r);
            break;
        case 2:
            pl_get_var(&r);
            break;
        case 3:
            s = pl_get_str(&r);
            break;
        default:
            pl_get_raw(&r, raw, sizeof raw);
            break;
        }
        if (r.p > r.end || s.n > n)
            abort();
        if (s.n && (const uint8_t *)s.p + s.n != r.p)
            abort();
    }
    if (r.bad && (pl_get_u64(&r) || pl_get_var(&r) || pl_get_str(&r).n))
        abort();
    return r.bad ? -1 : 0;
}
