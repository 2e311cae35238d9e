/* Answers of the gate for people, scripts and CI: text, JSON, JUnit, SARIF. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "cmd/gate_cmd.h"
#include "fmt/jsonw.h"
#include "report/escape.h"

struct out {
    const struct pl_gate_cmd *o;
    const struct pl_gate *g;
    const struct pl_gate_answer *x;
    size_t n;
};

static void put_esc(struct pl_buf *b, enum pl_esc how, struct pl_str s)
{
    pl_esc(b, how, s);
}

/* ---- text ---- */

static void text_rule(struct pl_buf *b, const struct pl_rule_result *r)
{
    static const char *const marks[] = { "held   ", "FAILED ", "skipped" };
    pl_buf_printf(b, "  %s  %-15s ", marks[r->state], r->rule);
    put_esc(b, PL_ESC_TERM, r->why);
    if (r->line)
        pl_buf_printf(b, "  (line %u)", r->line);
    pl_buf_putc(b, '\n');
}

static void text_answer(struct pl_buf *b, const struct pl_gate_answer *x, bool explain)
{
    static const char *const words[] = { "REFUSED ", "ALLOWED ", "AUDIT   " };
    pl_buf_puts(b, words[x->ruling]);
    put_esc(b, PL_ESC_TERM, x->pinned.n ? x->pinned : x->ref);
    if (x->grace)
        pl_buf_puts(b, "  (grace: the registry does not answer)");
    else if (x->cached)
        pl_buf_puts(b, "  (known)");
    pl_buf_putc(b, '\n');
    for (size_t i = 0; i < x->n_rules; i++)
        if (explain || x->rules[i].state == PL_RULE_FAILED)
            text_rule(b, &x->rules[i]);
}

static void write_text(const struct out *w, struct pl_buf *b)
{
    size_t count[3] = { 0 };
    for (size_t i = 0; i < w->n; i++) {
        text_answer(b, &w->x[i], w->o->explain);
        count[w->x[i].ruling]++;
    }
    pl_buf_printf(b, "%zu allowed, %zu refused, %zu would be refused\n", count[PL_RULING_ALLOW],
                  count[PL_RULING_DENY], count[PL_RULING_AUDIT]);
}

/* ---- JSON ---- */

static void json_rules(struct pl_jsonw *j, const struct pl_gate_answer *x)
{
    pl_jw_key(j, "reasons");
    pl_jw_arr(j);
    for (size_t i = 0; i < x->n_rules; i++)
        if (x->rules[i].state == PL_RULE_FAILED)
            pl_jw_str(j, x->rules[i].why);
    pl_jw_arr_end(j);
    pl_jw_key(j, "checks");
    pl_jw_arr(j);
    for (size_t i = 0; i < x->n_rules; i++) {
        const struct pl_rule_result *r = &x->rules[i];
        pl_jw_obj(j);
        pl_jw_kcstr(j, "rule", r->rule);
        pl_jw_ku64(j, "line", r->line);
        pl_jw_kcstr(j, "state", pl_rule_state_names[r->state]);
        pl_jw_kstr(j, "why", r->why);
        pl_jw_obj_end(j);
    }
    pl_jw_arr_end(j);
}

static void knull(struct pl_jsonw *j, const char *key, struct pl_str s)
{
    pl_jw_key(j, key);
    pl_jw_str_or_null(j, s);
}

static void json_answer(struct pl_jsonw *j, const struct pl_gate_answer *x)
{
    pl_jw_obj(j);
    pl_jw_kstr(j, "ref", x->ref);
    knull(j, "digest", x->digest);
    knull(j, "pinned", x->pinned);
    knull(j, "platform", x->platform);
    pl_jw_kcstr(j, "decision", pl_ruling_names[x->ruling]);
    pl_jw_kbool(j, "passes", x->passes);
    json_rules(j, x);
    pl_jw_kbool(j, "cached", x->cached);
    pl_jw_kbool(j, "grace", x->grace);
    pl_jw_ku64(j, "ms", x->ms);
    pl_jw_obj_end(j);
}

static void write_json(const struct out *w, struct pl_buf *b)
{
    struct pl_jsonw j = { .out = b, .indent = 2 };
    pl_jw_obj(&j);
    pl_jw_ku64(&j, "schema", 1);
    pl_jw_key(&j, "policy");
    pl_jw_obj(&j);
    pl_jw_kstr(&j, "file", pl_gate_policy(w->g)->name);
    pl_jw_kstr(&j, "digest", pl_gate_policy_hash(w->g));
    pl_jw_kstr(&j, "trust", pl_gate_trust_hash(w->g));
    pl_jw_obj_end(&j);
    pl_jw_key(&j, "targets");
    pl_jw_arr(&j);
    for (size_t i = 0; i < w->n; i++)
        json_answer(&j, &w->x[i]);
    pl_jw_arr_end(&j);
    pl_jw_obj_end(&j);
    pl_buf_putc(b, '\n');
}

/* ---- JUnit ---- */

static void write_junit(const struct out *w, struct pl_buf *b)
{
    size_t bad = 0, errors = 0;
    for (size_t i = 0; i < w->n; i++) {
        bad += !w->x[i].passes && !w->x[i].code;
        errors += !w->x[i].passes && w->x[i].code;
    }
    pl_buf_printf(b,
                  "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite "
                  "name=\"plimsoll gate\" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\">\n",
                  w->n, bad, errors);
    for (size_t i = 0; i < w->n; i++) {
        const struct pl_gate_answer *x = &w->x[i];
        const char *tag = x->code ? "error" : "failure";
        pl_buf_puts(b, "    <testcase classname=\"gate\" name=\"");
        put_esc(b, PL_ESC_HTML, x->ref);
        pl_buf_puts(b, x->passes ? "\"/>\n" : "\">\n");
        if (x->passes)
            continue;
        pl_auto_buf struct pl_buf why = { 0 };
        pl_gate_answer_reason(x, 8000, &why);
        pl_buf_printf(b, "      <%s message=\"", tag);
        put_esc(b, PL_ESC_HTML, pl_buf_str(&why));
        pl_buf_puts(b, "\"/>\n    </testcase>\n");
    }
    pl_buf_puts(b, "  </testsuite>\n</testsuites>\n");
}

/* ---- SARIF ---- */

static void sarif_result(struct pl_jsonw *j, const struct out *w, const struct pl_gate_answer *x,
                         const struct pl_rule_result *r)
{
    pl_auto_buf struct pl_buf text = { 0 }, uri = { 0 };
    put_esc(&text, PL_ESC_SARIF, x->ref);
    pl_buf_puts(&text, ": ");
    put_esc(&text, PL_ESC_SARIF, r->why);
    pl_esc_uri(&uri, pl_gate_policy(w->g)->name);
    pl_jw_obj(j);
    pl_jw_key(j, "ruleId");
    pl_auto_buf struct pl_buf id = { 0 };
    pl_buf_printf(&id, "gate/%s", r->rule);
    pl_jw_str(j, pl_buf_str(&id));
    pl_jw_kcstr(j, "level", x->passes ? "warning" : "error");
    pl_jw_key(j, "message");
    pl_jw_obj(j);
    pl_jw_kstr(j, "text", pl_buf_str(&text));
    pl_jw_obj_end(j);
    pl_jw_key(j, "locations");
    pl_jw_arr(j);
    pl_jw_obj(j);
    pl_jw_key(j, "physicalLocation");
    pl_jw_obj(j);
    pl_jw_key(j, "artifactLocation");
    pl_jw_obj(j);
    pl_jw_kstr(j, "uri", pl_buf_str(&uri));
    pl_jw_obj_end(j);
    pl_jw_key(j, "region");
    pl_jw_obj(j);
    pl_jw_ku64(j, "startLine", r->line ? r->line : 1);
    pl_jw_obj_end(j);
    pl_jw_obj_end(j);
    pl_jw_obj_end(j);
    pl_jw_arr_end(j);
    pl_jw_obj_end(j);
}

static void sarif_driver(struct pl_jsonw *j)
{
    pl_jw_key(j, "tool");
    pl_jw_obj(j);
    pl_jw_key(j, "driver");
    pl_jw_obj(j);
    pl_jw_kcstr(j, "name", "plimsoll");
    pl_jw_kcstr(j, "version", PL_VERSION);
    pl_jw_obj_end(j);
    pl_jw_obj_end(j);
}

static void write_sarif(const struct out *w, struct pl_buf *b)
{
    struct pl_jsonw j = { .out = b, .indent = 2 };
    pl_jw_obj(&j);
    pl_jw_kcstr(&j, "$schema", "https://json.schemastore.org/sarif-2.1.0.json");
    pl_jw_kcstr(&j, "version", "2.1.0");
    pl_jw_key(&j, "runs");
    pl_jw_arr(&j);
    pl_jw_obj(&j);
    sarif_driver(&j);
    pl_jw_key(&j, "results");
    pl_jw_arr(&j);
    for (size_t i = 0; i < w->n; i++)
        for (size_t k = 0; k < w->x[i].n_rules; k++)
            if (w->x[i].rules[k].state == PL_RULE_FAILED)
                sarif_result(&j, w, &w->x[i], &w->x[i].rules[k]);
    pl_jw_arr_end(&j);
    pl_jw_obj_end(&j);
    pl_jw_arr_end(&j);
    pl_jw_obj_end(&j);
    pl_buf_putc(b, '\n');
}

static const struct {
    const char *name;
    void (*write)(const struct out *w, struct pl_buf *b);
} forms[] = {
    { "text", write_text },
    { "json", write_json },
    { "junit", write_junit },
    { "sarif", write_sarif },
};

static int write_one(const struct out *w, const char *spec, bool given)
{
    struct pl_str to = pl_str_c(spec), form;
    struct pl_err err = { 0 };
    pl_str_split(&to, '=', &form);
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        pl_auto_buf struct pl_buf b = { 0 };
        if (!pl_str_is(form, forms[i].name))
            continue;
        if (w->o->quiet && !given)
            return 0;
        forms[i].write(w, &b);
        int r = to.p ? pl_common_write(to.p, pl_buf_str(&b), &err)
                     : pl_common_print(pl_buf_str(&b), &err);
        if (r < 0)
            fprintf(stderr, "plimsoll gate: %s\n", err.msg);
        return r < 0 ? PL_EXIT_USAGE : 0;
    }
    fprintf(stderr, "plimsoll gate: no format '%.*s' (text, json, junit, sarif)\n", PL_FMT(form));
    return PL_EXIT_USAGE;
}

int pl_gate_write(const struct pl_gate_cmd *o, const struct pl_gate *g,
                  const struct pl_gate_answer *x, size_t n)
{
    struct out w = { o, g, x, n };
    int code = o->formats.n ? 0 : write_one(&w, "text", false);
    for (size_t i = 0; i < o->formats.n && !code; i++)
        code = write_one(&w, o->formats.p[i], true);
    return code;
}
