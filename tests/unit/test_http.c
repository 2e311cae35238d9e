/* What both ways of sending a request share: bodies, limits, time, and how long a server asks to
 * wait. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

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
    struct pl_http_opts o = { 0 };
    struct pl_http_req q = { .keep = 5 };
    struct pl_http_answer ans = { .status = 200 };
    struct pl_err err = { 0 };
    bool enough = false;
    size_t seen = 0;
    assert_int_equal(pl_http_take_body(&o, &q, &ans, &pace, "abcde", 5, &enough, &err), 0);
    assert_int_equal(pl_http_take_body(&o, &q, &ans, &pace, "f", 1, &enough, &err), PL_E_LIMIT);
    assert_false(enough);
    assert_int_equal(ans.body.n, 5);
    assert_int_equal(ans.got, 6);
    assert_int_equal(pace.moved, 6);
    q.data = refuse;
    q.arg = &seen;
    assert_int_equal(pl_http_take_body(&o, &q, &ans, &pace, "ab", 2, &enough, &err), 0);
    assert_int_equal(pl_http_take_body(&o, &q, &ans, &pace, "abcd", 4, &enough, &err), PL_E_LIMIT);
    assert_int_equal(seen, 6);
    ans.status = 500; /* an error's text is kept, and as much as is sensible of it */
    static char block[PL_HTTP_ERROR_BODY_MAX];
    assert_int_equal(pl_http_take_body(&o, &q, &ans, &pace, block, sizeof block, &enough, &err), 0);
    assert_true(enough);
    assert_int_equal(ans.body.n, 5);
    pl_http_answer_release(&ans);
}

static void large_bodies_take_turns(void **state)
{
    (void)state;
    static char block[PL_ROOM_FREE];
    struct pl_room *room = pl_room_new(1);
    struct pl_http_pace pace = { 0 };
    struct pl_http_opts o = { .room = room, .stall_s = 1, .deadline_ms = pl_clock_ms() + 150 };
    struct pl_http_req q = { .keep = sizeof block * 2 };
    struct pl_http_answer first = { .status = 200 }, second = { .status = 200 };
    struct pl_err err = { 0 };
    bool enough;
    assert_int_equal(pl_http_take_body(&o, &q, &first, &pace, block, sizeof block, &enough, &err),
                     0);
    assert_int_equal(pl_http_take_body(&o, &q, &second, &pace, block, sizeof block, &enough, &err),
                     0);
    assert_int_equal(pl_http_take_body(&o, &q, &first, &pace, "x", 1, &enough, &err), 0);
    assert_int_equal(pl_http_take_body(&o, &q, &second, &pace, "x", 1, &enough, &err), PL_E_NET);
    assert_false(pl_room_enter(room, 1));
    pl_http_answer_release(&first);
    o.deadline_ms = 0;
    assert_int_equal(pl_http_take_body(&o, &q, &second, &pace, "x", 1, &enough, &err), 0);
    pl_http_answer_release(&second);
    assert_true(pl_room_enter(room, 1));
    pl_room_free(room);
}

/* ---- a server on this machine, with one answer for each connection ---- */

struct server {
    int fd;
    uint32_t port;
    pthread_t thread;
    unsigned accepted;
    char heads[4][512];
};

static void *serve(void *arg)
{
    struct server *s = arg;
    for (;;) {
        int c = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC);
        if (c < 0)
            return NULL;
        char *head = s->heads[s->accepted % 4];
        ssize_t n = recv(c, head, sizeof s->heads[0] - 1, 0);
        head[n > 0 ? n : 0] = 0;
        char text[128];
        snprintf(text, sizeof text,
                 "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\n%u",
                 s->accepted++);
        send(c, text, strlen(text), MSG_NOSIGNAL);
        shutdown(c, SHUT_WR);
        close(c);
    }
}

static void server_start(struct server *s)
{
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t n = sizeof in;
    *s = (struct server){ .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) };
    assert_int_equal(bind(s->fd, (struct sockaddr *)&in, n), 0);
    assert_int_equal(listen(s->fd, 8), 0);
    assert_int_equal(getsockname(s->fd, (struct sockaddr *)&in, &n), 0);
    s->port = ntohs(in.sin_port);
    assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void server_stop(struct server *s)
{
    shutdown(s->fd, SHUT_RDWR);
    pthread_join(s->thread, NULL);
    close(s->fd);
}

static char answer_to(struct pl_http_loop *l, const struct pl_http_req *q)
{
    struct pl_http_opts o = { .agent = "test", .stall_s = 5 };
    struct pl_http_answer ans;
    struct pl_err err = { 0 };
    assert_int_equal(pl_http_loop_do(l, &o, q, &ans, &err), 0);
    char c = ans.body.n == 1 ? ans.body.p[0] : '?';
    pl_http_answer_release(&ans);
    return c;
}

static void what_is_sent_ahead_is_sent_once(void **state)
{
    (void)state;
    struct server s;
    struct pl_http_loop l = { .fd = -1 };
    struct pl_http_opts o = { .agent = "test", .stall_s = 5 };
    server_start(&s);
    struct pl_http_req q = { .method = "GET", .keep = 9 }, other;
    q.url = (struct pl_url){ .host = PL_S("127.0.0.1"), .port = s.port, .target = PL_S("/a") };
    other = q;
    other.url.target = PL_S("/b");
    pl_http_loop_ahead(&l, &o, &q);
    pl_http_loop_ahead(&l, &o, &q); /* is under way */
    assert_int_equal(l.n_parked, 1);
    assert_int_equal(answer_to(&l, &other), '1');
    assert_int_equal(answer_to(&l, &q), '0');
    assert_int_equal(l.n_parked, 0);
    assert_int_equal(answer_to(&l, &q), '2');
    pl_http_loop_ahead(&l, &o, &other); /* never asked for */
    pl_http_loop_close(&l);
    server_stop(&s);
    assert_in_range(s.accepted, 3, 4);
    assert_non_null(strstr(s.heads[0], "GET /a "));
    assert_non_null(strstr(s.heads[1], "GET /b "));
    /* nobody listens any more: a hint is lost, the question is not */
    pl_http_loop_ahead(&l, &o, &q);
    assert_int_equal(l.n_parked, 0);
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
        cmocka_unit_test(large_bodies_take_turns),
        cmocka_unit_test(what_is_sent_ahead_is_sent_once),
        cmocka_unit_test(time_runs_out_in_three_ways),
    };
    return cmocka_run_group_tests_name("http", tests, NULL, NULL);
}
