/* JSON changed in place: what is not named stays byte for byte. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fmt/jsonedit.h"

static bool ask(void *arg, struct pl_str pointer, struct pl_str value, bool is_key,
                struct pl_buf *out)
{
    (void)arg;
    (void)pointer;
    if (is_key || !pl_str_is(value, "s\n\xc3\xa9\xf0\x9f\x98\x80"))
        return false;
    pl_buf_puts(out, "a\"b\n");
    return true;
}

static void check(const char *in, const struct pl_jsonedit *e, size_t n, const char *want)
{
    pl_auto_buf struct pl_buf out = { 0 };
    struct pl_err err = { 0 };
    assert_int_equal(pl_jsonedit(pl_str_c(in), e, n, ask, NULL, 64, &out, &err), 0);
    pl_buf_putc(&out, 0);
    assert_string_equal(out.p, want);
}

static void bad(const char *in, const struct pl_jsonedit *e, size_t n, int code)
{
    pl_auto_buf struct pl_buf out = { 0 };
    struct pl_err err = { 0 };
    assert_int_equal(pl_jsonedit(pl_str_c(in), e, n, ask, NULL, 8, &out, &err), code);
}

#define E(o, p, t)                        \
    {                                     \
        PL_JSONEDIT_##o, PL_S(p), PL_S(t) \
    }

static void nothing_named_is_the_same_text(void **state)
{
    (void)state;
    const char *text = " { \"b\" :1.50, \"a\":[ ] ,\"c\":{ },\"d\":[true,null,\"x\\u0041\"]}\n";
    check(text, NULL, 0, text);
}

static void a_string_is_asked_decoded(void **state)
{
    (void)state;
    check("[\"s\\n\\u00e9\\ud83d\\ude00\", 1]", NULL, 0, "[\"a\\\"b\\u000a\", 1]");
}

static void values_become_others(void **state)
{
    (void)state;
    const struct pl_jsonedit e[] = { E(STRING, "/a/1", "new"), E(RAW, "/b~1c", "17"),
                                     E(INSERT, "/o", "\"k\":1"), E(INSERT, "/p", "\"k\":2") };
    check("{\"a\":[0,\"old\"],\"b/c\":4,\"o\":{},\"p\":{\"q\":0}}", e, 4,
          "{\"a\":[0,\"new\"],\"b/c\":17,\"o\":{\"k\":1},\"p\":{\"k\":2,\"q\":0}}");
    const struct pl_jsonedit first[] = { E(INSERT, "/a", "{}"), E(INSERT, "/b", "1") };
    check("{\"a\": [ ],\"b\":[2, 3]}", first, 2, "{\"a\": [{} ],\"b\":[1,2, 3]}");
}

static void what_goes_takes_one_comma(void **state)
{
    (void)state;
    const struct pl_jsonedit first = E(DELETE, "/0", ""), last = E(DELETE, "/2", "");
    const struct pl_jsonedit both[] = { E(DELETE, "/0", ""), E(DELETE, "/1", "") };
    const struct pl_jsonedit ends[] = { E(DELETE, "/0", ""), E(DELETE, "/2", "") };
    const struct pl_jsonedit all[] = { E(DELETE, "/0", ""), E(DELETE, "/1", ""),
                                       E(DELETE, "/2", "") };
    const struct pl_jsonedit none = E(DELETE, "/x", ""), member = E(DELETE, "/b", "");
    check("[1, 2, 3]", &first, 1, "[2, 3]");
    check("[1, 2, 3]", &last, 1, "[1, 2]");
    check("[1, 2, 3]", both, 2, "[3]");
    check("[1, 2, 3]", ends, 2, "[2]");
    check("[1, 2, 3]", all, 3, "[]");
    check("[1, 2, 3]", &none, 1, "[1, 2, 3]");
    check("{\"a\":1,\"b\":[\"s\\n\\u00e9\\ud83d\\ude00\"]}", &member, 1, "{\"a\":1}");
}

static void what_is_no_json_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = { "",          "{",     "[1",    "\"x",
                                         "{\"a\"}",   "[1 2]", "{1:2}", "\"\\q\"",
                                         "\"\\u12\"", "[] []", "[1,]" };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        bad(texts[i], NULL, 0, PL_E_FORMAT);
    bad("[[[[[[[[[1]]]]]]]]]", NULL, 0, PL_E_LIMIT);
    const struct pl_jsonedit e = E(STRING, "/none", "x");
    bad("{}", &e, 1, PL_E_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_named_is_the_same_text),
        cmocka_unit_test(a_string_is_asked_decoded),
        cmocka_unit_test(values_become_others),
        cmocka_unit_test(what_goes_takes_one_comma),
        cmocka_unit_test(what_is_no_json_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
