/* PostgreSQL under a store: statements prepared once, many of a kind sent before the first answer
 * is awaited, long lists read through a cursor. libpq's documentation, chapters "Command Execution
 * Functions" and "Pipeline Mode". */
/* SPDX-License-Identifier: Apache-2.0 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/vec.h"
#include "store/pg_int.h"

#define AHEAD 128u   /* statements that are sent before an answer is read */
#define FETCH 500    /* rows of a cursor at a time */
#define CONNECT "10" /* seconds */
#define SILENCE "30" /* seconds until a peer that does not answer counts as gone */

/* ---- errors ---- */

static int code_of(const char *state)
{
    static const struct {
        const char *begin;
        int code;
    } codes[] = { { "22", PL_E_FORMAT },
                  { "42501", PL_E_AUTH },
                  { "42", PL_E_FORMAT },
                  { "54", PL_E_LIMIT },
                  { "28", PL_E_AUTH } };
    for (size_t i = 0; state && i < PL_COUNT(codes); i++)
        if (strncmp(state, codes[i].begin, strlen(codes[i].begin)) == 0)
            return codes[i].code;
    return PL_E_IO; /* connection, resources, locks, shutdown */
}

static int fail(struct pl_pg *p, const PGresult *res, struct pl_err *err)
{
    const char *state = res ? p->f.PQresultErrorField(res, PG_DIAG_SQLSTATE) : NULL;
    const char *text = res ? p->f.PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    struct pl_str s = pl_str_trim(pl_str_c(text ? text : p->f.PQerrorMessage(p->c)));
    struct pl_str line = s;
    pl_str_split(&s, '\n', &line);
    return pl_fail(err, code_of(state), "database: %.*s", PL_FMT(line));
}

static bool fine(const struct pl_pg *p, const PGresult *res)
{
    ExecStatusType s = p->f.PQresultStatus(res);
    return s == PGRES_TUPLES_OK || s == PGRES_COMMAND_OK;
}

/* ---- plain ---- */

int pl_pg_run(struct pl_pg *p, const char *sql, struct pl_err *err)
{
    PGresult *res = p->f.PQexec(p->c, sql);
    int r = fine(p, res) ? 0 : fail(p, res, err);
    p->f.PQclear(res);
    return r;
}

int pl_pg_ask(struct pl_pg *p, const char *sql, const char *const *param, int n_params,
              int64_t *ret, int n_ret, struct pl_err *err)
{
    PGresult *res = p->f.PQexecParams(p->c, sql, n_params, NULL, param, NULL, NULL, 0);
    int r = fine(p, res) ? 0 : fail(p, res, err);
    for (int i = 0; i < n_ret && r == 0; i++) {
        bool there = p->f.PQntuples(res) > 0 && !p->f.PQgetisnull(res, 0, i);
        const char *v = there ? p->f.PQgetvalue(res, 0, i) : "0";
        ret[i] = *v == 't' ? 1 : strtoll(v, NULL, 10);
    }
    p->f.PQclear(res);
    return r;
}

static void no_notice(void *arg, const PGresult *res)
{
    (void)arg;
    (void)res;
}

/* ---- transactions ---- */

static void db_rollback(struct pl_db *d)
{
    struct pl_pg *p = (struct pl_pg *)d;
    struct pl_err err;
    if (p->begun)
        pl_pg_run(p, "ROLLBACK", &err);
    p->begun = false;
}

static int db_begin(struct pl_db *d, enum pl_db_how how, struct pl_err *err)
{
    static const char *const begin[] = {
        [PL_DB_WRITE] = "BEGIN; SELECT pg_advisory_xact_lock(" PL_PG_LOCK ", tenant()::int)",
        [PL_DB_SHARE] = "BEGIN",
        [PL_DB_LOOK] = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    };
    struct pl_pg *p = (struct pl_pg *)d;
    int r = pl_pg_run(p, begin[how], err);
    p->begun = true;
    if (r < 0)
        db_rollback(d);
    return r;
}

static int db_commit(struct pl_db *d, struct pl_err *err)
{
    struct pl_pg *p = (struct pl_pg *)d;
    PGresult *res = p->f.PQexec(p->c, "COMMIT");
    int r = fine(p, res) ? 0 : fail(p, res, err);
    /* the end of a transaction that had failed is told as success under another name */
    if (r == 0 && strcmp(p->f.PQcmdStatus(res), "COMMIT") != 0)
        r = pl_fail(err, PL_E_IO, "database: the transaction had failed");
    p->f.PQclear(res);
    p->begun = false;
    return r;
}

static void db_close(struct pl_db *d)
{
    struct pl_pg *p = (struct pl_pg *)d;
    if (p->c)
        p->f.PQfinish(p->c);
    free(p);
}

/* ---- statements ---- */

/* "?1" as PostgreSQL has it. */
static int translate(struct pg_q *q, const char *sql)
{
    q->text = strdup(sql);
    if (!q->text)
        pl_oom();
    for (char *c = q->text; *c; c++)
        if (*c == '?') {
            int n = (int)strtol(c + 1, NULL, 10);
            *c = '$';
            q->n_params = n > q->n_params ? n : q->n_params;
        }
    if (q->n_params > PL_PG_PARAMS)
        pl_bug("a statement with %d parameters", q->n_params);
    return q->n_params;
}

static void db_free(struct pl_dbq *x)
{
    struct pg_q *q = (struct pg_q *)x;
    q->q.ops->reset(x);
    for (size_t i = 0; i < PL_PG_PARAMS; i++)
        pl_buf_release(&q->list[i]);
    free(q->text);
    free(q);
}

static int db_prepare(struct pl_db *d, const char *sql, bool many, struct pl_dbq **ret,
                      struct pl_err *err)
{
    struct pl_pg *p = (struct pl_pg *)d;
    struct pg_q *q = calloc(1, sizeof *q);
    int r = 0;
    if (!q)
        pl_oom();
    q->q.ops = d->ops;
    q->db = p;
    q->many = many;
    q->lists = strncmp(sql, PL_SQL_ROWS, strlen(PL_SQL_ROWS)) == 0;
    snprintf(q->name, sizeof q->name, "pl%u", ++p->names);
    translate(q, sql);
    if (!many) {
        PGresult *res = p->f.PQprepare(p->c, q->name, q->text, 0, NULL);
        r = fine(p, res) ? 0 : fail(p, res, err);
        p->f.PQclear(res);
    }
    if (r < 0)
        db_free(&q->q);
    else
        *ret = &q->q;
    return r;
}

static void db_int(struct pl_dbq *x, int i, int64_t v)
{
    struct pg_q *q = (struct pg_q *)x;
    for (int k = 0; k < 8; k++)
        q->number[i - 1][k] = (uint8_t)((uint64_t)v >> (56 - 8 * k));
    q->value[i - 1] = (const char *)q->number[i - 1];
    q->length[i - 1] = 8;
    q->binary[i - 1] = 1;
}

/* Text of others is bytes here, too: it may be in any encoding. */
static void db_bytes(struct pl_dbq *x, int i, struct pl_str s)
{
    struct pg_q *q = (struct pg_q *)x;
    q->value[i - 1] = s.n ? s.p : "";
    q->length[i - 1] = (int)s.n;
    q->binary[i - 1] = 1;
}

void pl_pg_drop(struct pg_q *q)
{
    q->db->f.PQclear(q->res);
    q->res = NULL;
    q->row = -1;
    q->rows = 0;
}

int pl_pg_take(struct pg_q *q, PGresult *res, struct pl_err *err)
{
    pl_pg_drop(q);
    if (!fine(q->db, res)) {
        int r = fail(q->db, res, err);
        q->db->f.PQclear(res);
        return r;
    }
    q->res = res;
    q->rows = q->db->f.PQntuples(res);
    return 0;
}

static int fetch(struct pg_q *q, struct pl_err *err)
{
    char text[64];
    snprintf(text, sizeof text, "FETCH %d FROM %s", FETCH, q->name);
    return pl_pg_take(q, q->db->f.PQexecParams(q->db->c, text, 0, NULL, NULL, NULL, NULL, 1), err);
}

/* A cursor lives in a transaction. */
static int open_cursor(struct pg_q *q, struct pl_err *err)
{
    struct pl_pg *p = q->db;
    pl_auto_buf struct pl_buf text = { 0 };
    q->own = !p->begun;
    int r = q->own ? p->d.ops->begin(&p->d, PL_DB_LOOK, err) : 0;
    if (r < 0)
        return r;
    pl_buf_printf(&text, "DECLARE %s NO SCROLL CURSOR FOR %s", q->name, q->text);
    pl_buf_putc(&text, 0);
    PGresult *res =
        p->f.PQexecParams(p->c, text.p, q->n_params, NULL, q->value, q->length, q->binary, 1);
    r = fine(p, res) ? 0 : fail(p, res, err);
    p->f.PQclear(res);
    q->running = r == 0;
    if (r < 0 && q->own)
        db_rollback(&p->d);
    return r == 0 ? fetch(q, err) : r;
}

static int db_step(struct pl_dbq *x, struct pl_err *err)
{
    struct pg_q *q = (struct pg_q *)x;
    struct pl_pg *p = q->db;
    int r = 0;
    if (!q->running && q->many) {
        r = open_cursor(q, err);
    } else if (!q->running) {
        r = pl_pg_take(
            q, p->f.PQexecPrepared(p->c, q->name, q->n_params, q->value, q->length, q->binary, 1),
            err);
        q->running = true;
    }
    if (r == 0 && q->many && q->row + 1 == q->rows && q->rows == FETCH)
        r = fetch(q, err);
    if (r == 0 && ++q->row < q->rows)
        return 1;
    x->ops->reset(x);
    return r;
}

static void db_reset(struct pl_dbq *x)
{
    struct pg_q *q = (struct pg_q *)x;
    struct pl_err err;
    char text[64];
    pl_pg_drop(q);
    if (q->running && q->many && q->own) {
        db_rollback(&q->db->d);
    } else if (q->running && q->many && q->db->begun) {
        snprintf(text, sizeof text, "CLOSE %s", q->name);
        pl_pg_run(q->db, text, &err);
    }
    q->running = false;
}

static struct pl_str db_col(struct pl_dbq *x, int i)
{
    struct pg_q *q = (struct pg_q *)x;
    return pl_str_n(q->db->f.PQgetvalue(q->res, q->row, i),
                    (size_t)q->db->f.PQgetlength(q->res, q->row, i));
}

static int64_t db_col_int(struct pl_dbq *x, int i)
{
    struct pl_str s = db_col(x, i);
    uint64_t v = 0;
    if (s.n != 8)
        return 0;
    for (size_t k = 0; k < 8; k++)
        v = v << 8 | (uint8_t)s.p[k];
    return (int64_t)v;
}

/* ---- many of a kind ---- */

struct ahead {
    struct pg_q *q;
    int (*row)(void *arg, struct pl_dbq *q, size_t i, bool there);
    void *arg;
    struct pl_err *err;
    int r; /* the first failure; the answers behind it are passed over */
};

static void answer(struct ahead *a, size_t i)
{
    struct pl_pg *p = a->q->db;
    PGresult *res = p->f.PQgetResult(p->c);
    if (a->r == 0 && (!res || !fine(p, res)))
        a->r = fail(p, res, a->err);
    if (a->r == 0 && a->row) {
        a->q->res = res;
        a->q->row = 0;
        a->r = a->row(a->arg, &a->q->q, i, p->f.PQntuples(res) > 0);
        a->q->res = NULL;
    }
    p->f.PQclear(res);
    if (res) /* each ends with nothing */
        p->f.PQclear(p->f.PQgetResult(p->c));
}

static int send(struct ahead *a, size_t from, size_t to,
                void (*bind)(void *arg, struct pl_dbq *q, size_t i))
{
    struct pl_pg *p = a->q->db;
    struct pg_q *q = a->q;
    size_t sent = 0;
    bool ok = p->f.PQenterPipelineMode(p->c) == 1;
    for (size_t i = from; i < to && ok; i++, sent += ok) {
        bind(a->arg, &q->q, i);
        ok = p->f.PQsendQueryPrepared(p->c, q->name, q->n_params, q->value, q->length, q->binary,
                                      1) == 1;
    }
    bool synced = p->f.PQpipelineSync(p->c) == 1;
    if (!ok || !synced)
        a->r = fail(p, NULL, a->err);
    for (size_t i = 0; i < sent && synced; i++)
        answer(a, from + i);
    if (synced)
        p->f.PQclear(p->f.PQgetResult(p->c)); /* the mark of the end */
    if (p->f.PQexitPipelineMode(p->c) != 1 && a->r == 0)
        a->r = fail(p, NULL, a->err);
    return a->r;
}

static int db_each(struct pl_dbq *x, size_t n, void (*bind)(void *arg, struct pl_dbq *q, size_t i),
                   int (*row)(void *arg, struct pl_dbq *q, size_t i, bool there), void *arg,
                   struct pl_err *err)
{
    struct ahead a = { .q = (struct pg_q *)x, .row = row, .arg = arg, .err = err };
    x->ops->reset(x);
    if (a.q->lists)
        return pl_pg_each(a.q, n, bind, row, arg, err);
    for (size_t i = 0; i < n && a.r == 0; i += AHEAD)
        send(&a, i, n - i < AHEAD ? n : i + AHEAD, bind);
    return a.r;
}

/* ---- waiting ---- */

static int db_wake(struct pl_db *d, struct pl_err *err)
{
    return pl_pg_run((struct pl_pg *)d, "SELECT pg_notify('plimsoll_' || tenant(), '')", err);
}

static void db_sleep(struct pl_db *d, int milliseconds)
{
    struct pl_pg *p = (struct pl_pg *)d;
    struct pl_err err;
    struct pollfd fd = { .fd = p->f.PQsocket(p->c), .events = POLLIN };
    if (!p->listens) {
        pl_pg_run(p,
                  "DO $$ BEGIN EXECUTE format('LISTEN %I', 'plimsoll_' || plimsoll.tenant());"
                  " END $$",
                  &err);
        p->listens = true;
    }
    if (fd.fd < 0 || poll(&fd, 1, milliseconds) <= 0 || !p->f.PQconsumeInput(p->c)) {
        if (fd.fd < 0) /* gone: what comes next will tell */
            poll(NULL, 0, milliseconds);
        return;
    }
    for (PGnotify *n; (n = p->f.PQnotifies(p->c)) != NULL;)
        p->f.PQfreemem(n);
}

static const char *const sql[] = {
#define X(name, text) [PL_Q_##name] = (text),
#define Y(name, lite, pg) [PL_Q_##name] = (pg),
    PL_STORE_SQL(X, Y) PL_FIND_SQL(X, Y) PL_QUEUE_SQL(X, Y) PL_FLEET_SQL(X, Y) PL_GC_SQL(X, Y)
        PL_MATCHED_SQL(X, Y)
#undef X
#undef Y
};

static const struct pl_db_ops ops = {
    .sql = sql,
    .close = db_close,
    .begin = db_begin,
    .commit = db_commit,
    .rollback = db_rollback,
    .prepare = db_prepare,
    .free = db_free,
    .bind_int = db_int,
    .bind_text = db_bytes,
    .bind_blob = db_bytes,
    .bind_list = pl_pg_list,
    .step = db_step,
    .reset = db_reset,
    .col = db_col,
    .col_int = db_col_int,
    .each = db_each,
    .wake = db_wake,
    .sleep = db_sleep,
};

int pl_pg_connect(const char *url, struct pl_pg **ret, struct pl_err *err)
{
    static const char *const key[] = { "connect_timeout", "tcp_user_timeout",
                                       "keepalives_idle", "fallback_application_name",
                                       "dbname",          NULL };
    const char *const value[] = { CONNECT, SILENCE "000", SILENCE, "plimsoll", url, NULL };
    struct pl_pg *p = calloc(1, sizeof *p);
    if (!p)
        pl_oom();
    p->d.ops = &ops;
    int r = pl_pq_load(&p->f, err);
    if (r == 0) {
        p->c = p->f.PQconnectdbParams(key, value, /* expand_dbname= */ 1);
        if (!p->c)
            pl_oom();
        if (p->f.PQstatus(p->c) != CONNECTION_OK) {
            fail(p, NULL, err);
            err->code = r = PL_E_NET;
        }
    }
    if (r == 0) {
        p->f.PQsetNoticeReceiver(p->c, no_notice, NULL);
        r = pl_pg_run(p,
                      "SET search_path TO plimsoll, pg_catalog; SET lock_timeout TO '120s';"
                      " SET work_mem TO '32MB'; SET enable_hashjoin TO off;"
                      " SET enable_mergejoin TO off",
                      err);
    }
    if (r < 0)
        db_close(&p->d);
    else
        *ret = p;
    return r;
}
