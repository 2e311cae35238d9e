/* Strict JSON: hazard H6. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "fmt/json.h"

static int parse_n(struct pl_str text, struct pl_json **ret, struct pl_err *err)
{
    /* exactly as large as the text, so that a sanitizer sees one byte too many */
    char *p = malloc(text.n ? text.n : 1);
    if (text.n)
        memcpy(p, text.p, text.n);
    int r = pl_json_parse(pl_str_n(p, text.n), 64, ret, err);
    free(p);
    assert_int_equal(r, err->code);
    return r;
}

static struct pl_json *parse(const char *text)
{
    struct pl_json *j = NULL;
    struct pl_err err = { 0 };
    if (parse_n(pl_str_c(text), &j, &err) < 0)
        fail_msg("%s: %s", text, err.msg);
    return j;
}

static void refused(struct pl_str text, int code, const char *why)
{
    struct pl_json *j = NULL;
    struct pl_err err = { 0 };
    int r = parse_n(text, &j, &err);
    if (r != code || !strstr(err.msg, why))
        fail_msg("%.*s: %d %s", PL_FMT(text), r, err.msg);
    assert_null(j);
}

static void every_type_is_read(void **state)
{
    (void)state;
    struct pl_json *j = parse("{\"n\":null,\"t\":true,\"f\":false,\"i\":-7,\"r\":1.5,\"s\":\"x\","
                              "\"a\":[1,2],\"o\":{}}");
    static const struct {
        const char *key;
        enum pl_json_type type;
    } want[] = { { "n", PL_JSON_NULL },  { "t", PL_JSON_BOOL },  { "f", PL_JSON_BOOL },
                 { "i", PL_JSON_INT },   { "r", PL_JSON_REAL },  { "s", PL_JSON_STRING },
                 { "a", PL_JSON_ARRAY }, { "o", PL_JSON_OBJECT } };
    assert_int_equal(pl_json_type(j), PL_JSON_OBJECT);
    assert_int_equal(pl_json_len(j), 8);
    for (size_t i = 0; i < PL_COUNT(want); i++)
        assert_int_equal(pl_json_type(pl_json_get(j, want[i].key)), want[i].type);
    assert_int_equal(pl_json_int(pl_json_get(j, "i"), 0), -7);
    assert_int_equal(pl_json_int(pl_json_get(j, "r"), 5), 5);
    assert_true(pl_json_true(pl_json_get(j, "t")));
    assert_false(pl_json_true(pl_json_get(j, "f")));
    assert_int_equal(pl_json_int(pl_json_at(pl_json_get(j, "a"), 1), 0), 2);
    assert_null(pl_json_at(pl_json_get(j, "a"), 2));
    pl_json_free(j);
}

static void null_nodes_are_harmless(void **state)
{
    (void)state;
    assert_null(pl_json_get(NULL, "x"));
    assert_null(pl_json_at(NULL, 0));
    assert_int_equal(pl_json_len(NULL), 0);
    assert_null(pl_json_str(NULL).p);
    assert_int_equal(pl_json_int(NULL, 3), 3);
    assert_false(pl_json_true(NULL));
    pl_json_free(NULL);
    struct pl_json *j = parse("\"text\"");
    assert_null(pl_json_get(j, "x"));
    assert_int_equal(pl_json_len(j), 0);
    assert_int_equal(pl_json_int(j, 3), 3);
    pl_json_free(j);
}

static void duplicate_keys_are_refused(void **state)
{
    (void)state;
    refused(PL_S("{\"a\":1,\"a\":2}"), PL_E_FORMAT, "twice");
    refused(PL_S("{\"a\":1,\"\\u0061\":2}"), PL_E_FORMAT, "twice");
    refused(PL_S("[{\"x\":{\"b\":1,\"c\":2,\"b\":3}}]"), PL_E_FORMAT, "twice");
    pl_json_free(parse("{\"a\":1,\"A\":2}"));
}

static void depth_is_capped_before_anything_is_built(void **state)
{
    (void)state;
    char text[200];
    memset(text, '[', 64);
    memset(text + 64, ']', 64);
    struct pl_json *j;
    struct pl_err err = { 0 };
    assert_int_equal(parse_n(pl_str_n(text, 128), &j, &err), 0);
    pl_json_free(j);
    memset(text, '[', 65);
    memset(text + 65, ']', 65);
    refused(pl_str_n(text, 130), PL_E_LIMIT, "json-depth");
    refused(
        PL_S("{\"a\":{\"b\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["),
        PL_E_LIMIT, "64");
    /* brackets inside strings nest nothing */
    memset(text, '[', sizeof text);
    text[0] = text[sizeof text - 1] = '"';
    assert_int_equal(parse_n(pl_str_n(text, sizeof text), &j, &err), 0);
    pl_json_free(j);
    assert_int_equal(pl_json_parse(PL_S("[]"), UINT32_MAX, &j, &err), 0);
    pl_json_free(j);
}

static void a_tree_that_takes_too_much_memory_is_refused(void **state)
{
    (void)state;
    pl_auto_buf struct pl_buf b = { 0 };
    pl_buf_putc(&b, '[');
    for (int i = 0; i < 500000; i++)
        pl_buf_puts(&b, "{},");
    pl_buf_puts(&b, "{}]");
    refused(pl_buf_str(&b), PL_E_LIMIT, "MiB");
}

static void numbers_beyond_64_bits_are_refused(void **state)
{
    (void)state;
    struct pl_json *j = parse("[9223372036854775807,-9223372036854775808,1e300,0.1e-400]");
    assert_true(pl_json_int(pl_json_at(j, 0), 0) == INT64_MAX);
    assert_true(pl_json_int(pl_json_at(j, 1), 0) == INT64_MIN);
    assert_int_equal(pl_json_type(pl_json_at(j, 2)), PL_JSON_REAL);
    pl_json_free(j);
    refused(PL_S("[9223372036854775808]"), PL_E_FORMAT, "too large");
    refused(PL_S("[-9223372036854775809]"), PL_E_FORMAT, "too large");
    refused(PL_S("[1e999]"), PL_E_FORMAT, "too large");
}

static void nul_is_kept_in_values_and_refused_in_keys(void **state)
{
    (void)state;
    struct pl_json *j = parse("[\"a\\u0000b\"]");
    assert_true(pl_str_eq(pl_json_str(pl_json_at(j, 0)), PL_S("a\0b")));
    pl_json_free(j);
    refused(PL_S("{\"a\\u0000b\":1}"), PL_E_FORMAT, "NUL in a key");
    refused(PL_S("[\"a\0b\"]"), PL_E_FORMAT, "byte");
    refused(PL_S("[1]\0"), PL_E_FORMAT, "byte");
}

static void bytes_that_are_not_utf8_are_named(void **state)
{
    (void)state;
    static const struct pl_str bad[] = { PL_S("[\"\x80\"]"),
                                         PL_S("[\"\xc0\x80\"]"),
                                         PL_S("[\"\xc1\xbf\"]"),
                                         PL_S("[\"\xc3\"]"),
                                         PL_S("[\"\xe0\x9f\xbf\"]"),
                                         PL_S("[\"\xed\xa0\x80\"]"),
                                         PL_S("[\"\xe2\x82\"]"),
                                         PL_S("[\"\xf0\x8f\xbf\xbf\"]"),
                                         PL_S("[\"\xf4\x90\x80\x80\"]"),
                                         PL_S("[\"\xf5\x80\x80\x80\"]"),
                                         PL_S("[\"\xff\"]"),
                                         PL_S("[\"\xe2\x28\xa1\"]"),
                                         PL_S("[\"\xf0\x9f\x92"),
                                         PL_S("[\"\xe2\x82\x28\"]") };
    for (size_t i = 0; i < PL_COUNT(bad); i++)
        refused(bad[i], PL_E_FORMAT, "byte 2: not UTF-8");
    refused(PL_S("[\"ab\\n\xff\"]"), PL_E_FORMAT, "byte 6: not UTF-8");
    refused(PL_S("[\"ab\\\xff\"]"), PL_E_FORMAT, "byte 5: not UTF-8");
    struct pl_json *j = parse("[\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x92\xa9\xee\x80\x80\"]");
    assert_int_equal(pl_json_str(pl_json_at(j, 0)).n, 12);
    pl_json_free(j);
}

static void what_is_not_json_is_refused(void **state)
{
    (void)state;
    static const struct pl_str bad[] = { PL_S(""),
                                         PL_S(" "),
                                         PL_S("{"),
                                         PL_S("["),
                                         PL_S("\""),
                                         PL_S("[1,]"),
                                         PL_S("{\"a\"}"),
                                         PL_S("{a:1}"),
                                         PL_S("['a']"),
                                         PL_S("[01]"),
                                         PL_S("[+1]"),
                                         PL_S("[.5]"),
                                         PL_S("[1.]"),
                                         PL_S("[NaN]"),
                                         PL_S("[tru]"),
                                         PL_S("[1] x"),
                                         PL_S("[\"\t\"]"),
                                         PL_S("[\"\\x\"]"),
                                         PL_S("//c\n[]"),
                                         PL_S("\xef\xbb\xbf[]"),
                                         PL_S("]"),
                                         PL_S("[1}"),
                                         PL_S("\"\\"),
                                         PL_S("[\"\\ud800\"]"),
                                         PL_S("[\"\\udc00\"]"),
                                         PL_S("[\"\\ud800\\u0041\"]"),
                                         PL_S("[1][2]") };
    for (size_t i = 0; i < PL_COUNT(bad); i++)
        refused(bad[i], PL_E_FORMAT, "byte ");
    pl_json_free(parse(" 7 "));
    struct pl_json *j = parse("\"\\ud83d\\ude00\"");
    assert_true(pl_str_is(pl_json_str(j), "\xf0\x9f\x98\x80"));
    pl_json_free(j);
}

static void messages_do_not_quote_the_document(void **state)
{
    (void)state;
    struct pl_json *j;
    struct pl_err err = { 0 };
    assert_int_equal(parse_n(PL_S("{\"k\": hunter2hunter2}"), &j, &err), PL_E_FORMAT);
    assert_null(strstr(err.msg, "hunter2"));
}

static int count_two(void *arg, struct pl_str key, const struct pl_json *value)
{
    char *seen = arg;
    (void)value;
    seen[strlen(seen)] = key.p[0];
    return strlen(seen) == 2 ? 42 : 0;
}

static void members_come_in_document_order(void **state)
{
    (void)state;
    struct pl_json *j = parse("{\"z\":1,\"a\":2,\"m\":3}");
    char seen[4] = "";
    assert_int_equal(pl_json_each(j, count_two, seen), 42);
    assert_string_equal(seen, "za");
    pl_json_free(j);
    j = parse("[1]");
    assert_int_equal(pl_json_each(j, count_two, seen), 0);
    pl_json_free(j);
}

static void list_string(void *arg, struct pl_str pointer, struct pl_str key, struct pl_str value,
                        bool is_key)
{
    pl_buf_printf(arg, "%.*s %.*s %s%.*s\n", PL_FMT(pointer), PL_FMT(key), is_key ? "key " : "",
                  PL_FMT(value));
}

static void every_string_is_visited_with_its_pointer(void **state)
{
    (void)state;
    struct pl_json *j = parse("{\"a/b\":[\"x\",{\"c~d\":\"y\",\"n\":1}],\"\":\"z\"}");
    pl_auto_buf struct pl_buf b = { 0 };
    pl_json_strings(j, list_string, &b);
    pl_buf_putc(&b, 0);
    assert_string_equal(b.p, "/a~1b  key a/b\n"
                             "/a~1b/0 a/b x\n"
                             "/a~1b/1/c~0d a/b key c~d\n"
                             "/a~1b/1/c~0d c~d y\n"
                             "/a~1b/1/n a/b key n\n"
                             "/  key \n"
                             "/  z\n");
    pl_json_free(j);
    pl_buf_clear(&b);
    j = parse("\"only\"");
    pl_json_strings(j, list_string, &b);
    pl_json_strings(NULL, list_string, &b);
    assert_true(pl_str_is(pl_buf_str(&b), "  only\n"));
    pl_json_free(j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_is_read),
        cmocka_unit_test(null_nodes_are_harmless),
        cmocka_unit_test(duplicate_keys_are_refused),
        cmocka_unit_test(depth_is_capped_before_anything_is_built),
        cmocka_unit_test(a_tree_that_takes_too_much_memory_is_refused),
        cmocka_unit_test(numbers_beyond_64_bits_are_refused),
        cmocka_unit_test(nul_is_kept_in_values_and_refused_in_keys),
        cmocka_unit_test(bytes_that_are_not_utf8_are_named),
        cmocka_unit_test(what_is_not_json_is_refused),
        cmocka_unit_test(messages_do_not_quote_the_document),
        cmocka_unit_test(members_come_in_document_order),
        cmocka_unit_test(every_string_is_visited_with_its_pointer),
    };
    return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
