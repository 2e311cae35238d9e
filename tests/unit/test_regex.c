/* The RE2 shim. */
/* SPDX-License-Identifier: Apache-2.0 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fmt/regex.h"

static struct pl_regex *compile(const char *pattern, unsigned flags)
{
    struct pl_regex *re = NULL;
    struct pl_err err = { 0 };
    if (pl_regex_new(pl_str_c(pattern), flags, &re, &err) < 0)
        fail_msg("%s: %s", pattern, err.msg);
    return re;
}

static bool test(const char *pattern, unsigned flags, struct pl_str text)
{
    struct pl_regex *re = compile(pattern, flags);
    bool yes = pl_regex_test(re, text);
    pl_regex_free(re);
    return yes;
}

static void groups_have_offsets(void **state)
{
    (void)state;
    struct pl_regex *re = compile("(a+)(x)?(b)", 0);
    struct pl_regex_group g[5];
    assert_int_equal(pl_regex_groups(re), 3);
    assert_true(pl_regex_size(re) > 3);
    assert_true(pl_regex_search(re, "..aab..", 7, 0, 7, false, g, 5));
    assert_true(g[0].off == 2 && g[0].len == 3 && g[1].len == 2 && g[3].off == 4);
    assert_true(g[0].set && g[3].set);
    assert_false(g[2].set || g[4].set);
    pl_regex_free(re);
}

static void anchored_search_begins_where_it_is_told(void **state)
{
    (void)state;
    struct pl_regex *re = compile("\\bghp_[a-z]+\\b", 0);
    const char text[] = "xghp_abc ghp_def";
    assert_false(pl_regex_search(re, text, 16, 1, 16, true, NULL, 0));
    assert_true(pl_regex_search(re, text, 16, 9, 16, true, NULL, 0));
    assert_false(pl_regex_search(re, text, 16, 8, 16, true, NULL, 0));
    /* what follows the end is context: \b fails before "f" */
    assert_false(pl_regex_search(re, text, 16, 9, 15, true, NULL, 0));
    assert_false(pl_regex_search(re, text, 16, 12, 9, true, NULL, 0));
    assert_false(pl_regex_search(re, text, 16, 9, 17, true, NULL, 0));
    pl_regex_free(re);
}

static void both_forms_of_named_groups_are_taken(void **state)
{
    (void)state;
    struct pl_regex *re = compile("(?<user>\\w+):(?P<pass>\\w+)[(?<]\\(?<", 0);
    assert_int_equal(pl_regex_groups(re), 2);
    assert_int_equal(pl_regex_group_named(re, PL_S("user")), 1);
    assert_int_equal(pl_regex_group_named(re, PL_S("pass")), 2);
    assert_int_equal(pl_regex_group_named(re, PL_S("none")), 0);
    assert_true(pl_regex_test(re, PL_S("a:b?<")));
    pl_regex_free(re);
    assert_true(test("[]a](?<x>b)[^]](?<y>c)", 0, PL_S("abxc")));
}

static void bytes_that_are_no_text_hide_nothing(void **state)
{
    (void)state;
    struct pl_str text = pl_str_n("k\xff\xfe"
                                  "1\0z",
                                  6);
    assert_true(test("k..1.z", 0, text));
    assert_true(test("k[^a]{2}1", 0, text));
    assert_true(test("\\xff\\xfe", 0, text));
    assert_false(test("k..1.z", PL_REGEX_UTF8, text));
}

static void case_can_be_ignored(void **state)
{
    (void)state;
    assert_true(test("SeCrEt", PL_REGEX_NOCASE, PL_S("a secret")));
    assert_false(test("SeCrEt", 0, PL_S("a secret")));
    assert_true(test("\xc3\xa9", PL_REGEX_UTF8 | PL_REGEX_NOCASE, PL_S("\xc3\x89")));
}

static void malformed_patterns_are_refused_with_a_reason(void **state)
{
    (void)state;
    static const char *const bad[] = { "(", "[a", "a{1001}", "(?=a)", "(a)\\1", "*", "(?<=x)y" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct pl_regex *re;
        struct pl_err err = { 0 };
        assert_int_equal(pl_regex_new(pl_str_c(bad[i]), 0, &re, &err), PL_E_FORMAT);
        assert_true(err.msg[0] != '\0');
    }
    pl_regex_free(NULL);
}

static void a_pattern_that_needs_much_memory_still_matches(void **state)
{
    (void)state;
    char text[4000];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)('a' + (i * 7 + i / 13) % 2);
    memcpy(text + sizeof text - 3, "END", 3);
    struct pl_str s = pl_str_n(text, sizeof text);
    assert_true(test("a[ab]{0,300}b[ab]{0,300}a(?:[ab]{0,300}b){2}[ab]*END", 0, s));
}

static void text_that_is_no_utf8_is_replaced_and_mapped_back(void **state)
{
    (void)state;
    struct pl_utf8_text t;
    pl_utf8_text_init(&t, PL_S("a\xff"
                               "b\xc3\xa9\xc3"
                               "c"));
    assert_true(pl_str_is(t.text, "a\xef\xbf\xbd"
                                  "b\xc3\xa9\xef\xbf\xbd"
                                  "c"));
    assert_int_equal(pl_utf8_text_back(&t, 0), 0);
    assert_int_equal(pl_utf8_text_back(&t, 4), 2);
    assert_int_equal(pl_utf8_text_back(&t, 5), 3);
    assert_int_equal(pl_utf8_text_back(&t, t.text.n), 7);
    struct pl_regex *re = compile("b..c", PL_REGEX_UTF8);
    assert_true(pl_regex_test(re, t.text));
    pl_regex_free(re);
    pl_utf8_text_release(&t);
    pl_utf8_text_init(&t, PL_S("plain"));
    assert_null(t.own);
    assert_int_equal(pl_utf8_text_back(&t, 3), 3);
    pl_utf8_text_release(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups_have_offsets),
        cmocka_unit_test(anchored_search_begins_where_it_is_told),
        cmocka_unit_test(both_forms_of_named_groups_are_taken),
        cmocka_unit_test(bytes_that_are_no_text_hide_nothing),
        cmocka_unit_test(case_can_be_ignored),
        cmocka_unit_test(malformed_patterns_are_refused_with_a_reason),
        cmocka_unit_test(a_pattern_that_needs_much_memory_still_matches),
        cmocka_unit_test(text_that_is_no_utf8_is_replaced_and_mapped_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
