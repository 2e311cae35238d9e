/* Limits by name, and the nearest known name. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "base/near.h"

static void defaults_are_set(void **state)
{
    struct pl_limits l;
    (void)state;
    pl_limits_init(&l);
    assert_true(l.manifest == PL_MIB(4));
    assert_int_equal(l.nested_depth, 8);
}

static void a_value_takes_a_unit(void **state)
{
    struct pl_limits l;
    struct pl_err err = { 0 };
    (void)state;
    pl_limits_init(&l);
    assert_int_equal(pl_limits_set(&l, "nested-depth=0", &err), 0);
    assert_int_equal(l.nested_depth, 0);
    assert_int_equal(pl_limits_set(&l, "layer-out=2G", &err), 0);
    assert_true(l.layer_out == PL_GIB(2));
    assert_int_equal(pl_limits_set(&l, "pax=64K", &err), 0);
    assert_true(l.pax == PL_KIB(64));
    assert_int_equal(pl_limits_set(&l, "window=3M", &err), 0);
    assert_true(l.window == PL_MIB(3));
}

static void what_is_no_limit_is_refused(void **state)
{
    static const char *const bad[] = {
        "pax", "pax=", "pax=K", "pax=-1", "pax=1T", "pax=1.5M", "pax=18446744073709551615K",
        "=5",  ""
    };
    struct pl_limits l, before;
    (void)state;
    pl_limits_init(&l);
    before = l;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct pl_err err = { 0 };
        assert_int_equal(pl_limits_set(&l, bad[i], &err), PL_E_USAGE);
        assert_int_not_equal(err.msg[0], 0);
    }
    assert_memory_equal(&l, &before, sizeof(l));
}

static void an_unknown_name_gets_a_hint(void **state)
{
    struct pl_limits l;
    struct pl_err err = { 0 };
    (void)state;
    pl_limits_init(&l);
    assert_int_equal(pl_limits_set(&l, "nested-dept=1", &err), PL_E_USAGE);
    assert_non_null(strstr(err.msg, "did you mean 'nested-depth'"));
    assert_int_equal(pl_limits_set(&l, "zzzzzzzz=1", &err), PL_E_USAGE);
    assert_null(strstr(err.msg, "did you mean"));
}

static void the_nearest_name_is_found(void **state)
{
    static const char *const names[] = { "scan", "history", "recover" };
    static const char long_word[] =
        "recoverrecoverrecoverrecoverrecoverrecoverrecoverrecoverrecover"
        "recover";
    (void)state;
    assert_string_equal(pl_near(PL_S("recver"), names, 3), "recover");
    assert_string_equal(pl_near(PL_S("scan"), names, 3), "scan");
    assert_string_equal(pl_near(PL_S("hsitory"), names, 3), "history");
    assert_null(pl_near(PL_S("verify"), names, 3));
    assert_null(pl_near(pl_str_c(long_word), names, 3));
    assert_null(pl_near(PL_S("scan"), names, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_set),
        cmocka_unit_test(a_value_takes_a_unit),
        cmocka_unit_test(what_is_no_limit_is_refused),
        cmocka_unit_test(an_unknown_name_gets_a_hint),
        cmocka_unit_test(the_nearest_name_is_found),
    };
    return cmocka_run_group_tests_name("limits", tests, NULL, NULL);
}
