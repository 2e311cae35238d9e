/* The store in SQLite: one file in write-ahead mode, so that readers do not wait and kill -9 leaves
 * it whole; its tables, and how older ones become newer. guide.md section 11, fleet.md section 2.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "fmt/sqldb.h"
#include "store/store_int.h"

#define APPLICATION "1347178578" /* "PLSR" */
#define TRIES 200                /* 50 ms each: as long as the library waits for a lock */

/* What makes schema i+1 of schema i; forward only. */
static const char *const step[] = {
    "CREATE TABLE package(id INTEGER PRIMARY KEY, print BLOB NOT NULL UNIQUE, type TEXT NOT NULL,"
    " ns TEXT NOT NULL, name TEXT NOT NULL, version TEXT NOT NULL, facts BLOB NOT NULL);"
    "CREATE INDEX package_name ON package(name);"
    "CREATE TABLE place(id INTEGER PRIMARY KEY, print BLOB NOT NULL UNIQUE, paths BLOB NOT NULL);"
    "CREATE TABLE layer(id INTEGER PRIMARY KEY, print BLOB NOT NULL UNIQUE, digest TEXT NOT NULL,"
    " facts BLOB NOT NULL);"
    "CREATE INDEX layer_digest ON layer(digest);"
    "CREATE TABLE pkgset(id INTEGER PRIMARY KEY, print BLOB NOT NULL UNIQUE,"
    " members BLOB NOT NULL);"
    "CREATE TABLE image(id INTEGER PRIMARY KEY, name TEXT NOT NULL, digest TEXT NOT NULL,"
    " platform TEXT NOT NULL, kind TEXT NOT NULL, complete INTEGER NOT NULL, notes BLOB NOT NULL,"
    " layers BLOB NOT NULL, pkgset INTEGER NOT NULL, at INTEGER NOT NULL, tool TEXT NOT NULL,"
    " rules TEXT NOT NULL, db TEXT NOT NULL, mark TEXT NOT NULL,"
    " UNIQUE(name, digest, platform, mark));"
    "CREATE INDEX image_digest ON image(digest);"
    "CREATE INDEX image_set ON image(pkgset);"
    "CREATE TABLE finding(image INTEGER NOT NULL, n INTEGER NOT NULL, kind TEXT NOT NULL,"
    " rule TEXT NOT NULL, severity INTEGER NOT NULL, fingerprint TEXT NOT NULL,"
    " evidence TEXT NOT NULL, surface INTEGER NOT NULL, path TEXT NOT NULL, line INTEGER NOT NULL,"
    " introduced INTEGER, hidden INTEGER, visible INTEGER NOT NULL, PRIMARY KEY(image, n))"
    " WITHOUT ROWID;"
    "CREATE INDEX finding_rule ON finding(rule);"
    "CREATE TABLE flaw(id INTEGER PRIMARY KEY, subject TEXT NOT NULL, rule TEXT NOT NULL,"
    " UNIQUE(rule, subject));"
    "CREATE TABLE run(id INTEGER PRIMARY KEY, at INTEGER NOT NULL, tool TEXT NOT NULL,"
    " db TEXT NOT NULL);"
    "CREATE TABLE state(image INTEGER PRIMARY KEY, first INTEGER NOT NULL, flaws BLOB NOT NULL);"
    "CREATE TABLE change(image INTEGER NOT NULL, run INTEGER NOT NULL, new BLOB NOT NULL,"
    " gone BLOB NOT NULL, PRIMARY KEY(image, run)) WITHOUT ROWID",
    "CREATE TABLE found(image INTEGER PRIMARY KEY, bytes BLOB NOT NULL);"
    "CREATE TABLE record(key BLOB PRIMARY KEY, digest TEXT NOT NULL, tool TEXT NOT NULL,"
    " rules TEXT NOT NULL, at INTEGER NOT NULL, bytes BLOB NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE job(id INTEGER PRIMARY KEY AUTOINCREMENT, key BLOB NOT NULL UNIQUE,"
    " kind INTEGER NOT NULL, target TEXT NOT NULL, digest TEXT NOT NULL, host TEXT NOT NULL,"
    " priority INTEGER NOT NULL, added INTEGER NOT NULL, state INTEGER NOT NULL DEFAULT 0,"
    " waits INTEGER NOT NULL DEFAULT 0, tries INTEGER NOT NULL DEFAULT 0,"
    " fails INTEGER NOT NULL DEFAULT 0, ready_at INTEGER NOT NULL DEFAULT 0,"
    " lease_until INTEGER NOT NULL DEFAULT 0, done_at INTEGER NOT NULL DEFAULT 0,"
    " worker TEXT NOT NULL DEFAULT '', error TEXT NOT NULL DEFAULT '');"
    "CREATE INDEX job_ready ON job(priority DESC, id) WHERE state=0;"
    "CREATE INDEX job_leased ON job(lease_until) WHERE state=1;"
    "CREATE TABLE wait(job INTEGER NOT NULL, waiter INTEGER NOT NULL, PRIMARY KEY(job, waiter))"
    " WITHOUT ROWID;"
    "CREATE TABLE bucket(host TEXT PRIMARY KEY, tokens INTEGER NOT NULL, at INTEGER NOT NULL,"
    " until INTEGER NOT NULL) WITHOUT ROWID",
    "ALTER TABLE package ADD COLUMN source TEXT; ALTER TABLE package ADD COLUMN subject BLOB;"
    "CREATE INDEX package_source ON package(source);"
    "CREATE INDEX package_subject ON package(subject);"
    "CREATE TABLE segment(last INTEGER PRIMARY KEY, first INTEGER NOT NULL,"
    " buckets BLOB NOT NULL);"
    "CREATE TABLE posting(bucket INTEGER NOT NULL, segment INTEGER NOT NULL, sets BLOB NOT NULL,"
    " PRIMARY KEY(bucket, segment))",
    "ALTER TABLE job ADD COLUMN turn INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE job ADD COLUMN told INTEGER NOT NULL DEFAULT 0;"
    "DROP INDEX job_ready;"
    "CREATE INDEX job_ready ON job(priority DESC, turn, id) WHERE state=0;"
    "CREATE INDEX job_aside ON job(id) WHERE state=3;"
    "CREATE INDEX change_run ON change(run);"
    "CREATE INDEX state_first ON state(first);"
    "CREATE INDEX wait_waiter ON wait(waiter);"
    "CREATE TABLE share(name TEXT PRIMARY KEY, turn INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE schedule(name TEXT PRIMARY KEY, at INTEGER NOT NULL, value TEXT NOT NULL)"
    " WITHOUT ROWID;"
    "CREATE TABLE ref(id INTEGER PRIMARY KEY, name TEXT NOT NULL, registry TEXT NOT NULL,"
    " repository TEXT NOT NULL, tag TEXT NOT NULL, image TEXT NOT NULL, since INTEGER NOT NULL,"
    " until INTEGER NOT NULL DEFAULT 0, seen INTEGER NOT NULL);"
    "CREATE UNIQUE INDEX ref_now ON ref(name) WHERE until=0;"
    "CREATE INDEX ref_name ON ref(name);"
    "CREATE INDEX ref_image ON ref(image);"
    "CREATE INDEX ref_place ON ref(registry, repository) WHERE until=0;"
    "CREATE TABLE exposure(id INTEGER PRIMARY KEY, cluster TEXT NOT NULL, ns TEXT NOT NULL,"
    " kind TEXT NOT NULL, owner TEXT NOT NULL, image TEXT NOT NULL, name TEXT NOT NULL,"
    " since INTEGER NOT NULL, seen INTEGER NOT NULL, until INTEGER NOT NULL DEFAULT 0,"
    " UNIQUE(cluster, ns, kind, owner, image));"
    "CREATE INDEX exposure_image ON exposure(image);"
    "CREATE INDEX exposure_name ON exposure(name);"
    "CREATE TABLE outbox(id INTEGER PRIMARY KEY AUTOINCREMENT, hook TEXT NOT NULL,"
    " shown TEXT NOT NULL, key TEXT NOT NULL, body BLOB NOT NULL, added INTEGER NOT NULL,"
    " due INTEGER NOT NULL DEFAULT 0, tries INTEGER NOT NULL DEFAULT 0,"
    " state INTEGER NOT NULL DEFAULT 0, done_at INTEGER NOT NULL DEFAULT 0,"
    " error TEXT NOT NULL DEFAULT '', UNIQUE(hook, key));"
    "CREATE INDEX outbox_due ON outbox(hook, id) WHERE state=0;"
    "CREATE TABLE rebuild(image INTEGER PRIMARY KEY, print TEXT NOT NULL)",
    "CREATE TABLE matched(what INTEGER PRIMARY KEY, turn INTEGER NOT NULL, top INTEGER NOT NULL,"
    " facts BLOB NOT NULL);"
    "CREATE TABLE matched_print(what INTEGER NOT NULL, bucket INTEGER NOT NULL,"
    " prints BLOB NOT NULL, PRIMARY KEY(what, bucket));"
    "CREATE TABLE fresh(n INTEGER PRIMARY KEY AUTOINCREMENT, image INTEGER NOT NULL UNIQUE)",
};
_Static_assert(PL_COUNT(step) == PL_STORE_SCHEMA, "a step for each schema");

static const char *const sql[] = {
#define X(name, text) [PL_Q_##name] = (text),
#define Y(name, lite, pg) [PL_Q_##name] = (lite),
    PL_STORE_SQL(X, Y) PL_FIND_SQL(X, Y) PL_QUEUE_SQL(X, Y) PL_FLEET_SQL(X, Y) PL_GC_SQL(X, Y)
        PL_MATCHED_SQL(X, Y)
#undef X
#undef Y
};

struct lite {
    struct pl_db d; /* first */
    struct pl_sqldb *db;
};
struct lite_q {
    struct pl_dbq q; /* first */
    struct pl_sqlq *s;
    struct pl_buf list; /* as JSON, which the library can read as a table */
};

static struct pl_sqlq *stmt(struct pl_dbq *q)
{
    return ((struct lite_q *)q)->s;
}

static void db_close(struct pl_db *d)
{
    pl_sqldb_close(((struct lite *)d)->db);
    free(d);
}

static int db_begin(struct pl_db *d, enum pl_db_how how, struct pl_err *err)
{
    return pl_sqldb_run(((struct lite *)d)->db, how == PL_DB_LOOK ? "BEGIN" : "BEGIN IMMEDIATE",
                        err);
}

static int db_commit(struct pl_db *d, struct pl_err *err)
{
    return pl_sqldb_run(((struct lite *)d)->db, "COMMIT", err);
}

static void db_rollback(struct pl_db *d)
{
    struct pl_err err;
    pl_sqldb_run(((struct lite *)d)->db, "ROLLBACK", &err);
}

static void db_free(struct pl_dbq *q)
{
    pl_sqlq_free(stmt(q));
    pl_buf_release(&((struct lite_q *)q)->list);
    free(q);
}

static void db_int(struct pl_dbq *q, int i, int64_t v)
{
    pl_sqlq_int(stmt(q), i, v);
}

static void db_text(struct pl_dbq *q, int i, struct pl_str s)
{
    pl_sqlq_text(stmt(q), i, s);
}

static void db_blob(struct pl_dbq *q, int i, struct pl_str s)
{
    pl_sqlq_blob(stmt(q), i, s);
}

static void db_list(struct pl_dbq *q, int i, const int64_t *v, size_t n)
{
    struct pl_buf *b = &((struct lite_q *)q)->list;
    pl_buf_clear(b);
    pl_buf_putc(b, '[');
    for (size_t k = 0; k < n; k++)
        pl_buf_printf(b, k ? ",%lld" : "%lld", (long long)v[k]);
    pl_buf_putc(b, ']');
    pl_sqlq_text(stmt(q), i, pl_buf_str(b));
}

static int db_step(struct pl_dbq *q, struct pl_err *err)
{
    return pl_sqlq_step(stmt(q), err);
}

static void db_reset(struct pl_dbq *q)
{
    pl_sqlq_reset(stmt(q));
}

static struct pl_str db_col(struct pl_dbq *q, int i)
{
    return pl_sqlq_col(stmt(q), i);
}

static int64_t db_col_int(struct pl_dbq *q, int i)
{
    return pl_sqlq_col_int(stmt(q), i);
}

static int db_each(struct pl_dbq *q, size_t n, void (*bind)(void *arg, struct pl_dbq *q, size_t i),
                   int (*row)(void *arg, struct pl_dbq *q, size_t i, bool there), void *arg,
                   struct pl_err *err)
{
    int r = 0;
    for (size_t i = 0; i < n && r == 0; i++) {
        bind(arg, q, i);
        int found = pl_sqlq_step(stmt(q), err);
        r = found < 0 ? found : row ? row(arg, q, i, found == 1) : 0;
        pl_sqlq_reset(stmt(q));
    }
    return r;
}

static int db_prepare(struct pl_db *d, const char *text, bool many, struct pl_dbq **ret,
                      struct pl_err *err)
{
    struct pl_sqlq *s;
    (void)many;
    int r = pl_sqlq_new(((struct lite *)d)->db, text, &s, err);
    if (r < 0)
        return r;
    struct lite_q *q = calloc(1, sizeof *q);
    if (!q)
        pl_oom();
    q->q.ops = d->ops;
    q->s = s;
    *ret = &q->q;
    return 0;
}

static void db_sleep(struct pl_db *d, int milliseconds)
{
    const struct timespec t = { milliseconds / 1000, (long)(milliseconds % 1000) * 1000000 };
    (void)d;
    nanosleep(&t, NULL);
}

static int db_wake(struct pl_db *d, struct pl_err *err)
{
    (void)d;
    (void)err;
    return 0; /* who waits looks again soon */
}

static const struct pl_db_ops db_ops = {
    .sql = sql,
    .close = db_close,
    .begin = db_begin,
    .commit = db_commit,
    .rollback = db_rollback,
    .prepare = db_prepare,
    .free = db_free,
    .bind_int = db_int,
    .bind_text = db_text,
    .bind_blob = db_blob,
    .bind_list = db_list,
    .step = db_step,
    .reset = db_reset,
    .col = db_col,
    .col_int = db_col_int,
    .each = db_each,
    .wake = db_wake,
    .sleep = db_sleep,
};

/* ---- opening ---- */

static int number(struct lite *s, const char *text, uint64_t *ret, struct pl_err *err)
{
    pl_auto_q struct pl_sqlq *q = NULL;
    int r = pl_sqlq_new(s->db, text, &q, err);
    if (r == 0)
        r = pl_sqlq_step(q, err);
    int64_t v = r == 1 ? pl_sqlq_col_int(q, 0) : 0;
    *ret = v > 0 ? (uint64_t)v : 0;
    return r < 0 ? r : 0;
}

static int version(struct lite *s, uint64_t *ret, struct pl_err *err)
{
    uint64_t application = 0, objects = 0;
    int r = number(s, "PRAGMA user_version", ret, err);
    if (r == 0)
        r = number(s, "PRAGMA application_id", &application, err);
    if (r == 0)
        r = number(s, "SELECT count(*) FROM sqlite_schema", &objects, err);
    if (r < 0)
        return r;
    if (*ret > PL_STORE_SCHEMA && application == strtoull(APPLICATION, NULL, 10))
        return pl_fail(err, PL_E_UNSUP,
                       "the store was made by a newer program (schema %llu, this one knows %d)",
                       (unsigned long long)*ret, PL_STORE_SCHEMA);
    if (application != strtoull(APPLICATION, NULL, 10) && (*ret || objects))
        return pl_fail(err, PL_E_FORMAT, "it is a database of something else");
    return 0;
}

/* Each step is one transaction, with the number of the schema it makes. */
static int migrate(struct lite *s, struct pl_err *err)
{
    uint64_t at;
    int r = version(s, &at, err);
    while (r == 0 && at < PL_STORE_SCHEMA) {
        r = pl_sqldb_run(s->db, "BEGIN IMMEDIATE", err);
        if (r == 0)
            r = version(s, &at, err); /* another process may have been faster */
        if (r == 0 && at < PL_STORE_SCHEMA) {
            char mark[96];
            snprintf(mark, sizeof mark,
                     "PRAGMA application_id=" APPLICATION "; PRAGMA user_version=%u",
                     (unsigned)at + 1);
            r = pl_sqldb_run(s->db, step[at], err);
            if (r == 0)
                r = pl_sqldb_run(s->db, mark, err);
        }
        struct pl_err ignored;
        if (r == 0)
            r = pl_sqldb_run(s->db, "COMMIT", err);
        if (r < 0)
            pl_sqldb_run(s->db, "ROLLBACK", &ignored);
        if (r == 0)
            r = version(s, &at, err);
    }
    return r;
}

static int open_file(const char *path, enum pl_sqldb_mode how, struct pl_sqldb **ret,
                     struct pl_err *err)
{
    const struct timespec wait = { .tv_nsec = 50000000 };
    int r = PL_E_IO;
    /* the library does not wait for the lock under which the mode of a new file is changed */
    for (int i = 0; i < TRIES && r == PL_E_IO; i++) {
        r = pl_sqldb_open(path, how, ret, err);
        if (r != PL_E_IO || !strstr(err->msg, "locked"))
            break;
        nanosleep(&wait, NULL);
    }
    return r;
}

/* In a folder that cannot be written to, the file can only be read as it is: what is in the log
 * beside it would be missing. */
static int open_still(const char *path, struct pl_sqldb **ret, struct pl_err *err)
{
    pl_auto_buf struct pl_buf log = { 0 };
    struct stat st;
    pl_buf_puts(&log, path);
    pl_buf_puts(&log, "-wal");
    pl_buf_putc(&log, 0);
    if (stat(log.p, &st) == 0 && st.st_size)
        return pl_fail(err, PL_E_IO,
                       "'%s' has a log that must be applied first, and its folder "
                       "cannot be written to",
                       path);
    int r = pl_sqldb_open(path, PL_SQLDB_IMMUTABLE, ret, err);
    struct pl_err ignored;
    if (r == 0) /* the transaction such a database is opened in: ours are begun by look */
        pl_sqldb_run(*ret, "COMMIT", &ignored);
    return r;
}

static void path_of(const char *dir, struct pl_buf *path)
{
    pl_buf_puts(path, dir);
    pl_buf_puts(path, "/store.db");
    pl_buf_putc(path, 0);
}

int pl_store_sqlite_migrate(const char *dir, bool make, struct pl_store_upgraded *ret,
                            struct pl_err *err)
{
    pl_auto_buf struct pl_buf path = { 0 };
    struct lite s = { .db = NULL };
    uint64_t at = 0;
    path_of(dir, &path);
    if (make && mkdir(dir, 0777) < 0 && errno != EEXIST)
        return pl_fail_errno(err, PL_E_IO, errno, "cannot make '%s'", dir);
    if (!make && access(path.p, F_OK) != 0)
        return pl_fail(err, PL_E_NOENT, "no store in '%s'", dir);
    int r = open_file(path.p, PL_SQLDB_KEPT, &s.db, err);
    if (r == 0)
        r = version(&s, &at, err);
    ret->from = (unsigned)at;
    if (r == 0)
        r = migrate(&s, err);
    ret->to = PL_STORE_SCHEMA;
    pl_sqldb_close(s.db);
    return r < 0 ? pl_wrap(err, "store '%s'", dir) : 0;
}

int pl_store_sqlite(const char *dir, enum pl_store_mode mode, struct pl_store **ret,
                    struct pl_err *err)
{
    pl_auto_buf struct pl_buf path = { 0 };
    path_of(dir, &path);
    if (mode == PL_STORE_MAKE && mkdir(dir, 0777) < 0 && errno != EEXIST)
        return pl_fail_errno(err, PL_E_IO, errno, "cannot make '%s'", dir);
    bool there = access(path.p, F_OK) == 0;
    if (mode != PL_STORE_MAKE && !there)
        return pl_fail(err, PL_E_NOENT, "no store in '%s'", dir);
    if (mode != PL_STORE_READ && access(there ? path.p : dir, W_OK) != 0)
        return pl_fail_errno(err, PL_E_IO, errno, "cannot write '%s'", there ? path.p : dir);
    struct lite *s = calloc(1, sizeof *s);
    if (!s)
        pl_oom();
    s->d.ops = &db_ops;
    bool still = mode == PL_STORE_READ && (access(dir, W_OK) != 0 || access(path.p, W_OK) != 0);
    int r = still ? open_still(path.p, &s->db, err) : open_file(path.p, PL_SQLDB_KEPT, &s->db, err);
    if (r == 0 && still) {
        uint64_t at;
        r = version(s, &at, err);
        if (r == 0 && at < PL_STORE_SCHEMA)
            r = pl_fail(err, PL_E_UNSUP,
                        "the store is older than this program, which would have "
                        "to write to it");
    } else if (r == 0) {
        r = migrate(s, err);
    }
    if (r < 0) {
        db_close(&s->d);
        return pl_wrap(err, "store '%s'", dir);
    }
    *ret = pl_store_over(&s->d);
    return 0;
}
