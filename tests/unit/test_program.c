/* Helper programs: what they are given, what they print, how they end. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "io/program.h"

static int shell(const char *script, struct pl_str input, size_t max, int seconds,
                 struct pl_buf *out, int *ret_exit, struct pl_err *err)
{
    char sh[] = "sh", c[] = "-c", text[200];
    snprintf(text, sizeof text, "%s", script);
    char *argv[] = { sh, c, text, NULL };
    const struct pl_program p = { .argv = argv, .input = input, .seconds = seconds, .quiet = true };
    out->max = max;
    *ret_exit = -2;
    return pl_program_run(&p, out, ret_exit, err);
}

static void it_reads_its_input_and_its_output_is_kept(void **state)
{
    (void)state;
    pl_auto_buf struct pl_buf out = { 0 };
    struct pl_err err = { 0 };
    int status;
    assert_int_equal(shell("cat; echo .", PL_S("a line\n"), 100, 20, &out, &status, &err), 0);
    assert_int_equal(status, 0);
    assert_true(pl_str_is(pl_buf_str(&out), "a line\n.\n"));
}

static void its_exit_status_is_told(void **state)
{
    (void)state;
    pl_auto_buf struct pl_buf out = { 0 };
    struct pl_err err = { 0 };
    int status;
    assert_int_equal(shell("echo no >&2; exit 7", PL_S(""), 100, 20, &out, &status, &err), 0);
    assert_int_equal(status, 7);
    assert_int_equal(out.n, 0);
    assert_int_equal(shell("kill -9 $$", PL_S(""), 100, 20, &out, &status, &err), 0);
    assert_int_equal(status, -1);
}

static void one_that_prints_too_much_is_ended(void **state)
{
    (void)state;
    pl_auto_buf struct pl_buf out = { 0 };
    struct pl_err err = { 0 };
    int status;
    assert_int_equal(
        shell("while echo 1234567890; do :; done", PL_S(""), 8192, 20, &out, &status, &err),
        PL_E_USAGE);
    assert_non_null(strstr(err.msg, "more than 8 KiB"));
}

static void one_that_takes_too_long_is_ended(void **state)
{
    (void)state;
    pl_auto_buf struct pl_buf out = { 0 };
    struct pl_err err = { 0 };
    int status;
    assert_int_equal(shell("exec sleep 60", PL_S(""), 100, 1, &out, &status, &err), PL_E_USAGE);
    assert_non_null(strstr(err.msg, "within 1 seconds"));
    assert_int_equal(status, -1);
}

static void one_that_is_not_there_is_an_error(void **state)
{
    (void)state;
    pl_auto_buf struct pl_buf out = { 0 };
    struct pl_err err = { 0 };
    char name[] = "no-such-program-here";
    char *argv[] = { name, NULL };
    const struct pl_program p = { .argv = argv, .input = PL_S(""), .seconds = 5, .quiet = true };
    int status = 0;
    assert_int_equal(pl_program_run(&p, &out, &status, &err), PL_E_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_reads_its_input_and_its_output_is_kept),
        cmocka_unit_test(its_exit_status_is_told),
        cmocka_unit_test(one_that_prints_too_much_is_ended),
        cmocka_unit_test(one_that_takes_too_long_is_ended),
        cmocka_unit_test(one_that_is_not_there_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
