/* Our own SQLite files. sqlite.org/c3ref/open.html (URI parameters), sqlite.org/mmap.html. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "fmt/sqldb.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"

struct pl_sqldb {
    sqlite3 *db;
};

struct pl_sqlq {
    sqlite3 *db;
    sqlite3_stmt *s;
    bool stepped;
};

static int sql_fail(sqlite3 *db, int rc, struct pl_err *err)
{
    int code = PL_E_FORMAT;
    switch (rc & 0xff) {
    case SQLITE_IOERR:
    case SQLITE_FULL:
    case SQLITE_READONLY:
    case SQLITE_BUSY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
        code = PL_E_IO;
        break;
    case SQLITE_NOMEM:
    case SQLITE_TOOBIG:
        code = PL_E_LIMIT;
        break;
    default:
        break;
    }
    return pl_fail(err, code, "database: %s", db ? sqlite3_errmsg(db) : sqlite3_errstr(rc));
}

/* "file:" and the path with what a URI gives a meaning to encoded. */
static void uri_of(struct pl_buf *b, const char *path, const char *query)
{
    pl_buf_puts(b, "file:");
    for (const char *p = path; *p; p++) {
        if (*p == '?' || *p == '#' || *p == '%' || (unsigned char)*p <= ' ')
            pl_buf_printf(b, "%%%02X", (unsigned)(unsigned char)*p);
        else
            pl_buf_putc(b, *p);
    }
    pl_buf_puts(b, query);
    pl_buf_putc(b, 0);
}

static void harden(sqlite3 *db)
{
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
    sqlite3_limit(db, SQLITE_LIMIT_LENGTH, 1 << 30);
    sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
    sqlite3_limit(db, SQLITE_LIMIT_WORKER_THREADS, 0);
}

static const char *const pragmas[] = {
    [PL_SQLDB_IMMUTABLE] = "PRAGMA mmap_size=17179869184; PRAGMA query_only=1;"
                           "BEGIN", /* one transaction for all that is asked; cell_size_check would
                                       read a page whole each time it is looked at: what came
                                       from elsewhere has passed pl_sqldb_whole */
    [PL_SQLDB_FRESH] = "PRAGMA page_size=4096; PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;"
                       "PRAGMA locking_mode=EXCLUSIVE; PRAGMA cache_size=-65536",
    [PL_SQLDB_KEPT] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=0;"
                      "PRAGMA mmap_size=17179869184",
};

int pl_sqldb_open(const char *path, enum pl_sqldb_mode mode, struct pl_sqldb **ret,
                  struct pl_err *err)
{
    int flags = SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX;
    flags |= mode == PL_SQLDB_IMMUTABLE ? SQLITE_OPEN_READONLY
                                        : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    if (mode == PL_SQLDB_IMMUTABLE && access(path, R_OK) != 0)
        return pl_fail_errno(err, errno == ENOENT || errno == ENOTDIR ? PL_E_NOENT : PL_E_IO, errno,
                             "cannot open '%s'", path);
    pl_auto_buf struct pl_buf uri = { 0 };
    uri_of(&uri, path, mode == PL_SQLDB_IMMUTABLE ? "?immutable=1" : "");
    struct pl_sqldb *d = calloc(1, sizeof *d);
    if (!d)
        pl_oom();
    int rc = sqlite3_open_v2(uri.p, &d->db, flags, NULL);
    int r = rc == SQLITE_OK ? 0 : sql_fail(d->db, rc, err);
    if (r == 0) {
        harden(d->db);
        sqlite3_busy_timeout(d->db, 10000);
        r = pl_sqldb_run(d, pragmas[mode], err);
    }
    if (r < 0) {
        pl_sqldb_close(d);
        return pl_wrap(err, "'%s'", path);
    }
    *ret = d;
    return 0;
}

int pl_sqldb_whole(const char *path, struct pl_err *err)
{
    struct pl_sqldb *d = NULL;
    struct pl_sqlq *q = NULL;
    int r = pl_sqldb_open(path, PL_SQLDB_IMMUTABLE, &d, err);
    if (r == 0)
        r = pl_sqldb_run(d, "PRAGMA cell_size_check=1", err);
    if (r == 0)
        r = pl_sqlq_new(d, "PRAGMA quick_check(1)", &q, err);
    if (r == 0)
        r = pl_sqlq_step(q, err);
    if (r >= 0) {
        struct pl_str said = r ? pl_sqlq_col(q, 0) : PL_S("no answer");
        r = pl_str_is(said, "ok")
                ? 0
                : pl_fail(err, PL_E_FORMAT, "'%s': %.*s", path, PL_FMT(pl_str_sub(said, 0, 200)));
    }
    pl_sqlq_free(q);
    pl_sqldb_close(d);
    return r;
}

void pl_sqldb_close(struct pl_sqldb *d)
{
    if (!d)
        return;
    sqlite3_stmt *s;
    while (d->db && (s = sqlite3_next_stmt(d->db, NULL)) != NULL)
        sqlite3_finalize(s);
    sqlite3_close(d->db);
    free(d);
}

int pl_sqldb_run(struct pl_sqldb *d, const char *sql, struct pl_err *err)
{
    int rc = sqlite3_exec(d->db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? 0 : sql_fail(d->db, rc, err);
}

int pl_sqlq_new(struct pl_sqldb *d, const char *sql, struct pl_sqlq **ret, struct pl_err *err)
{
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v3(d->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &s, NULL);
    if (rc != SQLITE_OK)
        return sql_fail(d->db, rc, err);
    struct pl_sqlq *q = calloc(1, sizeof *q);
    if (!q)
        pl_oom();
    q->db = d->db;
    q->s = s;
    *ret = q;
    return 0;
}

void pl_sqlq_free(struct pl_sqlq *q)
{
    if (q)
        sqlite3_finalize(q->s);
    free(q);
}

void pl_sqlq_reset(struct pl_sqlq *q)
{
    sqlite3_reset(q->s);
    q->stepped = false;
}

static void begin(struct pl_sqlq *q)
{
    if (q->stepped)
        pl_sqlq_reset(q);
}

void pl_sqlq_int(struct pl_sqlq *q, int i, int64_t v)
{
    begin(q);
    sqlite3_bind_int64(q->s, i, v);
}

void pl_sqlq_text(struct pl_sqlq *q, int i, struct pl_str s)
{
    begin(q);
    sqlite3_bind_text64(q->s, i, s.n ? s.p : "", s.n, SQLITE_STATIC, SQLITE_UTF8);
}

void pl_sqlq_blob(struct pl_sqlq *q, int i, struct pl_str s)
{
    begin(q);
    sqlite3_bind_blob64(q->s, i, s.n ? s.p : "", s.n, SQLITE_STATIC);
}

int pl_sqlq_step(struct pl_sqlq *q, struct pl_err *err)
{
    q->stepped = true;
    int rc = sqlite3_step(q->s);
    if (rc == SQLITE_ROW)
        return 1;
    int r = rc == SQLITE_DONE ? 0 : sql_fail(q->db, rc, err);
    pl_sqlq_reset(q);
    return r;
}

struct pl_str pl_sqlq_col(struct pl_sqlq *q, int i)
{
    const char *p = sqlite3_column_blob(q->s, i);
    return p ? pl_str_n(p, (size_t)sqlite3_column_bytes(q->s, i)) : (struct pl_str){ "", 0 };
}

int64_t pl_sqlq_col_int(struct pl_sqlq *q, int i)
{
    return sqlite3_column_int64(q->s, i);
}
