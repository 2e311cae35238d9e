/* The list of pods of a cluster's API. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "cmd/pods.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct pl_arena a = { 0 };
    struct pl_pods x = { .a = &a, .cluster = PL_S("c") };
    struct pl_err err = { 0 };
    int r = pl_pods_read(&x, pl_str_n(p, n), &err);
    if (r < 0 && err.msg[0] == 0)
        abort();
    for (size_t i = 0; i < x.list.n; i++) {
        const struct pl_exposure *e = &x.list.p[i];
        if (!e->image.n || !pl_str_starts(e->image, PL_S("sha")) ||
            (e->name.n && !pl_str_starts(e->name, PL_S("docker://"))))
            abort();
    }
    pl_vec_release(&x.list);
    pl_arena_release(&a);
    return r == 0 ? 0 : -1;
}
