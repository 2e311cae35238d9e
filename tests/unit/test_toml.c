/* The toml++ shim. */
/* SPDX-License-Identifier: Apache-2.0 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/buf.h"
#include "fmt/toml.h"

static struct pl_toml *parse(const char *text)
{
    struct pl_toml *doc = NULL;
    struct pl_err err = { 0 };
    if (pl_toml_parse(pl_str_c(text), "t.toml", &doc, &err) < 0)
        fail_msg("%s", err.msg);
    return doc;
}

static void values_have_their_kinds(void **state)
{
    (void)state;
    struct pl_toml *d = parse("s = 'x'\ni = -3\nf = 1.5\nb = true\nl = [1, 'two']\n"
                              "t = 2026-11-22T03:04:05Z\nd = 2026-11-22\nh = 03:04:05\n");
    struct pl_arena a = { 0 };
    assert_true(pl_str_is(pl_toml_str(pl_toml_get(d, "s")), "x"));
    assert_int_equal(pl_toml_int(pl_toml_get(d, "i"), 0), -3);
    assert_true(pl_toml_float(pl_toml_get(d, "f"), 0) == 1.5);
    assert_true(pl_toml_float(pl_toml_get(d, "i"), 0) == -3.0);
    assert_true(pl_toml_bool(pl_toml_get(d, "b"), false));
    const struct pl_toml *l = pl_toml_get(d, "l");
    assert_int_equal(pl_toml_len(l), 2);
    assert_int_equal(pl_toml_type(pl_toml_at(l, 0)), PL_TOML_INT);
    assert_true(pl_str_is(pl_toml_str(pl_toml_at(l, 1)), "two"));
    assert_null(pl_toml_at(l, 2));
    assert_true(pl_str_is(pl_toml_time(pl_toml_get(d, "t"), &a), "2026-11-22T03:04:05Z"));
    assert_true(pl_str_is(pl_toml_time(pl_toml_get(d, "d"), &a), "2026-11-22"));
    assert_true(pl_str_is(pl_toml_time(pl_toml_get(d, "h"), &a), "03:04:05"));
    assert_null(pl_toml_time(l, &a).p);
    assert_int_equal(pl_toml_type(pl_toml_get(d, "h")), PL_TOML_TIME);
    assert_int_equal(pl_toml_type(pl_toml_get(d, "f")), PL_TOML_FLOAT);
    assert_int_equal(pl_toml_type(pl_toml_get(d, "b")), PL_TOML_BOOL);
    pl_arena_release(&a);
    pl_toml_free(d);
}

static void what_is_of_another_kind_gives_the_default(void **state)
{
    (void)state;
    struct pl_toml *d = parse("s = 'x'\n");
    const struct pl_toml *s = pl_toml_get(d, "s");
    assert_int_equal(pl_toml_int(s, 9), 9);
    assert_true(pl_toml_bool(s, true));
    assert_true(pl_toml_float(s, 2.0) == 2.0);
    assert_null(pl_toml_str(d).p);
    assert_null(pl_toml_get(s, "k"));
    assert_null(pl_toml_get(NULL, "k"));
    assert_null(pl_toml_at(NULL, 0));
    assert_int_equal(pl_toml_len(s), 0);
    assert_int_equal(pl_toml_len(NULL), 0);
    assert_int_equal(pl_toml_int(NULL, 4), 4);
    assert_int_equal(pl_toml_type(NULL), PL_TOML_NONE);
    assert_int_equal(pl_toml_line(NULL), 0);
    assert_string_equal(pl_toml_type_name(PL_TOML_STRING), "a string");
    pl_toml_free(d);
    pl_toml_free(NULL);
}

static int collect(void *arg, struct pl_str key, const struct pl_toml *value)
{
    pl_buf_printf(arg, "%.*s@%u ", PL_FMT(key), pl_toml_line(value));
    return pl_str_is(key, "stop") ? 5 : 0;
}

static void tables_are_walked_by_key_with_lines(void **state)
{
    (void)state;
    pl_auto_buf struct pl_buf out = { 0 };
    struct pl_toml *d = parse("b = 1\na = 2\n\n[[rule]]\nid = 'x'\n[[rule]]\nid = 'y'\n");
    assert_int_equal(pl_toml_each(d, collect, &out), 0);
    assert_true(pl_str_is(pl_buf_str(&out), "a@2 b@1 rule@4 "));
    const struct pl_toml *rules = pl_toml_get(d, "rule");
    assert_int_equal(pl_toml_len(rules), 2);
    assert_int_equal(pl_toml_type(pl_toml_at(rules, 1)), PL_TOML_TABLE);
    assert_int_equal(pl_toml_line(pl_toml_at(rules, 1)), 6);
    pl_toml_free(d);
    d = parse("a = 1\nstop = 2\nz = 3\n");
    assert_int_equal(pl_toml_each(d, collect, &out), 5);
    assert_int_equal(pl_toml_each(pl_toml_get(d, "a"), collect, &out), 0);
    pl_toml_free(d);
}

static void malformed_text_is_refused_with_its_place(void **state)
{
    (void)state;
    static const char *const bad[] = { "a = \n", "a = 1\na = 2\n", "[x\n", "a = 'open\n",
                                       "\xff = 1" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct pl_toml *d;
        struct pl_err err = { 0 };
        assert_int_equal(pl_toml_parse(pl_str_c(bad[i]), "t.toml", &d, &err), PL_E_FORMAT);
        assert_memory_equal(err.msg, "t.toml:", 7);
    }
}

static void deep_nesting_is_refused(void **state)
{
    (void)state;
    pl_auto_buf struct pl_buf b = { 0 };
    struct pl_toml *d;
    struct pl_err err = { 0 };
    pl_buf_puts(&b, "a = ");
    for (int i = 0; i < 100000; i++)
        pl_buf_putc(&b, '[');
    assert_int_equal(pl_toml_parse(pl_buf_str(&b), "t.toml", &d, &err), PL_E_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_have_their_kinds),
        cmocka_unit_test(what_is_of_another_kind_gives_the_default),
        cmocka_unit_test(tables_are_walked_by_key_with_lines),
        cmocka_unit_test(malformed_text_is_refused_with_its_place),
        cmocka_unit_test(deep_nesting_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
