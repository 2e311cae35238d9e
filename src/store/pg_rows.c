/* Lists as parameters: of numbers, and of what many executions of one statement bind, so that the
 * server works them off at once. PostgreSQL's documentation, array_send. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "store/pg_int.h"

#define ROWS 1000u                   /* executions of a statement that takes lists, in one … */
#define ROWS_BYTES ((size_t)4 << 20) /* … and what they bind */

/* ---- lists, as the server has arrays ---- */

#define OID_INT8 20u
#define OID_BYTEA 17u

static void put_be(struct pl_buf *b, uint32_t v)
{
    const uint8_t p[] = { (uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v };
    pl_buf_putn(b, (const char *)p, 4);
}

/* One dimension of `n` elements from 1, none of them null. */
static void list_head(struct pl_buf *b, uint32_t type, size_t n)
{
    pl_buf_clear(b);
    put_be(b, n ? 1 : 0);
    put_be(b, 0);
    put_be(b, type);
    if (n) {
        put_be(b, (uint32_t)n);
        put_be(b, 1);
    }
}

static void list_put(struct pl_buf *b, const char *p, size_t n)
{
    put_be(b, (uint32_t)n);
    pl_buf_putn(b, p, n);
}

static void list_bind(struct pg_q *q, int i)
{
    q->value[i - 1] = q->list[i - 1].p;
    q->length[i - 1] = (int)q->list[i - 1].n;
    q->binary[i - 1] = 1;
}

void pl_pg_list(struct pl_dbq *x, int i, const int64_t *v, size_t n)
{
    struct pg_q *q = (struct pg_q *)x;
    struct pl_buf *b = &q->list[i - 1];
    list_head(b, OID_INT8, n);
    for (size_t k = 0; k < n; k++) {
        x->ops->bind_int(x, i, v[k]);
        list_put(b, (const char *)q->number[i - 1], 8);
    }
    list_bind(q, i);
}

/* So many executions as one, with lists of what is bound: those from `from` on, until they are too
 * many or too long. */
static size_t bind_rows(struct pg_q *q, size_t from, size_t n,
                        void (*bind)(void *arg, struct pl_dbq *q, size_t i), void *arg)
{
    size_t end = from, bytes = 0;
    for (; end < n && end - from < ROWS && bytes < ROWS_BYTES; end++) {
        bind(arg, &q->q, end);
        for (int k = 0; k < q->n_params; k++) {
            bool number = q->value[k] == (const char *)q->number[k];
            if (end == from)
                list_head(&q->list[k], number ? OID_INT8 : OID_BYTEA, 1);
            list_put(&q->list[k], q->value[k], (size_t)q->length[k]);
            bytes += (size_t)q->length[k];
        }
    }
    for (int k = 0; k < q->n_params; k++) {
        for (unsigned i = 0; i < 4; i++) /* how many they became */
            q->list[k].p[12 + i] = (char)((end - from) >> (24 - 8 * i));
        list_bind(q, k + 1);
    }
    return end;
}

static int run_rows(struct pg_q *q, struct pl_err *err)
{
    return pl_pg_take(
        q,
        q->db->f.PQexecPrepared(q->db->c, q->name, q->n_params, q->value, q->length, q->binary, 1),
        err);
}

int pl_pg_each(struct pg_q *q, size_t n, void (*bind)(void *arg, struct pl_dbq *q, size_t i),
               int (*row)(void *arg, struct pl_dbq *q, size_t i, bool there), void *arg,
               struct pl_err *err)
{
    int r = 0;
    for (size_t i = 0, end; i < n && r == 0; i = end) {
        end = bind_rows(q, i, n, bind, arg);
        r = run_rows(q, err);
        if (r == 0 && row && (size_t)q->rows != end - i)
            r = pl_fail(err, PL_E_IO, "database: %d rows for %zu", q->rows, end - i);
        for (q->row = 0; q->row < q->rows && row && r == 0; q->row++)
            r = row(arg, &q->q, i + (size_t)q->row, !q->db->f.PQgetisnull(q->res, q->row, 0));
        pl_pg_drop(q);
    }
    return r;
}
