/* JSON writer and UTF-8: layout, escaping. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fmt/jsonw.h"
#include "fmt/utf8.h"

static void assert_wrote(struct pl_buf *b, const char *want)
{
    pl_buf_putc(b, 0);
    assert_string_equal(b->p, want);
    pl_buf_release(b);
}

static void put_sample(struct pl_jsonw *w)
{
    pl_jw_obj(w);
    pl_jw_kcstr(w, "a", "b");
    pl_jw_key(w, "list");
    pl_jw_arr(w);
    pl_jw_u64(w, UINT64_MAX);
    pl_jw_int(w, INT64_MIN);
    pl_jw_bool(w, true);
    pl_jw_null(w);
    pl_jw_arr(w);
    pl_jw_arr_end(w);
    pl_jw_obj(w);
    pl_jw_obj_end(w);
    pl_jw_str_or_null(w, PL_S(""));
    pl_jw_str_or_null(w, PL_S("x"));
    pl_jw_arr_end(w);
    pl_jw_ku64(w, "n", 0);
    pl_jw_kbool(w, "t", false);
    pl_jw_obj_end(w);
}

static void test_one_line(void **state)
{
    (void)state;
    struct pl_buf b = { 0 };
    struct pl_jsonw w = { .out = &b };
    put_sample(&w);
    assert_wrote(&b,
                 "{\"a\":\"b\",\"list\":[18446744073709551615,-9223372036854775808,true,null,[],"
                 "{},null,\"x\"],\"n\":0,\"t\":false}");
}

static void test_indented(void **state)
{
    (void)state;
    struct pl_buf b = { 0 };
    struct pl_jsonw w = { .out = &b, .indent = 2 };
    pl_jw_arr(&w);
    pl_jw_obj(&w);
    pl_jw_kcstr(&w, "a", "b");
    pl_jw_ku64(&w, "c", 1);
    pl_jw_obj_end(&w);
    pl_jw_arr(&w);
    pl_jw_arr_end(&w);
    pl_jw_arr_end(&w);
    assert_wrote(&b, "[\n  {\n    \"a\": \"b\",\n    \"c\": 1\n  },\n  []\n]");
}

static void test_deep_indentation(void **state)
{
    (void)state;
    struct pl_buf b = { 0 };
    struct pl_jsonw w = { .out = &b, .indent = 8 };
    for (int i = 0; i < 6; i++)
        pl_jw_arr(&w);
    pl_jw_null(&w);
    for (int i = 0; i < 6; i++)
        pl_jw_arr_end(&w);
    size_t blanks = 0;
    for (size_t i = 0; i < b.n; i++)
        blanks += b.p[i] == ' ';
    assert_int_equal(blanks, 8 * (1 + 2 + 3 + 4 + 5 + 6 + 5 + 4 + 3 + 2 + 1));
    pl_buf_release(&b);
}

static void test_strings_are_escaped(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        { "a\"b\\c/", "\"a\\\"b\\\\c/\"" },
        { "\b\f\n\r\t\x01\x1f\x7f", "\"\\b\\f\\n\\r\\t\\u0001\\u001f\\u007f\"" },
        { "\xc2\x85\xe2\x80\xae\xe2\x80\xa8", "\"\\u0085\\u202e\\u2028\"" },
        { "\xf3\xa0\x81\x81", "\"\\udb40\\udc41\"" },
        { "\xff\xc0\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"" },
        { "\xc3\xa9\xe2\x82\xac\xf0\x9f\x9a\xa2", "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x9a\xa2\"" },
        { "", "\"\"" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pl_buf b = { 0 };
        struct pl_jsonw w = { .out = &b };
        pl_jw_cstr(&w, rows[i][0]);
        assert_wrote(&b, rows[i][1]);
    }
    struct pl_buf b = { 0 };
    struct pl_jsonw w = { .out = &b };
    pl_jw_str(&w, PL_S("a\0b"));
    assert_wrote(&b, "\"a\\u0000b\"");
}

static void test_utf8_takes_only_well_formed(void **state)
{
    (void)state;
    static const char *const wrong[] = { "\x80",         "\xc1\x81",         "\xc3",
                                         "\xe0\x9f\xbf", "\xed\xa0\x80",     "\xe2\x82",
                                         "\xf0\x8f\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
                                         "\xc3\x28",     "\xf0\x80\x80\x80" };
    uint32_t cp = 0;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(pl_utf8_next(pl_str_c(wrong[i]), &cp), 0);
    assert_int_equal(pl_utf8_next(PL_S(""), &cp), 0);
    for (uint32_t c = 0; c < 0x110000; c += 61) {
        struct pl_buf b = { 0 };
        pl_utf8_put(&b, c);
        bool surrogate = c >= 0xD800 && c <= 0xDFFF;
        assert_int_equal(pl_utf8_next(pl_buf_str(&b), &cp), surrogate ? 0 : b.n);
        if (!surrogate)
            assert_int_equal(cp, c);
        pl_buf_release(&b);
    }
}

static void test_hidden_characters(void **state)
{
    (void)state;
    static const uint32_t yes[] = { 0,      0x1F,   0x7F,   0x9F,    0xAD,    0x200B, 0x202E,
                                    0x2066, 0xFEFF, 0xFFFE, 0x1FFFF, 0xE0041, 0xFDD0, 0x10FFFF };
    static const uint32_t no[] = { ' ', '~', 0xA0, 0xE9, 0x2026, 0xFFFD, 0x1F6A2, 0xFDF0 };
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++)
        assert_true(pl_utf8_hidden(yes[i]));
    for (size_t i = 0; i < sizeof no / sizeof no[0]; i++)
        assert_false(pl_utf8_hidden(no[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_line),
        cmocka_unit_test(test_indented),
        cmocka_unit_test(test_deep_indentation),
        cmocka_unit_test(test_strings_are_escaped),
        cmocka_unit_test(test_utf8_takes_only_well_formed),
        cmocka_unit_test(test_hidden_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
