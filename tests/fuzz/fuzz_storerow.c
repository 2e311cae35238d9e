/* Columns of a store that others may have spoilt: the first byte says which kind of row. What can
 * be read must come out the same when it is written again. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "store/row.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

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
