/* Views on bytes. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"

static void order_is_bytewise(void **state)
{
    (void)state;
    assert_int_equal(pl_str_cmp(PL_S("abc"), PL_S("abc")), 0);
    assert_true(pl_str_cmp(PL_S("ab"), PL_S("abc")) < 0);
    assert_true(pl_str_cmp(PL_S("b"), PL_S("abc")) > 0);
    assert_true(pl_str_cmp(PL_S("a\x7f"), PL_S("a\x80")) < 0);
    assert_true(pl_str_cmp(PL_S(""), PL_S("")) == 0);
    assert_true(pl_str_eq(PL_S("a\0b"), PL_S("a\0b")));
    assert_false(pl_str_eq(PL_S("a\0b"), PL_S("a\0c")));
    assert_true(pl_str_is(pl_str_c(NULL), ""));
}

static void beginnings_and_ends(void **state)
{
    (void)state;
    assert_true(pl_str_starts(PL_S(".wh.x"), PL_S(".wh.")));
    assert_false(pl_str_starts(PL_S(".wh"), PL_S(".wh.")));
    assert_true(pl_str_starts(PL_S(""), PL_S("")));
    assert_true(pl_str_ends(PL_S("a.jar"), PL_S(".jar")));
    assert_false(pl_str_ends(PL_S("jar"), PL_S(".jar")));
    assert_true(pl_str_iends(PL_S("A.JAR"), PL_S(".jar")));
    assert_false(pl_str_iends(PL_S("r"), PL_S(".jar")));
    assert_true(pl_str_ieq(PL_S("SHA256"), PL_S("sha256")));
    assert_false(pl_str_ieq(PL_S("["), PL_S("{")));
    assert_false(pl_str_ieq(PL_S("a"), PL_S("ab")));
}

static void parts_are_clamped(void **state)
{
    struct pl_str s = PL_S("abcdef");
    (void)state;
    assert_true(pl_str_is(pl_str_sub(s, 2, 2), "cd"));
    assert_true(pl_str_is(pl_str_sub(s, 4, 100), "ef"));
    assert_int_equal(pl_str_sub(s, 100, 1).n, 0);
    assert_int_equal(pl_str_sub(s, SIZE_MAX, SIZE_MAX).n, 0);
}

static void search_finds_the_first(void **state)
{
    (void)state;
    assert_int_equal(pl_str_find(PL_S("xaxa"), PL_S("a"), 0), 1);
    assert_int_equal(pl_str_find(PL_S("xaxa"), PL_S("a"), 2), 3);
    assert_int_equal(pl_str_find(PL_S("xaxa"), PL_S("b"), 0), SIZE_MAX);
    assert_int_equal(pl_str_find(PL_S("xaxa"), PL_S("a"), 5), SIZE_MAX);
    assert_int_equal(pl_str_find(PL_S("xaxa"), PL_S(""), 4), 4);
}

static void splitting_gives_every_piece(void **state)
{
    struct pl_str s = PL_S("a//b/"), head;
    const char *want[] = { "a", "", "b", "" };
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        assert_true(pl_str_split(&s, '/', &head));
        assert_true(pl_str_is(head, want[i]));
    }
    assert_false(pl_str_split(&s, '/', &head));
}

static void trimming_takes_ascii_blanks(void **state)
{
    (void)state;
    assert_true(pl_str_is(pl_str_trim(PL_S(" \t a b\r\n\v")), "a b"));
    assert_true(pl_str_is(pl_str_trim(PL_S(" \n ")), ""));
    assert_true(pl_str_is(pl_str_trim(PL_S("\xa0x")), "\xa0x"));
}

static void numbers_are_digits_without_overflow(void **state)
{
    uint64_t v = 7;
    (void)state;
    assert_true(pl_str_u64(PL_S("18446744073709551615"), &v));
    assert_true(v == UINT64_MAX);
    assert_false(pl_str_u64(PL_S("18446744073709551616"), &v));
    assert_false(pl_str_u64(PL_S("99999999999999999999999"), &v));
    assert_false(pl_str_u64(PL_S(""), &v));
    assert_false(pl_str_u64(PL_S("-1"), &v));
    assert_false(pl_str_u64(PL_S("1 "), &v));
    assert_true(pl_str_u64(PL_S("0007"), &v));
    assert_int_equal(v, 7);
}

static void hex_goes_both_ways(void **state)
{
    uint8_t raw[4] = { 0x00, 0x7f, 0x80, 0xff }, back[4];
    char text[9];
    (void)state;
    pl_hex(raw, 4, text);
    assert_string_equal(text, "007f80ff");
    assert_true(pl_unhex(PL_S("007F80fF"), back, 4));
    assert_memory_equal(raw, back, 4);
    assert_false(pl_unhex(PL_S("007f80f"), back, 4));
    assert_false(pl_unhex(PL_S("007f80fg"), back, 4));
    assert_false(pl_unhex(PL_S("g07f80ff"), back, 4));
}

static void hashes_differ(void **state)
{
    (void)state;
    assert_true(pl_str_hash(PL_S("a")) != pl_str_hash(PL_S("b")));
    assert_true(pl_str_hash(PL_S("a\0")) != pl_str_hash(PL_S("a")));
    assert_true(pl_str_hash(PL_S("etc")) == pl_str_hash(PL_S("etc")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_is_bytewise),
        cmocka_unit_test(beginnings_and_ends),
        cmocka_unit_test(parts_are_clamped),
        cmocka_unit_test(search_finds_the_first),
        cmocka_unit_test(splitting_gives_every_piece),
        cmocka_unit_test(trimming_takes_ascii_blanks),
        cmocka_unit_test(numbers_are_digits_without_overflow),
        cmocka_unit_test(hex_goes_both_ways),
        cmocka_unit_test(hashes_differ),
    };
    return cmocka_run_group_tests_name("str", tests, NULL, NULL);
}
