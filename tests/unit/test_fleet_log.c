/* Lines of long-running verbs: what is masked, and that each is one JSON object. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "cmd/fleet_log.h"

static void masks(const char *in, const char *out)
{
    pl_auto_buf struct pl_buf b = { 0 };
    pl_fleet_mask(pl_str_c(in), &b);
    pl_buf_putc(&b, 0);
    assert_string_equal(b.p, out);
}

static void passwords_of_addresses_are_masked(void **state)
{
    (void)state;
    masks("cannot reach https://me:hunter2@host/v2/: refused",
          "cannot reach https://me:***@host/v2/: refused");
    masks("postgresql://u:p@db:5432/x", "postgresql://u:***@db:5432/x");
    masks("https://token@host/x", "https://***@host/x");
    masks("https://u:pa/ss@host/x", "https://u:***@host/x");
    masks("https://u:a@b@host/x", "https://u:***@host/x");
    masks("'https://u:p@h'", "'https://u:***@h'");
    masks("://", "://");
    masks("a://:@", "a://:***@");
}

static void what_is_no_password_stays(void **state)
{
    (void)state;
    masks("docker://host:5000/a/b:tag@sha256:00ff", "docker://host:5000/a/b:tag@sha256:00ff");
    masks("docker://[::1]:5000/a@sha256:00", "docker://[::1]:5000/a@sha256:00");
    masks("oci:dir", "oci:dir");
    masks("", "");
}

static void queries_and_values_are_masked(void **state)
{
    (void)state;
    masks("GET https://s3/x?sig=abc&t=1 failed", "GET https://s3/x?*** failed");
    masks("host=db password='a b\\'c' user=x", "host=db password=*** user=x");
    masks("password=abc", "password=***");
    masks("password='abc", "password=***");
    masks("Bearer eyJhbGciOi, no", "Bearer *** no");
}

/* The one line that `x` makes, NUL-terminated, in `buf`. */
static void line(const struct pl_fleet_log *how, const struct pl_fleet_line *x, char *buf, size_t n)
{
    int fds[2];
    struct pl_fleet_log l = *how;
    assert_int_equal(pipe(fds), 0);
    l.fd = fds[1];
    pl_fleet_log(&l, x);
    close(fds[1]);
    ssize_t got = read(fds[0], buf, n - 1);
    buf[got > 0 ? got : 0] = 0;
    close(fds[0]);
}

static void json_is_one_line_an_object(void **state)
{
    char buf[1024];
    struct pl_fleet_log l = { .verb = "worker", .worker = "h:1/2", .json = true, .quiet = true };
    struct pl_fleet_line x = { .level = PL_LOG_ERROR,
                               .what = "failed",
                               .job = 7,
                               .kind = "layer",
                               .target = PL_S("docker://u:secret@h/a\nb"),
                               .ms = 12,
                               .error = PL_S("no\x1b[31m") };
    (void)state;
    line(&l, &x, buf, sizeof buf);
    assert_non_null(strstr(buf,
                           "\"level\":\"error\",\"verb\":\"worker\",\"worker\":\"h:1/2\",\"job\":7,"
                           "\"kind\":\"layer\",\"target\":\"docker://u:***@h/a\\nb\",\"what\":"
                           "\"failed\",\"ms\":12,\"error\":\"no\\u001b[31m\"}\n"));
    assert_int_equal(strncmp(buf, "{\"time\":\"20", 11), 0);
    assert_ptr_equal(strchr(buf, '\n'), buf + strlen(buf) - 1);
}

static void text_is_for_people(void **state)
{
    char buf[1024];
    struct pl_fleet_log l = { .verb = "worker" };
    struct pl_fleet_line x = { .level = PL_LOG_WARN,
                               .what = "failed",
                               .target = PL_S("oci:a\nb"),
                               .error = PL_S("is not there") };
    (void)state;
    line(&l, &x, buf, sizeof buf);
    assert_string_equal(buf, "plimsoll worker: oci:a\\x0ab: is not there\n");
    x = (struct pl_fleet_line){ .level = PL_LOG_ERROR, .what = "waiting", .error = PL_S("gone") };
    line(&l, &x, buf, sizeof buf);
    assert_string_equal(buf, "plimsoll worker: waiting: gone\n");
    l.quiet = true;
    x.level = PL_LOG_WARN;
    line(&l, &x, buf, sizeof buf);
    assert_string_equal(buf, "");
}

static void unknown_formats_are_refused(void **state)
{
    struct pl_fleet_log l = { 0 };
    (void)state;
    assert_int_equal(pl_fleet_log_begin(&l, "worker", "xml"), 2);
    assert_int_equal(pl_fleet_log_begin(&l, "worker", "json"), 0);
    assert_true(l.json);
    assert_int_equal(pl_fleet_log_begin(&l, "worker", NULL), 0);
    assert_false(l.json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passwords_of_addresses_are_masked),
        cmocka_unit_test(what_is_no_password_stays),
        cmocka_unit_test(queries_and_values_are_masked),
        cmocka_unit_test(json_is_one_line_an_object),
        cmocka_unit_test(text_is_for_people),
        cmocka_unit_test(unknown_formats_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
