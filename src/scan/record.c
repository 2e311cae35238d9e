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

void pl_entries_begin(struct pl_entries *it, const struct pl_record *r)
{
    *it = (struct pl_entries){ .r = r, .rd = pl_rd_buf(&r->entries) };
}

bool pl_entries_next(struct pl_entries *it, struct pl_entry *ret)
{
    if (it->bad || it->next == it->r->n_entries)
        return false;
    struct pl_str msg = pl_get_str(&it->rd);
    struct pl_rd one = { (const uint8_t *)msg.p, (const uint8_t *)msg.p + msg.n, it->rd.bad };
    it->bad = !pl_get_entry(&one, &it->coder, ret);
    ret->ordinal = it->next++;
    return !it->bad;
}

void pl_entries_end(struct pl_entries *it)
{
    pl_buf_release(&it->coder.last);
}
