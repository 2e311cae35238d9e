/* JUnit XML as CI servers read it: one suite per target, one case per finding that fails the run,
 * and one that says whether everything was read. ux.md section 3. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "report/escape.h"
#include "report/words.h"

struct suite {
    const struct pl_report_opts *o;
    const struct pl_target *t;
    struct pl_arena *a;
    struct pl_buf *out;
};

static bool counts(const struct pl_report_opts *o, const struct pl_finding *f)
{
    return !o->fail_none && f->severity >= o->fail_on && f->delta != PL_DELTA_UNCHANGED;
}

static size_t failures_of(const struct pl_report_opts *o, const struct pl_target *t)
{
    size_t n = 0;
    for (size_t i = 0; i < t->n_findings; i++)
        n += counts(o, &t->findings[i]);
    return n;
}

static void put_attr(struct pl_buf *out, const char *name, struct pl_str value)
{
    pl_buf_printf(out, " %s=\"", name);
    pl_esc_cut(out, PL_ESC_HTML, value, 1000);
    pl_buf_putc(out, '"');
}

static void put_line(struct pl_buf *out, const char *key, struct pl_str value)
{
    if (!value.n)
        return;
    pl_buf_printf(out, "\n%s: ", key);
    pl_esc_cut(out, PL_ESC_HTML, value, 2000);
}

static void put_case(struct suite *s, const struct pl_finding *f)
{
    pl_auto_buf struct pl_buf place = { 0 }, title = { 0 }, history = { 0 }, commit = { 0 };
    pl_say_place(&place, f);
    pl_say_title(&title, s->t, f);
    pl_say_history(&history, s->a, s->t, f);
    if (f->commit)
        pl_say_commit(&commit, f->commit);
    pl_buf_puts(s->out, "    <testcase");
    put_attr(s->out, "classname", f->rule);
    put_attr(s->out, "name", pl_buf_str(&place));
    pl_buf_puts(s->out, " time=\"0\">\n      <failure");
    put_attr(s->out, "type", pl_str_c(pl_severity_name(f->severity)));
    put_attr(s->out, "message", pl_buf_str(&title));
    pl_buf_puts(s->out, ">");
    pl_esc_cut(s->out, PL_ESC_HTML, pl_buf_str(&title), 1000);
    put_line(s->out, "place", pl_buf_str(&place));
    put_line(s->out, "evidence", f->evidence);
    put_line(s->out, "history", pl_buf_str(&history));
    put_line(s->out, "commit", pl_buf_str(&commit));
    put_line(s->out, "visible", pl_str_c(pl_say_visible(s->t, f)));
    put_line(s->out, "recover", f->recover);
    put_line(s->out, "fix", f->fix);
    put_line(s->out, "fingerprint", f->print);
    pl_buf_puts(s->out, "</failure>\n    </testcase>\n");
}

/* The case that is always there: a suite without cases is an error to some readers. */
static void put_complete(struct suite *s)
{
    pl_buf_puts(s->out, "    <testcase classname=\"plimsoll\" name=\"everything was read\" "
                        "time=\"0\"");
    if (s->t->complete) {
        pl_buf_puts(s->out, "/>\n");
        return;
    }
    pl_buf_puts(s->out, ">\n      <error type=\"incomplete\" message=\"not everything was read\">");
    for (size_t i = 0; i < s->t->n_notes; i++) {
        const struct pl_note *n = &s->t->notes[i];
        if (!n->incomplete)
            continue;
        pl_esc_cut(s->out, PL_ESC_HTML, n->where, 500);
        pl_buf_puts(s->out, n->where.n ? ": " : "");
        pl_esc_cut(s->out, PL_ESC_HTML, n->message.n ? n->message : n->code, 500);
        pl_buf_putc(s->out, '\n');
    }
    pl_buf_puts(s->out, "</error>\n    </testcase>\n");
}

static void put_suite(struct suite *s)
{
    pl_auto_buf struct pl_buf name = { 0 }, read = { 0 };
    size_t failures = failures_of(s->o, s->t);
    pl_buf_putn(&name, s->t->name.p, s->t->name.n);
    if (s->t->platform.n)
        pl_buf_printf(&name, " (%.*s)", PL_FMT(s->t->platform));
    pl_buf_puts(s->out, "  <testsuite");
    put_attr(s->out, "name", pl_buf_str(&name));
    pl_buf_printf(s->out,
                  " tests=\"%zu\" failures=\"%zu\" errors=\"%d\" skipped=\"0\" time=\"0\">\n",
                  failures + 1, failures, !s->t->complete);
    for (size_t i = 0; i < s->t->n_findings; i++)
        if (counts(s->o, &s->t->findings[i]))
            put_case(s, &s->t->findings[i]);
    put_complete(s);
    pl_say_read(&read, s->t, 1);
    pl_buf_puts(s->out, "    <system-out>read ");
    pl_esc(s->out, PL_ESC_HTML, pl_buf_str(&read));
    pl_buf_puts(s->out, "</system-out>\n  </testsuite>\n");
}

static int write_junit(const struct pl_report *r, const struct pl_report_opts *o,
                       struct pl_buf *out, struct pl_err *err)
{
    (void)err;
    size_t tests = 0, failures = 0, errors = 0;
    for (size_t i = 0; i < r->n_targets; i++) {
        size_t n = failures_of(o, &r->targets[i]);
        tests += n + 1;
        failures += n;
        errors += !r->targets[i].complete;
    }
    pl_buf_puts(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites");
    put_attr(out, "name", r->tool_name);
    pl_buf_printf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" time=\"0\">\n", tests,
                  failures, errors);
    struct pl_arena a = { 0 };
    for (size_t i = 0; i < r->n_targets; i++) {
        put_suite(&(struct suite){ .o = o, .t = &r->targets[i], .a = &a, .out = out });
        pl_arena_reset(&a);
    }
    pl_arena_release(&a);
    pl_buf_puts(out, "</testsuites>\n");
    return 0;
}

const struct pl_writer pl_writer_junit = { .id = "junit", .suffix = ".xml", .write = write_junit };
