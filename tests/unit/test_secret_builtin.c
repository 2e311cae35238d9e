/* The rules of the binary: there, quick to start, and joined with a user's. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "sanitized.h"
#include "secret_util.h"

#include <time.h>

static double cpu_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void the_database_is_the_one_compiled_in(void **state)
{
    (void)state;
    double best = 1e9;
    for (unsigned i = 0; i < 5; i++) {
        struct pl_rules *r = NULL;
        double from = cpu_ms();
        assert_int_equal(pl_rules_builtin(&r, NULL), 0);
        double took = cpu_ms() - from;
        best = took < best ? took : best;
        assert_true(pl_rules_count(r) > 100);
        assert_non_null(pl_rules_find(r, PL_S("secret/private-key")));
        pl_rules_free(r);
    }
    if (pl_builtin_rules_image.db && !SANITIZED)
        assert_true(best < 10);
}

static void nothing_disagrees(const char *rule, bool yes, unsigned number)
{
    fail_msg("%s: sample %u of '%s'", rule, number, yes ? "yes" : "no");
}

static void samples_are_compiled_in_and_hold(void **state)
{
    (void)state;
    size_t run = 0, failed = 0;
    if (SANITIZED)
        skip(); /* the build's own rulec has run them, a minute of work */
    assert_int_equal(pl_rules_selftest_builtin(nothing_disagrees, &run, &failed, NULL), 0);
    assert_true(run > 2 * pl_builtin_rules_image.n_rules);
    assert_int_equal(failed, 0);
}

static struct pl_buf found(const struct pl_rules *r, const char *path, struct pl_str text)
{
    struct seen seen = { .rules = r };
    struct pl_limits l;
    struct pl_matcher *m;
    pl_limits_init(&l);
    assert_int_equal(pl_matcher_new(r, &l, &m, NULL), 0);
    struct pl_text t = { .p = (const uint8_t *)text.p,
                         .n = text.n,
                         .to = text.n,
                         .last = true,
                         .path = pl_str_c(path) };
    assert_int_equal(pl_secret_scan(m, &t, on_seen, &seen, NULL), 0);
    pl_matcher_free(m);
    pl_buf_putc(&seen.log, '\0');
    return seen.log;
}

static void a_service_alone_names_a_random_value(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool found;
    } cases[] = {
        { "mixpanel = \"q8Zt3LmN5vKr7Xb2Wd9Ys4Pf6Hj1Gc0T\"", true },
        { "  'mixpanel' => 'b7f3a91c0d5e48f26a71bc39d0e4f58a2c6d7e10',\n", true },
        { "{\\\"mixpanel\\\":\\\"b7f3a91c0d5e48f26a71bc39d0e4f58a\\\"}", true },
        { "mixpanel 'q8Zt3LmN5vKr7Xb2Wd9Ys4Pf6Hj1Gc0T'", true },
        { "mixpanel - 'q8Zt3LmN5vKr7Xb2Wd9Ys4Pf6Hj1Gc0T'", true },
        { "mixpanel q8Zt3LmN5vKr7Xb2Wd9Ys4Pf6Hj1Gc0T", true },
        { "mixpanel 'b7f3a91c0d5e48f26a71bc39d0e4f58a'", false },
        { "mixpanel = \"q8Zt3LmN5vKr7Xb2Wd9Ys4Pf6Hj1Gc\"", false },
        { "mixpanel = \"q8Zt3LmN5vKr7Xb2Wd9Ys4Pf6Hj1Gc0T", false },
        { "acmecorp = \"q8Zt3LmN5vKr7Xb2Wd9Ys4Pf6Hj1Gc0T\"", false },
        { "mixpanel: 0b7f3a91-c0d5-48f2-8a71-bc39d0e4f58a", false },
        { "q8Zt3LmN5vKr7Xb2Wd9Ys4Pf6Hj1Gc0T", false },
    };
    struct pl_rules *r = NULL;
    assert_int_equal(pl_rules_builtin(&r, NULL), 0);
    for (size_t i = 0; i < PL_COUNT(cases); i++) {
        struct pl_buf log = found(r, "", pl_str_c(cases[i].text));
        if ((strstr(log.p, "secret/service-value") != NULL) != cases[i].found)
            fail_msg("%s: %s", cases[i].text, log.p);
        pl_buf_release(&log);
    }
    pl_rules_free(r);
}

static void a_token_cut_short_is_none(void **state)
{
    (void)state;
    struct pl_rules *r = NULL;
    assert_int_equal(pl_rules_builtin(&r, NULL), 0);
    struct pl_buf log = found(r, "notes.txt", PL_S("apikey: xai-q8Zt3LmN5vKr7Xb2Wd9Ys4"));
    assert_string_equal(log.p, "");
    pl_buf_release(&log);
    log = found(r, "notes.txt", PL_S("apikey: zai-q8Zt3LmN5vKr7Xb2Wd9Ys4"));
    assert_string_not_equal(log.p, "");
    pl_buf_release(&log);
    pl_rules_free(r);
}

static void rules_of_a_user_join_them(void **state)
{
    (void)state;
    struct pl_rules *r = NULL, *own = NULL;
    struct pl_err err = { 0 };
    struct pl_str text = PL_S("acme_q8Zt3LmN5v AKIAQYLPMN5HHHFPZAM2");
    const char *toml = RULE("mine/acme", "keywords = ['acme_']\nregex = '''\\bacme_\\w{10}\\b'''");
    assert_int_equal(pl_rules_with(pl_str_c(toml), "mine.toml", &r, &err), 0);
    assert_int_equal(pl_rules_builtin(&own, NULL), 0);
    assert_int_equal(pl_rules_count(r), pl_rules_count(own) + 1);
    struct pl_buf log = found(r, "", text);
    assert_non_null(strstr(log.p, "mine/acme 0+15 high acme_q8Zt3LmN5v"));
    assert_non_null(strstr(log.p, "AKIAQYLPMN5HHHFPZAM2"));
    pl_buf_release(&log);
    pl_rules_free(r);
    pl_rules_free(own);
}

static void bad_rules_of_a_user_name_rule_and_key(void **state)
{
    (void)state;
    struct pl_rules *r = NULL;
    struct pl_err err = { 0 };
    const char *toml = RULE("mine/acme", "keywords = ['acme_']\nregex = '('");
    assert_int_equal(pl_rules_with(pl_str_c(toml), "mine.toml", &r, &err), PL_E_FORMAT);
    assert_non_null(strstr(err.msg, "mine.toml:"));
    assert_non_null(strstr(err.msg, "rule 'mine/acme': regex"));
    const char *again = RULE("secret/private-key", "keywords = ['acme_']\nregex = 'acme_x'");
    assert_int_equal(pl_rules_with(pl_str_c(again), "mine.toml", &r, &err), PL_E_FORMAT);
    assert_non_null(strstr(err.msg, "secret/private-key"));
    assert_null(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_database_is_the_one_compiled_in),
        cmocka_unit_test(samples_are_compiled_in_and_hold),
        cmocka_unit_test(a_service_alone_names_a_random_value),
        cmocka_unit_test(a_token_cut_short_is_none),
        cmocka_unit_test(rules_of_a_user_join_them),
        cmocka_unit_test(bad_rules_of_a_user_name_rule_and_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
