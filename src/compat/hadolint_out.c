/* The ten formats of hadolint. formats/dockerfile.md section 8.3. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/hash.h"
#include "compat/hadolint.h"
#include "fmt/jsonw.h"
#include "report/escape.h"

typedef void write_fn(const struct pl_hl_findings *f, bool colour, struct pl_buf *out);

static void text(struct pl_buf *out, struct pl_str s)
{
    pl_esc_cut(out, PL_ESC_TERM, s, 0);
}

static void tty(const struct pl_hl_findings *f, bool colour, struct pl_buf *out)
{
    static const char *const codes[] = { "0", "1;31", "1;33", "32", "36" };
    for (size_t i = 0; i < f->v.n; i++) {
        const struct pl_hl_finding *x = &f->v.p[i];
        text(out, x->syntax && pl_str_is(x->file, "-") ? PL_S("/dev/stdin") : x->file);
        if (x->syntax) {
            pl_buf_printf(out, ":%u:%u ", x->line, x->col);
        } else {
            pl_buf_printf(out, ":%u ", x->line);
            if (colour)
                pl_buf_puts(out, "\x1b[1m");
            text(out, x->code);
            if (colour)
                pl_buf_puts(out, "\x1b[0m");
            pl_buf_putc(out, ' ');
            if (colour)
                pl_buf_printf(out, "\x1b[%sm", codes[x->level]);
            pl_buf_puts(out, pl_hl_level_name(x->level));
            if (colour)
                pl_buf_puts(out, "\x1b[0m");
            pl_buf_puts(out, ": ");
        }
        text(out, x->message);
        pl_buf_putc(out, '\n');
    }
}

static void gnu(const struct pl_hl_findings *f, bool colour, struct pl_buf *out)
{
    (void)colour;
    for (size_t i = 0; i < f->v.n; i++) {
        const struct pl_hl_finding *x = &f->v.p[i];
        pl_buf_puts(out, "hadolint:");
        text(out, x->file);
        if (x->syntax)
            pl_buf_printf(out, ":%u:%u: ", x->line, x->col);
        else
            pl_buf_printf(out, ":%u: %.*s %s: ", x->line, PL_FMT(x->code),
                          pl_hl_level_name(x->level));
        text(out, x->message);
        pl_buf_putc(out, '\n');
    }
}

static void json(const struct pl_hl_findings *f, bool colour, struct pl_buf *out)
{
    struct pl_jsonw w = { .out = out };
    (void)colour;
    pl_jw_arr(&w);
    for (size_t i = 0; i < f->v.n; i++) {
        const struct pl_hl_finding *x = &f->v.p[i];
        pl_jw_obj(&w);
        pl_jw_kstr(&w, "code", x->code);
        pl_jw_ku64(&w, "column", x->col);
        pl_jw_kstr(&w, "file", x->file);
        pl_jw_kcstr(&w, "level", pl_hl_level_name(x->level));
        pl_jw_ku64(&w, "line", x->line);
        pl_jw_kstr(&w, "message", x->message);
        pl_jw_obj_end(&w);
    }
    pl_jw_arr_end(&w);
    pl_buf_putc(out, '\n');
}

static void xml(struct pl_buf *out, struct pl_str s)
{
    pl_esc_cut(out, PL_ESC_HTML, s, 0);
}

static void checkstyle(const struct pl_hl_findings *f, bool colour, struct pl_buf *out)
{
    (void)colour;
    pl_buf_puts(out, "<?xml version='1.0' encoding='UTF-8'?><checkstyle version='4.3'>");
    for (size_t i = 0; i < f->v.n; i++) {
        const struct pl_hl_finding *x = &f->v.p[i];
        if (!i || !pl_str_eq(x->file, f->v.p[i - 1].file)) {
            pl_buf_puts(out, i ? "</file><file name='" : "<file name='");
            xml(out, x->file);
            pl_buf_puts(out, "'>");
        }
        pl_buf_printf(out, "<error line='%u' column='%u' severity='%s' message='", x->line, x->col,
                      x->level == PL_LEVEL_STYLE ? "info" : pl_hl_level_name(x->level));
        xml(out, x->message);
        pl_buf_puts(out, "' source='");
        xml(out, x->code);
        pl_buf_puts(out, "'/>");
    }
    pl_buf_puts(out, f->v.n ? "</file></checkstyle>\n" : "</checkstyle>\n");
}

static const char *climate(enum pl_level l)
{
    return l == PL_LEVEL_ERROR     ? "critical"
           : l == PL_LEVEL_WARNING ? "major"
           : l == PL_LEVEL_INFO    ? "minor"
                                   : "info";
}

static void climate_one(struct pl_jsonw *w, const struct pl_hl_finding *x, bool print)
{
    pl_jw_obj(w);
    pl_jw_kstr(w, "check_name", x->code);
    pl_jw_kstr(w, "description", x->message);
    if (print) {
        struct pl_buf b = { 0 };
        uint8_t digest[32];
        char hex[65];
        pl_buf_printf(&b, "%.*s:%u:%.*s:%.*s", PL_FMT(x->file), x->line, PL_FMT(x->code),
                      PL_FMT(x->message));
        pl_sha256(b.p, b.n, digest);
        pl_hex(digest, 32, hex);
        pl_buf_release(&b);
        pl_jw_kcstr(w, "fingerprint", hex);
    }
    pl_jw_key(w, "categories");
    pl_jw_arr(w);
    pl_jw_cstr(w, "Bug Risk");
    pl_jw_arr_end(w);
    pl_jw_key(w, "location");
    pl_jw_obj(w);
    pl_jw_kstr(w, "path", x->file);
    pl_jw_key(w, "lines");
    pl_jw_obj(w);
    pl_jw_ku64(w, "begin", x->line);
    pl_jw_ku64(w, "end", x->line);
    pl_jw_obj_end(w);
    pl_jw_obj_end(w);
    pl_jw_kcstr(w, "severity", climate(x->level));
    pl_jw_kcstr(w, "type", "issue");
    pl_jw_obj_end(w);
}

static void codeclimate(const struct pl_hl_findings *f, bool colour, struct pl_buf *out)
{
    (void)colour;
    for (size_t i = 0; i < f->v.n; i++) {
        struct pl_jsonw w = { .out = out };
        climate_one(&w, &f->v.p[i], false);
        pl_buf_putc(out, 0);
    }
}

static void gitlab(const struct pl_hl_findings *f, bool colour, struct pl_buf *out)
{
    struct pl_jsonw w = { .out = out };
    (void)colour;
    pl_jw_arr(&w);
    for (size_t i = 0; i < f->v.n; i++)
        climate_one(&w, &f->v.p[i], true);
    pl_jw_arr_end(&w);
    pl_buf_putc(out, '\n');
}

static void codacy(const struct pl_hl_findings *f, bool colour, struct pl_buf *out)
{
    (void)colour;
    for (size_t i = 0; i < f->v.n; i++) {
        struct pl_jsonw w = { .out = out };
        pl_jw_obj(&w);
        pl_jw_kstr(&w, "filename", f->v.p[i].file);
        pl_jw_ku64(&w, "line", f->v.p[i].line);
        pl_jw_kstr(&w, "message", f->v.p[i].message);
        pl_jw_kstr(&w, "patternId", f->v.p[i].code);
        pl_jw_obj_end(&w);
        pl_buf_putc(out, '\n');
    }
}

static void sonarqube(const struct pl_hl_findings *f, bool colour, struct pl_buf *out)
{
    static const char *const severity[] = { "INFO", "CRITICAL", "MAJOR", "MINOR", "INFO" };
    struct pl_jsonw w = { .out = out };
    (void)colour;
    pl_jw_obj(&w);
    pl_jw_key(&w, "issues");
    pl_jw_arr(&w);
    for (size_t i = 0; i < f->v.n; i++) {
        const struct pl_hl_finding *x = &f->v.p[i];
        pl_jw_obj(&w);
        pl_jw_kcstr(&w, "engineId", "Hadolint");
        pl_jw_key(&w, "primaryLocation");
        pl_jw_obj(&w);
        pl_jw_kstr(&w, "filePath", x->file);
        pl_jw_kstr(&w, "message", x->message);
        pl_jw_key(&w, "textRange");
        pl_jw_obj(&w);
        pl_jw_ku64(&w, "endColumn", 1);
        pl_jw_ku64(&w, "endLine", x->line);
        pl_jw_ku64(&w, "startColumn", 0);
        pl_jw_ku64(&w, "startLine", x->line);
        pl_jw_obj_end(&w);
        pl_jw_obj_end(&w);
        pl_jw_kstr(&w, "ruleId", x->code);
        pl_jw_kcstr(&w, "severity", severity[x->level]);
        pl_jw_kcstr(&w, "type", x->level == PL_LEVEL_ERROR ? "BUG" : "CODE_SMELL");
        pl_jw_obj_end(&w);
    }
    pl_jw_arr_end(&w);
    pl_jw_obj_end(&w);
    pl_buf_putc(out, '\n');
}

static void sarif_result(struct pl_jsonw *w, const struct pl_hl_finding *x)
{
    static const char *const level[] = { "none", "error", "warning", "note", "note" };
    pl_jw_obj(w);
    pl_jw_kcstr(w, "level", level[x->level]);
    pl_jw_key(w, "locations");
    pl_jw_arr(w);
    pl_jw_obj(w);
    pl_jw_key(w, "physicalLocation");
    pl_jw_obj(w);
    pl_jw_key(w, "artifactLocation");
    pl_jw_obj(w);
    pl_jw_kstr(w, "uri", x->file);
    pl_jw_obj_end(w);
    pl_jw_key(w, "region");
    pl_jw_obj(w);
    pl_jw_ku64(w, "endColumn", 1);
    pl_jw_ku64(w, "endLine", x->line);
    pl_jw_kcstr(w, "sourceLanguage", "dockerfile");
    pl_jw_ku64(w, "startColumn", 1);
    pl_jw_ku64(w, "startLine", x->line);
    pl_jw_obj_end(w);
    pl_jw_obj_end(w);
    pl_jw_obj_end(w);
    pl_jw_arr_end(w);
    pl_jw_key(w, "message");
    pl_jw_obj(w);
    pl_jw_kstr(w, "text", x->message);
    pl_jw_obj_end(w);
    pl_jw_kstr(w, "ruleId", x->code);
    pl_jw_obj_end(w);
}

static void sarif(const struct pl_hl_findings *f, bool colour, struct pl_buf *out)
{
    struct pl_jsonw w = { .out = out };
    (void)colour;
    pl_jw_obj(&w);
    pl_jw_kcstr(&w, "$schema", "http://json.schemastore.org/sarif-2.1.0");
    pl_jw_key(&w, "runs");
    pl_jw_arr(&w);
    pl_jw_obj(&w);
    pl_jw_kcstr(&w, "defaultSourceLanguage", "dockerfile");
    pl_jw_key(&w, "results");
    pl_jw_arr(&w);
    for (size_t i = 0; i < f->v.n; i++)
        sarif_result(&w, &f->v.p[i]);
    pl_jw_arr_end(&w);
    pl_jw_key(&w, "tool");
    pl_jw_obj(&w);
    pl_jw_key(&w, "driver");
    pl_jw_obj(&w);
    pl_jw_kcstr(&w, "name", "Hadolint");
    pl_jw_kcstr(&w, "version", "2.15.1");
    pl_jw_obj_end(&w);
    pl_jw_obj_end(&w);
    pl_jw_obj_end(&w);
    pl_jw_arr_end(&w);
    pl_jw_kcstr(&w, "version", "2.1.0");
    pl_jw_obj_end(&w);
    pl_buf_putc(out, '\n');
}

static void junit(const struct pl_hl_findings *f, bool colour, struct pl_buf *out)
{
    (void)colour;
    pl_buf_printf(out,
                  "<?xml version='1.0' encoding='UTF-8'?>\n<testsuites>\n"
                  "<testsuite name='hadolint' tests='%zu' failures='%zu'>\n",
                  f->v.n, f->v.n);
    for (size_t i = 0; i < f->v.n; i++) {
        const struct pl_hl_finding *x = &f->v.p[i];
        pl_buf_puts(out, "<testcase classname='");
        xml(out, x->file);
        pl_buf_printf(out, "' name='%.*s'><failure type='%s' message='", PL_FMT(x->code),
                      pl_hl_level_name(x->level));
        xml(out, x->message);
        pl_buf_printf(out, "'>line %u</failure></testcase>\n", x->line);
    }
    pl_buf_puts(out, "</testsuite>\n</testsuites>\n");
}

bool pl_hl_write(const char *format, bool colour, const struct pl_hl_findings *f,
                 struct pl_buf *out)
{
    static const struct {
        const char *name;
        write_fn *write;
    } formats[] = { { "tty", tty },       { "json", json },
                    { "gnu", gnu },       { "checkstyle", checkstyle },
                    { "codacy", codacy }, { "codeclimate", codeclimate },
                    { "sarif", sarif },   { "gitlab_codeclimate", gitlab },
                    { "junit", junit },   { "sonarqube", sonarqube } };
    for (size_t i = 0; i < PL_COUNT(formats); i++)
        if (strcmp(format, formats[i].name) == 0) {
            formats[i].write(f, colour, out);
            return true;
        }
    return false;
}
