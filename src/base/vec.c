/* Growth of heap arrays. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/vec.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/err.h"

void pl_vec_grow(void **p, size_t n, size_t *cap, size_t size)
{
    if (n < *cap)
        return;
    size_t want = *cap ? *cap * 2 : 16;
    if (want > SIZE_MAX / size)
        pl_oom();
    void *q = realloc(*p, want * size);
    if (!q)
        pl_oom();
    *p = q;
    *cap = want;
}
