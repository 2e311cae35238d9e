/* What the trivy personality writes and which codes it is told to leave out. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "compat/trivy.h"
#include "fmt/glob.h"
#include "fmt/jsonw.h"
#include "fmt/yaml.h"

static const char *const names[] = { "UNKNOWN", "LOW", "MEDIUM", "HIGH", "CRITICAL" };

const char *pl_tv_severity_name(enum pl_tv_severity s)
{
    return names[s];
}

/* By the number of the code, as the peer ranks them. */
enum pl_tv_severity pl_tv_severity_of(const struct pl_lint_code *c)
{
    static const char ranks[] = "?MH?MLCCCHCCCMLHHH?HHHHMHHLH?HHC";
    unsigned n = 0;
    for (const char *p = c->name + 3; *p; p++)
        n = n * 10 + (unsigned)(*p - '0');
    switch (n < sizeof ranks - 1 ? ranks[n] : '?') {
    case 'L':
        return PL_TV_LOW;
    case 'M':
        return PL_TV_MEDIUM;
    case 'H':
        return PL_TV_HIGH;
    case 'C':
        return PL_TV_CRITICAL;
    default:
        return PL_TV_UNKNOWN;
    }
}

static void put_finding(struct pl_jsonw *w, const struct pl_tv_finding *f, struct pl_arena *a)
{
    const struct pl_lint_rule *rule = &pl_lint_rules[f->code->rule];
    pl_jw_obj(w);
    pl_jw_kcstr(w, "Type", "Dockerfile Security Check");
    pl_jw_kcstr(w, "ID", f->code->name);
    pl_jw_kstr(w, "AVDID", pl_printf(a, "AVD-%s", f->code->name));
    pl_jw_kcstr(w, "Title", rule->title);
    pl_jw_kcstr(w, "Description", rule->why);
    pl_jw_kstr(w, "Message", f->message);
    pl_jw_kstr(w, "Namespace", pl_printf(a, "builtin.dockerfile.DS%s", f->code->name + 4));
    pl_jw_kstr(w, "Query", pl_printf(a, "data.builtin.dockerfile.DS%s.deny", f->code->name + 4));
    pl_jw_kcstr(w, "Resolution", rule->fix);
    pl_jw_kcstr(w, "Severity", names[f->severity]);
    pl_jw_kcstr(w, "Status", "FAIL");
    pl_jw_key(w, "CauseMetadata");
    pl_jw_obj(w);
    pl_jw_kcstr(w, "Provider", "Dockerfile");
    pl_jw_kcstr(w, "Service", "general");
    pl_jw_ku64(w, "StartLine", f->line);
    pl_jw_ku64(w, "EndLine", f->end_line);
    pl_jw_key(w, "Code");
    pl_jw_obj(w);
    pl_jw_key(w, "Lines");
    pl_jw_arr(w);
    for (size_t i = 0; i < f->n_lines; i++) {
        pl_jw_obj(w);
        pl_jw_ku64(w, "Number", f->line + i);
        pl_jw_kstr(w, "Content", f->lines[i]);
        pl_jw_kbool(w, "IsCause", true);
        pl_jw_kbool(w, "Truncated", i + 1 == f->n_lines && f->line + i < f->end_line);
        pl_jw_kbool(w, "FirstCause", i == 0);
        pl_jw_kbool(w, "LastCause", i + 1 == f->n_lines);
        pl_jw_obj_end(w);
    }
    pl_jw_arr_end(w);
    pl_jw_obj_end(w);
    pl_jw_obj_end(w);
    pl_jw_obj_end(w);
}

void pl_tv_write_json(struct pl_str artifact, const struct pl_tv_files *f, struct pl_buf *out)
{
    struct pl_jsonw w = { .out = out, .indent = 2 };
    struct pl_arena a = { 0 };
    pl_jw_obj(&w);
    pl_jw_ku64(&w, "SchemaVersion", 2);
    pl_jw_kstr(&w, "ArtifactName", artifact);
    pl_jw_kcstr(&w, "ArtifactType", "filesystem");
    pl_jw_key(&w, "Results");
    pl_jw_arr(&w);
    for (size_t i = 0; i < f->v.n; i++) {
        const struct pl_tv_file *x = f->v.p[i];
        pl_jw_obj(&w);
        pl_jw_kstr(&w, "Target", x->name);
        pl_jw_kcstr(&w, "Class", "config");
        pl_jw_kcstr(&w, "Type", "dockerfile");
        pl_jw_key(&w, "MisconfSummary");
        pl_jw_obj(&w);
        pl_jw_ku64(&w, "Successes", x->passed);
        pl_jw_ku64(&w, "Failures", x->v.n);
        pl_jw_obj_end(&w);
        if (x->v.n) {
            pl_jw_key(&w, "Misconfigurations");
            pl_jw_arr(&w);
            for (size_t k = 0; k < x->v.n; k++)
                put_finding(&w, &x->v.p[k], &a);
            pl_jw_arr_end(&w);
        }
        pl_jw_obj_end(&w);
    }
    pl_jw_arr_end(&w);
    pl_jw_obj_end(&w);
    pl_buf_putc(out, '\n');
    pl_arena_release(&a);
}

void pl_tv_write_table(const struct pl_tv_files *f, struct pl_buf *out)
{
    for (size_t i = 0; i < f->v.n; i++) {
        const struct pl_tv_file *x = f->v.p[i];
        size_t count[5] = { 0 };
        for (size_t k = 0; k < x->v.n; k++)
            count[x->v.p[k].severity]++;
        if (!x->v.n)
            continue;
        pl_buf_printf(out, "\n%.*s (dockerfile)\n\nTests: %zu (SUCCESSES: %zu, FAILURES: %zu)\n",
                      PL_FMT(x->name), x->passed + x->v.n, x->passed, x->v.n);
        pl_buf_printf(out,
                      "Failures: %zu (UNKNOWN: %zu, LOW: %zu, MEDIUM: %zu, HIGH: %zu, "
                      "CRITICAL: %zu)\n\n",
                      x->v.n, count[0], count[1], count[2], count[3], count[4]);
        for (size_t k = 0; k < x->v.n; k++) {
            const struct pl_tv_finding *t = &x->v.p[k];
            pl_buf_printf(out, "AVD-%s (%s): %.*s\n %.*s:%" PRIu32, t->code->name,
                          names[t->severity], PL_FMT(t->message), PL_FMT(x->name), t->line);
            if (t->end_line > t->line)
                pl_buf_printf(out, "-%" PRIu32, t->end_line);
            pl_buf_putc(out, '\n');
        }
    }
}

/* --- ignore files --- */

static bool past(struct pl_str date, struct pl_str today)
{
    return date.n >= 10 && pl_str_cmp(pl_str_sub(date, 0, 10), today) < 0;
}

static void read_lines(struct pl_tv_ignores *g, struct pl_str rest)
{
    struct pl_str line, word, exp;
    while (pl_str_split(&rest, '\n', &line)) {
        line = pl_str_trim(line);
        if (!line.n || line.p[0] == '#')
            continue;
        exp = line;
        pl_str_split(&exp, ' ', &word);
        size_t at = exp.p ? pl_str_find(exp, PL_S("exp:"), 0) : SIZE_MAX;
        if (at == SIZE_MAX || !past(pl_str_sub(exp, at + 4, 10), g->today))
            pl_vec_push(&g->v, ((struct pl_tv_ignore){ word, PL_S("") }));
    }
}

static void read_yaml(struct pl_tv_ignores *g, const struct pl_yaml *y)
{
    const struct pl_yaml *list = pl_yaml_get(y, "misconfigurations");
    for (size_t i = 0; list && list->kind == PL_YAML_LIST && i < list->n; i++) {
        const struct pl_yaml *x = list->item[i], *paths = pl_yaml_get(x, "paths");
        struct pl_str id = pl_yaml_str(pl_yaml_get(x, "id"));
        const struct pl_yaml *until = pl_yaml_get(x, "expired_at");
        if (!id.n || (until && past(pl_yaml_str(until), g->today)))
            continue;
        for (size_t k = 0; paths && paths->kind == PL_YAML_LIST && k < paths->n; k++)
            pl_vec_push(&g->v, ((struct pl_tv_ignore){ id, pl_yaml_str(paths->item[k]) }));
        if (!paths)
            pl_vec_push(&g->v, ((struct pl_tv_ignore){ id, PL_S("") }));
    }
}

int pl_tv_ignores_read(struct pl_tv_ignores *g, const char *path, struct pl_err *err)
{
    pl_auto_buf struct pl_buf b = { .max = 1u << 20 };
    pl_auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct pl_yaml_stream s;
    struct pl_limits limits;
    ssize_t n = 1;
    while (fd >= 0 && n > 0) {
        char *p = pl_buf_room(&b, 4096, err);
        n = p ? read(fd, p, 4096) : -1;
        b.n += n > 0 ? (size_t)n : 0;
    }
    if (fd < 0 || n < 0)
        return pl_fail(err, PL_E_USAGE, "cannot read %s", path);
    struct pl_str text = pl_dup(g->a, pl_buf_str(&b));
    if (!pl_str_ends(pl_str_c(path), PL_S(".yaml")) && !pl_str_ends(pl_str_c(path), PL_S(".yml"))) {
        read_lines(g, text);
        return 0;
    }
    pl_limits_init(&limits);
    int r = pl_yaml_parse(text, &limits, g->a, &s, err);
    for (size_t i = 0; r == 0 && i < s.n; i++)
        read_yaml(g, s.doc[i]);
    return r;
}

bool pl_tv_ignored(const struct pl_tv_ignores *g, const char *code, struct pl_str path)
{
    for (size_t i = 0; i < g->v.n; i++) {
        const struct pl_lint_code *c = pl_lint_code_find(g->v.p[i].code);
        if (c && strcmp(c->name, code) == 0 &&
            (!g->v.p[i].path.n || pl_glob_match(g->v.p[i].path, path)))
            return true;
    }
    return false;
}
