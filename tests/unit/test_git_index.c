/* source/git_index.h, source/oidmap.h: the index file read as bytes; ids as numbers. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "source/git_index.h"
#include "source/oidmap.h"

static void put32(struct pl_buf *b, uint32_t v)
{
    for (int i = 24; i >= 0; i -= 8)
        pl_buf_putc(b, (char)(v >> i));
}

static void put_entry(struct pl_buf *b, const char *path, char id)
{
    size_t start = b->n;
    for (int i = 0; i < 6; i++)
        put32(b, 0);
    put32(b, 0100644);
    for (int i = 0; i < 3; i++)
        put32(b, 5);
    for (int i = 0; i < 20; i++)
        pl_buf_putc(b, id);
    pl_buf_putc(b, 0);
    pl_buf_putc(b, (char)strlen(path));
    pl_buf_puts(b, path);
    do
        pl_buf_putc(b, 0);
    while ((b->n - start) % 8);
}

static void sample(struct pl_buf *b, bool trees)
{
    pl_buf_puts(b, "DIRC");
    put32(b, 2);
    put32(b, 3);
    put_entry(b, "a", 1);
    put_entry(b, "d/b", 2);
    put_entry(b, "d/e/c", 3);
    if (trees) {
        static const char ext[] = "\0-1 1\nd\0"
                                  "2 1\nTTTTTTTTTTTTTTTTTTTTe\0"
                                  "1 0\nUUUUUUUUUUUUUUUUUUUU";
        pl_buf_puts(b, "TREE");
        put32(b, sizeof ext - 1);
        pl_buf_putn(b, ext, sizeof ext - 1);
    }
    for (int i = 0; i < 20; i++)
        pl_buf_putc(b, 0);
}

static void entries_in_order(void **state)
{
    (void)state;
    static const char *const paths[] = { "a", "d/b", "d/e/c" };
    pl_auto_buf struct pl_buf b = { 0 };
    struct pl_arena a = { 0 };
    struct pl_index x;
    struct pl_index_entry e;
    struct pl_err err;
    sample(&b, true);
    assert_int_equal(pl_index_open(pl_buf_str(&b), &a, &x, &err), 0);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(pl_index_next(&x, &e, &err), 1);
        assert_true(pl_str_is(e.path, paths[i]));
        assert_int_equal(e.oid[19], i + 1);
        assert_int_equal(e.mode, 0100644);
    }
    assert_int_equal(pl_index_next(&x, &e, &err), 0);
    assert_null(pl_index_tree(&x, PL_S("")));
    assert_int_equal(pl_index_tree(&x, PL_S("d"))->count, 2);
    assert_int_equal(pl_index_tree(&x, PL_S("d/e"))->oid[0], 'U');
    pl_index_release(&x);
    pl_arena_release(&a);
}

static void cut_files_are_refused(void **state)
{
    (void)state;
    pl_auto_buf struct pl_buf b = { 0 };
    sample(&b, true);
    for (size_t n = 0; n < b.n; n++) {
        struct pl_arena a = { 0 };
        struct pl_index x;
        struct pl_err err;
        struct pl_buf copy = { 0 };
        pl_buf_putn(&copy, b.p, n);
        if (pl_index_open(pl_buf_str(&copy), &a, &x, &err) == 0)
            pl_index_release(&x);
        pl_buf_release(&copy);
        pl_arena_release(&a);
    }
}

static void changed_bytes_do_no_harm(void **state)
{
    (void)state;
    pl_auto_buf struct pl_buf b = { 0 };
    sample(&b, true);
    for (size_t i = 0; i < b.n; i++) {
        for (unsigned v = 1; v < 256; v += 50) {
            struct pl_arena a = { 0 };
            struct pl_index x;
            struct pl_err err;
            b.p[i] = (char)(b.p[i] ^ (char)v);
            if (pl_index_open(pl_buf_str(&b), &a, &x, &err) == 0)
                pl_index_release(&x);
            b.p[i] = (char)(b.p[i] ^ (char)v);
            pl_arena_release(&a);
        }
    }
}

static void ids_become_numbers(void **state)
{
    (void)state;
    struct pl_oidmap m = { 0 };
    uint8_t id[PL_OID] = { 0 };
    bool fresh;
    assert_int_equal(pl_oidmap_find(&m, id), PL_OID_NONE);
    for (uint32_t i = 0; i < 5000; i++) {
        memcpy(id + 3, &i, sizeof i);
        assert_int_equal(pl_oidmap_put(&m, id, &fresh), i);
        assert_true(fresh);
    }
    for (uint32_t i = 0; i < 5000; i++) {
        memcpy(id + 3, &i, sizeof i);
        assert_int_equal(pl_oidmap_put(&m, id, &fresh), i);
        assert_false(fresh);
        assert_memory_equal(pl_oidmap_id(&m, i), id, PL_OID);
    }
    pl_oidmap_release(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_in_order),
        cmocka_unit_test(cut_files_are_refused),
        cmocka_unit_test(changed_bytes_do_no_harm),
        cmocka_unit_test(ids_become_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
