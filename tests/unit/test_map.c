/* Maps and growable arrays. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "base/map.h"
#include "base/vec.h"

static void what_was_put_is_found(void **state)
{
    struct pl_arena a = { 0 };
    struct pl_map m = { .a = &a };
    static int values[5000];
    char key[32];
    (void)state;
    assert_null(pl_map_get(&m, PL_S("x")));
    for (int i = 0; i < 5000; i++) {
        snprintf(key, sizeof(key), "usr/share/%d", i);
        *pl_map_put(&m, pl_str_c(key)) = &values[i];
    }
    assert_int_equal(m.n, 5000);
    for (int i = 0; i < 5000; i++) {
        snprintf(key, sizeof(key), "usr/share/%d", i);
        assert_ptr_equal(pl_map_get(&m, pl_str_c(key)), &values[i]);
    }
    assert_null(pl_map_get(&m, PL_S("usr/share/5000")));
    pl_map_release(&m);
    pl_arena_release(&a);
}

static void a_second_put_gives_the_same_place(void **state)
{
    struct pl_arena a = { 0 };
    struct pl_map m = { .a = &a };
    (void)state;
    *pl_map_put(&m, PL_S("k")) = &a;
    assert_ptr_equal(*pl_map_put(&m, PL_S("k")), &a);
    assert_null(*pl_map_put(&m, PL_S("")));
    assert_null(*pl_map_put(&m, PL_S("k\0")));
    assert_int_equal(m.n, 3);
    pl_map_release(&m);
    assert_int_equal(m.n, 0);
    pl_map_release(&m);
    pl_arena_release(&a);
}

static void arrays_grow_and_are_released(void **state)
{
    PL_VEC(uint64_t) v = { 0 };
    (void)state;
    for (uint64_t i = 0; i < 10000; i++)
        pl_vec_push(&v, i * i);
    assert_int_equal(v.n, 10000);
    for (uint64_t i = 0; i < 10000; i += 333)
        assert_true(v.p[i] == i * i);
    pl_vec_release(&v);
    assert_null(v.p);
    assert_int_equal(v.cap, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_put_is_found),
        cmocka_unit_test(a_second_put_gives_the_same_place),
        cmocka_unit_test(arrays_grow_and_are_released),
    };
    return cmocka_run_group_tests_name("map", tests, NULL, NULL);
}
