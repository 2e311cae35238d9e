/* Records of blobs, and what was found in an inventory. fleet.md section 2. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_int.h"

/* The first column of at most one row, in `a`. */
static int get(struct pl_dbq *q, struct pl_arena *a, struct pl_str *ret, struct pl_err *err)
{
    int r = pl_dbq_step(q, err);
    *ret = r == 1 ? pl_dup(a, pl_dbq_col(q, 0)) : (struct pl_str){ NULL, 0 };
    pl_dbq_reset(q);
    return r < 0 ? r : 0;
}

int pl_store_db_found_put(struct pl_store *store, int64_t image, struct pl_str bytes,
                          struct pl_err *err)
{
    struct pl_store_db *s = (struct pl_store_db *)store;
    struct pl_dbq *q = pl_store_q(s, PL_Q_FOUND_SET, err);
    if (!q)
        return err->code;
    pl_dbq_int(q, 1, image);
    pl_dbq_blob(q, 2, bytes);
    return pl_store_do(q, err);
}

int pl_store_db_found(struct pl_store *store, int64_t image, struct pl_arena *a, struct pl_str *ret,
                      struct pl_err *err)
{
    struct pl_dbq *q = pl_store_q((struct pl_store_db *)store, PL_Q_FOUND_GET, err);
    if (!q)
        return err->code;
    pl_dbq_int(q, 1, image);
    return get(q, a, ret, err);
}

int pl_store_db_record(struct pl_store *store, const uint8_t *key, struct pl_arena *a,
                       struct pl_str *ret, struct pl_err *err)
{
    struct pl_dbq *q = pl_store_q((struct pl_store_db *)store, PL_Q_RECORD_GET, err);
    if (!q)
        return err->code;
    pl_dbq_blob(q, 1, pl_str_n(key, PL_WORK_KEY));
    return get(q, a, ret, err);
}

int pl_store_db_record_put(struct pl_store *store, const uint8_t *key, struct pl_str digest,
                           const struct pl_store_origin *o, struct pl_str bytes, struct pl_err *err)
{
    struct pl_dbq *q = pl_store_q((struct pl_store_db *)store, PL_Q_RECORD_ADD, err);
    if (!q)
        return err->code;
    pl_dbq_blob(q, 1, pl_str_n(key, PL_WORK_KEY));
    pl_dbq_text(q, 2, digest);
    pl_dbq_text(q, 3, o->tool);
    pl_dbq_text(q, 4, o->rules);
    pl_dbq_int(q, 5, o->at);
    pl_dbq_blob(q, 6, bytes);
    return pl_store_do(q, err);
}
