/* Layers that a store has the record of are not read again by `scan`, and those that are read leave
 * theirs there. fleet.md sections 2 and 3. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CMD_SCAN_RECORDS_H
#define PL_CMD_SCAN_RECORDS_H

#include "cmd/common.h"
#include "scan/keep.h"
#include "store/store.h"

struct pl_scan_records {
    struct pl_store *s; /* NULL: none, or not any more */
    struct pl_arena a;
    struct pl_str engine;
    struct pl_keep keep;
};

/* Opens the store `where` and has `run` use its records; its options are those of `c`. A store that
 * does not answer has none: whoever keeps the result says so. Outlives the run. */
void pl_scan_records_begin(struct pl_scan_records *x, const char *where, const struct pl_common *c,
                           struct pl_run *run);
/* Ends it; accepts a zeroed one. */
void pl_scan_records_end(struct pl_scan_records *x);

#endif
