/* The store in PostgreSQL. Not for other folders. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_STORE_PG_INT_H
#define PL_STORE_PG_INT_H

#include "store/pg_late.h"
#include "store/store_int.h"

/* The first number of our advisory locks; the second is the tenant, 0 for the schema. */
#define PL_PG_LOCK "1347178578" /* "PLSR" */

struct pl_pg {
    struct pl_db d; /* first */
    struct pl_pq f;
    PGconn *c;
    unsigned names; /* of statements and cursors given so far */
    bool listens;   /* for work */
    bool begun;     /* a transaction that was asked for is open */
};

#define PL_PG_PARAMS 16

/* A statement. */
struct pg_q {
    struct pl_dbq q; /* first */
    struct pl_pg *db;
    char name[24];
    char *text;
    bool many, own; /* own: the cursor stands in a transaction made for it */
    int n_params;
    const char *value[PL_PG_PARAMS];
    int length[PL_PG_PARAMS], binary[PL_PG_PARAMS];
    uint8_t number[PL_PG_PARAMS][8];
    bool lists; /* takes lists: PL_SQL_ROWS */
    struct pl_buf list[PL_PG_PARAMS];
    PGresult *res;
    int row, rows;
    bool running;
};

/* Takes the answer, which it owns from here, as the rows of the statement; or gives them back. */
int pl_pg_take(struct pg_q *q, PGresult *res, struct pl_err *err);
void pl_pg_drop(struct pg_q *q);
/* bind_list of db.h. */
void pl_pg_list(struct pl_dbq *x, int i, const int64_t *v, size_t n);
/* each of db.h, for a statement that takes lists. */
int pl_pg_each(struct pg_q *q, size_t n, void (*bind)(void *arg, struct pl_dbq *q, size_t i),
               int (*row)(void *arg, struct pl_dbq *q, size_t i, bool there), void *arg,
               struct pl_err *err);

/* Connects; nothing of the store is looked at. PL_E_NET, PL_E_UNSUP. Heap; ends with
 * d.ops->close. */
int pl_pg_connect(const char *url, struct pl_pg **ret, struct pl_err *err);
/* Runs statements of our own without parameters and rows. */
int pl_pg_run(struct pl_pg *p, const char *sql, struct pl_err *err);
/* Runs one statement with text parameters. The first row's columns as numbers (0: null or no row)
 * to ret[n_ret]. */
int pl_pg_ask(struct pl_pg *p, const char *sql, const char *const *param, int n_params,
              int64_t *ret, int n_ret, struct pl_err *err);

/* What makes schema i+1 of schema i. PL_STORE_SCHEMA of them. */
extern const char *const pl_pg_step[];

#endif
