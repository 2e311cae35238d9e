/* SQLite databases of foreign origin, read from memory: read-only, defensive, schema not trusted,
 * no extensions, bounded in steps and memory. The only wrapper of the library. hazards.md H24. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_FMT_SQLITE_H
#define PL_FMT_SQLITE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

struct pl_sqlite;

struct pl_sqlite_opts {
    uint64_t steps; /* instructions of the virtual machine in all; 0: 10^7 + 20 a byte */
    size_t heap;    /* bytes the library may hold; 0: 32 MiB + the size of the database */
};

enum pl_sql_type { PL_SQL_NULL, PL_SQL_INT, PL_SQL_REAL, PL_SQL_TEXT, PL_SQL_BLOB };

/* One value of a row; a view that lives during the callback. `bytes` is the text in UTF-8 or the
 * blob; numbers are in `i` or `d`. */
struct pl_sql_value {
    struct pl_str column;
    enum pl_sql_type type;
    struct pl_str bytes;
    int64_t i;
    double d;
};

/* What reading all of a database calls. */
struct pl_sqlite_sink {
    /* One row; `rowid` counts from 1 where the table has none. Non-zero stops with PL_E_CANCEL. */
    int (*row)(void *arg, struct pl_str table, int64_t rowid, const struct pl_sql_value *v,
               unsigned n);
    /* A table (or the schema: `table` is empty) that was not read to its end. `code` is PL_E_FORMAT
     * or PL_E_LIMIT. */
    void (*damage)(void *arg, struct pl_str table, int code, const char *message);
    void *arg;
};

/* Prepares the library: what it would look up in the file system at its first use. Once per process
 * before the sandbox closes; more calls do nothing. */
void pl_sqlite_init(void);

/* Opens the `n` bytes at `p`, which must outlive *ret and are not written to; a database in WAL
 * mode is copied. PL_E_FORMAT when it is no database. Close with pl_sqlite_close. */
int pl_sqlite_open(const void *p, size_t n, const struct pl_sqlite_opts *o, struct pl_sqlite **ret,
                   struct pl_err *err);
/* Frees; accepts NULL. */
void pl_sqlite_close(struct pl_sqlite *db);

/* Lays the committed frames of a write-ahead log over the database in `db`, whose `max` counts.
 * PL_E_FORMAT when `text` is no such log; PL_E_LIMIT. Frames after the last whole commit do not
 * count, as for SQLite. */
int pl_sqlite_wal(struct pl_buf *db, struct pl_str text, struct pl_err *err);

/* Reads every row of every table that is stored in the database, its schema first as table
 * "sqlite_schema". Views and virtual tables are not run. Returns 0 also when tables were damaged
 * (each was told to sink->damage); PL_E_CANCEL from the sink. */
int pl_sqlite_each(struct pl_sqlite *db, const struct pl_sqlite_sink *sink, struct pl_err *err);
/* Rows of one table, in the order they are stored; PL_E_NOENT when there is none of that name, else
 * as pl_sqlite_each. */
int pl_sqlite_table(struct pl_sqlite *db, struct pl_str table, const struct pl_sqlite_sink *sink,
                    struct pl_err *err);

#endif
