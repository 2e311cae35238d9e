/* Messages, kept until somebody has taken them or for too long. fleet.md section 4, "watch". */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "store/store_int.h"

static struct pl_dbq *query(struct pl_store *s, enum pl_store_q which, struct pl_err *err)
{
    return pl_store_q((struct pl_store_db *)s, which, err);
}

int pl_outbox_add(struct pl_store *s, const struct pl_out *o, struct pl_err *err)
{
    struct pl_dbq *q = query(s, PL_Q_OUT_ADD, err);
    if (!q)
        return err->code;
    pl_dbq_text(q, 1, o->hook);
    pl_dbq_text(q, 2, o->shown);
    pl_dbq_text(q, 3, o->key);
    pl_dbq_blob(q, 4, o->body);
    return pl_store_do(q, err);
}

static void read_out(struct pl_dbq *q, struct pl_out *o)
{
    *o = (struct pl_out){ .id = pl_dbq_col_int(q, 0),
                          .key = pl_dbq_col(q, 1),
                          .body = pl_dbq_col(q, 2),
                          .tries = pl_dbq_col_int(q, 3),
                          .added = pl_dbq_col_int(q, 4),
                          .hook = pl_dbq_col(q, 5),
                          .shown = pl_dbq_col(q, 6),
                          .error = pl_dbq_col(q, 7) };
}

int pl_outbox_claim(struct pl_store *s, struct pl_str hook, int64_t lease, struct pl_arena *a,
                    struct pl_out *ret, bool *ret_there, struct pl_err *err)
{
    struct pl_dbq *q = query(s, PL_Q_OUT_CLAIM, err);
    if (!q)
        return err->code;
    pl_dbq_text(q, 1, hook);
    pl_dbq_int(q, 2, lease);
    int r = pl_dbq_step(q, err);
    *ret_there = r == 1;
    if (r == 1) {
        read_out(q, ret);
        ret->key = pl_dup(a, ret->key);
        ret->body = pl_dup(a, ret->body);
        ret->hook = ret->shown = ret->error = PL_S("");
    }
    pl_dbq_reset(q);
    return r < 0 ? r : 0;
}

int pl_outbox_told(struct pl_store *s, int64_t id, struct pl_err *err)
{
    struct pl_dbq *q = query(s, PL_Q_OUT_TOLD, err);
    if (!q)
        return err->code;
    pl_dbq_int(q, 1, id);
    return pl_store_do(q, err);
}

int pl_outbox_fail(struct pl_store *s, int64_t id, struct pl_str error, int64_t delay, int64_t most,
                   bool *ret_given_up, struct pl_err *err)
{
    struct pl_dbq *q = query(s, PL_Q_OUT_FAIL, err);
    int64_t state = PL_OUT_DUE;
    if (!q)
        return err->code;
    pl_dbq_int(q, 1, id);
    pl_dbq_text(q, 2, error);
    pl_dbq_int(q, 3, delay);
    pl_dbq_int(q, 4, most);
    int r = pl_store_one(q, &state, err);
    *ret_given_up = state == PL_OUT_GIVEN_UP;
    return r < 0 ? r : 0;
}

/* Counts the rows that a statement changed. */
static int changed(struct pl_dbq *q, uint64_t *ret_n, struct pl_err *err)
{
    int r;
    *ret_n = 0;
    while ((r = pl_dbq_step(q, err)) == 1)
        ++*ret_n;
    pl_dbq_reset(q);
    return r;
}

int pl_outbox_old(struct pl_store *s, int64_t most, struct pl_str error, uint64_t *ret_n,
                  struct pl_err *err)
{
    struct pl_dbq *q = query(s, PL_Q_OUT_OLD, err);
    if (!q)
        return err->code;
    pl_dbq_text(q, 1, error);
    pl_dbq_int(q, 2, most);
    return changed(q, ret_n, err);
}

int pl_outbox_retry(struct pl_store *s, uint64_t *ret_n, struct pl_err *err)
{
    struct pl_dbq *q = query(s, PL_Q_OUT_RETRY, err);
    return q ? changed(q, ret_n, err) : err->code;
}

int pl_outbox_counts(struct pl_store *s, uint64_t ret[PL_OUT_STATES], struct pl_err *err)
{
    struct pl_dbq *q = query(s, PL_Q_OUT_COUNTS, err);
    int r;
    if (!q)
        return err->code;
    memset(ret, 0, PL_OUT_STATES * sizeof *ret);
    while ((r = pl_dbq_step(q, err)) == 1) {
        int64_t state = pl_dbq_col_int(q, 0);
        if (state >= 0 && state < PL_OUT_STATES)
            ret[state] = (uint64_t)pl_dbq_col_int(q, 1);
    }
    pl_dbq_reset(q);
    return r;
}

int pl_outbox_each(struct pl_store *s, enum pl_out_state state,
                   int (*fn)(void *arg, const struct pl_out *o), void *arg, struct pl_err *err)
{
    struct pl_dbq *q = query(s, PL_Q_OUT_EACH, err);
    struct pl_out o;
    int r;
    if (!q)
        return err->code;
    pl_dbq_int(q, 1, state);
    while ((r = pl_dbq_step(q, err)) == 1) {
        read_out(q, &o);
        r = fn(arg, &o);
        if (r)
            break;
    }
    pl_dbq_reset(q);
    return r;
}
