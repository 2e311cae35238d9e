/* An inventory of the store as the saved result that it was made from. commands.md, "scan --format
 * json". */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_QUERY_RESULT_H
#define PL_QUERY_RESULT_H

#include "base/buf.h"
#include "model/store.h"

struct pl_query_result_opts {
    size_t max;             /* bytes of findings; more are left out, all of them */
    int (*step)(void *arg); /* for each layer; non-zero ends it; may be NULL */
    void *arg;
    struct pl_buf *how; /* gets what the findings say of how they were found; may be NULL */
};

/* Appends the result of `i`, read with its `found`: layers and findings, without notes and
 * packages. *ret_left: the findings were too large. Codes of the store. */
int pl_query_result(struct pl_store *s, const struct pl_store_image *i,
                    const struct pl_query_result_opts *o, struct pl_buf *out, bool *ret_left,
                    struct pl_err *err);

#endif
