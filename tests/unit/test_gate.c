/* The decision function: grace, what outlives what, one work for many who ask; the log's chain. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "gate/gate_int.h"
#include "gate/log.h"

struct clock {
    int64_t now;
};

static int64_t now_of(void *arg)
{
    return ((struct clock *)arg)->now;
}

static const char policy_text[] =
    "version: 1\nscopes:\n"
    "  - { match: [\"a.example/pinned/**\"], allow: pinned }\n"
    "  - { match: [\"a.example/no/**\"], deny: \"not here\" }\n"
    "  - match: [\"127.0.0.1:1/**\"]\n"
    "    config: { user: non-root }\n"
    "    grace: 1h\n"
    "  - { match: [\"docker.io/**\"], mode: audit, deny: \"mirror\" }\n";

struct state {
    char dir[64], policy[96], log[96];
    struct clock clock;
    struct pl_gate *g;
};

static int setup(void **arg)
{
    struct state *s = calloc(1, sizeof *s);
    struct pl_err err = { 0 };
    snprintf(s->dir, sizeof s->dir, "/tmp/plimsoll-gate-XXXXXX");
    assert_non_null(mkdtemp(s->dir));
    snprintf(s->policy, sizeof s->policy, "%s/policy.yaml", s->dir);
    snprintf(s->log, sizeof s->log, "%s/log", s->dir);
    FILE *f = fopen(s->policy, "w");
    assert_non_null(f);
    fputs(policy_text, f);
    fclose(f);
    s->clock.now = 1800000000;
    struct pl_gate_opts o = { .policy = s->policy, .now_s = now_of, .now_arg = &s->clock };
    if (pl_gate_new(&o, &s->g, &err) < 0)
        fail_msg("%s", err.msg);
    *arg = s;
    return 0;
}

static int teardown(void **arg)
{
    struct state *s = *arg;
    pl_gate_unref(s->g);
    unlink(s->policy);
    unlink(s->log);
    rmdir(s->dir);
    free(s);
    return 0;
}

static enum pl_ruling ask(struct state *s, const char *ref, const char *digest)
{
    struct pl_gate_answer x;
    struct pl_gate_ask q = {
        .ref = pl_str_c(ref), .digest = pl_str_c(digest), .door = "test", .deadline_ms = 500
    };
    pl_gate_decide(s->g, &q, &x);
    enum pl_ruling r = x.ruling;
    assert_int_equal(x.passes, r != PL_RULING_DENY);
    assert_true(x.n_rules > 0);
    pl_gate_answer_release(&x);
    return r;
}

#define D "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define E "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static void names_are_told_apart(void **arg)
{
    struct state *s = *arg;
    assert_int_equal(ask(s, "a.example/pinned/x@" D, ""), PL_RULING_ALLOW);
    assert_int_equal(ask(s, "A.EXAMPLE:443/pinned/x@" D, ""), PL_RULING_ALLOW);
    assert_int_equal(ask(s, "docker.io:0443/library/nginx", ""), PL_RULING_DENY);
    assert_int_equal(ask(s, "a.example:0443/pinned/x@" D, ""), PL_RULING_DENY);
    assert_int_equal(ask(s, "a.example/pinned/x:1", ""), PL_RULING_DENY);
    assert_int_equal(ask(s, "a.example/pinned/x:1", D), PL_RULING_ALLOW);
    assert_int_equal(ask(s, "a.example/pinned/x@" D, E), PL_RULING_DENY);
    assert_int_equal(ask(s, "a.example/pinned/x", "sha256:12"), PL_RULING_DENY);
    assert_int_equal(ask(s, "a.example/no/x@" D, ""), PL_RULING_DENY);
    assert_int_equal(ask(s, "a.example/pinned@" D, ""), PL_RULING_DENY);
    assert_int_equal(ask(s, "b.example/pinned/x@" D, ""), PL_RULING_DENY);
    assert_int_equal(ask(s, "nginx", ""), PL_RULING_AUDIT);
    assert_int_equal(ask(s, "index.docker.io/library/nginx", ""), PL_RULING_AUDIT);
    assert_int_equal(ask(s, "", ""), PL_RULING_DENY);
    assert_int_equal(ask(s, "a.example/pinned/x@" D "\n", ""), PL_RULING_DENY);
}

/* Puts evidence into the cache as if it had been gathered. */
static void remember(struct state *s, const char *digest, bool good, int64_t at)
{
    struct pl_arena a = { 0 };
    struct pl_err err = { 0 };
    struct pl_gate_entry *e = pl_gate_entry_new(), *old = NULL;
    struct pl_str name = PL_S("127.0.0.1:1/x");
    struct pl_str key = pl_gate_cache_name(&a, s->g, name, pl_policy_scope(s->g->policy, name),
                                           pl_str_c(digest), PL_S(""));
    e->e.top.digest = pl_dup(&e->a, pl_str_c(digest));
    e->e.top.has_config = true;
    e->e.top.non_root = good;
    e->e.top.user = good ? PL_S("1") : PL_S("0");
    enum pl_cache_found f =
        pl_gate_cache_get(s->g->cache, key, at, pl_clock_ms() + 100, &old, &err);
    if (f == PL_CACHE_NONE)
        pl_gate_cache_put(s->g->cache, key, e, good, true, at);
    pl_gate_entry_unref(old);
    pl_gate_entry_unref(e);
    pl_arena_release(&a);
}

static void what_is_known_stands_for_its_time(void **arg)
{
    struct state *s = *arg;
    remember(s, D, true, s->clock.now);
    assert_int_equal(ask(s, "127.0.0.1:1/x@" D, ""), PL_RULING_ALLOW);
    assert_int_equal(ask(s, "127.0.0.1:1/x@" E, ""), PL_RULING_DENY); /* nobody answers there */
    pl_gate_cache_clear(s->g->cache);
    assert_int_equal(ask(s, "127.0.0.1:1/x@" D, ""), PL_RULING_ALLOW); /* grace */
    s->clock.now += 3601;
    assert_int_equal(ask(s, "127.0.0.1:1/x@" D, ""), PL_RULING_DENY); /* past it */
}

static void grace_is_not_for_what_was_refused(void **arg)
{
    struct state *s = *arg;
    remember(s, D, false, s->clock.now);
    assert_int_equal(ask(s, "127.0.0.1:1/x@" D, ""), PL_RULING_DENY);
    s->clock.now += 31;
    assert_int_equal(ask(s, "127.0.0.1:1/x@" D, ""), PL_RULING_DENY);
}

static void an_answer_of_the_registry_ends_grace(void **arg)
{
    struct state *s = *arg;
    struct pl_arena a = { 0 };
    struct pl_err err = { 0 }, gone = { .code = PL_E_NOENT }, down = { .code = PL_E_NET };
    struct pl_gate_entry *e = NULL;
    struct pl_str name = PL_S("127.0.0.1:1/x");
    struct pl_str key =
        pl_gate_cache_name(&a, s->g, name, pl_policy_scope(s->g->policy, name), PL_S(D), PL_S(""));
    remember(s, D, true, s->clock.now);
    pl_gate_cache_clear(s->g->cache);
    int64_t at = s->clock.now + 1;
    assert_int_equal(pl_gate_cache_get(s->g->cache, key, at, 0, &e, &err), PL_CACHE_NONE);
    pl_gate_cache_fail(s->g->cache, key, &down, 3600, at, &e);
    assert_non_null(e);
    pl_gate_entry_unref(e);
    assert_int_equal(pl_gate_cache_get(s->g->cache, key, at, 0, &e, &err), PL_CACHE_NONE);
    pl_gate_cache_fail(s->g->cache, key, &gone, 3600, at, &e);
    assert_null(e);
    assert_int_equal(pl_gate_cache_get(s->g->cache, key, at, 0, &e, &err), PL_CACHE_NONE);
    pl_gate_cache_fail(s->g->cache, key, &down, 3600, at, &e);
    assert_null(e);
    pl_arena_release(&a);
}

/* Any number of names that lead nowhere takes no memory; another policy leaves nothing of the old.
 */
static void what_cannot_be_had_leaves_nothing(void **arg)
{
    struct state *s = *arg;
    struct pl_arena a = { 0 };
    struct pl_err err = { 0 }, down = { .code = PL_E_NET };
    struct pl_gate_entry *e = NULL;
    remember(s, D, true, s->clock.now);
    struct pl_gate_cache_stats before = pl_gate_cache_stats(s->g->cache);
    assert_true(before.entries == 1 && before.bytes > 0);
    for (unsigned i = 0; i < 1000; i++) {
        struct pl_str key = pl_printf(&a, "nowhere %u", i);
        assert_int_equal(pl_gate_cache_get(s->g->cache, key, 1, 0, &e, &err), PL_CACHE_NONE);
        pl_gate_cache_fail(s->g->cache, key, &down, 3600, 1, &e);
        assert_null(e);
    }
    struct pl_gate_cache_stats after = pl_gate_cache_stats(s->g->cache);
    assert_true(after.entries == 1 && after.bytes == before.bytes);
    pl_gate_cache_only(s->g->cache, s->g);
    assert_int_equal(pl_gate_cache_stats(s->g->cache).entries, 1);
    struct pl_gate other = *s->g;
    other.policy_hash = PL_S("another");
    pl_gate_cache_only(s->g->cache, &other);
    after = pl_gate_cache_stats(s->g->cache);
    assert_true(after.entries == 0 && after.bytes == 0);
    pl_arena_release(&a);
}

struct worker {
    struct state *s;
    struct pl_gate_log *log;
    unsigned wrong;
    struct told *told;
};

static void *work(void *arg)
{
    struct worker *w = arg;
    for (int i = 0; i < 40; i++) {
        struct pl_gate_answer x;
        struct pl_err err = { 0 };
        bool good = i % 2;
        struct pl_gate_ask q = { .ref = good ? PL_S("127.0.0.1:1/x@" D) : PL_S("a.example/no/x@" D),
                                 .door = "test" };
        pl_gate_decide(w->s->g, &q, &x);
        w->wrong += x.passes != good;
        w->wrong += pl_gate_log_add(w->log, w->s->g, &q, &x, &err) != 0;
        pl_gate_answer_release(&x);
    }
    return NULL;
}

static void many_threads_one_log(void **arg)
{
    struct state *s = *arg;
    struct pl_gate_log *log = NULL, *second = NULL;
    struct pl_gate_log_sum sum;
    struct pl_err err = { 0 };
    struct worker w[8];
    pthread_t t[8];
    remember(s, D, true, s->clock.now);
    struct pl_gate_log_opts o = { .path = s->log };
    assert_int_equal(pl_gate_log_open(&o, &log, NULL, &err), 0);
    assert_int_equal(pl_gate_log_open(&o, &second, NULL, &err), PL_E_USAGE);
    for (int i = 0; i < 8; i++) {
        w[i] = (struct worker){ .s = s, .log = log };
        assert_int_equal(pthread_create(&t[i], NULL, work, &w[i]), 0);
    }
    for (int i = 0; i < 8; i++) {
        pthread_join(t[i], NULL);
        assert_int_equal(w[i].wrong, 0);
    }
    pl_gate_log_close(log);
    assert_int_equal(pl_gate_log_walk(s->log, NULL, NULL, NULL, &sum, &err), 0);
    assert_int_equal(sum.decisions, 320);
}

struct told {
    atomic_uint n, bad;
};

static void tell(void *arg, const struct pl_err *why)
{
    struct told *t = arg;
    atomic_fetch_add(&t->bad, why != NULL);
    atomic_fetch_add(&t->n, 1);
}

static void *post(void *arg)
{
    struct worker *w = arg;
    for (int i = 0; i < 40; i++) {
        struct pl_gate_answer x;
        struct pl_gate_ask q = { .ref = i % 4 ? PL_S("127.0.0.1:1/x@" D) : PL_S("no\xff\n\"name"),
                                 .door = "test" };
        if (!pl_gate_decide_known(w->s->g, &q, &x)) {
            w->wrong++;
            continue;
        }
        w->wrong += x.passes != (i % 4 != 0);
        w->wrong += pl_gate_log_post(w->log, w->s->g, &q, &x, tell, w->told, NULL) != 0;
        pl_gate_answer_release(&x);
    }
    return NULL;
}

/* Posted from many threads, beside some that wait: all are told, the chain holds. */
static void posted_lines_are_told_when_they_are_there(void **arg)
{
    struct state *s = *arg;
    struct pl_gate_log *log = NULL;
    struct pl_gate_log_sum sum;
    struct pl_err err = { 0 };
    struct told told = { 0 };
    struct worker w[6];
    pthread_t t[6];
    remember(s, D, true, s->clock.now);
    struct pl_gate_log_opts o = { .path = s->log };
    assert_int_equal(pl_gate_log_open(&o, &log, NULL, &err), 0);
    for (int i = 0; i < 6; i++) {
        w[i] = (struct worker){ .s = s, .log = log, .told = &told };
        assert_int_equal(pthread_create(&t[i], NULL, i % 2 ? post : work, &w[i]), 0);
    }
    for (int i = 0; i < 6; i++) {
        pthread_join(t[i], NULL);
        assert_int_equal(w[i].wrong, 0);
    }
    pl_gate_log_close(log);
    assert_int_equal(atomic_load(&told.n), 120);
    assert_int_equal(atomic_load(&told.bad), 0);
    assert_int_equal(pl_gate_log_walk(s->log, NULL, NULL, NULL, &sum, &err), 0);
    assert_int_equal(sum.decisions, 240);
}

static void what_needs_others_is_not_known(void **arg)
{
    struct state *s = *arg;
    struct pl_gate_answer x;
    struct pl_gate_ask q = { .ref = PL_S("127.0.0.1:1/x@" D), .door = "test" };
    assert_false(pl_gate_decide_known(s->g, &q, &x));
    remember(s, D, true, s->clock.now);
    assert_true(pl_gate_decide_known(s->g, &q, &x));
    assert_true(x.passes && x.cached);
    pl_gate_answer_release(&x);
    q.explain = true;
    assert_false(pl_gate_decide_known(s->g, &q, &x));
    q.explain = false;
    q.ref = PL_S("127.0.0.1:1/x:tag");
    assert_false(pl_gate_decide_known(s->g, &q, &x));
}

static void a_log_that_fails_refuses(void **arg)
{
    struct state *s = *arg;
    struct pl_gate_answer x;
    struct pl_gate_ask q = { .ref = PL_S("a.example/pinned/x@" D), .door = "test" };
    pl_auto_buf struct pl_buf b = { 0 };
    pl_gate_decide(s->g, &q, &x);
    assert_true(x.passes);
    pl_gate_answer_refuse(&x, "the log is full");
    assert_false(x.passes);
    pl_gate_answer_reason(&x, 100, &b);
    assert_true(pl_str_is(pl_buf_str(&b), "the log is full"));
    pl_gate_answer_release(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(names_are_told_apart, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_known_stands_for_its_time, setup, teardown),
        cmocka_unit_test_setup_teardown(grace_is_not_for_what_was_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(an_answer_of_the_registry_ends_grace, setup, teardown),
        cmocka_unit_test_setup_teardown(what_cannot_be_had_leaves_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(many_threads_one_log, setup, teardown),
        cmocka_unit_test_setup_teardown(posted_lines_are_told_when_they_are_there, setup, teardown),
        cmocka_unit_test_setup_teardown(what_needs_others_is_not_known, setup, teardown),
        cmocka_unit_test_setup_teardown(a_log_that_fails_refuses, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
