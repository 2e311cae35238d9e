/* SQLite databases: one member per row, "column=value" a line; a blob or a long value is a member
 * of its own. Deleted rows and free pages are seen by the scan of the file itself. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>

#include "fmt/sqlite.h"
#include "io/nested_int.h"

#define LONG_VALUE 4096
#define SHORT_VALUE 5 /* a row with nothing longer holds nothing to find */

static unsigned bid_sqlite(const uint8_t *p, size_t n, struct pl_str path)
{
    (void)path;
    return p[0] == 'S' && n >= 16 && memcmp(p, "SQLite format 3", 16) == 0 ? 128 : 0;
}

struct db {
    struct pl_nest n;
    struct pl_buf text, name;
    int stop; /* the code of pl_nest_text that stopped it */
    struct pl_err why;
};

static bool own_member(const struct pl_sql_value *v)
{
    return v->type == PL_SQL_BLOB || (v->type == PL_SQL_TEXT && v->bytes.n > LONG_VALUE);
}

static void put_value(struct pl_buf *b, const struct pl_sql_value *v)
{
    if (v->type == PL_SQL_NULL || own_member(v))
        return;
    pl_buf_putn(b, v->column.p, v->column.n);
    pl_buf_putc(b, '=');
    if (v->type == PL_SQL_INT) {
        char num[24];
        int len = snprintf(num, sizeof num, "%" PRId64, v->i);
        pl_buf_putn(b, num, (size_t)len);
    } else if (v->type == PL_SQL_REAL) {
        char num[32];
        int len = snprintf(num, sizeof num, "%.17g", v->d);
        pl_buf_putn(b, num, (size_t)len);
    } else {
        pl_buf_putn(b, v->bytes.p, v->bytes.n);
    }
    pl_buf_putc(b, '\n');
}

static int put_own(struct db *d, struct pl_str table, struct pl_str row,
                   const struct pl_sql_value *v)
{
    pl_buf_clear(&d->name);
    pl_buf_putn(&d->name, table.p, table.n);
    pl_buf_putc(&d->name, '.');
    pl_buf_putn(&d->name, v->column.p, v->column.n);
    return pl_nest_text(&d->n, pl_buf_str(&d->name), row, v->bytes, /* text= */ false, &d->why);
}

static int on_row(void *arg, struct pl_str table, int64_t rowid, const struct pl_sql_value *v,
                  unsigned n)
{
    struct db *d = arg;
    char num[32];
    int len = snprintf(num, sizeof num, "row %" PRId64, rowid);
    struct pl_str row = pl_str_n(num, (size_t)len);
    bool worth = false;
    for (unsigned i = 0; i < n && !d->stop; i++) {
        if (v[i].bytes.n <= SHORT_VALUE)
            continue;
        if (own_member(&v[i]))
            d->stop = put_own(d, table, row, &v[i]);
        else
            worth = true;
    }
    if (!worth || d->stop)
        return d->stop;
    pl_buf_clear(&d->text);
    for (unsigned i = 0; i < n; i++)
        put_value(&d->text, &v[i]);
    d->stop = pl_nest_text(&d->n, table, row, pl_buf_str(&d->text), /* text= */ true, &d->why);
    return d->stop;
}

static void on_damage(void *arg, struct pl_str table, int code, const char *message)
{
    struct db *d = arg;
    pl_nest_note(&d->n, code == PL_E_LIMIT ? "nested-limit" : "nested-damaged", table, "%s",
                 message);
}

static int read_db(struct db *d, struct pl_str image, struct pl_err *err)
{
    struct pl_sqlite *db;
    struct pl_err why = { 0 };
    if (pl_sqlite_open(image.p, image.n, /* o= */ NULL, &db, &why) < 0) {
        pl_nest_note(&d->n, why.code == PL_E_NOMEM ? "nested-limit" : "nested-damaged", PL_S(""),
                     "%s", why.msg);
        return 0;
    }
    const struct pl_sqlite_sink sink = { .row = on_row, .damage = on_damage, .arg = d };
    pl_sqlite_each(db, &sink, NULL);
    pl_sqlite_close(db);
    if (d->stop < 0 && err)
        *err = d->why;
    return d->stop;
}

static int read_sqlite(struct pl_view *in, const struct pl_nested_opts *o,
                       struct pl_nested_sink *sink, struct pl_err *err)
{
    struct db d = { .stop = 0 };
    struct pl_str image;
    pl_nest_init(&d.n, in, o, sink);
    int r = pl_nest_need_whole(&d.n, &image, err);
    if (r == 0)
        r = read_db(&d, image, err);
    pl_buf_release(&d.text);
    pl_buf_release(&d.name);
    pl_nest_release(&d.n);
    return r < 0 ? r : 0;
}

const struct pl_nested pl_nested_sqlite = { "sqlite", bid_sqlite, read_sqlite, false };
