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
