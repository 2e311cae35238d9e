/* SQLite databases. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz_nested.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    const struct pl_nested *k = pl_nested_probe(p, n < 512 ? n : 512, PL_S("db"));
    return k && pl_str_is(pl_str_c(k->id), "sqlite") ? fuzz_read(k, p, n, (size_t)1 << 20) : -1;
}
