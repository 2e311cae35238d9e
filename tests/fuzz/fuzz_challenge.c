/* WWW-Authenticate fields of a registry. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "registry/challenge.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct pl_arena a = { 0 };
    struct pl_err err = { 0 };
    struct pl_challenge list[PL_CHALLENGES_MAX];
    size_t count = 0;
    int r = pl_challenge_parse(pl_str_n(p, n), &a, list, &count, &err);
    if (r == 0 && count > PL_CHALLENGES_MAX)
        abort();
    if (r < 0 && (err.code != PL_E_FORMAT || !err.msg[0]))
        abort();
    for (size_t i = 0; r == 0 && i < count; i++)
        if (list[i].realm.n > n || list[i].service.n > n || list[i].scope.n > n)
            abort();
    pl_arena_release(&a);
    return r == 0 && count ? 0 : -1;
}
