/* What both ways of sending a request share: bodies, limits, time, and how long a server asks to
 * wait. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "base/clock.h"
#include "io/http_int.h"

static int64_t wait_of(const char *value)
{
    struct pl_http_field f = { PL_S("Retry-After"), pl_str_c(value) };
    struct pl_http_answer ans = { .fields = &f, .n_fields = 1 };
    pl_http_wait_asked(&ans);
    int64_t got = ans.retry_after;
    pl_http_answer_release(&ans);
    return got;
}

static void a_wait_is_seconds_or_a_date(void **state)
{
    (void)state;
    char later[64];
    time_t at = time(NULL) + 100;
    struct tm tm;
    strftime(later, sizeof later, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&at, &tm));
    assert_int_equal(wait_of("7"), 7);
    assert_int_equal(wait_of("999999999"), 3600);
    assert_in_range(wait_of(later), 98, 100);
    assert_int_equal(wait_of("Sun, 06 Nov 1994 08:49:37 GMT"), 0);
    assert_int_equal(wait_of("soon"), -1);
    assert_int_equal(wait_of(""), -1);
}

static int refuse(void *arg, const void *p, size_t n, struct pl_err *err)
{
    (void)p;
    *(size_t *)arg += n;
    return n > 3 ? pl_fail(err, PL_E_LIMIT, "no") : 0;
}

static void a_body_is_kept_handed_on_or_cut(void **state)
{
    (void)state;
    struct pl_http_pace pace = { 0 };
    struct pl_http_req q = { .keep = 5 };
    struct pl_http_answer ans = { .status = 200 };
    struct pl_err err = { 0 };
    bool enough = false;
    size_t seen = 0;
    assert_int_equal(pl_http_take_body(&q, &ans, &pace, "abcde", 5, &enough, &err), 0);
    assert_int_equal(pl_http_take_body(&q, &ans, &pace, "f", 1, &enough, &err), PL_E_LIMIT);
    assert_false(enough);
    assert_int_equal(ans.body.n, 5);
    assert_int_equal(ans.got, 6);
    assert_int_equal(pace.moved, 6);
    q.data = refuse;
    q.arg = &seen;
    assert_int_equal(pl_http_take_body(&q, &ans, &pace, "ab", 2, &enough, &err), 0);
    assert_int_equal(pl_http_take_body(&q, &ans, &pace, "abcd", 4, &enough, &err), PL_E_LIMIT);
    assert_int_equal(seen, 6);
    ans.status = 500; /* an error's text is kept, and as much as is sensible of it */
    static char block[PL_HTTP_ERROR_BODY_MAX];
    assert_int_equal(pl_http_take_body(&q, &ans, &pace, block, sizeof block, &enough, &err), 0);
    assert_true(enough);
    assert_int_equal(ans.body.n, 5);
    pl_http_answer_release(&ans);
}

static void time_runs_out_in_three_ways(void **state)
{
    (void)state;
    volatile sig_atomic_t cancel = 1;
    int64_t now = pl_clock_ms();
    struct pl_http_pace slow = { 10, now - 5000 }, quick = { 5000, now - 5000 };
    struct pl_http_opts o = { .stall_s = 2 };
    struct pl_err err = { 0 };
    assert_int_equal(pl_http_check_time(&o, &slow, &err), PL_E_NET);
    assert_int_equal(pl_http_check_time(&o, &quick, &err), 0);
    assert_int_equal(quick.moved, 0);
    o.deadline_ms = now - 1;
    assert_int_equal(pl_http_check_time(&o, &quick, &err), PL_E_NET);
    o.cancel = &cancel;
    assert_int_equal(pl_http_check_time(&o, &quick, &err), PL_E_CANCEL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wait_is_seconds_or_a_date),
        cmocka_unit_test(a_body_is_kept_handed_on_or_cut),
        cmocka_unit_test(time_runs_out_in_three_ways),
    };
    return cmocka_run_group_tests_name("http", tests, NULL, NULL);
}
