/* Growable buffers: the maximum holds, failures change nothing. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"

static void it_grows_and_keeps_its_content(void **state)
{
    struct pl_buf b = { 0 };
    struct pl_err err;
    (void)state;
    for (int i = 0; i < 5000; i++)
        assert_int_equal(pl_buf_add(&b, "0123456789", 10, &err), 0);
    assert_int_equal(b.n, 50000);
    for (size_t i = 0; i < b.n; i += 997)
        assert_int_equal(b.p[i], '0' + (int)(i % 10));
    pl_buf_release(&b);
    assert_null(b.p);
    assert_int_equal(b.n, 0);
}

static void beyond_its_maximum_it_fails_unchanged(void **state)
{
    struct pl_buf b = { .max = 10 };
    struct pl_err err = { 0 };
    (void)state;
    assert_int_equal(pl_buf_add(&b, "12345678", 8, &err), 0);
    assert_int_equal(pl_buf_add(&b, "901", 3, &err), PL_E_LIMIT);
    assert_int_equal(err.code, PL_E_LIMIT);
    assert_non_null(strstr(err.msg, "10"));
    assert_int_equal(b.n, 8);
    assert_int_equal(pl_buf_add(&b, "90", 2, &err), 0);
    assert_int_equal(pl_buf_add(&b, "x", 1, NULL), PL_E_LIMIT);
    assert_true(pl_str_is(pl_buf_str(&b), "1234567890"));
    assert_null(pl_buf_room(&b, SIZE_MAX, &err));
    pl_buf_release(&b);
    assert_int_equal(b.max, 10);
}

static void nothing_added_is_nothing_allocated(void **state)
{
    struct pl_buf b = { 0 };
    (void)state;
    assert_int_equal(pl_buf_add(&b, NULL, 0, NULL), 0);
    assert_null(b.p);
    assert_true(pl_str_is(pl_buf_str(&b), ""));
    pl_buf_release(&b);
}

static void text_helpers_append(void **state)
{
    struct pl_buf b = { 0 };
    (void)state;
    pl_buf_puts(&b, "layer");
    pl_buf_putc(&b, ' ');
    pl_buf_printf(&b, "%d of %s", 3, "many");
    pl_buf_putn(&b, "\0!", 2);
    assert_true(pl_str_eq(pl_buf_str(&b), PL_S("layer 3 of many\0!")));
    pl_buf_clear(&b);
    assert_int_equal(b.n, 0);
    assert_non_null(b.p);
    pl_buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_grows_and_keeps_its_content),
        cmocka_unit_test(beyond_its_maximum_it_fails_unchanged),
        cmocka_unit_test(nothing_added_is_nothing_allocated),
        cmocka_unit_test(text_helpers_append),
    };
    return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
