/* Answers over HTTP/1.1, and a local service that gives them. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "io/http1.h"
#include "source/daemon.h"

/* ------------------------------------------------------------------ HTTP from memory */

struct stream {
    struct pl_str s;
    size_t step;
};

static int fill(void *arg, void *buf, size_t n, size_t *ret_got, struct pl_err *err)
{
    struct stream *s = arg;
    (void)err;
    *ret_got = s->s.n < s->step ? s->s.n : s->step;
    if (*ret_got > n)
        *ret_got = n;
    memcpy(buf, s->s.p, *ret_got);
    s->s = pl_str_sub(s->s, *ret_got, s->s.n);
    return 0;
}

static int exchange(struct pl_str answer, size_t step, struct pl_http1 *h, struct pl_buf *body,
                    struct pl_err *err)
{
    struct stream s = { answer, step };
    char buf[100];
    size_t got = 1;
    pl_http1_init(h, fill, &s);
    int r = pl_http1_head(h, err);
    while (r == 0 && got) {
        r = pl_http1_read(h, buf, sizeof buf, &got, err);
        if (r == 0)
            pl_buf_putn(body, buf, got);
    }
    if (r == 0) /* the end stays the end */
        assert_true(pl_http1_read(h, buf, 1, &got, err) == 0 && got == 0);
    return r;
}

static void good(struct pl_str answer, unsigned status, enum pl_http1_framing framing,
                 const char *want)
{
    for (size_t step = 1; step < 100; step += 7) {
        pl_auto_buf struct pl_buf body = { 0 };
        struct pl_http1 h;
        struct pl_err err = { 0 };
        if (exchange(answer, step, &h, &body, &err) < 0)
            fail_msg("%.*s: %s", PL_FMT(answer), err.msg);
        assert_int_equal(h.status, status);
        assert_int_equal(h.framing, framing);
        assert_true(pl_str_is(pl_buf_str(&body), want));
    }
}

static void bad(struct pl_str answer, int code)
{
    for (size_t step = 1; step < 100; step += 33) {
        pl_auto_buf struct pl_buf body = { 0 };
        struct pl_http1 h;
        struct pl_err err = { 0 };
        size_t got;
        int r = exchange(answer, step, &h, &body, &err);
        if (r != code || err.code != code)
            fail_msg("%.*s: %d %s", PL_FMT(answer), r, err.msg);
        assert_int_equal(pl_http1_read(&h, &body, 1, &got, NULL), code);
    }
}

#define OK "HTTP/1.1 200 OK\r\n"

static void bodies_in_each_framing(void **state)
{
    (void)state;
    good(PL_S(OK "Content-Length: 5\r\n\r\nhelloEXTRA"), 200, PL_HTTP1_LENGTH, "hello");
    good(PL_S(OK "content-LENGTH:\t5 \r\n\r\nhello"), 200, PL_HTTP1_LENGTH, "hello");
    good(PL_S(OK "Transfer-Encoding: Chunked\r\n\r\n1\r\nh\r\n4;x=\"y\"\r\nello\r\n0\r\n\r\n"), 200,
         PL_HTTP1_CHUNKED, "hello");
    good(PL_S(OK "Transfer-Encoding: chunked\r\n\r\n00A \r\n0123456789\r\n000\r\nT: x\r\n\r\n"),
         200, PL_HTTP1_CHUNKED, "0123456789");
    good(PL_S("HTTP/1.0 200\r\nServer: x\r\n\r\nhello"), 200, PL_HTTP1_CLOSE, "hello");
    good(PL_S(OK "Content-Length: 0\r\n\r\n"), 200, PL_HTTP1_LENGTH, "");
    good(PL_S(OK "\r\n"), 200, PL_HTTP1_CLOSE, "");
    good(PL_S(OK "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 200, PL_HTTP1_CHUNKED, "");
    good(PL_S("HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}"), 404, PL_HTTP1_LENGTH, "{}");
    good(PL_S("HTTP/1.1 204 None\r\n\r\nx"), 204, PL_HTTP1_CLOSE, "");
    good(PL_S(OK "Content-Encoding: identity\r\n\r\nx"), 200, PL_HTTP1_CLOSE, "x");
}

static void interim_answers_are_skipped(void **state)
{
    (void)state;
    good(PL_S("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\nContent-Length: 9\r\n"
              "\r\n" OK "Content-Length: 1\r\n\r\nx"),
         200, PL_HTTP1_LENGTH, "x");
    pl_auto_buf struct pl_buf b = { 0 };
    for (int i = 0; i < 10; i++)
        pl_buf_puts(&b, "HTTP/1.1 100 Continue\r\n\r\n");
    bad(pl_buf_str(&b), PL_E_FORMAT);
    bad(PL_S("HTTP/1.1 101 Switching Protocols\r\n\r\n"), PL_E_FORMAT);
}

static void a_connection_that_ends_early_is_an_error(void **state)
{
    (void)state;
    static const struct pl_str texts[] = {
        PL_S(""),
        PL_S("HTTP/1.1"),
        PL_S(OK),
        PL_S(OK "A: b\r\n"),
        PL_S(OK "Content-Length: 5\r\n\r\nhell"),
        PL_S(OK "Content-Length: 5\r\n\r\n"),
        PL_S(OK "Transfer-Encoding: chunked\r\n\r\n"),
        PL_S(OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhell"),
        PL_S(OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello"),
        PL_S(OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"),
        PL_S(OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n"),
    };
    for (size_t i = 0; i < PL_COUNT(texts); i++)
        bad(texts[i], PL_E_IO);
}

static void malformed_answers_are_refused(void **state)
{
    (void)state;
    static const struct pl_str texts[] = {
        PL_S("HTTP/2 200 OK\r\n\r\n"),
        PL_S("HTTP/1.1 20 OK\r\n\r\n"),
        PL_S("HTTP/1.1 2000\r\n\r\n"),
        PL_S("HTTP/1.1 099 x\r\n\r\n"),
        PL_S("HTTP/1.1 600 x\r\n\r\n"),
        PL_S("HTTP/1.1\t200 OK\r\n\r\n"),
        PL_S("\r\n" OK "\r\n"),
        PL_S("HTTP/1.1 200 OK\n\n"),
        PL_S("HTTP/1.1 200 OK\rX\r\n"),
        PL_S(OK "no colon\r\n\r\n"),
        PL_S(OK ": empty\r\n\r\n"),
        PL_S(OK "A : b\r\n\r\n"),
        PL_S(OK "A: b\r\n folded\r\n\r\n"),
        PL_S(OK "A: b\0c\r\n\r\n"),
        PL_S(OK "A: b\x7f\r\n\r\n"),
        PL_S(OK "Content-Length: \r\n\r\n"),
        PL_S(OK "Content-Length: -1\r\n\r\n"),
        PL_S(OK "Content-Length: 1, 1\r\n\r\nx"),
        PL_S(OK "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx"),
        PL_S(OK "Content-Length: 9223372036854775808\r\n\r\nx"),
        PL_S(OK "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        PL_S(OK "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
        PL_S(OK "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        PL_S(OK "Transfer-Encoding: chunked\r\n\r\n\r\n"),
        PL_S(OK "Transfer-Encoding: chunked\r\n\r\nxyz\r\n"),
        PL_S(OK "Transfer-Encoding: chunked\r\n\r\n-1\r\n"),
        PL_S(OK "Transfer-Encoding: chunked\r\n\r\n0x1\r\nx\r\n"),
        PL_S(OK "Transfer-Encoding: chunked\r\n\r\n1 1\r\nx\r\n"),
        PL_S(OK "Transfer-Encoding: chunked\r\n\r\n1\nx\r\n"),
        PL_S(OK "Transfer-Encoding: chunked\r\n\r\n1\r\nxy\r\n0\r\n\r\n"),
        PL_S(OK "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx"),
        PL_S(OK "Transfer-Encoding: chunked\r\n\r\n00000000000000001\r\nx\r\n"),
        PL_S(OK "Transfer-Encoding: chunked\r\n\r\n0\r\nbad trailer\r\n\r\n"),
    };
    for (size_t i = 0; i < PL_COUNT(texts); i++)
        bad(texts[i], PL_E_FORMAT);
    bad(PL_S(OK "Content-Encoding: gzip\r\n\r\n"), PL_E_UNSUP);
}

static void heads_and_trailers_are_limited(void **state)
{
    (void)state;
    pl_auto_buf struct pl_buf b = { 0 };
    pl_buf_puts(&b, OK);
    for (int i = 0; i < 201; i++)
        pl_buf_puts(&b, "A: b\r\n");
    bad(pl_buf_str(&b), PL_E_LIMIT);
    pl_buf_clear(&b);
    pl_buf_puts(&b, OK);
    for (int i = 0; i < 70; i++)
        pl_buf_printf(&b, "A: %01000d\r\n", i);
    bad(pl_buf_str(&b), PL_E_LIMIT);
    pl_buf_clear(&b);
    pl_buf_printf(&b, OK "A: %09000d\r\n\r\n", 1);
    bad(pl_buf_str(&b), PL_E_LIMIT);
    pl_buf_clear(&b);
    pl_buf_printf(&b, OK "Transfer-Encoding: chunked\r\n\r\n1;%0300d\r\nx", 1);
    bad(pl_buf_str(&b), PL_E_LIMIT);
    pl_buf_clear(&b);
    pl_buf_puts(&b, OK "Transfer-Encoding: chunked\r\n\r\n0\r\n");
    for (int i = 0; i < 201; i++)
        pl_buf_puts(&b, "A: b\r\n");
    bad(pl_buf_str(&b), PL_E_LIMIT);
}

static int broken_fill(void *arg, void *buf, size_t n, size_t *ret_got, struct pl_err *err)
{
    (void)arg;
    (void)buf;
    (void)n;
    (void)ret_got;
    return pl_fail(err, PL_E_NET, "gone");
}

static void errors_of_the_stream_pass_through(void **state)
{
    (void)state;
    struct pl_http1 h;
    char c;
    size_t got;
    pl_http1_init(&h, broken_fill, NULL);
    assert_int_equal(pl_http1_head(&h, NULL), PL_E_NET);
    assert_int_equal(pl_http1_read(&h, &c, 1, &got, NULL), PL_E_NET);
    struct stream s = { PL_S(OK "\r\n"), 100 };
    pl_http1_init(&h, fill, &s);
    assert_int_equal(pl_http1_head(&h, NULL), 0);
    h.fill = broken_fill;
    assert_int_equal(pl_http1_read(&h, &c, 1, &got, NULL), PL_E_NET);
}

/* ------------------------------------------------------------------ a service */

static char folder[] = "/tmp/pl-daemon-XXXXXX";
static char path[100];

static int make_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return 1;
    snprintf(path, sizeof path, "%s/s.sock", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

/* A child that accepts once, reads a request, checks its first line and answers; `ms` it waits
 * before the second half. */
static pid_t serve(const char *request, struct pl_str answer, unsigned ms)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    memcpy(at.sun_path, path, strlen(path));
    unlink(path);
    int l = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(l, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(l, 1), 0);
    pid_t pid = fork();
    if (pid == 0) {
        char text[4096] = "";
        alarm(20);
        int fd = accept(l, NULL, NULL);
        size_t half = answer.n / 2;
        for (size_t n = 0; !strstr(text, "\r\n\r\n");) {
            ssize_t got = read(fd, text + n, sizeof text - 1 - n);
            if (got <= 0)
                _exit(1);
            n += (size_t)got;
            text[n] = 0;
        }
        bool right = strncmp(text, request, strlen(request)) == 0;
        if (send(fd, answer.p, half, MSG_NOSIGNAL) < 0)
            _exit(2);
        usleep(ms * 1000);
        if (send(fd, answer.p + half, answer.n - half, MSG_NOSIGNAL) < 0)
            _exit(right ? 0 : 4); /* it may have gone already */
        _exit(right ? 0 : 3);
    }
    close(l);
    return pid;
}

static void served(pid_t pid)
{
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static const struct pl_daemon_wait patient = { 10000, 10000 }, hasty = { 300, 300 };

static int fetch(const char *ref, const struct pl_daemon_wait *wait, struct pl_buf *body,
                 struct pl_err *err)
{
    struct pl_daemon *d;
    int r = pl_daemon_open_at(path, ref, wait, &d, err);
    if (r < 0)
        return r;
    struct pl_feed *f = pl_daemon_feed(d);
    size_t got = 1;
    while (r == 0 && got) {
        char buf[10];
        r = f->read(f, buf, sizeof buf, &got, err);
        if (r == 0)
            pl_buf_putn(body, buf, got);
    }
    f->close(f);
    return r;
}

static void an_image_comes_over_the_socket(void **state)
{
    (void)state;
    pl_auto_buf struct pl_buf b = { 0 };
    struct pl_err err = { 0 };
    pid_t pid = serve("GET /images/example.com%3A5000%2Fa_b%3A1.0%40sha256%3Aff~/get HTTP/1.1\r\n"
                      "Host: localhost\r\n",
                      PL_S(OK "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"), 50);
    if (fetch("example.com:5000/a_b:1.0@sha256:ff~", &patient, &b, &err) < 0)
        fail_msg("%s", err.msg);
    assert_true(pl_str_is(pl_buf_str(&b), "abc"));
    served(pid);
}

static void a_body_that_breaks_off_is_an_error(void **state)
{
    (void)state;
    pl_auto_buf struct pl_buf b = { 0 };
    struct pl_err err = { 0 };
    pid_t pid = serve("GET ", PL_S(OK "Content-Length: 9\r\n\r\nabc"), 0);
    assert_int_equal(fetch("a", &patient, &b, &err), PL_E_IO);
    assert_non_null(strstr(err.msg, "6 bytes early"));
    served(pid);
}

static void statuses_have_their_errors(void **state)
{
    (void)state;
    pl_auto_buf struct pl_buf b = { 0 };
    struct pl_err err = { 0 };
    pid_t pid = serve("GET ", PL_S("HTTP/1.1 404 Not Found\r\n\r\n{}"), 0);
    assert_int_equal(fetch("a:b", &patient, &b, &err), PL_E_NOENT);
    assert_non_null(strstr(err.msg, "has no image 'a:b'"));
    served(pid);
    pid = serve("GET ", PL_S("HTTP/1.1 500 No\r\n\r\n"), 0);
    assert_int_equal(fetch("a", &patient, &b, &err), PL_E_NET);
    assert_non_null(strstr(err.msg, "500"));
    served(pid);
    pid = serve("GET ", PL_S("what?\r\n"), 0);
    assert_int_equal(fetch("a", &patient, &b, &err), PL_E_FORMAT);
    assert_non_null(strstr(err.msg, path));
    served(pid);
}

static void a_service_that_says_nothing_is_given_up(void **state)
{
    (void)state;
    pl_auto_buf struct pl_buf b = { 0 };
    struct pl_err err = { 0 };
    pid_t pid = serve("GET ", PL_S(OK "Content-Length: 9\r\n\r\nabcdefghi"), 1500);
    assert_int_equal(fetch("a", &hasty, &b, &err), PL_E_NET);
    assert_non_null(strstr(err.msg, "nothing came"));
    served(pid);
}

static void on_alarm(int number)
{
    (void)number;
}

static void a_signal_ends_the_waiting(void **state)
{
    (void)state;
    pl_auto_buf struct pl_buf b = { 0 };
    struct pl_err err = { 0 };
    struct sigaction act = { .sa_handler = on_alarm, .sa_flags = SA_RESTART }, old;
    struct itimerval t = { .it_value = { 0, 200000 } };
    sigaction(SIGALRM, &act, &old);
    pid_t pid = serve("GET ", PL_S("HTTP/1.1 200"), 1500);
    setitimer(ITIMER_REAL, &t, NULL);
    assert_int_equal(fetch("a", &patient, &b, &err), PL_E_CANCEL);
    sigaction(SIGALRM, &old, NULL);
    served(pid);
}

static void names_are_checked_first(void **state)
{
    (void)state;
    char lengthy[1100];
    static const char *const texts[] = { "", "a b", "a\r\nX: y", "caf\xc3\xa9", "a\x7f" };
    pl_auto_buf struct pl_buf b = { 0 };
    struct pl_err err = { 0 };
    for (size_t i = 0; i < PL_COUNT(texts); i++)
        assert_int_equal(fetch(texts[i], &patient, &b, &err), PL_E_USAGE);
    memset(lengthy, 'a', sizeof lengthy);
    lengthy[sizeof lengthy - 1] = 0;
    assert_int_equal(fetch(lengthy, &patient, &b, &err), PL_E_USAGE);
    assert_int_equal(pl_daemon_open("", &(struct pl_daemon *){ NULL }, &err), PL_E_USAGE);
}

static void a_socket_that_is_not_there_is_named(void **state)
{
    (void)state;
    pl_auto_buf struct pl_buf b = { 0 };
    struct pl_err err = { 0 };
    struct pl_daemon *d;
    unlink(path);
    assert_int_equal(fetch("a", &patient, &b, &err), PL_E_NET);
    assert_non_null(strstr(err.msg, path));
    char lengthy[200];
    memset(lengthy, 'x', sizeof lengthy);
    lengthy[sizeof lengthy - 1] = 0;
    assert_int_equal(pl_daemon_open_at(lengthy, "a", &patient, &d, &err), PL_E_USAGE);
    assert_int_equal(pl_daemon_open_at("", "a", &patient, &d, &err), PL_E_USAGE);
    pl_daemon_close(NULL);
}

static void docker_host_decides(void **state)
{
    (void)state;
    struct pl_err err = { 0 };
    struct pl_daemon *d;
    char host[120], c;
    setenv("DOCKER_HOST", "tcp://127.0.0.1:2375", 1);
    assert_int_equal(pl_daemon_open("a", &d, &err), PL_E_UNSUP);
    snprintf(host, sizeof host, "unix://%s", path);
    setenv("DOCKER_HOST", host, 1);
    pid_t pid = serve("GET /images/a/get", PL_S("HTTP/1.0 200 OK\r\n\r\nx"), 0);
    assert_int_equal(pl_daemon_open("a", &d, &err), 0);
    assert_int_equal(pl_daemon_read(d, &c, 1, &err), 1);
    assert_int_equal(pl_daemon_read(d, &c, 1, &err), 0);
    pl_daemon_close(d);
    served(pid);
    unsetenv("DOCKER_HOST");
}

static void the_users_own_podman_is_asked_last(void **state)
{
    (void)state;
    struct pl_err err = { 0 };
    struct pl_daemon *d = NULL;
    if (access("/var/run/docker.sock", F_OK) == 0 || access("/run/podman/podman.sock", F_OK) == 0)
        return; /* a real service stands before it */
    setenv("XDG_RUNTIME_DIR", folder, 1);
    assert_int_equal(pl_daemon_open("a", &d, &err), PL_E_NET);
    assert_non_null(strstr(err.msg, "no Docker or Podman socket"));
    assert_non_null(strstr(err.msg, folder));
    char was[sizeof path], dir[64];
    memcpy(was, path, sizeof path);
    snprintf(dir, sizeof dir, "%s/podman", folder);
    snprintf(path, sizeof path, "%s/podman.sock", dir);
    assert_int_equal(mkdir(dir, 0700), 0);
    pid_t pid = serve("GET ", PL_S("HTTP/1.1 404 No\r\n\r\n"), 0);
    assert_int_equal(pl_daemon_open("a", &d, &err), PL_E_NOENT);
    served(pid);
    pid = serve("GET ", PL_S(OK "\r\n"), 0);
    assert_int_equal(pl_daemon_open("a", &d, &err), 0);
    pl_daemon_close(d);
    served(pid);
    unlink(path);
    rmdir(dir);
    memcpy(path, was, sizeof path);
    unsetenv("XDG_RUNTIME_DIR");
    assert_int_equal(pl_daemon_open("a", &d, NULL), PL_E_NET);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies_in_each_framing),
        cmocka_unit_test(interim_answers_are_skipped),
        cmocka_unit_test(a_connection_that_ends_early_is_an_error),
        cmocka_unit_test(malformed_answers_are_refused),
        cmocka_unit_test(heads_and_trailers_are_limited),
        cmocka_unit_test(errors_of_the_stream_pass_through),
        cmocka_unit_test(an_image_comes_over_the_socket),
        cmocka_unit_test(a_body_that_breaks_off_is_an_error),
        cmocka_unit_test(statuses_have_their_errors),
        cmocka_unit_test(a_service_that_says_nothing_is_given_up),
        cmocka_unit_test(a_signal_ends_the_waiting),
        cmocka_unit_test(names_are_checked_first),
        cmocka_unit_test(a_socket_that_is_not_there_is_named),
        cmocka_unit_test(docker_host_decides),
        cmocka_unit_test(the_users_own_podman_is_asked_last),
    };
    unsetenv("DOCKER_HOST");
    unsetenv("XDG_RUNTIME_DIR");
    return cmocka_run_group_tests_name("daemon", tests, make_folder, remove_folder);
}
