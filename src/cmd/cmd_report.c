/* plimsoll report --controls: each control, its checks, and what saved results say of it.
 * commands.md "report", formats/hardening.md section 7. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "cmd/common.h"
#include "fmt/jsonw.h"
#include "io/file.h"
#include "model/controls.h"
#include "report/from_json.h"

#define RESULTS_MAX 64
#define RESULT_BYTES ((size_t)512 << 20)

struct options {
    const char *format;
    bool controls;
};

static const struct pl_opt table[] = {
    { "controls", 0, PL_OPT_FLAG, offsetof(struct options, controls), NULL,
      "each control of CIS, NIST and ATT&CK with its checks and their result" },
    { "format", 'f', PL_OPT_STR, offsetof(struct options, format), "FORMAT", "table or json" },
};

enum result { FAILED, ADVICE, INCOMPLETE, PASSED, NOT_ASSESSED, OUT_OF_SCOPE };
static const char *const results[] = { "fail", "advice",       "incomplete",
                                       "pass", "not assessed", "out of scope" };

struct summary {
    enum result result;
    size_t findings;
    enum pl_severity worst;
};

struct run {
    struct pl_arena a;
    struct pl_report r[RESULTS_MAX];
    size_t n;
};

static int usage(const char *what)
{
    fprintf(stderr, "plimsoll report: %s\n", what);
    return PL_EXIT_USAGE;
}

/* Is one of the checks made on targets of this kind? */
static bool applies(const char *checks, struct pl_str kind)
{
    struct pl_str rest = pl_str_c(checks), word;
    bool file = pl_str_is(kind, "dockerfile"),
         run = pl_str_is(kind, "compose") || pl_str_is(kind, "kubernetes");
    while (pl_str_split(&rest, ' ', &word)) {
        if (pl_str_starts(word, PL_S("PL-D"))   ? file
            : pl_str_starts(word, PL_S("PL-R")) ? run
                                                : word.n > 0 && !file && !run)
            return true;
    }
    return false;
}

static struct summary judge(const struct run *x, const struct pl_control *c)
{
    struct summary s = { .result = *c->checks ? NOT_ASSESSED : OUT_OF_SCOPE };
    bool open = false, seen = false;
    for (size_t i = 0; i < x->n; i++)
        for (size_t t = 0; t < x->r[i].n_targets; t++) {
            const struct pl_target *g = &x->r[i].targets[t];
            if (applies(c->checks, g->kind)) {
                seen = true;
                open |= !g->complete;
            }
            for (size_t k = 0; k < g->n_findings; k++) {
                const struct pl_finding *f = &g->findings[k];
                if (!pl_control_covers(c->checks, f->rule, f->kind))
                    continue;
                s.findings++;
                s.worst = f->severity > s.worst ? f->severity : s.worst;
            }
        }
    if (s.findings)
        s.result = s.worst > PL_SEV_INFO ? FAILED : ADVICE;
    else if (seen)
        s.result = open ? INCOMPLETE : PASSED;
    return s;
}

static void put_table(const struct run *x, const struct pl_control *c, size_t n, struct pl_buf *out)
{
    for (size_t i = 0; i < n; i++) {
        struct summary s = judge(x, &c[i]);
        pl_buf_printf(out, "%-12.*s", PL_FMT(c[i].id));
        if (x->n && s.findings)
            pl_buf_printf(out, "%-13s %zu finding%s, worst %s; ", results[s.result], s.findings,
                          s.findings == 1 ? "" : "s", pl_severity_name(s.worst));
        else if (x->n || s.result == OUT_OF_SCOPE)
            pl_buf_printf(out, "%-13s ", results[s.result]);
        pl_buf_printf(out, "%s\n", *c[i].checks ? c[i].checks : "-");
    }
}

static void put_json(const struct run *x, const struct pl_control *c, size_t n, struct pl_buf *out)
{
    struct pl_jsonw w = { .out = out };
    pl_jw_obj(&w);
    pl_jw_ku64(&w, "schema", 1);
    pl_jw_key(&w, "controls");
    pl_jw_arr(&w);
    for (size_t i = 0; i < n; i++) {
        struct summary s = judge(x, &c[i]);
        struct pl_str rest = pl_str_c(c[i].checks), word;
        pl_jw_obj(&w);
        pl_jw_kstr(&w, "id", c[i].id);
        pl_jw_key(&w, "checks");
        pl_jw_arr(&w);
        while (pl_str_split(&rest, ' ', &word))
            if (word.n)
                pl_jw_str(&w, word);
        pl_jw_arr_end(&w);
        pl_jw_kcstr(&w, "result", results[s.result]);
        pl_jw_ku64(&w, "findings", s.findings);
        if (s.findings)
            pl_jw_kcstr(&w, "worst", pl_severity_name(s.worst));
        pl_jw_obj_end(&w);
    }
    pl_jw_arr_end(&w);
    pl_jw_obj_end(&w);
    pl_buf_putc(out, '\n');
}

static int read_result(struct run *x, const char *path, struct pl_err *err)
{
    pl_auto_buf struct pl_buf b = { .max = RESULT_BYTES };
    int r = pl_file_read(path, &b, err);
    if (r == 0)
        r = pl_report_from_json(&x->a, pl_buf_str(&b), &x->r[x->n], err);
    x->n += r == 0;
    return r;
}

static int run_report(const void *options, const struct pl_operands *ops)
{
    const struct options *o = options;
    struct run *x = calloc(1, sizeof *x);
    pl_auto_buf struct pl_buf out = { 0 };
    struct pl_err err = { 0 };
    bool json = o->format && strcmp(o->format, "json") == 0;
    size_t n;
    int code = PL_EXIT_CLEAN;
    if (!x)
        pl_oom();
    if (!o->controls)
        code = usage("nothing is asked for; --controls lists the controls");
    else if (o->format && !json && strcmp(o->format, "table") != 0)
        code = usage("--format is table or json");
    else if (ops->n > RESULTS_MAX)
        code = usage("at most 64 results at once");
    for (size_t i = 0; i < ops->n && !code; i++)
        if (read_result(x, ops->p[i], &err) < 0)
            code = pl_run_failed("report", &err);
    if (!code) {
        const struct pl_control *c = pl_controls_all(&x->a, &n);
        (json ? put_json : put_table)(x, c, n, &out);
        code = pl_common_print(pl_buf_str(&out), &err) < 0 ? pl_run_failed("report", &err) : 0;
    }
    for (size_t i = 0; i < x->n && !code; i++)
        code = x->r[i].incomplete ? PL_EXIT_INCOMPLETE : code;
    pl_arena_release(&x->a);
    free(x);
    return code;
}

const struct pl_command pl_cmd_report = {
    .name = "report",
    .usage = "report --controls [-f json] [RESULT.json…]",
    .summary = "what saved results say of the controls of CIS, NIST and ATT&CK",
    .details = "RESULT.json is what scan or lint wrote with -f json\n",
    .options = table,
    .n_options = PL_COUNT(table),
    .options_size = sizeof(struct options),
    .run = run_report,
};
