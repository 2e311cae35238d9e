/* The server's parts that need no socket: questions read, answers written, targets of the Engine
 * API, times, the table of connections, the threads. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "serve/authz.h"
#include "serve/conns.h"
#include "serve/engine_path.h"
#include "serve/listen.h"
#include "serve/metrics.h"
#include "serve/review.h"
#include "serve/route.h"
#include "serve/work.h"

#define HEAD                                                                                  \
    "{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\",\"request\":{"      \
    "\"uid\":\"u\",\"operation\":\"CREATE\",\"kind\":{\"group\":\"apps\",\"version\":\"v1\"," \
    "\"kind\":\"Deployment\"},\"object\":{\"kind\":\"Deployment\",\"spec\":{\"template\":{"   \
    "\"spec\":{"
#define TAIL "}}}}}}"

static void images_have_pointers(void **state)
{
    struct pl_arena a = { 0 };
    struct pl_review v;
    struct pl_err err = { 0 };
    (void)state;
    assert_int_equal(
        pl_review_parse(PL_S(HEAD "\"containers\":[{\"name\":\"a\"},{\"image\":\"b\"}],"
                                  "\"volumes\":[{},{\"image\":{\"reference\":\"c\"}}]" TAIL),
                        &a, &v, &err),
        0);
    assert_true(v.judged);
    assert_int_equal(v.n_images, 3);
    assert_int_equal(v.images[0].ref.n, 0);
    assert_true(pl_str_is(v.images[1].pointer, "/spec/template/spec/containers/1/image"));
    assert_true(pl_str_is(v.images[2].pointer, "/spec/template/spec/volumes/1/image/reference"));
    pl_arena_release(&a);
}

static void odd_forms_are_refused(void **state)
{
    static const char *const odd[] = {
        HEAD "\"containers\":{}" TAIL,
        HEAD "\"containers\":[1]" TAIL,
        HEAD "\"containers\":[{\"image\":1}]" TAIL,
        HEAD "\"volumes\":[{\"image\":\"x\"}]" TAIL,
    };
    (void)state;
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        struct pl_arena a = { 0 };
        struct pl_review v;
        assert_int_equal(pl_review_parse(pl_str_c(odd[i]), &a, &v, NULL), 0);
        assert_true(v.refuse.n > 0);
        pl_arena_release(&a);
    }
}

static void an_answer_has_no_control_characters(void **state)
{
    pl_auto_buf struct pl_buf out = { 0 };
    struct pl_review_answer x = { .message = PL_S("a\x1b[31m\nb\xff") };
    (void)state;
    pl_review_write(PL_S("u\""), &x, &out);
    assert_true(pl_str_find(pl_buf_str(&out), PL_S("\"uid\":\"u\\\"\""), 0) != SIZE_MAX);
    assert_true(pl_str_find(pl_buf_str(&out), PL_S("\"message\":\"a[31mb\""), 0) != SIZE_MAX);
    assert_true(pl_str_find(pl_buf_str(&out), PL_S("\"patch\""), 0) == SIZE_MAX);
}

static void a_refusal_has_no_patch(void **state)
{
    pl_auto_buf struct pl_buf out = { 0 };
    struct pl_review_edit e = { PL_S("/a"), PL_S("b") };
    struct pl_review_answer x = { .allowed = false, .edits = &e, .n_edits = 1 };
    (void)state;
    pl_review_write(PL_S("u"), &x, &out);
    assert_true(pl_str_find(pl_buf_str(&out), PL_S("patch"), 0) == SIZE_MAX);
}

static void targets_are_normalised(void **state)
{
    static const struct {
        const char *target, *path, *query;
    } t[] = { { "/v1.44/a/b?x=1", "/a/b", "x=1" },
              { "//a//./b/../c", "/a/c", "" },
              { "http://h:1/v1/a", "/a", "" },
              { "/%76%31.4/%61", "/a", "" },
              { "/a/v1.4/b", "/a/v1.4/b", "" },
              { "/../../a", "/a", "" },
              { "http://h", "", "" } };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        struct pl_arena a = { 0 };
        struct pl_str path, query;
        assert_int_equal(pl_engine_path(pl_str_c(t[i].target), &a, &path, &query, NULL), 0);
        assert_true(pl_str_is(path, t[i].path));
        assert_true(pl_str_is(query, t[i].query));
        pl_arena_release(&a);
    }
}

static void queries_are_read_in_one_way_only(void **state)
{
    struct pl_arena a = { 0 };
    struct pl_str v;
    (void)state;
    assert_int_equal(pl_engine_query(PL_S("a=1&t%61g=x%2Fy+z&b"), "tag", &a, &v, NULL), 0);
    assert_true(pl_str_is(v, "x/y z"));
    assert_int_equal(pl_engine_query(PL_S("tag=1&tag=1"), "tag", &a, &v, NULL), PL_E_FORMAT);
    assert_int_equal(pl_engine_query(PL_S("a;tag=1"), "tag", &a, &v, NULL), PL_E_FORMAT);
    assert_int_equal(pl_engine_query(PL_S("tag=%0"), "tag", &a, &v, NULL), PL_E_FORMAT);
    pl_arena_release(&a);
}

static void a_question_that_is_none_is_refused(void **state)
{
    static const char *const q[] = { "", "[]", "{}", "{\"RequestMethod\":\"POST\"}",
                                     "{\"a\":1,\"a\":2}" };
    (void)state;
    for (size_t i = 0; i < sizeof q / sizeof *q; i++) {
        struct pl_arena a = { 0 };
        struct pl_authz z;
        pl_authz_parse(pl_str_c(q[i]), &a, &z);
        assert_int_equal(z.kind, PL_AUTHZ_REFUSE);
        assert_true(z.why.n > 0);
        pl_arena_release(&a);
    }
}

static void times_of_the_query_shorten(void **state)
{
    (void)state;
    assert_int_equal(pl_route_budget(PL_S(""), 8000), 8000);
    assert_int_equal(pl_route_budget(PL_S("5s"), 8000), 4500);
    assert_int_equal(pl_route_budget(PL_S("30s"), 8000), 8000);
    assert_int_equal(pl_route_budget(PL_S("1m30s"), 100000), 81000);
    assert_int_equal(pl_route_budget(PL_S("500ms"), 8000), 450);
    assert_int_equal(pl_route_budget(PL_S("1ms"), 8000), 50);
    assert_int_equal(pl_route_budget(PL_S("-1s"), 8000), 8000);
    assert_int_equal(pl_route_budget(PL_S("5"), 8000), 8000);
    assert_int_equal(pl_route_budget(PL_S("99999999999999999999s"), 8000), 8000);
}

static void who_is_too_slow_is_shut(void **state)
{
    struct pl_conns c;
    int pair[2];
    char b;
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    pl_conns_init(&c, 10);
    struct pl_conn *x = pl_conns_add(&c, pair[0]);
    pl_conns_reap(&c);
    assert_false(x->shut);
    pl_conns_enter(&c, x, PL_CONN_BUSY);
    x->since_ns = 0;
    pl_conns_reap(&c);
    assert_false(x->shut);
    x->phase = PL_CONN_READING;
    pl_conns_enter(&c, x, PL_CONN_READING); /* begins nothing anew */
    pl_conns_reap(&c);
    assert_true(x->shut);
    assert_int_equal(read(pair[1], &b, 1), 0);
    assert_int_equal(pl_conns_stats(&c).late, 1);
    pl_conns_release(&c);
    close(pair[0]);
    close(pair[1]);
}

static void who_never_asked_goes_first(void **state)
{
    struct pl_conns c;
    int fd[3][2];
    struct pl_conn *x[3];
    (void)state;
    pl_conns_init(&c, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd[i]), 0);
        x[i] = pl_conns_add(&c, fd[i][0]);
        x[i]->since_ns = (int64_t)i + 1;
    }
    x[0]->served = true;
    x[0]->phase = PL_CONN_IDLE;
    pl_conns_add(&c, -1);
    assert_true(x[1]->shut && !x[0]->shut && !x[2]->shut);
    pl_conns_add(&c, -1);
    assert_true(x[2]->shut && !x[0]->shut);
    pl_conns_release(&c);
    for (size_t i = 0; i < 3; i++) {
        close(fd[i][0]);
        close(fd[i][1]);
    }
}

static void count_one(void *arg)
{
    atomic_fetch_add((atomic_int *)arg, 1);
}

static void all_work_is_done(void **state)
{
    struct pl_work *w = pl_work_new(4, 1000);
    atomic_int n = 0;
    (void)state;
    for (int i = 0; i < 1000; i++)
        assert_true(pl_work_add(w, count_one, &n));
    assert_true(pl_work_threads(w) <= 4);
    pl_work_free(w);
    assert_int_equal(atomic_load(&n), 1000);
}

static void addresses_to_listen_on(void **state)
{
    static const char *const bad[] = {
        "", "1", "host:1", "127.0.0.1:70000", "127.0.0.1:", "[::1:1"
    };
    unsigned port = 0;
    int fd = -1;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(pl_listen_tcp(bad[i], &fd, &port, NULL), PL_E_USAGE);
    assert_int_equal(pl_listen_tcp("127.0.0.1:0", &fd, &port, NULL), 0);
    assert_true(port > 0);
    close(fd);
    assert_int_equal(pl_listen_tcp(":0", &fd, &port, NULL), 0);
    close(fd);
}

static void metrics_are_cumulative(void **state)
{
    struct pl_metrics *m = calloc(1, sizeof *m);
    pl_auto_buf struct pl_buf out = { 0 };
    (void)state;
    assert_non_null(m);
    pl_metrics_answer(m, PL_DOOR_MUTATE, PL_OUT_DENY, 3000000);
    pl_metrics_answer(m, PL_DOOR_MUTATE, PL_OUT_DENY, 30000000000);
    pl_metrics_write(m, NULL, 0, PL_S("h"), &out);
    assert_true(pl_str_find(pl_buf_str(&out), PL_S("{door=\"mutate\",le=\"0.005\"} 1\n"), 0) !=
                SIZE_MAX);
    assert_true(pl_str_find(pl_buf_str(&out), PL_S("{door=\"mutate\",le=\"+Inf\"} 2\n"), 0) !=
                SIZE_MAX);
    assert_true(pl_metrics_resident() > 0);
    free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(images_have_pointers),
        cmocka_unit_test(odd_forms_are_refused),
        cmocka_unit_test(an_answer_has_no_control_characters),
        cmocka_unit_test(a_refusal_has_no_patch),
        cmocka_unit_test(targets_are_normalised),
        cmocka_unit_test(queries_are_read_in_one_way_only),
        cmocka_unit_test(a_question_that_is_none_is_refused),
        cmocka_unit_test(times_of_the_query_shorten),
        cmocka_unit_test(who_is_too_slow_is_shut),
        cmocka_unit_test(who_never_asked_goes_first),
        cmocka_unit_test(all_work_is_done),
        cmocka_unit_test(addresses_to_listen_on),
        cmocka_unit_test(metrics_are_cumulative),
    };
    return cmocka_run_group_tests_name("serve", tests, NULL, NULL);
}
