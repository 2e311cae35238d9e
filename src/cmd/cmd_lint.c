/* plimsoll lint: Dockerfiles. commands.md "lint", formats/dockerfile.md section 8.4. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/hash.h"
#include "check/fix.h"
#include "check/lint.h"
#include "cmd/common.h"
#include "cmd/version.h"

#define LINT_ARGS_MAX 64

struct options {
    struct pl_opt_list format, build_arg, only, trusted;
    const char *dialect, *fail_on, *fix, *color, *context;
    bool diff, dump, quiet, exit_zero, no_config;
};

#define O(field) offsetof(struct options, field)
static const struct pl_opt table[] = {
    { "format", 'f', PL_OPT_LIST, O(format), "FORMAT[=FILE]",
      "table, json, sarif, html, junit, gitlab, markdown" },
    { "fix", 0, PL_OPT_MAYBE, O(fix), "CLASS", "mend files: safe (default), suggested, unsafe" },
    { "diff", 0, PL_OPT_FLAG, O(diff), NULL, "print what --fix would change, write nothing" },
    { "dump-ast", 0, PL_OPT_FLAG, O(dump), NULL, "print the tree in BuildKit's form" },
    { "dialect", 0, PL_OPT_STR, O(dialect), "NAME",
      "only codes of hadolint, buildkit, trivy, checkov or dockle" },
    { "build-arg", 0, PL_OPT_LIST, O(build_arg), "NAME=VALUE", "a build argument (repeatable)" },
    { "context", 0, PL_OPT_STR, O(context), "DIR", "build context (default: the file's folder)" },
    { "only", 0, PL_OPT_LIST, O(only), "LIST", "report only these rules or codes" },
    { "trusted-registry", 0, PL_OPT_LIST, O(trusted), "PATTERN", "registries to trust" },
    { "fail-on", 0, PL_OPT_STR, O(fail_on), "SEVERITY", "lowest that fails (high); none" },
    { "exit-zero", 0, PL_OPT_FLAG, O(exit_zero), NULL, "findings do not fail" },
    { "no-config", 0, PL_OPT_FLAG, O(no_config), NULL, "read no configuration file" },
    { "color", 0, PL_OPT_STR, O(color), "WHEN", "auto, always or never" },
    { "quiet", 'q', PL_OPT_FLAG, O(quiet), NULL, "no notes" },
};

struct output {
    const struct pl_writer *writer;
    const char *path;
};

struct run {
    const struct options *o;
    struct pl_arena *a;      /* of the report */
    struct pl_arena scratch; /* of one file */
    struct pl_report report;
    struct pl_lint_opts lo;
    struct pl_df_build_arg args[LINT_ARGS_MAX];
    struct pl_str trusted[LINT_ARGS_MAX];
    struct pl_str today;
    struct output out[16];
    size_t n_out;
    struct pl_report_opts ro;
    enum pl_fix_class fix;
    bool bad_input, check_error;
};

static int usage(const char *what, const char *value)
{
    fprintf(stderr, "plimsoll lint: %s '%s'\n", what, value);
    return PL_EXIT_USAGE;
}

static int parse_formats(struct run *r)
{
    for (size_t i = 0; i < r->o->format.n; i++) {
        struct pl_str rest = pl_str_c(r->o->format.p[i]), id;
        pl_str_split(&rest, '=', &id);
        const struct pl_writer *w = pl_writer_find(id);
        if (!w || (rest.p && !rest.n))
            return usage("unknown format", r->o->format.p[i]);
        if (r->n_out == PL_COUNT(r->out))
            return usage("too many outputs, at", r->o->format.p[i]);
        r->out[r->n_out++] = (struct output){ w, rest.p ? rest.p : "-" };
    }
    if (!r->n_out)
        r->out[r->n_out++] = (struct output){ pl_writer_find(PL_S("table")), "-" };
    return 0;
}

static int parse_severity(struct run *r)
{
    const char *f = r->o->fail_on;
    r->ro.fail_on = PL_SEV_HIGH;
    if (f && strcmp(f, "none") == 0)
        r->ro.fail_none = true;
    else if (f && !pl_severity_parse(pl_str_c(f), &r->ro.fail_on))
        return usage("--fail-on: no severity is called", f);
    return 0;
}

static int parse_fix(struct run *r)
{
    const char *f = r->o->fix;
    if (!f)
        r->fix = r->o->diff ? PL_FIX_SAFE : PL_FIX_NONE;
    else if (!*f || strcmp(f, "safe") == 0)
        r->fix = PL_FIX_SAFE;
    else if (strcmp(f, "suggested") == 0)
        r->fix = PL_FIX_SUGGESTED;
    else if (strcmp(f, "unsafe") == 0)
        r->fix = PL_FIX_UNSAFE;
    else
        return usage("--fix: no class is called", f);
    return 0;
}

static int parse_options(struct run *r)
{
    const struct options *o = r->o;
    int code = parse_formats(r);
    if (!code)
        code = parse_severity(r);
    if (!code)
        code = parse_fix(r);
    if (!code && o->dialect && !pl_dialect_parse(pl_str_c(o->dialect), &r->lo.dialect))
        code = usage("--dialect: nothing is called", o->dialect);
    for (size_t i = 0; i < o->build_arg.n && !code; i++) {
        struct pl_str value = pl_str_c(o->build_arg.p[i]), name;
        pl_str_split(&value, '=', &name);
        const char *env = value.p ? NULL : getenv(o->build_arg.p[i]);
        if (!value.p && !env)
            continue; /* as docker does: taken from the environment when it is there */
        r->args[r->lo.n_build_args++] =
            (struct pl_df_build_arg){ name, value.p ? value : pl_str_c(env) };
    }
    for (size_t i = 0; i < o->trusted.n; i++)
        r->trusted[r->lo.n_trusted++] = pl_str_c(o->trusted.p[i]);
    r->lo.build_args = r->args;
    r->lo.trusted = r->trusted;
    return code;
}

/* --- one file --- */

/* The text of DIR/name into the arena; p == NULL when there is none. */
static struct pl_str read_beside(struct run *r, struct pl_str dir, const char *name)
{
    pl_auto_buf struct pl_buf b = { .max = 1u << 20 };
    struct pl_str path = pl_printf(r->a, "%.*s%s", PL_FMT(dir), name);
    if (access(path.p, R_OK) != 0 || pl_common_read(path.p, &b, NULL) < 0)
        return (struct pl_str){ NULL, 0 };
    return pl_dup(&r->scratch, pl_buf_str(&b));
}

static void find_dockerignore(struct run *r, const char *path)
{
    struct pl_str p = pl_str_c(path), dir = PL_S("");
    for (size_t i = 0; i < p.n; i++)
        if (p.p[i] == '/')
            dir = pl_str_sub(p, 0, i + 1);
    struct pl_str own = { NULL, 0 };
    if (strcmp(path, "-") != 0)
        own = read_beside(r, PL_S(""), pl_printf(r->a, "%s.dockerignore", path).p);
    if (r->o->context)
        dir = pl_printf(r->a, "%s/", r->o->context);
    if (!own.p && (strcmp(path, "-") != 0 || r->o->context))
        own = read_beside(r, dir, ".dockerignore");
    r->lo.has_dockerignore = own.p != NULL;
    r->lo.dockerignore = own;
}

static bool wanted(const struct run *r, const struct pl_lint_hit *h)
{
    for (size_t i = 0; i < r->o->only.n; i++) {
        struct pl_str rest = pl_str_c(r->o->only.p[i]), word;
        while (pl_str_split(&rest, ',', &word)) {
            if (pl_str_is(word, pl_lint_rules[h->rule].name))
                return true;
            for (size_t k = 0; k < h->n_codes; k++)
                if (pl_str_is(word, h->codes[k]))
                    return true;
        }
    }
    return !r->o->only.n;
}

/* Stable over moves of lines: rule, file, instruction, what was found. */
static struct pl_str print_of(struct run *r, const struct pl_lint_result *lr, struct pl_str name,
                              const struct pl_lint_hit *h)
{
    uint8_t digest[32];
    char hex[65];
    struct pl_str text = pl_str_trim(pl_str_sub(lr->file.src, h->off, h->end - h->off));
    struct pl_str line = pl_str_trim(pl_df_line(&lr->file, h->line));
    struct pl_str all =
        pl_printf(&r->scratch, "dockerfile%c%s%c%.*s%c%.*s%c%.*s", 0, pl_lint_rules[h->rule].name,
                  0, PL_FMT(name), 0, PL_FMT(line), 0, PL_FMT(text));
    pl_sha256(all.p, all.n, digest);
    pl_hex(digest, 32, hex);
    return pl_dup(r->a, pl_str_n(hex, 64));
}

static void give_fix(struct run *r, const struct pl_lint_result *lr, const struct pl_lint_hit *h,
                     struct pl_finding *f)
{
    if (h->fix_class == PL_FIX_NONE || !h->n_edits)
        return;
    f->fix_class = pl_fix_class_name(h->fix_class);
    f->edits = pl_alloc_n(r->a, h->n_edits, sizeof *f->edits);
    f->n_edits = h->n_edits;
    for (size_t i = 0; i < h->n_edits; i++) {
        struct pl_edit *e = &f->edits[i];
        e->off = h->edits[i].off;
        e->end = h->edits[i].end;
        e->text = pl_dup(r->a, h->edits[i].text);
        pl_df_place(&lr->file, h->edits[i].off, &e->line, &e->col);
        pl_df_place(&lr->file, h->edits[i].end, &e->end_line, &e->end_col);
    }
}

static void give_finding(struct run *r, const struct pl_lint_result *lr, struct pl_str name,
                         const struct pl_lint_hit *h, struct pl_finding *f)
{
    const struct pl_lint_rule *rule = &pl_lint_rules[h->rule];
    *f = (struct pl_finding){ .kind = PL_KIND_DOCKERFILE,
                              .rule = pl_str_c(rule->name),
                              .severity = h->severity,
                              .why = pl_str_c(rule->why),
                              .fix = pl_str_c(rule->fix),
                              .span = { PL_NEVER, PL_NEVER, PL_HOW_NONE, true } };
    f->title = h->detail.n ? pl_printf(r->a, "%s: %.*s", rule->title, PL_FMT(h->detail))
                           : pl_str_c(rule->title);
    f->aliases.p = pl_alloc_n(r->a, h->n_codes + 1, sizeof *f->aliases.p);
    for (size_t i = 0; i < h->n_codes; i++)
        f->aliases.p[f->aliases.n++] = pl_str_c(h->codes[i]); /* static */
    f->where = (struct pl_where){ .surface = PL_SURF_FILE, .path = name, .off = h->off };
    pl_df_place(&lr->file, h->off, &f->where.line, &f->where.col);
    pl_df_place(&lr->file, h->end, &f->where.end_line, &f->where.end_col);
    if (r->lo.dialect != PL_DIALECT_ALL) { /* the line that the other linter names */
        f->where.line = h->n_codes ? h->code_line[0] : h->line;
        f->where.col = 1;
        f->where.end_line = f->where.line;
        f->where.end_col = 0;
    }
    f->print = print_of(r, lr, name, h);
    give_fix(r, lr, h, f);
}

/* Paths in findings have no "./" or "/" in front. */
static struct pl_str bare(const char *path)
{
    struct pl_str s = pl_str_c(path);
    while (pl_str_starts(s, PL_S("./")) || pl_str_starts(s, PL_S("/")))
        s = pl_str_sub(s, s.p[0] == '/' ? 1 : 2, SIZE_MAX);
    return s;
}

static void add_note(struct run *r, struct pl_target *t, const char *code, const char *msg)
{
    t->notes = PL_NEW(r->a, struct pl_note);
    t->n_notes = 1;
    t->notes[0] = (struct pl_note){ .scope = PL_SCOPE_UNIT,
                                    .where = t->name,
                                    .code = pl_str_c(code),
                                    .message = pl_dup(r->a, pl_str_c(msg)),
                                    .incomplete = true };
    t->complete = false;
}

static bool offers_fixes(const struct run *r)
{
    for (size_t i = 0; i < r->n_out; i++)
        if (strcmp(r->out[i].writer->id, "json") == 0 || strcmp(r->out[i].writer->id, "sarif") == 0)
            return r->lo.dialect == PL_DIALECT_ALL;
    return false;
}

static void judge(struct run *r, const char *path, struct pl_str text, struct pl_target *t)
{
    struct pl_lint_result lr;
    struct pl_err err = { 0 };
    find_dockerignore(r, path);
    int e = pl_lint_file(&r->scratch, text, &r->lo, &lr, &err);
    if (e == PL_E_LIMIT) {
        add_note(r, t, "limit", err.msg);
        return;
    }
    if (e < 0) {
        fprintf(stderr, "plimsoll lint: %s: %s\n", path, err.msg);
        add_note(r, t, "not-a-dockerfile", err.msg);
        r->bad_input = true;
        return;
    }
    if (lr.circular) {
        fprintf(stderr, "plimsoll lint: %s: the stages form a circle, at offset %u\n", path,
                lr.n_hits ? lr.hits[0].off : 0);
        r->bad_input = true;
    }
    if (offers_fixes(r))
        pl_fix_prove(&r->scratch, text, &r->lo, &lr);
    r->check_error |= lr.check_error;
    t->findings = pl_alloc_n(r->a, lr.n_hits + 1, sizeof *t->findings);
    for (size_t i = 0; i < lr.n_hits; i++)
        if (wanted(r, &lr.hits[i]))
            give_finding(r, &lr, bare(path), &lr.hits[i], &t->findings[t->n_findings++]);
}

static int mend(struct run *r, const char *path, struct pl_str *text)
{
    struct pl_err err = { 0 };
    struct pl_str after;
    pl_auto_buf struct pl_buf diff = { 0 };
    if (r->fix == PL_FIX_NONE)
        return 0;
    find_dockerignore(r, path);
    enum pl_dialect d = r->lo.dialect;
    r->lo.dialect = PL_DIALECT_ALL; /* no finding of any linter may be new */
    int e = pl_fix_apply(&r->scratch, *text, &r->lo, r->fix, &after, NULL, &err);
    r->lo.dialect = d;
    if (e < 0 || pl_str_eq(*text, after))
        return 0; /* what is wrong is told when the file is judged */
    if (r->o->diff) {
        pl_fix_diff(bare(path), *text, after, &diff);
        e = pl_common_print(pl_buf_str(&diff), &err);
    } else {
        e = pl_common_write(path, after, &err);
    }
    *text = after;
    return e < 0 ? pl_run_failed("lint", &err) : 0;
}

static int dump(struct pl_str text, const char *path)
{
    struct pl_arena a = { 0 };
    struct pl_df_file f;
    struct pl_err err = { 0 };
    pl_auto_buf struct pl_buf out = { 0 };
    const char *msg = NULL;
    uint32_t line = 0;
    int code = PL_EXIT_CLEAN;
    if (pl_df_parse(&a, text, &f, &err) < 0) {
        fprintf(stderr, "plimsoll lint: %s: %s\n", path, err.msg);
        code = PL_EXIT_USAGE;
    } else if (!pl_df_parsed(&f, &msg, &line)) {
        fprintf(stderr, "plimsoll lint: %s:%u: %s\n", path, line, msg);
        code = PL_EXIT_USAGE;
    } else {
        pl_df_dump(&f, &out);
        if (pl_common_print(pl_buf_str(&out), &err) < 0)
            code = pl_run_failed("lint", &err);
    }
    pl_arena_release(&a);
    return code;
}

static int read_input(const char *path, struct pl_buf *b, struct pl_err *err)
{
    if (strcmp(path, "-") != 0)
        return pl_common_read(path, b, err);
    for (;;) {
        char *p = pl_buf_room(b, 65536, err);
        ssize_t n = p ? read(0, p, 65536) : -1;
        if (!p || n < 0)
            return pl_fail(err, PL_E_USAGE, "cannot read standard input");
        if (n == 0)
            return 0;
        b->n += (size_t)n;
    }
}

static int one_file(struct run *r, const char *path, struct pl_target *t)
{
    struct pl_err err = { 0 };
    pl_auto_buf struct pl_buf b = { .max = (size_t)PL_DF_FILE_MAX + 65537 };
    *t = (struct pl_target){
        .name = pl_str_c(path), .kind = PL_S("dockerfile"), .complete = true, .files_read = 1
    };
    int e = read_input(path, &b, &err);
    if (e < 0 && b.n < PL_DF_FILE_MAX) {
        fprintf(stderr, "plimsoll lint: %s\n", err.msg);
        add_note(r, t, "unreadable", err.msg);
        r->bad_input = true;
        return 0;
    }
    if (e < 0) {
        add_note(r, t, "limit", "larger than 16 MiB");
        return 0;
    }
    t->bytes_read = t->bytes_claimed = b.n;
    if (r->o->dump)
        return dump(pl_buf_str(&b), path);
    struct pl_str text = pl_buf_str(&b);
    int code = mend(r, path, &text);
    if (!code)
        judge(r, path, text, t);
    pl_arena_reset(&r->scratch);
    return code;
}

/* --- the report --- */

static int write_one(struct run *r, const struct output *out, struct pl_err *err)
{
    pl_auto_buf struct pl_buf text = { 0 };
    struct pl_report_opts ro = r->ro;
    bool std = strcmp(out->path, "-") == 0;
    ro.terminal = std && isatty(1);
    ro.width = std ? pl_common_width(1) : 0;
    int e = pl_common_colour(r->o->color, 1, &ro.colour, err);
    ro.colour &= std;
    if (e == 0)
        e = out->writer->write(&r->report, &ro, &text, err);
    if (e == 0)
        e = pl_common_write(out->path, pl_buf_str(&text), err);
    return e;
}

static int write_report(struct run *r)
{
    pl_auto_buf struct pl_buf notes = { 0 };
    struct pl_err err = { 0 };
    bool table_shown = false;
    if (r->o->diff)
        return 0; /* standard output is the patch */
    for (size_t i = 0; i < r->n_out; i++) {
        table_shown |= strcmp(r->out[i].writer->id, "table") == 0;
        if (write_one(r, &r->out[i], &err) < 0)
            return pl_run_failed("lint", &err);
    }
    if (!r->o->quiet)
        pl_report_notes(&r->report, &notes);
    if (!table_shown)
        pl_report_incomplete(&r->report, &r->ro, 20, &notes);
    if (notes.n)
        fwrite(notes.p, 1, notes.n, stderr);
    return 0;
}

static int verdict(const struct run *r)
{
    if (r->bad_input)
        return PL_EXIT_USAGE;
    if ((pl_report_fails(&r->report, &r->ro) || r->check_error) && !r->o->exit_zero)
        return PL_EXIT_FINDINGS;
    return r->report.incomplete ? PL_EXIT_INCOMPLETE : PL_EXIT_CLEAN;
}

static struct pl_str today(struct pl_arena *a)
{
    struct tm tm;
    time_t now = time(NULL);
    gmtime_r(&now, &tm);
    return pl_printf(a, "%04d-%02d-%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
}

static int run_lint(const void *options, const struct pl_operands *ops)
{
    struct pl_arena a = { 0 };
    struct run r = { .o = options,
                     .a = &a,
                     .report = { .a = &a,
                                 .tool_name = PL_S("plimsoll"),
                                 .tool_version = PL_S(PL_VERSION),
                                 .rules_version = PL_S(PL_RULES_VERSION) } };
    int code = PL_EXIT_CLEAN;
    if (!ops->n) {
        fputs("plimsoll lint: no file given, as in plimsoll lint Dockerfile\n", stderr);
        return PL_EXIT_USAGE;
    }
    r.lo.today = today(&a);
    code = parse_options(&r);
    r.ro.quiet = r.o->quiet;
    r.report.targets = pl_alloc_n(&a, ops->n, sizeof *r.report.targets);
    for (size_t i = 0; i < ops->n && !code; i++)
        code = one_file(&r, ops->p[i], &r.report.targets[r.report.n_targets++]);
    if (!code && !r.o->dump) {
        pl_report_sum(&r.report);
        code = write_report(&r);
        if (!code)
            code = verdict(&r);
    }
    pl_arena_release(&r.scratch);
    pl_arena_release(&a);
    return code;
}

const struct pl_command pl_cmd_lint = {
    .name = "lint",
    .usage = "lint [flags] FILE…",
    .summary = "judge Dockerfiles as BuildKit reads them, and repair them with proof",
    .details = "FILE is a Dockerfile, or - for standard input\n",
    .options = table,
    .n_options = PL_COUNT(table),
    .options_size = sizeof(struct options),
    .run = run_lint,
};
