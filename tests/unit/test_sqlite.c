/* SQLite databases in memory, and as nested containers. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <sqlite3.h>

#include "base/buf.h"
#include "fmt/sqlite.h"
#include "nest.h"

/* A database made by `sql`, as bytes. */
static void make(struct pl_buf *out, const char *sql)
{
    sqlite3 *db;
    sqlite3_int64 n = 0;
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    unsigned char *p = sqlite3_serialize(db, "main", &n, 0);
    assert_non_null(p);
    pl_buf_putn(out, p, (size_t)n);
    sqlite3_free(p);
    sqlite3_close(db);
}

static const char users[] =
    "CREATE TABLE users(name TEXT, token TEXT, age INT, rate REAL, x);"
    "INSERT INTO users VALUES('alice','tok-alpha',41,0.5,NULL);"
    "INSERT INTO users VALUES('bob','b',2,1.0,NULL);"
    "INSERT INTO users VALUES('carol''s','tok-charlie',3,2.5,x'00616263646566');";

static void rows_become_members(void **state)
{
    struct pl_buf b = { 0 };
    struct nest t;
    (void)state;
    make(&b, users);
    nest_init(&t);
    assert_int_equal(nest_run(&t, b.p, b.n), 0);
    assert_has(t.log, "sqlite_schema|row 1|type=table\nname=users\n");
    assert_has(t.log, "users|row 1|name=alice\ntoken=tok-alpha\nage=41\nrate=0.5\n");
    assert_has(t.log, "users|row 3|name=carol's\ntoken=tok-charlie\nage=3\nrate=2.5\n");
    assert_int_equal(t.notes, 0);
    assert_int_equal(t.members, 4); /* schema, two rows, a blob; bob has nothing longer than 5 */
    nest_free(&t);
    pl_buf_release(&b);
}

static void blobs_and_long_values_are_members(void **state)
{
    struct pl_buf b = { 0 };
    struct nest t;
    (void)state;
    make(&b, "CREATE TABLE k(v);"
             "INSERT INTO k VALUES(x'626c6f622d6f6e65');"
             "INSERT INTO k VALUES(replace(hex(zeroblob(3000)),'00','abc'));");
    nest_init(&t);
    assert_int_equal(nest_run(&t, b.p, b.n), 0);
    assert_has(t.log, "k.v|row 1|blob-one\n");
    assert_has(t.log, "k.v|row 2|abcabc");
    assert_lacks(t.log, "v=abc");
    nest_free(&t);
    pl_buf_release(&b);
}

static void odd_tables(void **state)
{
    struct pl_buf b = { 0 };
    struct nest t;
    (void)state;
    make(&b, "CREATE TABLE \"we\"\"ird name\"(a);"
             "INSERT INTO \"we\"\"ird name\" VALUES('value-one');"
             "CREATE TABLE w(k TEXT PRIMARY KEY, v TEXT) WITHOUT ROWID;"
             "INSERT INTO w VALUES('key-b','value-two');"
             "INSERT INTO w VALUES('key-a','value-three');"
             "CREATE VIEW vw AS SELECT 'from-the-view' AS q;"
             "CREATE TABLE g(a TEXT, b AS (a || '-generated'));"
             "INSERT INTO g VALUES('value-four');"
             "CREATE TABLE empty(a);");
    nest_init(&t);
    assert_int_equal(nest_run(&t, b.p, b.n), 0);
    assert_has(t.log, "we\"ird name|row 1|a=value-one\n");
    assert_has(t.log, "w|row 1|k=key-a\nv=value-three\n");
    assert_has(t.log, "w|row 2|k=key-b\nv=value-two\n");
    assert_has(t.log, "g|row 1|a=value-four\nb=value-four-generated\n");
    assert_lacks(t.log, "vw|row");
    assert_int_equal(t.notes, 0);
    nest_free(&t);
    pl_buf_release(&b);
}

static void utf16_and_wal(void **state)
{
    struct pl_buf b = { 0 };
    struct nest t;
    (void)state;
    make(&b, "PRAGMA encoding='UTF-16le'; CREATE TABLE t(a); INSERT INTO t VALUES('wide-value');");
    b.p[18] = b.p[19] = 2; /* what a database in WAL mode has */
    nest_init(&t);
    assert_int_equal(nest_run(&t, b.p, b.n), 0);
    assert_has(t.log, "t|row 1|a=wide-value\n");
    assert_int_equal(t.notes, 0);
    assert_int_equal(b.p[18], 2);
    nest_free(&t);
    pl_buf_release(&b);
}

static void damage_is_noted_and_other_tables_read(void **state)
{
    struct pl_buf b = { 0 };
    struct nest t;
    (void)state;
    make(&b, "PRAGMA page_size=512; CREATE TABLE a(x); CREATE TABLE b(y);"
             "INSERT INTO a VALUES('value-in-a'); INSERT INTO b VALUES('value-in-b');");
    memset(b.p + 512, 0xee, 100);
    nest_init(&t);
    assert_int_equal(nest_run(&t, b.p, b.n), 0);
    assert_has(t.log, "!nested-damaged|a|");
    assert_has(t.log, "b|row 1|y=value-in-b\n");
    nest_free(&t);
    nest_init(&t);
    assert_int_equal(nest_run(&t, b.p, 60), 0); /* shorter than a header */
    assert_has(t.log, "!nested-damaged|");
    nest_free(&t);
    for (size_t cut = 100; cut < b.n; cut += 97) {
        nest_init(&t);
        assert_int_equal(nest_run(&t, b.p, cut), 0);
        assert_true(t.notes > 0);
        nest_free(&t);
    }
    pl_buf_release(&b);
}

static void broken_schema_is_noted(void **state)
{
    struct pl_buf b = { 0 };
    struct nest t;
    (void)state;
    make(&b, users);
    char *sql = memmem(b.p, b.n, "CREATE TABLE users", 18);
    memcpy(sql, "CREATE TABEL users", 18);
    nest_init(&t);
    assert_int_equal(nest_run(&t, b.p, b.n), 0);
    assert_has(t.log, "!nested-damaged|");
    nest_free(&t);
    pl_buf_release(&b);
}

static int count_row(void *arg, struct pl_str table, int64_t rowid, const struct pl_sql_value *v,
                     unsigned n)
{
    unsigned *count = arg;
    (void)table;
    (void)rowid;
    (void)v;
    (void)n;
    return ++*count == 1000;
}

static int damage_code;

static void keep_damage(void *arg, struct pl_str table, int code, const char *message)
{
    (void)arg;
    (void)table;
    (void)message;
    damage_code = code;
}

static void steps_are_bounded(void **state)
{
    struct pl_buf b = { 0 };
    struct pl_sqlite *db;
    unsigned rows = 0;
    const struct pl_sqlite_opts o = { .steps = 20000 };
    const struct pl_sqlite_sink sink = { count_row, keep_damage, &rows };
    (void)state;
    /* each row makes a generated column search a long text for what is not there */
    make(&b, "CREATE TABLE t(a, b AS (length(replace(hex(zeroblob(100)),'0','1'))));"
             "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c WHERE x<9000)"
             "INSERT INTO t(a) SELECT x FROM c;");
    assert_int_equal(pl_sqlite_open(b.p, b.n, &o, &db, NULL), 0);
    damage_code = 0;
    assert_int_equal(pl_sqlite_table(db, PL_S("t"), &sink, NULL), PL_E_CANCEL);
    assert_int_equal(rows, 1000);
    rows = 2000;
    assert_int_equal(pl_sqlite_table(db, PL_S("t"), &sink, NULL), 0);
    assert_int_equal(damage_code, PL_E_LIMIT);
    pl_sqlite_close(db);
    pl_buf_release(&b);
}

static void tables_by_name(void **state)
{
    struct pl_buf b = { 0 };
    struct pl_sqlite *db;
    unsigned rows = 0;
    struct pl_err err = { 0 };
    const struct pl_sqlite_sink sink = { count_row, keep_damage, &rows };
    (void)state;
    make(&b, users);
    assert_int_equal(pl_sqlite_open(b.p, b.n, NULL, &db, &err), 0);
    assert_int_equal(pl_sqlite_table(db, PL_S("users"), &sink, &err), 0);
    assert_int_equal(rows, 3);
    assert_int_equal(pl_sqlite_table(db, PL_S("nobody"), &sink, &err), PL_E_NOENT);
    pl_sqlite_close(db);
    assert_int_equal(pl_sqlite_open("SQLite format 3", 16, NULL, &db, &err), PL_E_FORMAT);
    pl_sqlite_close(NULL);
    pl_buf_release(&b);
}

static void memory_is_bounded(void **state)
{
    struct pl_buf b = { 0 };
    struct pl_sqlite *db;
    unsigned rows = 0;
    const struct pl_sqlite_opts o = { .heap = 300000 };
    const struct pl_sqlite_sink sink = { count_row, keep_damage, &rows };
    (void)state;
    make(&b, "CREATE TABLE t(a, b AS (hex(zeroblob(400000)))); INSERT INTO t(a) VALUES('value');");
    damage_code = 0;
    if (pl_sqlite_open(b.p, b.n, &o, &db, NULL) == 0) {
        assert_int_equal(pl_sqlite_each(db, &sink, NULL), 0);
        pl_sqlite_close(db);
        assert_int_equal(damage_code, PL_E_LIMIT);
    }
    pl_buf_release(&b);
}

static void limits_of_nesting_hold(void **state)
{
    struct pl_buf b = { 0 };
    struct nest t;
    (void)state;
    make(&b, users);
    nest_init(&t);
    t.limits.nested_total = 60;
    assert_int_equal(nest_run(&t, b.p, b.n), 0);
    assert_has(t.log, "!nested-limit|");
    assert_true(t.members <= 1);
    nest_free(&t);
    nest_init(&t);
    t.whole_max = 1000;
    assert_int_equal(nest_run(&t, b.p, b.n), 0);
    assert_string_equal(t.log.p, "!nested-limit||whole-file format above 1000 bytes\n");
    nest_free(&t);
    nest_init(&t);
    t.cancel_at = 2;
    assert_int_equal(nest_run(&t, b.p, b.n), PL_E_CANCEL);
    nest_free(&t);
    pl_buf_release(&b);
}

/* ---- write-ahead logs ---- */

static void put32(struct pl_buf *b, uint32_t v)
{
    const char c[4] = { (char)(v >> 24), (char)(v >> 16), (char)(v >> 8), (char)v };
    pl_buf_putn(b, c, 4);
}

static void put_sum(struct pl_buf *b, uint32_t *sum, size_t from, size_t to)
{
    for (size_t i = from; i + 8 <= to; i += 8) {
        const uint8_t *p = (const uint8_t *)b->p + i;
        sum[0] +=
            ((uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]) + sum[1];
        sum[1] +=
            ((uint32_t)p[4] << 24 | (uint32_t)p[5] << 16 | (uint32_t)p[6] << 8 | p[7]) + sum[0];
    }
}

static void put_frame(struct pl_buf *b, uint32_t *sum, uint32_t page, uint32_t commit, char fill)
{
    struct pl_buf whole = { 0 };
    size_t at = b->n;
    char body[512];
    memset(body, fill, sizeof body);
    put32(b, page);
    put32(b, commit);
    put_sum(b, sum, at, at + 8);
    pl_buf_putn(&whole, body, sizeof body);
    put_sum(&whole, sum, 0, whole.n);
    pl_buf_release(&whole);
    put32(b, 7);
    put32(b, 8);
    put32(b, sum[0]);
    put32(b, sum[1]);
    pl_buf_putn(b, body, sizeof body);
}

static void put_log(struct pl_buf *b, uint32_t *sum)
{
    static const uint32_t head[] = { 0x377f0683, 3007000, 512, 0, 7, 8 };
    for (size_t i = 0; i < 6; i++)
        put32(b, head[i]);
    put_sum(b, sum, 0, 24);
    put32(b, sum[0]);
    put32(b, sum[1]);
}

static void log_is_laid_over_up_to_its_last_commit(void **state)
{
    struct pl_buf log = { 0 }, db = { .max = 4096 };
    struct pl_err err = { 0 };
    uint32_t sum[2] = { 0, 0 };
    (void)state;
    put_log(&log, sum);
    put_frame(&log, sum, 2, 0, 'b');
    put_frame(&log, sum, 1, 2, 'a');
    put_frame(&log, sum, 1, 0, 'x'); /* never committed */
    pl_buf_putn(&db, "old", 3);
    assert_int_equal(pl_sqlite_wal(&db, pl_buf_str(&log), &err), 0);
    assert_true(db.n >= 1024 && db.p[0] == 'a' && db.p[511] == 'a' && db.p[512] == 'b');
    pl_buf_clear(&db);
    log.p[32 + 24 + 100] ^= 1; /* the first frame is damaged: nothing counts */
    assert_int_equal(pl_sqlite_wal(&db, pl_buf_str(&log), &err), 0);
    assert_int_equal(db.n, 0);
    log.p[0] ^= 1;
    assert_int_equal(pl_sqlite_wal(&db, pl_buf_str(&log), &err), PL_E_FORMAT);
    assert_int_equal(pl_sqlite_wal(&db, PL_S(""), &err), 0);
    pl_buf_clear(&log);
    sum[0] = sum[1] = 0;
    put_log(&log, sum);
    put_frame(&log, sum, 99, 99, 'z');
    assert_int_equal(pl_sqlite_wal(&db, pl_buf_str(&log), &err), PL_E_LIMIT);
    pl_buf_release(&log);
    pl_buf_release(&db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(log_is_laid_over_up_to_its_last_commit),
        cmocka_unit_test(rows_become_members),
        cmocka_unit_test(blobs_and_long_values_are_members),
        cmocka_unit_test(odd_tables),
        cmocka_unit_test(utf16_and_wal),
        cmocka_unit_test(damage_is_noted_and_other_tables_read),
        cmocka_unit_test(broken_schema_is_noted),
        cmocka_unit_test(steps_are_bounded),
        cmocka_unit_test(tables_by_name),
        cmocka_unit_test(memory_is_bounded),
        cmocka_unit_test(limits_of_nesting_hold),
    };
    pl_nested_init();
    return cmocka_run_group_tests_name("sqlite", tests, NULL, NULL);
}
