/* Findings of a git history in every format, and as annotations of a CI runner. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "report/words.h"

#define ID "0123456789abcdef0123456789abcdef01234567"

struct world {
    struct pl_arena a;
    struct pl_report r;
    struct pl_target t;
    struct pl_finding f[3];
    struct pl_commit c;
    struct pl_note n;
    struct pl_report_opts o;
    struct pl_buf out;
};

static void add(struct world *w, size_t i, enum pl_severity s, const char *path, bool visible)
{
    struct pl_finding *f = &w->f[i];
    *f = (struct pl_finding){ .kind = PL_KIND_SECRET,
                              .rule = PL_S("secret/github-pat"),
                              .severity = s,
                              .title = PL_S("GitHub token"),
                              .fix = PL_S("Revoke it: 100%."),
                              .evidence = PL_S("ghp_…(sha256:1a2b3c4d)"),
                              .print = PL_S("v1:00112233445566778899"),
                              .commit = &w->c };
    f->where = (struct pl_where){ .surface = PL_SURF_FILE,
                                  .path = pl_str_c(path),
                                  .line = 3,
                                  .col = 5,
                                  .end_line = 3,
                                  .end_col = 45 };
    f->span = (struct pl_span){ .introduced = PL_NEVER, .hidden = PL_NEVER, .visible = visible };
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    w->c = (struct pl_commit){ .id = PL_S(ID),
                               .author = PL_S("Ann"),
                               .email = PL_S("ann@example.org"),
                               .date = PL_S("2026-05-01T10:00:00+02:00"),
                               .versions = 3 };
    add(w, 0, PL_SEV_CRITICAL, "a:b,c%.env", true);
    add(w, 1, PL_SEV_MEDIUM, "old\n::warning::x", false);
    add(w, 2, PL_SEV_LOW, ID, true);
    w->f[2].where.surface = PL_SURF_HISTORY;
    w->n = (struct pl_note){ PL_SCOPE_UNIT, PL_S("x"), PL_S("missing-object"), PL_S("gone"), true };
    w->t = (struct pl_target){ .name = PL_S("git:."),
                               .kind = PL_S("git"),
                               .complete = true,
                               .notes = &w->n,
                               .findings = w->f,
                               .n_findings = 3 };
    w->r = (struct pl_report){ .a = &w->a,
                               .tool_name = PL_S("plimsoll"),
                               .tool_version = PL_S("0"),
                               .rules_version = PL_S("0"),
                               .targets = &w->t,
                               .n_targets = 1 };
    w->o = (struct pl_report_opts){ .fail_on = PL_SEV_HIGH };
    pl_report_sum(&w->r);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    pl_arena_release(&w->a);
    pl_buf_release(&w->out);
    free(w);
    return 0;
}

static bool has(const struct world *w, const char *what)
{
    return pl_str_find(pl_buf_str(&w->out), pl_str_c(what), 0) != SIZE_MAX;
}

static void every_format_names_commit_author_and_date(void **state)
{
    static const char *const formats[] = { "table",    "json",  "sarif",
                                           "markdown", "junit", "gitlab:secret-detection",
                                           "html" };
    struct world *w = *state;
    w->o.fail_on = PL_SEV_LOW; /* JUnit holds what fails */
    for (size_t i = 0; i < PL_COUNT(formats); i++) {
        const struct pl_writer *f = pl_writer_find(pl_str_c(formats[i]));
        struct pl_err err = { 0 };
        pl_buf_clear(&w->out);
        assert_non_null(f);
        assert_int_equal(f->write(&w->r, &w->o, &w->out, &err), 0);
        if (!has(w, "0123456789ab") || !has(w, "Ann") || !has(w, "ann@example.org") ||
            !has(w, "2026-05-01"))
            fail_msg("%s", formats[i]);
    }
}

static void annotations_stand_where_the_runner_looks(void **state)
{
    struct world *w = *state;
    pl_report_annotations(&w->r, &w->o, &w->out);
    pl_buf_putc(&w->out, 0);
    assert_string_equal(
        w->out.p,
        "::error file=a%3Ab%2Cc%25.env,line=3,endLine=3,col=5,title=GitHub token in a "
        "file::a:b,c%25.env:3:5: secret/github-pat ghp_…(sha256:1a2b3c4d)%0Acommit "
        "0123456789ab  2026-05-01  Ann <ann@example.org>  (and 2 further versions of the "
        "file)%0ARevoke it: 100%25.\n"
        "::warning file=old%0A%3A%3Awarning%3A%3Ax,title=GitHub token in an earlier version of a "
        "file%2C still in the history::old%0A\\x3a:warning::x:3:5: secret/github-pat "
        "ghp_…(sha256:1a2b3c4d)%0Acommit 0123456789ab  2026-05-01  Ann <ann@example.org>  (and 2 "
        "further versions of the file)%0ARevoke it: 100%25.\n"
        "::notice title=GitHub token in the message of a commit or tag::message of " ID
        ":3:5: secret/github-pat ghp_…(sha256:1a2b3c4d)%0Acommit 0123456789ab  2026-05-01  Ann "
        "<ann@example.org>  (and 2 further versions of the file)%0ARevoke it: 100%25.\n");
}

static void what_was_not_read_is_annotated_first(void **state)
{
    struct world *w = *state;
    w->t.complete = false;
    w->t.n_notes = 1;
    pl_report_annotations(&w->r, &w->o, &w->out);
    assert_true(pl_str_starts(pl_buf_str(&w->out),
                              PL_S("::error title=not everything was read::x: gone\n::error ")));
}

static void a_folder_is_put_before_its_paths(void **state)
{
    struct world *w = *state;
    w->t.name = PL_S("dir:./sub/");
    w->t.kind = PL_S("dir");
    for (size_t i = 0; i < 3; i++)
        w->f[i].commit = NULL;
    pl_report_annotations(&w->r, &w->o, &w->out);
    assert_true(has(w, "::error file=sub/a%3Ab%2Cc%25.env,line=3,"));
}

static void many_findings_are_cut(void **state)
{
    struct world *w = *state;
    struct pl_finding *many = pl_alloc_n(&w->a, 150, sizeof *many);
    for (size_t i = 0; i < 150; i++)
        many[i] = w->f[i % 2];
    w->t.findings = many;
    w->t.n_findings = 150;
    pl_report_annotations(&w->r, &w->o, &w->out);
    assert_true(has(w, "::50 more findings are not annotated"));
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(every_format_names_commit_author_and_date),
        T(annotations_stand_where_the_runner_looks),
        T(what_was_not_read_is_annotated_first),
        T(a_folder_is_put_before_its_paths),
        T(many_findings_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
