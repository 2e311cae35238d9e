/* Loading of libpq. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "store/pg_late.h"

#include <string.h>

#include "base/cleanup.h"
#include "fmt/late.h"

static const char *const names[] = {
#define PL_PQ_NAME(f) #f,
    PL_PQ_FUNCTIONS(PL_PQ_NAME)
#undef PL_PQ_NAME
};

int pl_pq_load(struct pl_pq *ret, struct pl_err *err)
{
    void *at[PL_COUNT(names)];
    int r = pl_late("libpq.so.5", names, PL_COUNT(names), at, err);
    _Static_assert(sizeof *ret == sizeof at, "nothing but pointers");
    if (r == 0)
        memcpy(ret, at, sizeof at);
    return r;
}
