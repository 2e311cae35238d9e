/* Path patterns. */
/* SPDX-License-Identifier: Apache-2.0 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fmt/glob.h"

static bool match(const char *pattern, const char *text)
{
    return pl_glob_match(pl_str_c(pattern), pl_str_c(text));
}

static bool path(const char *pattern, const char *text)
{
    return pl_glob_path(pl_str_c(pattern), pl_str_c(text));
}

static void star_and_question_mark_stop_at_a_slash(void **state)
{
    (void)state;
    assert_true(match("*.env", "a.env") && match("*", "") && match("a?c", "abc"));
    assert_false(match("*.env", "a/b.env") || match("a?c", "a/c") || match("?", ""));
    assert_true(match("*a*b*", "xxaxxbxx"));
    assert_false(match("*a*b*", "xxbxxaxx"));
}

static void two_stars_do_not(void **state)
{
    (void)state;
    assert_true(match("**", "a/b/c") && match("a/**", "a/b/c") && match("**.c", "x/y.c"));
    assert_true(match("**/b", "b") && match("**/b", "a/b") && match("a/**/b", "a/b"));
    assert_true(match("a/**/b", "a/x/y/b") && match("**/a/**/b", "q/a/b"));
    assert_false(match("**/b", "ab") || match("a/**/b", "ab") || match("a/**/b", "a/xb"));
}

static void sets_hold_ranges_and_their_opposite(void **state)
{
    (void)state;
    assert_true(match("[a-c]", "b") && match("[!a-c]", "d") && match("[^a]", "b"));
    assert_true(match("[]]", "]") && match("[a\\]]", "]") && match("[\\a-c]", "b"));
    assert_false(match("[a-c]", "d") || match("[!a-c]", "a") || match("[!a]", "/"));
}

static void a_backslash_takes_the_next_byte_as_it_is(void **state)
{
    (void)state;
    assert_true(match("\\*", "*") && match("a\\?", "a?") && match("\\", "\\"));
    assert_false(match("\\*", "x"));
}

static void a_pattern_without_slash_is_for_base_names(void **state)
{
    (void)state;
    assert_true(path("*.env", "srv/app/a.env") && path(".npmrc", "root/.npmrc"));
    assert_true(path("etc/shadow", "etc/shadow") && path("/etc/shadow", "etc/shadow"));
    assert_true(path("/shadow", "/shadow"));
    assert_false(path("etc/shadow", "x/etc/shadow") || path("/shadow", "etc/shadow"));
    assert_false(path("*.env", ""));
}

static void malformed_patterns_are_refused_and_match_nothing(void **state)
{
    (void)state;
    char longest[600];
    struct pl_err err = { 0 };
    memset(longest, 'a', sizeof longest);
    assert_int_equal(pl_glob_check(PL_S("[a-"), &err), PL_E_FORMAT);
    assert_int_equal(pl_glob_check(pl_str_n(longest, 513), &err), PL_E_FORMAT);
    assert_int_equal(pl_glob_check(PL_S("a/**/[!x]*"), &err), 0);
    assert_false(match("[a", "a"));
}

static void many_stars_take_no_longer(void **state)
{
    (void)state;
    char text[20000];
    memset(text, 'a', sizeof text);
    const char *pattern = "**a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a**a**a*b";
    assert_false(pl_glob_match(pl_str_c(pattern), pl_str_n(text, sizeof text)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(star_and_question_mark_stop_at_a_slash),
        cmocka_unit_test(two_stars_do_not),
        cmocka_unit_test(sets_hold_ranges_and_their_opposite),
        cmocka_unit_test(a_backslash_takes_the_next_byte_as_it_is),
        cmocka_unit_test(a_pattern_without_slash_is_for_base_names),
        cmocka_unit_test(malformed_patterns_are_refused_and_match_nothing),
        cmocka_unit_test(many_stars_take_no_longer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
