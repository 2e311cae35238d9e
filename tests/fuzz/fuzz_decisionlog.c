/* Lines of a decision log: one that is taken has the hash it says, and its evidence can be read or
 * is refused. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "fmt/jsontree.h"
#include "gate/evidence.h"
#include "gate/log_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct pl_arena a = { 0 };
    struct pl_log_row row;
    struct pl_err err = { 0 };
    struct pl_evidence e;
    struct pl_yaml *y;
    pl_auto_buf struct pl_buf b = { 0 };
    int r = pl_log_row_read(pl_str_n(p, n), &a, &row, &err);
    if (r < 0 && !err.code)
        abort();
    pl_json_free(row.root);
    if (pl_jsontree_parse(pl_str_n(p, n), &a, &y, NULL) == 0 &&
        pl_evidence_read(y, &a, &e, NULL) == 0)
        pl_evidence_write(&e, &b);
    pl_arena_release(&a);
    return r < 0 ? -1 : 0;
}
