/* Arenas: alignment, zeroing, reset, copies. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"

static void memory_is_zeroed_and_aligned(void **state)
{
    struct pl_arena a = { 0 };
    (void)state;
    for (size_t n = 0; n < 300; n += 7) {
        unsigned char *p = pl_alloc(&a, n);
        assert_int_equal((uintptr_t)p % 16, 0);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(p[i], 0);
        memset(p, 0xff, n);
    }
    pl_arena_release(&a);
}

static void reused_memory_is_zeroed_again(void **state)
{
    struct pl_arena a = { 0 };
    (void)state;
    memset(pl_alloc(&a, 4000), 0xff, 4000);
    pl_arena_reset(&a);
    assert_int_equal(a.total, 0);
    unsigned char *p = pl_alloc(&a, 4000);
    for (size_t i = 0; i < 4000; i++)
        assert_int_equal(p[i], 0);
    pl_arena_release(&a);
}

static void large_and_small_blocks_live_together(void **state)
{
    struct pl_arena a = { 0 };
    (void)state;
    char *small = pl_alloc(&a, 10);
    memcpy(small, "abcdefghi", 10);
    for (int i = 0; i < 20; i++)
        memset(pl_alloc_n(&a, 1000, 300), i, 300000);
    assert_string_equal(small, "abcdefghi");
    assert_true(a.total >= 6000000);
    pl_arena_reset(&a);
    pl_arena_reset(&a);
    assert_non_null(pl_alloc(&a, 1));
    pl_arena_release(&a);
}

static void copies_end_in_nul_and_may_hold_nul(void **state)
{
    struct pl_arena a = { 0 };
    (void)state;
    struct pl_str s = pl_dup(&a, pl_str_n("a\0b", 3));
    assert_int_equal(s.n, 3);
    assert_memory_equal(s.p, "a\0b\0", 4);
    assert_int_equal(pl_dup(&a, pl_str_n(NULL, 0)).n, 0);
    s = pl_printf(&a, "%s-%d", "layer", 4);
    assert_true(pl_str_is(s, "layer-4"));
    assert_int_equal(s.p[s.n], 0);
    pl_arena_release(&a);
}

static void release_accepts_an_empty_arena(void **state)
{
    struct pl_arena a = { 0 };
    (void)state;
    pl_arena_reset(&a);
    pl_arena_release(&a);
    pl_arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_zeroed_and_aligned),
        cmocka_unit_test(reused_memory_is_zeroed_again),
        cmocka_unit_test(large_and_small_blocks_live_together),
        cmocka_unit_test(copies_end_in_nul_and_may_hold_nul),
        cmocka_unit_test(release_accepts_an_empty_arena),
    };
    return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
