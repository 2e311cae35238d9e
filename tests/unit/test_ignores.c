/* policy/ignores.h: what does not count. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hash.h"
#include "model/vuln.h"
#include "policy/ignores.h"

struct sample {
    struct pl_arena a;
    struct pl_ignores g;
    struct pl_commit commit;
    struct pl_finding f;
    struct pl_target t;
    struct pl_report r;
    struct pl_buf warn;
};

static void begin(struct sample *s)
{
    *s = (struct sample){ .commit = { .id = PL_S("0123456789abcdef0123456789abcdef01234567") } };
    s->g.a = &s->a;
    s->f = (struct pl_finding){ .rule = PL_S("secret/github-pat"),
                                .print = PL_S("v1:00112233445566778899"),
                                .where = { .path = PL_S("a/b c.txt"), .line = 7 },
                                .commit = &s->commit };
    pl_sha256("value", 5, s->f.secret_hash);
    s->t = (struct pl_target){ .findings = &s->f, .n_findings = 1 };
    s->r = (struct pl_report){ .a = &s->a, .targets = &s->t, .n_targets = 1 };
}

static void end(struct sample *s)
{
    pl_ignores_release(&s->g);
    pl_buf_release(&s->warn);
    pl_arena_release(&s->a);
}

static bool ignored_by(const char *text, bool theirs, const char *today)
{
    struct sample s;
    struct pl_err err;
    begin(&s);
    if (theirs)
        pl_ignores_read_gitleaks(&s.g, "x", pl_str_c(text), &s.warn);
    else
        assert_int_equal(pl_ignores_read(&s.g, "x", pl_str_c(text), &err), 0);
    pl_ignores_apply(&s.g, &s.r, today, &s.warn);
    bool gone = s.t.n_findings == 0;
    assert_int_equal(s.r.n_ignored, gone);
    end(&s);
    return gone;
}

static void fingerprints(void **state)
{
    (void)state;
    assert_true(ignored_by("v1:00112233445566778899", false, "2026-01-01"));
    assert_true(ignored_by("# note\n\nv1:00112233 sample key\r\n", false, "2026-01-01"));
    assert_true(ignored_by("00112233", false, "2026-01-01"));
    assert_false(ignored_by("v1:0011223f", false, "2026-01-01"));
}

static void places(void **state)
{
    (void)state;
    assert_true(ignored_by("a/b c.txt:github-pat:7", true, "2026-01-01"));
    assert_true(ignored_by("a\\b c.txt:secret/github-pat:7\n", true, "2026-01-01"));
    assert_true(ignored_by("0123456789abcdef0123456789abcdef01234567:a/b c.txt:github-pat:7", true,
                           "2026-01-01"));
    assert_false(ignored_by("1123456789abcdef0123456789abcdef01234567:a/b c.txt:github-pat:7", true,
                            "2026-01-01"));
    assert_false(ignored_by("a/b c.txt:github-pat:8", true, "2026-01-01"));
    assert_false(ignored_by("a/b c.txt:other:7", true, "2026-01-01"));
}

static int ignored_by_table(const char *text)
{
    struct sample s;
    struct pl_err err;
    struct pl_vuln v = { .purl = PL_S("pkg:deb/debian/curl@1.0?distro=debian-12") };
    struct pl_layer_info layer = { .index = 2,
                                   .digest = PL_S("sha256:aa"),
                                   .diff_id = PL_S("sha256:bb") };
    begin(&s);
    s.f.vuln = &v;
    s.f.span.introduced = 2;
    s.t.layers = &layer;
    s.t.n_layers = 1;
    int r = pl_ignores_read_toml(&s.g, "x.toml", pl_str_c(text), &err);
    if (r == 0) {
        pl_ignores_apply(&s.g, &s.r, "2026-11-22", &s.warn);
        r = s.t.n_findings == 0;
    }
    end(&s);
    return r;
}

static void all_that_a_table_gives_must_match(void **state)
{
    (void)state;
    assert_int_equal(ignored_by_table("[[ignore]]\nrule='github-pat'\nreason='x'\n"), 1);
    assert_int_equal(ignored_by_table("[[ignore]]\nrule='github-pat'\nreason='x'\n"
                                      "until=2026-11-21\n"),
                     0);
    assert_int_equal(ignored_by_table("[[ignore]]\nrule='github-pat'\nreason='x'\n"
                                      "until='2027-01-01'\npath='a/*.txt'\n"
                                      "package='pkg:deb/debian/curl'\nlayer='sha256:bb'\n"
                                      "fingerprint='00112233'\n"),
                     1);
    assert_int_equal(ignored_by_table("[[ignore]]\nrule='github-pat'\nreason='x'\npath='b/*'\n"),
                     0);
    assert_int_equal(ignored_by_table("[[ignore]]\nlayer='sha256:cc'\nreason='x'\n"), 0);
    assert_int_equal(ignored_by_table("[[ignore]]\npackage='pkg:deb/debian/curl@2'\nreason='x'\n"),
                     0);
    assert_int_equal(ignored_by_table("[[ignore]]\nrule='github-pat'\nreason='x'\n"
                                      "fingerprint='99999999'\n"),
                     0);
    assert_int_equal(ignored_by_table("[[IgnoredVulns]]\nid='github-pat'\n"
                                      "ignoreUntil=2027-01-01T00:00:00Z\n"),
                     1);
}

static void tables_that_say_too_little_are_named(void **state)
{
    (void)state;
    assert_int_equal(ignored_by_table("[[ignore]]\nreason='x'\n"), PL_E_USAGE);
    assert_int_equal(ignored_by_table("[[ignore]]\nrule='x'\n"), PL_E_USAGE);
    assert_int_equal(ignored_by_table("[[ignore]]\nrule='x'\nreason='x'\nuntil='soon'\n"),
                     PL_E_USAGE);
    assert_int_equal(ignored_by_table("[[ignore]]\nrules='x'\nreason='x'\n"), PL_E_USAGE);
    assert_int_equal(ignored_by_table("[[ignore]]\nrule=1\nreason='x'\n"), PL_E_USAGE);
    assert_int_equal(ignored_by_table("store='x'\n"), 0);
}

static void an_entry_expires_after_its_day(void **state)
{
    (void)state;
    const char *line = "v1:00112233 until=2026-03-31 reason";
    assert_true(ignored_by(line, false, "2026-03-31"));
    assert_false(ignored_by(line, false, "2026-04-01"));
}

static void bad_lines_are_named(void **state)
{
    (void)state;
    static const char *const lines[] = { "nonsense", "v1:00112233 until=tomorrow", "salt",
                                         "v1:12" };
    for (size_t i = 0; i < 4; i++) {
        struct sample s;
        struct pl_err err = { 0 };
        begin(&s);
        assert_int_equal(pl_ignores_read(&s.g, "file", pl_str_c(lines[i]), &err), PL_E_USAGE);
        assert_non_null(strstr(err.msg, "file:1"));
        end(&s);
    }
}

static void a_report_of_gitleaks_is_a_baseline(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        bool gone;
    } rows[] = {
        { "[{\"RuleID\":\"x\",\"File\":\"a/b c.txt\",\"Secret\":\"value\",\"StartLine\":1}]",
          true },
        { "[{\"RuleID\":\"x\",\"File\":\"a/b c.txt\",\"Secret\":\"other\",\"StartLine\":7}]",
          false },
        { "[{\"RuleID\":\"x\",\"File\":\"a/b c.txt\",\"Secret\":\"REDACTED\",\"StartLine\":7}]",
          true },
        { "[]", false },
    };
    for (size_t i = 0; i < 4; i++) {
        struct sample s;
        struct pl_err err;
        begin(&s);
        assert_int_equal(pl_ignores_read_baseline(&s.g, "b", pl_str_c(rows[i].json), &err), 0);
        pl_ignores_apply(&s.g, &s.r, "2026-01-01", &s.warn);
        assert_int_equal(s.t.n_findings == 0, rows[i].gone);
        end(&s);
    }
}

static void markers(void **state)
{
    (void)state;
    static const struct {
        const char *mark;
        bool gone;
    } rows[] = { { "gitleaks:allow", true },
                 { "plimsoll:allow secret/github-pat", true },
                 { "plimsoll:allow secret/other", false },
                 { "plimsoll:allow until=2026-01-01", true },
                 { "plimsoll:allow until=2025-12-31", false } };
    for (size_t i = 0; i < 5; i++) {
        struct sample s;
        begin(&s);
        s.f.ignored = pl_str_c(rows[i].mark);
        pl_ignores_apply(&s.g, &s.r, "2026-01-01", &s.warn);
        assert_int_equal(s.t.n_findings == 0, rows[i].gone);
        end(&s);
    }
}

static void a_date_may_stand_before_the_reason_or_behind_it(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        bool fails, gone;
    } rows[] = { { "v1:00112233 why it is so until=2025-12-31\n", false, false },
                 { "v1:00112233 why until=2026-01-01 more\n", false, true },
                 { "v1:00112233 stays until=forever\n", true, false },
                 { "v1:00112233 until=2999-13-01\n", true, false },
                 { "v1:00112233 until=2999-12-32\n", true, false },
                 { "v1:00112233 not-until=2025-12-31\n", false, true },
                 { "a/b c.txt:github-pat:7\n", false, true } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sample s;
        struct pl_err err;
        begin(&s);
        int r = pl_ignores_read(&s.g, "x", pl_str_c(rows[i].line), &err);
        assert_int_equal(r < 0, rows[i].fails);
        pl_ignores_apply(&s.g, &s.r, "2026-01-01", &s.warn);
        assert_int_equal(s.t.n_findings == 0, rows[i].gone);
        end(&s);
    }
}

static void unused_and_unexplained_entries(void **state)
{
    (void)state;
    struct sample s;
    struct pl_err err;
    begin(&s);
    pl_ignores_read(&s.g, "x", PL_S("v1:00112233 until=2027-01-01 why\nv1:99999999\n"), &err);
    pl_ignores_apply(&s.g, &s.r, "2026-01-01", &s.warn);
    assert_int_equal(pl_ignores_complain(&s.g, true, false, &s.warn), 1);
    assert_int_equal(pl_ignores_complain(&s.g, false, true, &s.warn), 1);
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fingerprints),
        cmocka_unit_test(all_that_a_table_gives_must_match),
        cmocka_unit_test(tables_that_say_too_little_are_named),
        cmocka_unit_test(places),
        cmocka_unit_test(an_entry_expires_after_its_day),
        cmocka_unit_test(bad_lines_are_named),
        cmocka_unit_test(a_report_of_gitleaks_is_a_baseline),
        cmocka_unit_test(markers),
        cmocka_unit_test(a_date_may_stand_before_the_reason_or_behind_it),
        cmocka_unit_test(unused_and_unexplained_entries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
