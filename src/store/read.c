/* The store read back: inventories with what they had, facts by number. What is read is checked as
 * foreign bytes are. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/vec.h"
#include "store/store_int.h"

#define BLOCK 512u      /* inventories that are asked for at a time … */
#define BLOCK_FOUND 32u /* … with their findings, which may be many */

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
    i->found = pl_dbq_col(q, 15);
    if (!i->found.n)
        i->found.p = NULL;
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

/* A block of inventories in the order of their numbers in `id`. */
static int read_block(struct pl_store_db *s, const int64_t *id, size_t n,
                      const struct pl_store_ask *how,
                      int (*fn)(void *arg, const struct pl_store_image *i), void *arg,
                      struct pl_err *err)
{
    struct pl_dbq *q = pl_store_q(s, PL_Q_IMAGE_LIST, err);
    struct pl_arena a = { 0 };
    struct pl_store_image i;
    size_t seen = 0;
    int r;
    if (!q)
        return err->code;
    pl_dbq_list(q, 1, id, n);
    pl_dbq_int(q, 2, how->found);
    while ((r = pl_dbq_step(q, err)) == 1) {
        pl_arena_reset(&a);
        r = read_image(s, q, how->since, &a, &i, err);
        if (r == 0 && (seen == n || i.id != id[seen++]))
            r = pl_store_damaged("an inventory", err);
        if (r == 0)
            r = fn(arg, &i);
        if (r)
            break;
    }
    pl_dbq_reset(q);
    pl_arena_release(&a);
    return r == 0 && seen != n ? pl_store_damaged("an inventory is missing", err) : r;
}

/* Numbers that a statement gives, in its order. */
static int take_ids(struct pl_dbq *q, struct pl_posting_ids *ret, struct pl_err *err)
{
    int r;
    while ((r = pl_dbq_step(q, err)) == 1)
        pl_vec_push(ret, pl_dbq_col_int(q, 0));
    pl_dbq_reset(q);
    return r;
}

static int read_blocks(struct pl_store_db *s, const struct pl_posting_ids *ids,
                       const struct pl_store_ask *how,
                       int (*fn)(void *arg, const struct pl_store_image *i), void *arg,
                       struct pl_err *err)
{
    size_t block = how->found ? BLOCK_FOUND : BLOCK;
    int r = 0;
    for (size_t i = 0; i < ids->n && r == 0; i += block)
        r = read_block(s, ids->p + i, ids->n - i < block ? ids->n - i : block, how, fn, arg, err);
    return r;
}

/* What is read in parts is of one moment. */
static int look(struct pl_store_db *s, bool *ret_own, struct pl_err *err)
{
    *ret_own = !s->open;
    return *ret_own ? s->store.ops->look(&s->store, err) : 0;
}

static int looked(struct pl_store_db *s, bool own, int r)
{
    if (own)
        s->store.ops->rollback(&s->store);
    return r;
}

int pl_store_db_images(struct pl_store *store, const int64_t *id, size_t n,
                       const struct pl_store_ask *how,
                       int (*fn)(void *arg, const struct pl_store_image *i), void *arg,
                       struct pl_err *err)
{
    static const enum pl_store_q in_order[] = { [PL_STORE_BY_NAME] = PL_Q_IMAGE_SORT,
                                                [PL_STORE_NEWEST] = PL_Q_IMAGE_NEWEST,
                                                [PL_STORE_EXPOSED] = PL_Q_IMAGE_EXPOSED };
    struct pl_store_db *s = (struct pl_store_db *)store;
    struct pl_posting_ids ids = { NULL, 0, 0 };
    bool own;
    int r = look(s, &own, err);
    if (r < 0)
        return r;
    struct pl_dbq *q = pl_store_q(s, in_order[how->order], err);
    r = q ? 0 : err->code;
    if (q) {
        pl_dbq_list(q, 1, id, n);
        pl_dbq_int(q, 2, how->limit && how->limit < INT32_MAX ? (int64_t)how->limit : INT32_MAX);
        r = take_ids(q, &ids, err);
    }
    if (r == 0)
        r = read_blocks(s, &ids, how, fn, arg, err);
    pl_vec_release(&ids);
    return looked(s, own, r);
}

int pl_store_db_each_image(struct pl_store *store, int64_t since,
                           int (*fn)(void *arg, const struct pl_store_image *i), void *arg,
                           struct pl_err *err)
{
    struct pl_store_db *s = (struct pl_store_db *)store;
    const struct pl_store_ask how = { .since = since };
    struct pl_posting_ids ids = { NULL, 0, 0 };
    bool own;
    int r = look(s, &own, err);
    if (r < 0)
        return r;
    struct pl_dbq *q = pl_store_q(s, PL_Q_IMAGE_IDS, err);
    r = q ? take_ids(q, &ids, err) : err->code;
    if (r == 0)
        r = read_blocks(s, &ids, &how, fn, arg, err);
    pl_vec_release(&ids);
    return looked(s, own, r);
}

/* Packages that a statement gives. */
static int each_package(struct pl_dbq *q,
                        int (*fn)(void *arg, uint32_t id, const struct pl_package *p), void *arg,
                        struct pl_err *err)
{
    struct pl_arena a = { 0 };
    struct pl_package p;
    int r;
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

int pl_store_db_each_package(struct pl_store *store, uint32_t after,
                             int (*fn)(void *arg, uint32_t id, const struct pl_package *p),
                             void *arg, struct pl_err *err)
{
    struct pl_dbq *q = pl_store_q((struct pl_store_db *)store, PL_Q_PACKAGE_ALL, err);
    if (!q)
        return err->code;
    pl_dbq_int(q, 1, after);
    return each_package(q, fn, arg, err);
}

int pl_store_db_packages_named(struct pl_store *store, struct pl_str name,
                               int (*fn)(void *arg, uint32_t id, const struct pl_package *p),
                               void *arg, struct pl_err *err)
{
    struct pl_dbq *q = pl_store_q((struct pl_store_db *)store, PL_Q_PACKAGE_NAMED, err);
    if (!q)
        return err->code;
    pl_dbq_text(q, 1, name);
    return each_package(q, fn, arg, err);
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
