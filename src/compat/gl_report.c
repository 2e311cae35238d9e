/* Order of findings, and the csv, junit and sarif reports. secrets.md section 8. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "compat/gl_report.h"

#include <inttypes.h>
#include <stdlib.h>

#include "fmt/utf8.h"

static const struct pl_gl_commit no_commit = { .sha = { "", 0 } };

static const struct pl_gl_commit *commit_of(const struct pl_gl_finding *f)
{
    return f->commit ? f->commit : &no_commit;
}

static int by_number(int64_t a, int64_t b)
{
    return a < b ? -1 : a > b;
}

static int by_place(const void *x, const void *y)
{
    const struct pl_gl_finding *a = x, *b = y;
    int r = pl_str_cmp(a->file, b->file);
    r = r ? r : pl_str_cmp(commit_of(a)->sha, commit_of(b)->sha);
    r = r ? r : by_number(a->start_line, b->start_line);
    r = r ? r : by_number(a->start_column, b->start_column);
    r = r ? r : pl_str_cmp(a->rule->id, b->rule->id);
    r = r ? r : pl_str_cmp(a->secret, b->secret);
    r = r ? r : by_number(a->end_line, b->end_line);
    r = r ? r : by_number(a->end_column, b->end_column);
    r = r ? r : pl_str_cmp(a->match, b->match);
    r = r ? r : pl_str_cmp(a->symlink, b->symlink);
    return r ? r : by_number((int64_t)a->tags.n, (int64_t)b->tags.n);
}

void pl_gl_report_sort(pl_gl_findings *v)
{
    if (v->n)
        qsort(v->p, v->n, sizeof *v->p, by_place);
}

static void csv_field(struct pl_buf *out, struct pl_str s, bool last)
{
    uint32_t cp = 0;
    bool quote = pl_str_is(s, "\\.");
    for (size_t i = 0; i < s.n && !quote; i++)
        quote = s.p[i] == ',' || s.p[i] == '"' || s.p[i] == '\r' || s.p[i] == '\n';
    if (s.n && pl_utf8_next(pl_str_sub(s, 0, 4), &cp))
        quote |= cp == ' ' || (cp >= '\t' && cp <= '\r') || cp == 0x85 || cp == 0xA0 ||
                 cp == 0x1680 || (cp >= 0x2000 && cp <= 0x200A) || cp == 0x2028 || cp == 0x2029 ||
                 cp == 0x202F || cp == 0x205F || cp == 0x3000;
    if (quote)
        pl_buf_putc(out, '"');
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '"')
            pl_buf_putc(out, '"');
        pl_buf_putc(out, s.p[i]);
    }
    if (quote)
        pl_buf_putc(out, '"');
    pl_buf_putc(out, last ? '\n' : ',');
}

static void csv_number(struct pl_buf *out, int64_t n)
{
    pl_buf_printf(out, "%" PRId64 ",", n);
}

static void csv_row(struct pl_buf *out, const struct pl_gl_finding *f, bool link)
{
    const struct pl_gl_commit *c = commit_of(f);
    const struct pl_str head[] = { f->rule->id, c->sha, f->file, f->symlink, f->secret, f->match };
    const struct pl_str tail[] = { c->author, c->message, c->date, c->email, f->fingerprint };
    pl_auto_buf struct pl_buf tags = { 0 };
    for (size_t i = 0; i < sizeof head / sizeof *head; i++)
        csv_field(out, head[i], false);
    csv_number(out, f->start_line);
    csv_number(out, f->end_line);
    csv_number(out, f->start_column);
    csv_number(out, f->end_column);
    for (size_t i = 0; i < sizeof tail / sizeof *tail; i++)
        csv_field(out, tail[i], false);
    for (size_t i = 0; i < f->tags.n; i++) {
        pl_buf_puts(&tags, i ? " " : "");
        pl_buf_putn(&tags, f->tags.p[i].p, f->tags.p[i].n);
    }
    csv_field(out, pl_buf_str(&tags), !link);
    if (link)
        csv_field(out, f->link, true);
}

void pl_gl_report_csv(struct pl_buf *out, const pl_gl_findings *v)
{
    if (!v->n)
        return;
    bool link = v->p[0].link.n;
    pl_buf_puts(out, "RuleID,Commit,File,SymlinkFile,Secret,Match,StartLine,EndLine,StartColumn,"
                     "EndColumn,Author,Message,Date,Email,Fingerprint,Tags");
    pl_buf_puts(out, link ? ",Link\n" : "\n");
    for (size_t i = 0; i < v->n; i++)
        csv_row(out, &v->p[i], link);
}

static bool xml_char(uint32_t cp)
{
    return cp == '\t' || cp == '\n' || cp == '\r' || (cp >= 0x20 && cp <= 0xD7FF) ||
           (cp >= 0xE000 && cp <= 0xFFFD) || (cp >= 0x10000 && cp <= 0x10FFFF);
}

static void xml_text(struct pl_buf *out, struct pl_str s)
{
    static const char special[] = "\"'&<>\t\n\r";
    static const char *const names[] = { "&#34;", "&#39;", "&amp;", "&lt;",
                                         "&gt;",  "&#x9;", "&#xA;", "&#xD;" };
    for (size_t i = 0; i < s.n;) {
        uint32_t cp = 0;
        size_t n = pl_utf8_next(pl_str_sub(s, i, 4), &cp);
        const char *k = n == 1 && cp ? strchr(special, (int)cp) : NULL;
        if (k)
            pl_buf_puts(out, names[k - special]);
        else if (!n || !xml_char(cp))
            pl_buf_puts(out, "\xEF\xBF\xBD");
        else
            pl_buf_putn(out, s.p + i, n);
        i += n ? n : 1;
    }
}

static void junit_message(struct pl_buf *out, const struct pl_gl_finding *f)
{
    pl_auto_buf struct pl_buf b = { 0 };
    struct pl_str sha = commit_of(f)->sha;
    pl_buf_putn(&b, f->rule->id.p, f->rule->id.n);
    pl_buf_puts(&b, " has detected a secret in file ");
    pl_buf_putn(&b, f->file.p, f->file.n);
    pl_buf_printf(&b, ", line %" PRId64 "%s%.*s.", f->start_line, sha.n ? ", at commit " : "",
                  PL_FMT(sha));
    xml_text(out, pl_buf_str(&b));
}

static void junit_case(struct pl_buf *out, const struct pl_gl_finding *f)
{
    pl_auto_buf struct pl_buf json = { 0 };
    pl_gl_json_finding(&json, f, "", "\t");
    pl_buf_puts(out, "\n\t\t<testcase classname=\"");
    xml_text(out, f->rule->description);
    pl_buf_puts(out, "\" file=\"");
    xml_text(out, f->file);
    pl_buf_puts(out, "\" name=\"");
    junit_message(out, f);
    pl_buf_puts(out, "\" time=\"\">\n\t\t\t<failure message=\"");
    junit_message(out, f);
    pl_buf_puts(out, "\" type=\"");
    xml_text(out, f->rule->description);
    pl_buf_puts(out, "\">");
    xml_text(out, pl_buf_str(&json));
    pl_buf_puts(out, "</failure>\n\t\t</testcase>");
}

void pl_gl_report_junit(struct pl_buf *out, const pl_gl_findings *v)
{
    pl_buf_printf(out,
                  "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n\t<testsuite "
                  "failures=\"%zu\" name=\"gitleaks\" tests=\"%zu\" time=\"\">",
                  v->n, v->n);
    for (size_t i = 0; i < v->n; i++)
        junit_case(out, &v->p[i]);
    pl_buf_puts(out, v->n ? "\n\t</testsuite>\n</testsuites>" : "</testsuite>\n</testsuites>");
}

/* "key": "value" on a line of its own, `depth` blanks in. */
static void member(struct pl_buf *out, unsigned depth, const char *key, struct pl_str s, bool last)
{
    pl_buf_printf(out, "%*s\"%s\": ", (int)depth, "", key);
    pl_gl_json_str(out, s);
    pl_buf_puts(out, last ? "\n" : ",\n");
}

static void sarif_rules(struct pl_buf *out, const struct pl_gl_config *c)
{
    pl_buf_puts(out, "     \"rules\": [");
    for (size_t i = 0; i < c->order.n; i++) {
        const struct pl_gl_rule *rule = pl_gl_config_rule(c, c->order.p[i]);
        pl_buf_puts(out, i ? ",\n      {\n" : "\n      {\n");
        member(out, 7, "id", rule->id, false);
        pl_buf_puts(out, "       \"shortDescription\": {\n");
        member(out, 8, "text", rule->description, true);
        pl_buf_puts(out, "       }\n      }");
    }
    pl_buf_puts(out, c->order.n ? "\n     ]\n" : "]\n");
}

static void sarif_place(struct pl_buf *out, const struct pl_gl_finding *f)
{
    pl_buf_puts(out, "     \"locations\": [\n      {\n       \"physicalLocation\": {\n"
                     "        \"artifactLocation\": {\n");
    member(out, 9, "uri", f->symlink.n ? f->symlink : f->file, true);
    pl_buf_printf(out,
                  "        },\n        \"region\": {\n         \"startLine\": %" PRId64
                  ",\n         \"startColumn\": %" PRId64 ",\n         \"endLine\": %" PRId64
                  ",\n         \"endColumn\": %" PRId64 ",\n         \"snippet\": {\n",
                  f->start_line, f->start_column, f->end_line, f->end_column);
    member(out, 10, "text", f->secret, true);
    pl_buf_puts(out, "         }\n        }\n       }\n      }\n     ],\n");
}

static void sarif_result(struct pl_buf *out, const struct pl_gl_finding *f)
{
    const struct pl_gl_commit *c = commit_of(f);
    pl_auto_buf struct pl_buf text = { 0 };
    pl_buf_putn(&text, f->rule->id.p, f->rule->id.n);
    pl_buf_puts(&text, " has detected secret for file ");
    pl_buf_putn(&text, f->file.p, f->file.n);
    pl_buf_printf(&text, "%s%.*s.", c->sha.n ? " at commit " : "", PL_FMT(c->sha));
    pl_buf_puts(out, "    {\n     \"message\": {\n");
    member(out, 6, "text", pl_buf_str(&text), true);
    pl_buf_puts(out, "     },\n");
    member(out, 5, "ruleId", f->rule->id, false);
    sarif_place(out, f);
    pl_buf_puts(out, "     \"partialFingerprints\": {\n");
    member(out, 6, "commitSha", c->sha, false);
    member(out, 6, "email", c->email, false);
    member(out, 6, "author", c->author, false);
    member(out, 6, "date", c->date, false);
    member(out, 6, "commitMessage", c->message, true);
    pl_buf_puts(out, "     },\n     \"properties\": {\n      \"tags\": [");
    for (size_t i = 0; i < f->tags.n; i++) {
        pl_buf_puts(out, i ? ",\n       " : "\n       ");
        pl_gl_json_str(out, f->tags.p[i]);
    }
    pl_buf_puts(out, f->tags.n ? "\n      ]\n     }\n    }" : "]\n     }\n    }");
}

void pl_gl_report_sarif(struct pl_buf *out, const pl_gl_findings *v, const struct pl_gl_config *c)
{
    pl_buf_puts(out, "{\n \"$schema\": \"https://json.schemastore.org/sarif-2.1.0.json\",\n"
                     " \"version\": \"2.1.0\",\n \"runs\": [\n  {\n   \"tool\": {\n"
                     "    \"driver\": {\n     \"name\": \"gitleaks\",\n"
                     "     \"semanticVersion\": \"v8.0.0\",\n"
                     "     \"informationUri\": \"https://github.com/gitleaks/gitleaks\",\n");
    sarif_rules(out, c);
    pl_buf_puts(out, "    }\n   },\n   \"results\": [");
    for (size_t i = 0; i < v->n; i++) {
        pl_buf_puts(out, i ? ",\n" : "\n");
        sarif_result(out, &v->p[i]);
    }
    pl_buf_puts(out, v->n ? "\n   ]\n  }\n ]\n}\n" : "]\n  }\n ]\n}\n");
}
