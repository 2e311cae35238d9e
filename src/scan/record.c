/* Records of blobs. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "scan/pool.h"

void pl_record_free(struct pl_record *r)
{
    if (!r)
        return;
    pl_vec_release(&r->hits);
    pl_vec_release(&r->notes);
    pl_vec_release(&r->packages);
    pl_vec_release(&r->facts);
    pl_vec_release(&r->listed);
    pl_vec_release(&r->claims);
    pl_vec_release(&r->hashes);
    pl_buf_release(&r->entries);
    pl_arena_release(&r->a);
    free(r);
}

void pl_record_note(struct pl_record *r, enum pl_scope scope, bool incomplete, const char *code,
                    struct pl_str where, const char *fmt, ...)
{
    char msg[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(msg, sizeof msg, fmt, ap);
    va_end(ap);
    struct pl_note n = { .scope = scope,
                         .incomplete = incomplete,
                         .code = pl_str_c(code),
                         .where = pl_dup(&r->a, where),
                         .message = pl_dup(&r->a, pl_str_c(msg)) };
    pl_vec_push(&r->notes, n);
    if (incomplete)
        r->done.complete = false;
}
