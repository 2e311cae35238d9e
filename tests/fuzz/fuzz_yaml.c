/* YAML into trees, then a walk over all of it, shared parts each time. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "fmt/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static uint64_t walk(const struct pl_yaml *y, unsigned depth)
{
    uint64_t weight = 1;
    if (depth > 64 || y->line == 0)
        abort();
    size_t n = y->kind == PL_YAML_SCALAR ? 0 : y->kind == PL_YAML_MAP ? 2 * y->n : y->n;
    for (size_t i = 0; i < n; i++)
        weight += walk(y->item[i], depth + 1);
    return weight;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct pl_limits l;
    struct pl_arena a = { 0 };
    struct pl_yaml_stream y;
    struct pl_err err = { 0 };
    pl_limits_init(&l);
    int r = pl_yaml_parse(pl_str_n(p, n), &l, &a, &y, &err);
    for (size_t i = 0; r == 0 && i < y.n; i++)
        if (walk(y.doc[i], 0) != y.doc[i]->weight)
            abort();
    if (r < 0 && err.msg[0] == 0)
        abort();
    pl_arena_release(&a);
    return r == 0 ? 0 : -1;
}
