/* The store read back: inventories with what they had, facts by number. What is read is checked as
 * foreign bytes are. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_int.h"

static int read_image(struct pl_store_db *s, struct pl_dbq *q, int64_t since, struct pl_arena *a,
                      struct pl_store_image *i, struct pl_err *err)
{
    struct pl_store_member *member;
    uint32_t *layer, *flaw;
    bool matched = pl_dbq_col_int(q, 14) != 0;
    *i = (struct pl_store_image){ .id = pl_dbq_col_int(q, 0),
                                  .name = pl_dup(a, pl_dbq_col(q, 1)),
                                  .digest = pl_dup(a, pl_dbq_col(q, 2)),
                                  .platform = pl_dup(a, pl_dbq_col(q, 3)),
                                  .kind = pl_dup(a, pl_dbq_col(q, 4)),
                                  .complete = pl_dbq_col_int(q, 5) != 0 };
    i->origin = (struct pl_store_origin){ pl_dbq_col_int(q, 9), pl_dup(a, pl_dbq_col(q, 10)),
                                          pl_dup(a, pl_dbq_col(q, 11)),
                                          pl_dup(a, pl_dbq_col(q, 12)), PL_S("") };
    if (!pl_row_get_notes(pl_dbq_col(q, 6), a, &i->notes, &i->n_notes) ||
        !pl_row_get_numbers(pl_dbq_col(q, 7), a, &layer, &i->n_layers) ||
        !pl_row_get_members(pl_dbq_col(q, 8), a, &member, &i->n_members))
        return pl_store_damaged("an inventory", err);
    i->layer = layer;
    i->member = member;
    for (size_t k = 0; k < i->n_members; k++)
        if (!member[k].package || !member[k].place)
            return pl_store_damaged("an inventory", err);
    if (!matched)
        return 0;
    int r = pl_store_db_rewind(s, i->id, pl_dbq_col_int(q, 14), pl_dbq_col(q, 13), since, a, &flaw,
                               &i->n_flaws, err);
    i->flaw = flaw;
    return r;
}

int pl_store_db_each_image(struct pl_store *store, int64_t since,
                           int (*fn)(void *arg, const struct pl_store_image *i), void *arg,
                           struct pl_err *err)
{
    struct pl_store_db *s = (struct pl_store_db *)store;
    struct pl_dbq *q = pl_store_q(s, PL_Q_IMAGE_ALL, err);
    struct pl_arena a = { 0 };
    struct pl_store_image i;
    if (!q)
        return err->code;
    int r;
    while ((r = pl_dbq_step(q, err)) == 1) {
        pl_arena_reset(&a);
        r = read_image(s, q, since, &a, &i, err);
        if (r == 0)
            r = fn(arg, &i);
        if (r)
            break;
    }
    pl_dbq_reset(q);
    pl_arena_release(&a);
    return r;
}

int pl_store_db_each_package(struct pl_store *store, uint32_t after,
                             int (*fn)(void *arg, uint32_t id, const struct pl_package *p),
                             void *arg, struct pl_err *err)
{
    struct pl_store_db *s = (struct pl_store_db *)store;
    struct pl_dbq *q = pl_store_q(s, PL_Q_PACKAGE_ALL, err);
    struct pl_arena a = { 0 };
    struct pl_package p;
    if (!q)
        return err->code;
    int r;
    pl_dbq_int(q, 1, after);
    while ((r = pl_dbq_step(q, err)) == 1) {
        int64_t id = pl_dbq_col_int(q, 0);
        pl_arena_reset(&a);
        if (id <= 0 || id >= UINT32_MAX || !pl_row_get_package(pl_dbq_col(q, 1), &a, &p))
            r = pl_store_damaged("a package", err);
        else
            r = fn(arg, (uint32_t)id, &p);
        if (r)
            break;
    }
    pl_dbq_reset(q);
    pl_arena_release(&a);
    return r;
}

/* The row of one fact, until the statement is reset; *ret_q is to be reset then. */
static int get(struct pl_store *store, enum pl_store_q which, uint32_t id, struct pl_dbq **ret_q,
               struct pl_str *ret, struct pl_err *err)
{
    struct pl_dbq *q = *ret_q = pl_store_q((struct pl_store_db *)store, which, err);
    if (!q)
        return err->code;
    pl_dbq_int(q, 1, id);
    int r = pl_dbq_step(q, err);
    if (r == 0)
        return pl_store_damaged("something is missing", err);
    if (r < 0)
        return r;
    *ret = pl_dbq_col(q, 0);
    return 0;
}

int pl_store_db_package(struct pl_store *store, uint32_t id, struct pl_arena *a,
                        struct pl_package *ret, struct pl_err *err)
{
    struct pl_dbq *q;
    struct pl_str row;
    int r = get(store, PL_Q_PACKAGE_GET, id, &q, &row, err);
    if (r == 0 && !pl_row_get_package(row, a, ret))
        r = pl_store_damaged("a package", err);
    if (q)
        pl_dbq_reset(q);
    return r;
}

int pl_store_db_place(struct pl_store *store, uint32_t id, struct pl_arena *a, struct pl_names *ret,
                      struct pl_err *err)
{
    struct pl_dbq *q;
    struct pl_str row;
    int r = get(store, PL_Q_PLACE_GET, id, &q, &row, err);
    if (r == 0 && !pl_row_get_names(row, a, ret))
        r = pl_store_damaged("a list of paths", err);
    if (q)
        pl_dbq_reset(q);
    return r;
}

int pl_store_db_layer(struct pl_store *store, uint32_t id, struct pl_arena *a,
                      struct pl_layer_info *ret, struct pl_err *err)
{
    struct pl_dbq *q;
    struct pl_str row;
    int r = get(store, PL_Q_LAYER_GET, id, &q, &row, err);
    if (r == 0 && !pl_row_get_layer(row, a, ret))
        r = pl_store_damaged("a layer", err);
    if (q)
        pl_dbq_reset(q);
    return r;
}
