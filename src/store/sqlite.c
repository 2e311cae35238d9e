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
#include "store/sqlite_int.h"

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
};
_Static_assert(PL_COUNT(step) == PL_STORE_SCHEMA, "a step for each schema");

static const char *const sql[] = {
#define X(name, text) [PL_Q_##name] = (text),
    PL_STORE_SQL(X)
#undef X
};

struct pl_sqlq *pl_store_q(struct pl_store_db *s, enum pl_store_q which, struct pl_err *err)
{
    if (!s->q[which] && pl_sqlq_new(s->db, sql[which], &s->q[which], err) < 0)
        return NULL;
    return s->q[which];
}

int pl_store_one(struct pl_sqlq *q, int64_t *ret, struct pl_err *err)
{
    int r = pl_sqlq_step(q, err);
    if (r == 1)
        *ret = pl_sqlq_col_int(q, 0);
    pl_sqlq_reset(q);
    return r;
}

int pl_store_do(struct pl_sqlq *q, struct pl_err *err)
{
    int r = pl_sqlq_step(q, err);
    pl_sqlq_reset(q);
    return r < 0 ? r : 0;
}

int pl_store_damaged(const char *table, struct pl_err *err)
{
    return pl_fail(err, PL_E_FORMAT, "the store is damaged: %s", table);
}

static void forget(struct pl_store_seen *x)
{
    pl_map_release(&x->map);
    pl_arena_release(&x->a);
    *x = (struct pl_store_seen){ .a = { 0 } };
}

void pl_store_forget(struct pl_store_db *s)
{
    forget(&s->packages);
    forget(&s->places);
    forget(&s->layers);
}

/* ---- transactions ---- */

static int start(struct pl_store *store, const char *how, struct pl_err *err)
{
    struct pl_store_db *s = (struct pl_store_db *)store;
    int r = pl_sqldb_run(s->db, how, err);
    s->open = r == 0;
    return r;
}

static int op_begin(struct pl_store *store, struct pl_err *err)
{
    return start(store, "BEGIN IMMEDIATE", err);
}

static int op_look(struct pl_store *store, struct pl_err *err)
{
    return start(store, "BEGIN", err);
}

static void op_rollback(struct pl_store *store)
{
    struct pl_store_db *s = (struct pl_store_db *)store;
    struct pl_err err;
    if (s->open)
        pl_sqldb_run(s->db, "ROLLBACK", &err);
    s->open = false;
    pl_store_forget(s); /* numbers that were given and are not kept */
}

static int op_commit(struct pl_store *store, struct pl_err *err)
{
    struct pl_store_db *s = (struct pl_store_db *)store;
    int r = pl_sqldb_run(s->db, "COMMIT", err);
    if (r < 0)
        op_rollback(store);
    s->open = false;
    return r;
}

static void op_close(struct pl_store *store)
{
    struct pl_store_db *s = (struct pl_store_db *)store;
    if (!s)
        return;
    op_rollback(store);
    for (size_t i = 0; i < PL_Q_COUNT; i++)
        pl_sqlq_free(s->q[i]);
    pl_sqldb_close(s->db);
    pl_arena_release(&s->scratch);
    free(s);
}

static int number(struct pl_store_db *s, const char *text, uint64_t *ret, struct pl_err *err)
{
    pl_auto_q struct pl_sqlq *q = NULL;
    int64_t v = 0;
    int r = pl_sqlq_new(s->db, text, &q, err);
    if (r == 0)
        r = pl_store_one(q, &v, err);
    *ret = v > 0 ? (uint64_t)v : 0;
    return r < 0 ? r : 0;
}

static int op_counts(struct pl_store *store, struct pl_store_counts *ret, struct pl_err *err)
{
    const struct {
        const char *text;
        uint64_t *to;
    } all[] = {
        { "SELECT count(*) FROM image", &ret->images },
        { "SELECT count(*) FROM package", &ret->packages },
        { "SELECT count(*) FROM pkgset", &ret->sets },
        { "SELECT count(*) FROM layer", &ret->layers },
        { "SELECT count(*) FROM flaw", &ret->flaws },
        { "SELECT count(*) FROM run", &ret->runs },
        { "SELECT max(id) FROM package", &ret->max_package },
        { "SELECT max(id) FROM flaw", &ret->max_flaw },
    };
    int r = 0;
    for (size_t i = 0; i < PL_COUNT(all) && r == 0; i++)
        r = number((struct pl_store_db *)store, all[i].text, all[i].to, err);
    return r;
}

static const struct pl_store_ops ops = {
    .close = op_close,
    .begin = op_begin,
    .commit = op_commit,
    .rollback = op_rollback,
    .look = op_look,
    .counts = op_counts,
    .put = pl_store_db_put,
    .each_image = pl_store_db_each_image,
    .each_package = pl_store_db_each_package,
    .package = pl_store_db_package,
    .place = pl_store_db_place,
    .layer = pl_store_db_layer,
    .flaw = pl_store_db_flaw,
    .flaw_named = pl_store_db_flaw_named,
    .run = pl_store_db_run,
    .state = pl_store_db_state,
};

/* ---- opening ---- */

static int version(struct pl_store_db *s, uint64_t *ret, struct pl_err *err)
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
static int migrate(struct pl_store_db *s, struct pl_err *err)
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

int pl_store_sqlite(const char *dir, enum pl_store_mode mode, struct pl_store **ret,
                    struct pl_err *err)
{
    pl_auto_buf struct pl_buf path = { 0 };
    pl_buf_puts(&path, dir);
    pl_buf_puts(&path, "/store.db");
    pl_buf_putc(&path, 0);
    if (mode == PL_STORE_MAKE && mkdir(dir, 0777) < 0 && errno != EEXIST)
        return pl_fail_errno(err, PL_E_IO, errno, "cannot make '%s'", dir);
    bool there = access(path.p, F_OK) == 0;
    if (mode != PL_STORE_MAKE && !there)
        return pl_fail(err, PL_E_NOENT, "no store in '%s'", dir);
    if (mode != PL_STORE_READ && access(there ? path.p : dir, W_OK) != 0)
        return pl_fail_errno(err, PL_E_IO, errno, "cannot write '%s'", there ? path.p : dir);
    struct pl_store_db *s = calloc(1, sizeof *s);
    if (!s)
        pl_oom();
    s->store.ops = &ops;
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
        op_close(&s->store);
        return pl_wrap(err, "store '%s'", dir);
    }
    *ret = &s->store;
    return 0;
}
