/* Write-ahead logs over a small database. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "fmt/sqlite.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct pl_buf db = { .max = 1u << 20 };
    struct pl_err err = { 0 };
    int r = pl_sqlite_wal(&db, pl_str_n(p, n), &err);
    if (db.n > 1u << 20)
        abort();
    pl_buf_release(&db);
    return r < 0 ? -1 : 0;
}
