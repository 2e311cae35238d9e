/* What all inventories were last looked at with: a print of what each distinct package had, 256 of
 * them in a row, so that the next look finds what has changed and reads only the inventories that
 * hold it. Rows carry a sum; where anything is odd, nothing is there. fleet.md section 3. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "store/store_int.h"

#define BUCKET PL_POSTING_BUCKET
#define SUM PL_POSTING_SUM
#define FORM 1 /* of the row of facts */

static struct pl_dbq *query(struct pl_store_db *s, enum pl_store_q which,
                            enum pl_store_matching what, struct pl_err *err)
{
    struct pl_dbq *q = pl_store_q(s, which, err);
    if (q)
        pl_dbq_int(q, 1, what);
    return q;
}

static int64_t place_of(enum pl_store_matching what)
{
    return -1 - (int64_t)what;
}

/* ---- the facts: what is said once ---- */

static void put_facts(struct pl_buf *b, const struct pl_store_matched *m, int64_t turn, int64_t own)
{
    pl_auto_buf struct pl_buf body = { 0 };
    uint8_t sum[SUM];
    const int64_t v[] = { FORM, turn, m->now.run, own, m->now.top, (int64_t)m->n };
    for (size_t i = 0; i < PL_COUNT(v); i++)
        pl_put_var(&body, (uint64_t)v[i]);
    pl_buf_putn(&body, (const char *)m->key, sizeof m->key);
    pl_put_var(&body, m->n_odd);
    for (size_t i = 0; i < m->n_odd; i++)
        pl_put_var(&body, (uint64_t)(m->odd[i] - (i ? m->odd[i - 1] : 0)));
    pl_posting_sum(UINT32_MAX, place_of(m->what), pl_buf_str(&body), sum);
    pl_buf_putn(b, (const char *)sum, SUM);
    pl_buf_putn(b, body.p, body.n);
}

static bool get_odd(struct pl_rd *r, struct pl_arena *a, struct pl_store_matched *m)
{
    uint64_t n = pl_get_var(r);
    int64_t last = 0;
    if (r->bad || n > (uint64_t)(r->end - r->p))
        return false;
    int64_t *odd = pl_alloc_n(a, (size_t)n + 1, sizeof *odd);
    for (; m->n_odd < n; m->n_odd++) {
        uint64_t d = pl_get_var(r);
        if (r->bad || !d || d > (uint64_t)(INT64_MAX - last))
            return false;
        odd[m->n_odd] = last += (int64_t)d;
    }
    m->odd = odd;
    return true;
}

static bool get_facts(struct pl_str row, struct pl_arena *a, struct pl_store_matched *m)
{
    uint8_t sum[SUM];
    int64_t v[6] = { 0 };
    if (row.n < SUM)
        return false;
    struct pl_str body = pl_str_sub(row, SUM, SIZE_MAX);
    pl_posting_sum(UINT32_MAX, place_of(m->what), body, sum);
    if (memcmp(sum, row.p, SUM) != 0)
        return false;
    struct pl_rd r = { (const uint8_t *)body.p, (const uint8_t *)body.p + body.n, false };
    for (size_t i = 0; i < PL_COUNT(v); i++)
        v[i] = (int64_t)pl_get_var(&r);
    pl_get_raw(&r, m->key, sizeof m->key);
    if (r.bad || v[0] != FORM || v[1] != m->now.turn || v[4] != m->now.top || v[5] < 0 ||
        v[5] > UINT32_MAX || v[2] < 0 || v[3] < 0)
        return false;
    m->run = v[2];
    m->own = v[3];
    m->top = v[4];
    m->n = (size_t)v[5];
    return get_odd(&r, a, m) && r.p == r.end;
}

/* ---- prints ---- */

struct prints {
    PL_VEC(uint64_t) v;
};

static bool get_prints(struct pl_str row, const struct pl_store_matched *m, uint32_t bucket,
                       struct prints *ret)
{
    uint8_t sum[SUM];
    size_t from = (size_t)bucket * BUCKET, n = from < m->n ? m->n - from : 0;
    if (n > BUCKET)
        n = BUCKET;
    if (!n || row.n != SUM + 8 * n)
        return false;
    struct pl_str body = pl_str_sub(row, SUM, SIZE_MAX);
    pl_posting_sum(bucket, place_of(m->what), body, sum);
    struct pl_rd r = { (const uint8_t *)body.p, (const uint8_t *)body.p + body.n, false };
    for (size_t i = 0; i < n; i++)
        pl_vec_push(&ret->v, pl_get_u64(&r));
    return memcmp(sum, row.p, SUM) == 0;
}

/* All rows, or it is not there. */
static int read_prints(struct pl_store_db *s, struct pl_arena *a, struct pl_store_matched *m,
                       struct pl_err *err)
{
    struct pl_dbq *q = query(s, PL_Q_MATCHED_ALL, m->what, err);
    struct prints got = { .v = { NULL, 0, 0 } };
    uint32_t n = 0;
    int r;
    if (!q)
        return err->code;
    for (; (r = pl_dbq_step(q, err)) == 1 && m->there; n++)
        m->there = pl_dbq_col_int(q, 0) == n && get_prints(pl_dbq_col(q, 1), m, n, &got);
    pl_dbq_reset(q);
    m->there &= got.v.n == m->n;
    uint64_t *print = pl_alloc_n(a, got.v.n + 1, sizeof *print);
    if (got.v.n)
        memcpy(print, got.v.p, got.v.n * sizeof *print);
    m->print = print;
    pl_vec_release(&got.v);
    return r < 0 ? r : 0;
}

struct keeping {
    const struct pl_store_matched *m;
    PL_VEC(uint32_t) bucket;
    struct pl_buf row; /* of the one that is bound */
};

static void bind_prints(void *arg, struct pl_dbq *q, size_t i)
{
    struct keeping *k = arg;
    const struct pl_store_matched *m = k->m;
    size_t from = (size_t)k->bucket.p[i] * BUCKET;
    size_t n = m->n - from < BUCKET ? m->n - from : BUCKET;
    uint8_t sum[SUM] = { 0 };
    pl_buf_clear(&k->row);
    pl_buf_putn(&k->row, (const char *)sum, SUM);
    for (size_t j = 0; j < n; j++)
        pl_put_u64(&k->row, m->print[from + j]);
    pl_posting_sum(k->bucket.p[i], place_of(m->what), pl_str_n(k->row.p + SUM, k->row.n - SUM),
                   (uint8_t *)k->row.p);
    pl_dbq_int(q, 1, m->what);
    pl_dbq_int(q, 2, k->bucket.p[i]);
    pl_dbq_blob(q, 3, pl_buf_str(&k->row));
}

static bool same_bucket(const struct pl_store_matched *a, const struct pl_store_matched *b,
                        uint32_t bucket)
{
    size_t from = (size_t)bucket * BUCKET, to = from + BUCKET;
    size_t na = a->n < to ? a->n : to, nb = b->n < to ? b->n : to;
    return a->there && na == nb && na > from &&
           memcmp(a->print + from, b->print + from, (na - from) * sizeof *a->print) == 0;
}

static int write_prints(struct pl_store_db *s, const struct pl_store_matched *old,
                        const struct pl_store_matched *m, struct pl_err *err)
{
    struct keeping k = { .m = m };
    uint32_t buckets = (uint32_t)((m->n + BUCKET - 1) / BUCKET);
    struct pl_dbq *q = query(s, PL_Q_MATCHED_CUT, m->what, err);
    if (!q)
        return err->code;
    pl_dbq_int(q, 2, buckets);
    int r = pl_store_do(q, err);
    for (uint32_t i = 0; i < buckets; i++)
        if (!same_bucket(old, m, i))
            pl_vec_push(&k.bucket, i);
    if (r == 0 && k.bucket.n) {
        q = pl_store_q(s, PL_Q_MATCHED_PUT, err);
        r = q ? s->db->ops->each(q, k.bucket.n, bind_prints, /* row= */ NULL, &k, err) : err->code;
    }
    pl_vec_release(&k.bucket);
    pl_buf_release(&k.row);
    return r;
}

/* ---- operations ---- */

int pl_store_db_matched_begin(struct pl_store *store, enum pl_store_matching what,
                              struct pl_err *err)
{
    struct pl_dbq *q = query((struct pl_store_db *)store, PL_Q_MATCHED_BEGIN, what, err);
    if (!q)
        return err->code;
    pl_dbq_blob(q, 2, PL_S(""));
    return pl_store_do(q, err);
}

/* Where the store stands now. */
static int stand(struct pl_store_db *s, struct pl_store_matched *m, struct pl_err *err)
{
    struct pl_dbq *q = pl_store_q(s, PL_Q_FRESH_TOP, err);
    int64_t top = 0;
    int r = q ? pl_store_one(q, &top, err) : err->code;
    if (top > m->now.top)
        m->now.top = top;
    return r < 0 ? r : s->store.ops->run_last(&s->store, &m->now.run, err);
}

int pl_store_db_matched(struct pl_store *store, enum pl_store_matching what, struct pl_arena *a,
                        struct pl_store_matched *ret, struct pl_err *err)
{
    struct pl_store_db *s = (struct pl_store_db *)store;
    struct pl_dbq *q = query(s, PL_Q_MATCHED_GET, what, err);
    *ret = (struct pl_store_matched){ .what = what, .now.turn = -1 };
    if (!q)
        return err->code;
    int r = pl_dbq_step(q, err);
    if (r == 1) {
        ret->now.turn = pl_dbq_col_int(q, 0);
        ret->now.top = pl_dbq_col_int(q, 1);
        ret->there = get_facts(pl_dbq_col(q, 2), a, ret);
    }
    pl_dbq_reset(q);
    if (r >= 0)
        r = stand(s, ret, err);
    return r == 0 && ret->there ? read_prints(s, a, ret, err) : r;
}

int pl_store_db_matched_since(struct pl_store *store, const struct pl_store_matched *m,
                              int (*fn)(void *arg, int64_t id), void *arg, struct pl_err *err)
{
    static const enum pl_store_q which[] = { PL_Q_FRESH_AFTER, PL_Q_CHANGED_BESIDES };
    struct pl_store_db *s = (struct pl_store_db *)store;
    int r = 0;
    for (size_t i = 0; i < PL_COUNT(which) && r == 0; i++) {
        struct pl_dbq *q = pl_store_q(s, which[i], err);
        if (!q)
            return err->code;
        pl_dbq_int(q, 1, i ? m->run : m->top);
        if (i)
            pl_dbq_int(q, 2, m->own);
        while ((r = pl_dbq_step(q, err)) == 1 && (r = fn(arg, pl_dbq_col_int(q, 0))) == 0)
            ;
        pl_dbq_reset(q);
    }
    return r;
}

int pl_store_db_matched_keep(struct pl_store *store, const struct pl_store_matched *old,
                             const struct pl_store_matched *m, int64_t run, struct pl_err *err)
{
    struct pl_store_db *s = (struct pl_store_db *)store;
    pl_auto_buf struct pl_buf facts = { 0 };
    struct pl_dbq *q = query(s, PL_Q_MATCHED_SET, m->what, err);
    int64_t turn;
    if (!q)
        return err->code;
    put_facts(&facts, m, m->now.turn + 1, run);
    pl_dbq_int(q, 2, m->now.turn);
    pl_dbq_int(q, 3, m->now.top);
    pl_dbq_blob(q, 4, pl_buf_str(&facts));
    int r = pl_store_one(q, &turn, err);
    if (r < 0)
        return r;
    if (r == 0) {
        q = query(s, PL_Q_MATCHED_VOID, m->what, err);
        if (q)
            pl_dbq_blob(q, 2, PL_S(""));
        return q ? pl_store_do(q, err) : err->code;
    }
    r = write_prints(s, old, m, err);
    q = r == 0 ? pl_store_q(s, PL_Q_FRESH_DROP, err) : NULL;
    return q ? pl_store_do(q, err) : r < 0 ? r : err->code;
}
