/* Columns of a store that others may have spoilt: the first byte says which kind of row. What can
 * be read must come out the same when it is written again. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "store/posting.h"
#include "store/row.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

#define FIRST 1000
#define LAST 3000

/* A row of the index behind its sum. Each package is asked for by itself, so that what was told can
 * be written again. */
static bool posting(struct pl_str body, struct pl_buf *out)
{
    struct pl_posting_ids ids = { NULL, 0, 0 };
    uint64_t *pair = NULL;
    size_t n = 0;
    bool good = true;
    for (unsigned i = 0; i < PL_POSTING_BUCKET && good; i++) {
        bool wanted[PL_POSTING_BUCKET] = { false };
        wanted[i] = true;
        ids.n = 0;
        good = pl_posting_body(body, FIRST, LAST, wanted, &ids);
        pair = realloc(pair, (n + ids.n + 1) * sizeof *pair);
        if (!pair)
            abort();
        for (size_t k = 0; k < ids.n; k++)
            pair[n++] = (uint64_t)i << 32 | (uint64_t)(ids.p[k] - FIRST);
    }
    if (good) {
        struct pl_buf row = { 0 };
        bool all[PL_POSTING_BUCKET];
        memset(all, 1, sizeof all);
        ids.n = 0;
        pl_posting_put(&row, 0, LAST, pair, n);
        if (!pl_posting_get(pl_buf_str(&row), 0, FIRST, LAST, all, &ids) || ids.n != n)
            abort();
        pl_buf_putn(out, row.p + 8, row.n - 8);
        pl_buf_release(&row);
    }
    free(pair);
    pl_vec_release(&ids);
    return good;
}

static bool again(char kind, struct pl_str row, struct pl_arena *a, struct pl_buf *out)
{
    struct pl_package package;
    struct pl_names names;
    struct pl_layer_info layer;
    struct pl_note *note;
    struct pl_store_member *member;
    uint32_t *number;
    size_t n;
    switch (kind) {
    case 'p':
        if (!pl_row_get_package(row, a, &package))
            return false;
        pl_row_put_package(out, &package);
        return true;
    case 'n':
        if (!pl_row_get_names(row, a, &names))
            return false;
        pl_row_put_names(out, &names);
        return true;
    case 'l':
        if (!pl_row_get_layer(row, a, &layer))
            return false;
        pl_row_put_layer(out, &layer);
        return true;
    case 'w':
        if (!pl_row_get_notes(row, a, &note, &n))
            return false;
        pl_row_put_notes(out, note, n);
        return true;
    case 'm':
        if (!pl_row_get_members(row, a, &member, &n))
            return false;
        pl_row_put_members(out, member, n);
        return true;
    case 'q':
        return posting(row, out);
    default:
        if (!pl_row_get_numbers(row, a, &number, &n))
            return false;
        pl_row_put_numbers(out, number, n);
        return true;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct pl_arena a = { 0 };
    struct pl_buf once = { 0 }, twice = { 0 };
    if (!n)
        return -1;
    bool good = again((char)p[0], pl_str_n(p + 1, n - 1), &a, &once);
    /* numbers have longer forms than the shortest, which is what is written */
    if (good && (!again((char)p[0], pl_buf_str(&once), &a, &twice) ||
                 !pl_str_eq(pl_buf_str(&once), pl_buf_str(&twice))))
        abort();
    pl_buf_release(&once);
    pl_buf_release(&twice);
    pl_arena_release(&a);
    return good ? 0 : -1;
}
