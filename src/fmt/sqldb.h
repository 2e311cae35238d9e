/* SQLite databases of our own as files: written once and then only read, mapped into memory; or
 * kept and changed in transactions. What is read may have been spoilt by others: the precautions of
 * sqlite.h hold here too. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_FMT_SQLDB_H
#define PL_FMT_SQLDB_H

#include "base/err.h"
#include "base/str.h"

struct pl_sqldb;
struct pl_sqlq; /* a prepared statement */

enum pl_sqldb_mode {
    PL_SQLDB_IMMUTABLE, /* read-only, mapped, no locks: nobody changes the file */
    PL_SQLDB_FRESH,     /* a new file, filled in one go and then never changed: no journal; same
                           rows, same bytes */
    PL_SQLDB_KEPT,      /* made when absent; changed in transactions that survive kill -9 (WAL) */
};

/* Opens the file `path`. PL_E_NOENT when there is none, PL_E_FORMAT when it is no database. Heap;
 * close with pl_sqldb_close. */
int pl_sqldb_open(const char *path, enum pl_sqldb_mode mode, struct pl_sqldb **ret,
                  struct pl_err *err);
/* Looks through the whole file, page by page, as a file that came from elsewhere needs once before
 * it is read without looking. PL_E_FORMAT when anything in it is out of order. */
int pl_sqldb_whole(const char *path, struct pl_err *err);
/* Frees, with the statements that were not freed; accepts NULL. */
void pl_sqldb_close(struct pl_sqldb *db);

/* Runs statements of our own without rows. */
int pl_sqldb_run(struct pl_sqldb *db, const char *sql, struct pl_err *err);
/* Prepares one statement of our own; parameters are "?1" … Heap; PL_E_FORMAT also when a table is
 * missing. */
int pl_sqlq_new(struct pl_sqldb *db, const char *sql, struct pl_sqlq **ret, struct pl_err *err);
/* Frees; accepts NULL. */
void pl_sqlq_free(struct pl_sqlq *q);
/* For variables that are freed at scope end; declared NULL. */
static inline void pl_cleanup_q(struct pl_sqlq **q)
{
    pl_sqlq_free(*q);
}
#define pl_auto_q __attribute__((cleanup(pl_cleanup_q)))

/* Binds parameter `i` (from 1); the bytes must live until the statement is reset. Each begins the
 * statement anew when it had been stepped. */
void pl_sqlq_int(struct pl_sqlq *q, int i, int64_t v);
void pl_sqlq_text(struct pl_sqlq *q, int i, struct pl_str s);
void pl_sqlq_blob(struct pl_sqlq *q, int i, struct pl_str s);
/* 1: a row is there; 0: at the end (the statement is reset); PL_E_FORMAT, PL_E_IO, PL_E_LIMIT. */
int pl_sqlq_step(struct pl_sqlq *q, struct pl_err *err);
/* Ends the rows; the parameters stay. */
void pl_sqlq_reset(struct pl_sqlq *q);
/* Column `i` (from 0) of the row: a view until the next step, or a number (0 when it is none). */
struct pl_str pl_sqlq_col(struct pl_sqlq *q, int i);
int64_t pl_sqlq_col_int(struct pl_sqlq *q, int i);

#endif
