/* SQLite databases in memory. File format: sqlite.org/fileformat2.html; the precautions:
 * sqlite.org/security.html. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "fmt/sqlite.h"

#include <sqlite3.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/endian.h"
#include "base/vec.h"

#define STEPS_BASE 10000000u /* a row of a few bytes costs about ten instructions */
#define STEPS_PER_BYTE 20u
#define STEPS_TICK 1000 /* instructions between two looks at the count */
#define HEAP_DEFAULT ((size_t)32 << 20)
#define HEADER_SIZE 100
#define COLUMNS_MAX 2000

struct pl_sqlite {
    sqlite3 *db;
    void *copy; /* of a WAL database, else NULL */
    bool cut;   /* shorter than its header says */
    uint64_t steps, max_steps;
    sqlite3_int64 old_heap; /* the limit is the process's: put back when closed */
};

static void stmt_finish(sqlite3_stmt **s)
{
    sqlite3_finalize(*s);
}

#define auto_stmt __attribute__((cleanup(stmt_finish))) sqlite3_stmt *

void pl_sqlite_init(void)
{
    char seed[4];
    sqlite3_initialize();
    sqlite3_randomness(sizeof seed, seed); /* opens the random device, once */
}

/* Non-zero stops the statement. */
static int tick(void *arg)
{
    struct pl_sqlite *d = arg;
    d->steps += STEPS_TICK;
    return d->steps > d->max_steps;
}

static void harden(struct pl_sqlite *d, size_t n)
{
    sqlite3 *db = d->db;
    int len = n < 1u << 20 ? 1 << 20 : (int)(n < 1u << 30 ? n : 1u << 30);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
    sqlite3_limit(db, SQLITE_LIMIT_LENGTH, len);
    sqlite3_limit(db, SQLITE_LIMIT_SQL_LENGTH, 1 << 20);
    sqlite3_limit(db, SQLITE_LIMIT_COLUMN, COLUMNS_MAX);
    sqlite3_limit(db, SQLITE_LIMIT_EXPR_DEPTH, 100);
    sqlite3_limit(db, SQLITE_LIMIT_COMPOUND_SELECT, 10);
    sqlite3_limit(db, SQLITE_LIMIT_VDBE_OP, 250000);
    sqlite3_limit(db, SQLITE_LIMIT_FUNCTION_ARG, 8);
    sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
    sqlite3_limit(db, SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1000);
    sqlite3_limit(db, SQLITE_LIMIT_TRIGGER_DEPTH, 1);
    sqlite3_limit(db, SQLITE_LIMIT_WORKER_THREADS, 0);
    sqlite3_progress_handler(db, STEPS_TICK, tick, d);
}

/* Lets the library read `n` bytes at `p` as the main database. */
static int attach(struct pl_sqlite *d, const uint8_t *p, size_t n, struct pl_err *err)
{
    /* 2 in the two version bytes: WAL mode, which a database in memory cannot have */
    if (p[18] == 2 || p[19] == 2) {
        uint8_t *copy = malloc(n);
        if (!copy)
            return pl_fail(err, PL_E_NOMEM, "out of memory");
        memcpy(copy, p, n);
        copy[18] = copy[19] = 1;
        d->copy = copy;
        p = copy;
    }
    /* read-only: the library does not write through this pointer */
    int r = sqlite3_deserialize(d->db, "main", (unsigned char *)(uintptr_t)p, (sqlite3_int64)n,
                                (sqlite3_int64)n, SQLITE_DESERIALIZE_READONLY);
    if (r != SQLITE_OK)
        return pl_fail(err, PL_E_FORMAT, "not opened: %s", sqlite3_errstr(r));
    return 0;
}

/* The library reads missing bytes of the last page as zeros. Page size, size in pages (right when
 * the two change counters are equal). */
static bool is_cut(const uint8_t *p, size_t n)
{
    uint32_t page = pl_be32(p + 14) & 0xffff;
    page = page == 1 ? 65536 : page;
    if (page < 512 || n % page)
        return true;
    return pl_be32(p + 24) == pl_be32(p + 92) && n / page < pl_be32(p + 28);
}

int pl_sqlite_open(const void *p, size_t n, const struct pl_sqlite_opts *o, struct pl_sqlite **ret,
                   struct pl_err *err)
{
    static const char magic[16] = "SQLite format 3";
    if (n < HEADER_SIZE || memcmp(p, magic, sizeof magic) != 0)
        return pl_fail(err, PL_E_FORMAT, "not a SQLite 3 database");
    struct pl_sqlite *d = calloc(1, sizeof *d);
    if (!d)
        pl_oom();
    d->max_steps = o && o->steps ? o->steps : STEPS_BASE + (uint64_t)n * STEPS_PER_BYTE;
    sqlite3_int64 heap = (sqlite3_int64)(o && o->heap ? o->heap : HEAP_DEFAULT + n);
    d->old_heap = sqlite3_hard_heap_limit64(heap);
    int r = sqlite3_open_v2(":memory:", &d->db,
                            SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY | SQLITE_OPEN_NOMUTEX, NULL);
    if (r == SQLITE_OK) {
        d->cut = is_cut(p, n);
        harden(d, n);
        r = attach(d, p, n, err);
    } else {
        r = pl_fail(err, PL_E_NOMEM, "not opened: %s", sqlite3_errstr(r));
    }
    if (r < 0)
        pl_sqlite_close(d);
    else
        *ret = d;
    return r;
}

void pl_sqlite_close(struct pl_sqlite *d)
{
    if (!d)
        return;
    sqlite3_close(d->db);
    sqlite3_hard_heap_limit64(d->old_heap);
    free(d->copy);
    free(d);
}

/* Tells the sink why a statement ended early. */
static void tell(struct pl_sqlite *d, struct pl_str table, int rc,
                 const struct pl_sqlite_sink *sink)
{
    switch (rc & 0xff) {
    case SQLITE_INTERRUPT:
        sink->damage(sink->arg, table, PL_E_LIMIT, "more steps than allowed");
        break;
    case SQLITE_NOMEM:
    case SQLITE_TOOBIG:
        sink->damage(sink->arg, table, PL_E_LIMIT, sqlite3_errstr(rc));
        break;
    default:
        sink->damage(sink->arg, table, PL_E_FORMAT, sqlite3_errmsg(d->db));
    }
}

/* Appends `name` as an identifier of SQL. */
static void quote(struct pl_buf *b, struct pl_str name)
{
    pl_buf_putc(b, '"');
    for (size_t i = 0; i < name.n; i++) {
        if (name.p[i] == '"')
            pl_buf_putc(b, '"');
        pl_buf_putc(b, name.p[i]);
    }
    pl_buf_putc(b, '"');
}

static int prepare(struct pl_sqlite *d, const char *columns, struct pl_str table,
                   sqlite3_stmt **ret)
{
    struct pl_buf sql pl_auto_buf = { .max = 0 };
    pl_buf_puts(&sql, "SELECT ");
    pl_buf_puts(&sql, columns);
    pl_buf_puts(&sql, " FROM main.");
    quote(&sql, table);
    return sqlite3_prepare_v2(d->db, sql.p, (int)sql.n, ret, NULL);
}

static struct pl_sql_value value_of(sqlite3_stmt *s, int i)
{
    struct pl_sql_value v = { .column = pl_str_c(sqlite3_column_name(s, i)) };
    switch (sqlite3_column_type(s, i)) {
    case SQLITE_INTEGER:
        v.type = PL_SQL_INT;
        v.i = sqlite3_column_int64(s, i);
        break;
    case SQLITE_FLOAT:
        v.type = PL_SQL_REAL;
        v.d = sqlite3_column_double(s, i);
        break;
    case SQLITE_TEXT:
        v.type = PL_SQL_TEXT;
        v.bytes.p = (const char *)sqlite3_column_text(s, i);
        break;
    case SQLITE_BLOB:
        v.type = PL_SQL_BLOB;
        v.bytes.p = sqlite3_column_blob(s, i);
        break;
    default:
        break;
    }
    v.bytes.n = v.bytes.p ? (size_t)sqlite3_column_bytes(s, i) : 0;
    return v;
}

static int rows(struct pl_sqlite *d, struct pl_str table, sqlite3_stmt *s, bool has_id,
                const struct pl_sqlite_sink *sink, struct pl_err *err)
{
    int skip = has_id ? 1 : 0, n = sqlite3_column_count(s) - skip, rc;
    pl_auto_free struct pl_sql_value *v = calloc((size_t)n + 1, sizeof *v);
    if (!v)
        pl_oom();
    int64_t count = 0;
    while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
        for (int i = 0; i < n; i++)
            v[i] = value_of(s, i + skip);
        int64_t id = has_id ? sqlite3_column_int64(s, 0) : ++count;
        if (sink->row(sink->arg, table, id, v, (unsigned)n))
            return pl_fail(err, PL_E_CANCEL, "cancelled");
    }
    if (rc != SQLITE_DONE)
        tell(d, table, rc, sink);
    return 0;
}

static int one_table(struct pl_sqlite *d, struct pl_str table, const struct pl_sqlite_sink *sink,
                     struct pl_err *err)
{
    auto_stmt s = NULL;
    bool has_id = true;
    int rc = prepare(d, "_rowid_, *", table, &s);
    if (rc == SQLITE_ERROR) { /* a table without row ids */
        has_id = false;
        rc = prepare(d, "*", table, &s);
    }
    if (rc != SQLITE_OK) {
        tell(d, table, rc, sink);
        return 0;
    }
    return rows(d, table, s, has_id, sink, err);
}

struct names {
    PL_VEC(struct pl_str) v;
};

static void names_release(struct names *t)
{
    for (size_t i = 0; i < t->v.n; i++)
        free((void *)(uintptr_t)t->v.p[i].p);
    pl_vec_release(&t->v);
}

/* The names of all tables that have pages of their own. */
static int list_tables(struct pl_sqlite *d, struct names *ret)
{
    auto_stmt s = NULL;
    int rc = sqlite3_prepare_v2(d->db,
                                "SELECT name FROM main.sqlite_schema WHERE type='table' AND "
                                "rootpage>0",
                                -1, &s, NULL);
    while (rc == SQLITE_OK || rc == SQLITE_ROW) {
        rc = sqlite3_step(s);
        if (rc != SQLITE_ROW)
            break;
        struct pl_sql_value v = value_of(s, 0);
        char *copy = malloc(v.bytes.n + 1);
        if (!copy)
            pl_oom();
        if (v.bytes.n)
            memcpy(copy, v.bytes.p, v.bytes.n);
        pl_vec_push(&ret->v, pl_str_n(copy, v.bytes.n));
    }
    return rc;
}

int pl_sqlite_each(struct pl_sqlite *d, const struct pl_sqlite_sink *sink, struct pl_err *err)
{
    PL_AUTO(struct names, t, names_release) = { { NULL, 0, 0 } };
    int rc = list_tables(d, &t);
    if (d->cut)
        sink->damage(sink->arg, PL_S(""), PL_E_FORMAT, "database is cut");
    if (rc != SQLITE_DONE)
        tell(d, PL_S(""), rc, sink);
    if (rc != SQLITE_DONE && t.v.n == 0)
        return 0;
    int r = one_table(d, PL_S("sqlite_schema"), sink, err);
    for (size_t i = 0; i < t.v.n && r == 0; i++)
        r = one_table(d, t.v.p[i], sink, err);
    return r;
}

int pl_sqlite_table(struct pl_sqlite *d, struct pl_str table, const struct pl_sqlite_sink *sink,
                    struct pl_err *err)
{
    PL_AUTO(struct names, t, names_release) = { { NULL, 0, 0 } };
    int rc = list_tables(d, &t);
    if (d->cut)
        sink->damage(sink->arg, table, PL_E_FORMAT, "database is cut");
    for (size_t i = 0; i < t.v.n; i++)
        if (pl_str_eq(t.v.p[i], table))
            return one_table(d, table, sink, err);
    if (rc == SQLITE_DONE)
        return pl_fail(err, PL_E_NOENT, "no table '%.*s'", PL_FMT(table));
    tell(d, PL_S(""), rc, sink);
    return 0;
}
