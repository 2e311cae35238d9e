/* Link fields of a registry's lists. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "registry/link.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct pl_str s = pl_str_n(p, n), target = { NULL, 0 };
    if (!pl_link_next(s, &target))
        return -1;
    if (target.p < s.p || target.p + target.n > s.p + n || memchr(target.p, '>', target.n))
        abort();
    return 0;
}
