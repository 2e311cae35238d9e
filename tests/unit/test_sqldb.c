/* SQLite files that came from elsewhere: looked through once, before they are read. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "fmt/sqldb.h"

static void make(char *path)
{
    struct pl_sqldb *db = NULL;
    struct pl_err err = { 0 };
    snprintf(path, 64, "/tmp/pl-sqldb-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(pl_sqldb_open(path, PL_SQLDB_FRESH, &db, &err), 0);
    assert_int_equal(pl_sqldb_run(db,
                                  "CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT);"
                                  "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n "
                                  "LIMIT 2000) INSERT INTO t SELECT i, printf('%050d', i) FROM n;"
                                  "CREATE INDEX u ON t(b)",
                                  &err),
                     0);
    pl_sqldb_close(db);
}

static void overwrite(const char *path, long at, size_t n)
{
    static const char bytes[64] = "\xff\xff\xff\xff";
    FILE *f = fopen(path, "r+b");
    assert_non_null(f);
    assert_int_equal(fseek(f, at, SEEK_SET), 0);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    fclose(f);
}

static void a_whole_file_passes(void **state)
{
    char path[64];
    struct pl_err err = { 0 };
    (void)state;
    make(path);
    assert_int_equal(pl_sqldb_whole(path, &err), 0);
    unlink(path);
    assert_int_equal(pl_sqldb_whole(path, &err), PL_E_NOENT);
}

/* One spoilt page anywhere; reading by key might never come by. */
static void a_spoilt_file_does_not(void **state)
{
    static const long places[] = { 0, 4096 + 3, 3 * 4096 + 8, 20 * 4096 };
    char path[64];
    (void)state;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        struct pl_err err = { 0 };
        make(path);
        overwrite(path, places[i], 8);
        assert_int_equal(pl_sqldb_whole(path, &err), PL_E_FORMAT);
        unlink(path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_file_passes),
        cmocka_unit_test(a_spoilt_file_does_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
