/* What a store needs of a database, whichever it is: statements with parameters, rows,
 * transactions. Not for other folders. guide.md section 11. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_STORE_DB_H
#define PL_STORE_DB_H

#include "base/err.h"
#include "base/str.h"

struct pl_db;
struct pl_dbq; /* a prepared statement */

enum pl_db_how {
    PL_DB_WRITE, /* one such at a time for all processes (of a tenant) */
    PL_DB_SHARE, /* writes rows that others may be writing, too: the database waits where it must */
    PL_DB_LOOK,  /* all reads are of one moment */
};

/* Errors: PL_E_FORMAT, PL_E_LIMIT, PL_E_IO: it cannot be read or written, or is gone. */
struct pl_db_ops {
    /* The text of each statement, by enum pl_store_q. */
    const char *const *sql;
    /* Frees, with what was begun undone. */
    void (*close)(struct pl_db *d);
    int (*begin)(struct pl_db *d, enum pl_db_how how, struct pl_err *err);
    int (*commit)(struct pl_db *d, struct pl_err *err);
    /* Undoes what was begun; nothing when nothing was. */
    void (*rollback)(struct pl_db *d);
    /* Prepares one statement of our own; parameters are "?1" … `many`: it may have many rows, and
     * others run while they are read. Heap. */
    int (*prepare)(struct pl_db *d, const char *sql, bool many, struct pl_dbq **ret,
                   struct pl_err *err);
    void (*free)(struct pl_dbq *q);
    /* Binds parameter `i` (from 1); the bytes must live until the statement is reset. */
    void (*bind_int)(struct pl_dbq *q, int i, int64_t v);
    void (*bind_text)(struct pl_dbq *q, int i, struct pl_str s);
    void (*bind_blob)(struct pl_dbq *q, int i, struct pl_str s);
    /* A list of numbers, which is copied; one at most for a statement. */
    void (*bind_list)(struct pl_dbq *q, int i, const int64_t *v, size_t n);
    /* 1: a row is there; 0: at the end. */
    int (*step)(struct pl_dbq *q, struct pl_err *err);
    /* Ends the rows; the parameters stay. */
    void (*reset)(struct pl_dbq *q);
    /* Column `i` (from 0) of the row: a view until the next step, or a number (0 when none). */
    struct pl_str (*col)(struct pl_dbq *q, int i);
    int64_t (*col_int)(struct pl_dbq *q, int i);
    /* Runs the statement `n` times, each with at most one row, in that order. `bind` binds for the
     * i-th, bytes that live until the call ends; `row` (may be NULL) is told the i-th's row, or
     * that there was none, after later ones may have been bound. Non-zero of `row` ends it. */
    int (*each)(struct pl_dbq *q, size_t n, void (*bind)(void *arg, struct pl_dbq *q, size_t i),
                int (*row)(void *arg, struct pl_dbq *q, size_t i, bool there), void *arg,
                struct pl_err *err);
    /* Tells those who sleep that there is work, when the transaction is committed. */
    int (*wake)(struct pl_db *d, struct pl_err *err);
    /* Waits until somebody does, or so long; a signal ends it. */
    void (*sleep)(struct pl_db *d, int milliseconds);
};

/* Implementations begin with them. */
struct pl_db {
    const struct pl_db_ops *ops;
};
struct pl_dbq {
    const struct pl_db_ops *ops;
};

/* The operations under shorter names. */
static inline void pl_dbq_int(struct pl_dbq *q, int i, int64_t v)
{
    q->ops->bind_int(q, i, v);
}
/* As above. */
static inline void pl_dbq_text(struct pl_dbq *q, int i, struct pl_str s)
{
    q->ops->bind_text(q, i, s);
}
/* As above. */
static inline void pl_dbq_blob(struct pl_dbq *q, int i, struct pl_str s)
{
    q->ops->bind_blob(q, i, s);
}
/* As above. */
static inline void pl_dbq_list(struct pl_dbq *q, int i, const int64_t *v, size_t n)
{
    q->ops->bind_list(q, i, v, n);
}
/* As above. */
static inline int pl_dbq_step(struct pl_dbq *q, struct pl_err *err)
{
    return q->ops->step(q, err);
}
/* As above. */
static inline void pl_dbq_reset(struct pl_dbq *q)
{
    q->ops->reset(q);
}
/* As above. */
static inline struct pl_str pl_dbq_col(struct pl_dbq *q, int i)
{
    return q->ops->col(q, i);
}
/* As above. */
static inline int64_t pl_dbq_col_int(struct pl_dbq *q, int i)
{
    return q->ops->col_int(q, i);
}

#endif
