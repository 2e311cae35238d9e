/* Saved results: read back, refused when wrong, compared with a baseline. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "report/from_json.h"
#include "report_sample.h"

struct state {
    struct pl_arena a;
    struct pl_report r;
    struct pl_report_opts o;
    struct pl_buf json;
};

static void write_as(const struct pl_report *r, const char *id, struct pl_buf *out)
{
    struct pl_report_opts o = { .fail_on = PL_SEV_HIGH };
    struct pl_err err;
    pl_buf_clear(out);
    assert_int_equal(pl_writer_find(pl_str_c(id))->write(r, &o, out, &err), 0);
}

static int setup(void **state)
{
    struct state *s = calloc(1, sizeof *s);
    sample_report(&s->a, &s->r);
    write_as(&s->r, "json", &s->json);
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct state *s = *state;
    pl_arena_release(&s->a);
    pl_buf_release(&s->json);
    free(s);
    return 0;
}

static int read_text(struct state *s, struct pl_str text, struct pl_report *ret, struct pl_err *err)
{
    *err = (struct pl_err){ 0 };
    return pl_report_from_json(&s->a, text, ret, err);
}

static struct pl_report read_back(struct state *s)
{
    struct pl_report r;
    struct pl_err err;
    if (read_text(s, pl_buf_str(&s->json), &r, &err) < 0)
        fail_msg("%s", err.msg);
    return r;
}

static void test_json_comes_back_the_same(void **state)
{
    struct state *s = *state;
    struct pl_report r = read_back(s);
    pl_auto_buf struct pl_buf again = { 0 };
    write_as(&r, "json", &again);
    assert_true(pl_str_eq(pl_buf_str(&s->json), pl_buf_str(&again)));
    assert_true(r.incomplete);
    assert_int_equal(r.count[PL_SEV_HIGH], s->r.count[PL_SEV_HIGH]);
}

static void test_saved_result_converts_to_every_format(void **state)
{
    struct state *s = *state;
    struct pl_report r = read_back(s);
    pl_auto_buf struct pl_buf out = { 0 };
    for (size_t i = 0; pl_writers[i]; i++) {
        struct pl_str id = pl_str_c(pl_writers[i]->id);
        struct pl_report one = r; /* two formats have room for one target alone */
        if (pl_str_is(id, "syft-json") || pl_str_is(id, "grype-json")) {
            struct pl_report_opts o = { .fail_on = PL_SEV_HIGH };
            struct pl_err err;
            assert_true(r.n_targets > 1);
            assert_int_equal(pl_writers[i]->write(&r, &o, &out, &err), PL_E_USAGE);
            one.n_targets = 1;
        }
        write_as(&one, pl_writers[i]->id, &out);
        assert_true(out.n > 0);
    }
    write_as(&r, "table", &out);
    assert_true(pl_str_find(pl_buf_str(&out), PL_S("(3 places)"), 0) != SIZE_MAX);
    assert_true(pl_str_find(pl_buf_str(&out), PL_S("INCOMPLETE: docker-archive:"), 0) != SIZE_MAX);
    assert_true(pl_str_find(pl_buf_str(&out), PL_S("read part of 8 layers"), 0) != SIZE_MAX);
}

static void test_secret_and_baseline_come_back(void **state)
{
    struct state *s = *state;
    struct pl_err err;
    struct pl_report old = read_back(s);
    old.targets[1].complete = true;
    s->r.targets[0].findings[2].secret = PL_S("tok_whole");
    s->r.targets[0].n_findings = 5;
    pl_report_sum(&s->r);
    assert_int_equal(pl_report_baseline(&s->r, &old, &err), 0);
    write_as(&s->r, "json", &s->json);
    struct pl_report r = read_back(s);
    assert_true(pl_str_is(r.targets[0].findings[2].secret, "tok_whole"));
    assert_null(r.targets[0].findings[1].secret.p);
    assert_int_equal(r.targets[0].findings[0].delta, PL_DELTA_UNCHANGED);
    assert_true(r.has_baseline);
    assert_int_equal(r.n_gone, 22);
    pl_auto_buf struct pl_buf again = { 0 };
    write_as(&r, "json", &again);
    assert_true(pl_str_eq(pl_buf_str(&s->json), pl_buf_str(&again)));
}

/* The JSON with the first `from` replaced. */
static struct pl_str replaced(struct state *s, const char *from, const char *to)
{
    struct pl_str in = pl_buf_str(&s->json);
    size_t at = pl_str_find(in, pl_str_c(from), 0);
    if (at == SIZE_MAX)
        fail_msg("no '%s'", from);
    pl_auto_buf struct pl_buf b = { 0 };
    pl_buf_putn(&b, in.p, at);
    pl_buf_puts(&b, to);
    at += strlen(from);
    pl_buf_putn(&b, in.p + at, in.n - at);
    return pl_dup(&s->a, pl_buf_str(&b));
}

static void test_wrong_values_are_refused_with_their_place(void **state)
{
    static const char *const rows[][3] = {
        { "\"schema\": 1", "\"schema\": 2", "'schema' is not 1" },
        { "\"tool\"", "\"tol\"", "'tool' or 'targets' is missing" },
        { "\"targets\": [", "\"targets\": {}, \"x\": [", "'tool' or 'targets' is missing" },
        { "\"rules\": \"2026.11\"", "\"rules\": 3", "'rules' is no string" },
        { "\"complete\": true", "\"complete\": 1", "targets[0]: 'complete' is neither" },
        { "\"scope\": \"entry\"", "\"scope\": \"x\"", "targets[0].notes[0]: 'scope' has a value" },
        { "\"bytes\": 77600000", "\"bytes\": -1", "targets[0].layers[0]: 'bytes' is out of range" },
        { "\"bytes\": 77600000", "\"bytes\": 1.5", "targets[0].layers[0]: 'bytes' is no integer" },
        { "\"severity\": \"critical\"", "\"severity\": \"bad\"",
          "targets[0].findings[0]: 'severity' has" },
        { "\"aliases\": []", "\"aliases\": [1]", "'aliases' holds something" },
        { "\"aliases\": []", "\"aliases\": null", "'aliases' is no list" },
        { "\"line\": 2", "\"line\": 4294967296", "'line' is out of range" },
        { "\"where\": {", "\"where\": [], \"x\": {", "'where' is no object" },
        { "\"introduced\": {\n            \"index\": 2", "\"introduced\": {\n  \"index\": 6",
          "'introduced' names a layer that is not listed" },
        { "\"how\": \"whiteout\"", "\"how\": \"magic\"", "'how' has a value" },
        { "\"hidden\": {", "\"hidden\": 1, \"x\": {", "'hidden' is neither an object nor null" },
        { "\"fingerprint\"", "\"x\"", "'fingerprint' is no string" },
        { "\"findings\": [", "\"findings\": 0, \"x\": [", "'findings' is no list" },
        { "{", "{,", "saved result: " },
    };
    struct state *s = *state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pl_report r;
        struct pl_err err;
        int code = read_text(s, replaced(s, rows[i][0], rows[i][1]), &r, &err);
        assert_int_equal(code, PL_E_FORMAT);
        if (!strstr(err.msg, rows[i][2]))
            fail_msg("'%s' does not say '%s'", err.msg, rows[i][2]);
    }
}

static void test_unknown_keys_are_passed_over(void **state)
{
    struct state *s = *state;
    struct pl_report r;
    struct pl_err err;
    assert_int_equal(
        read_text(s, replaced(s, "\"kind\"", "\"later\": [1, {}], \"kind\""), &r, &err), 0);
}

static void test_empty_result_is_read(void **state)
{
    struct state *s = *state;
    s->r.n_targets = 0;
    pl_report_sum(&s->r);
    write_as(&s->r, "json", &s->json);
    assert_int_equal(read_back(s).n_targets, 0);
}

static void test_baseline_tells_new_unchanged_and_fixed(void **state)
{
    struct state *s = *state;
    struct pl_err err;
    struct pl_report old = read_back(s);
    old.n_targets = 1;
    struct pl_target *t = &s->r.targets[0];
    s->r.n_targets = 1;
    t->findings[0].print = PL_S("something new");
    t->n_findings--;
    assert_int_equal(pl_report_baseline(&s->r, &old, &err), 0);
    assert_int_equal(t->findings[0].delta, PL_DELTA_NEW);
    assert_int_equal(t->findings[1].delta, PL_DELTA_UNCHANGED);
    assert_int_equal(s->r.n_gone, 2);
    assert_true(pl_str_is(s->r.gone[0].target, "oci:shop"));
    struct pl_report_opts o = { .fail_on = PL_SEV_HIGH };
    assert_true(pl_report_fails(&s->r, &o));
    t->findings[0].delta = PL_DELTA_UNCHANGED;
    assert_false(pl_report_fails(&s->r, &o));
}

static void test_baseline_is_shown_by_every_format(void **state)
{
    static const char *const rows[][2] = {
        { "table", "  [new]\n" },
        { "table", "(1 new, 1 fixed)" },
        { "table", "FIXED  secret/npm-token  srv/web/.npmrc:2:43\n" },
        { "json", "\"baseline\": \"new\"" },
        { "json", "\"fixed\": [\n    {\n" },
        { "sarif", "\"baselineState\": \"new\"" },
        { "html", "<td>new</td>" },
        { "html", "Fixed since the baseline" },
        { "markdown", "1 fixed since the baseline" },
    };
    struct state *s = *state;
    struct pl_err err;
    pl_auto_buf struct pl_buf out = { 0 };
    struct pl_report old = read_back(s);
    old.n_targets = s->r.n_targets = 1;
    s->r.targets[0].findings[0].print = PL_S("something new");
    assert_int_equal(pl_report_baseline(&s->r, &old, &err), 0);
    pl_report_sum(&s->r);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        write_as(&s->r, rows[i][0], &out);
        if (pl_str_find(pl_buf_str(&out), pl_str_c(rows[i][1]), 0) == SIZE_MAX)
            fail_msg("%s does not say %s", rows[i][0], rows[i][1]);
    }
    write_as(&s->r, "junit", &out); /* what is unchanged fails nothing */
    assert_true(pl_str_find(pl_buf_str(&out), PL_S("tests=\"2\" failures=\"1\""), 0) != SIZE_MAX);
}

static void test_incomplete_baseline_is_refused(void **state)
{
    struct state *s = *state;
    struct pl_err err;
    struct pl_report old = read_back(s);
    assert_int_equal(pl_report_baseline(&s->r, &old, &err), PL_E_USAGE);
    assert_non_null(strstr(err.msg, "incomplete"));
    assert_false(s->r.has_baseline);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_json_comes_back_the_same),
        T(test_saved_result_converts_to_every_format),
        T(test_secret_and_baseline_come_back),
        T(test_wrong_values_are_refused_with_their_place),
        T(test_unknown_keys_are_passed_over),
        T(test_empty_result_is_read),
        T(test_baseline_tells_new_unchanged_and_fixed),
        T(test_baseline_is_shown_by_every_format),
        T(test_incomplete_baseline_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
