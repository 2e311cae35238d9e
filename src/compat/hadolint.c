/* The hadolint personality: its flags and exit codes. formats/dockerfile.md section 8.3. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "compat/hadolint.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "compat/compat.h"

enum { OK = 0, FAILED = 1 };

static const char help[] =
    "hadolint - Dockerfile linter (plimsoll)\n\n"
    "Usage: hadolint [-v|--version] [-c|--config FILENAME] [DOCKERFILE...]\n"
    "                [--file-path-in-report FILEPATHINREPORT] [--no-fail]\n"
    "                [--no-color] [-V|--verbose] [-f|--format ARG]\n"
    "                [-t|--failure-threshold THRESHOLD] [--error RULECODE]\n"
    "                [--warning RULECODE] [--info RULECODE] [--style RULECODE]\n"
    "                [--ignore RULECODE] [--trusted-registry REGISTRY]\n"
    "                [--require-label LABELSCHEMA] [--strict-labels]\n"
    "                [--disable-ignore-pragma] [-o|--output FILE]\n";

struct run {
    struct pl_arena a, scratch;
    struct pl_hl_conf c;
    const char **files;
    size_t n_files;
    struct pl_hl_findings found;
    bool failed; /* a file that cannot be read or parsed */
};

static void add(struct pl_hl_strs *l, struct pl_str s)
{
    if (l->n < PL_HL_LIST_MAX)
        l->p[l->n++] = s;
}

static int bad(const char *what, const char *value)
{
    fprintf(stderr, "%s `%s'\n\n%s", what, value, help);
    return -1;
}

static int label(struct run *r, const char *value)
{
    struct pl_str format = pl_str_c(value), name;
    pl_str_split(&format, ':', &name);
    if (!format.p || r->c.n_labels == PL_HL_LIST_MAX)
        return bad("Invalid label schema", value);
    r->c.labels[r->c.n_labels++] = (struct pl_label_spec){ name, format };
    return 0;
}

static int valued(struct run *r, struct pl_str name, const char *v)
{
    struct pl_hl_conf *c = &r->c;
    int level = pl_hl_level(name);
    if (pl_str_is(name, "config"))
        c->config = v;
    else if (pl_str_is(name, "format"))
        c->format = v;
    else if (pl_str_is(name, "output"))
        c->output = v;
    else if (pl_str_is(name, "file-path-in-report"))
        c->path_in_report = v;
    else if (pl_str_is(name, "trusted-registry"))
        add(&c->trusted, pl_str_c(v));
    else if (pl_str_is(name, "require-label"))
        return label(r, v);
    else if (pl_str_is(name, "ignore"))
        add(&c->ignored, pl_str_c(v));
    else if (level > 0)
        add(&c->level[level], pl_str_c(v));
    else if (pl_str_is(name, "failure-threshold")) {
        c->threshold = pl_hl_level(pl_str_c(v));
        if (c->threshold < 0)
            return bad("Invalid failure threshold", v);
    }
    return 0;
}

static bool takes_value(struct pl_str name)
{
    static const char *const names[] = {
        "config", "format", "output", "file-path-in-report", "error",         "warning",
        "info",   "style",  "ignore", "trusted-registry",    "require-label", "failure-threshold"
    };
    for (size_t i = 0; i < PL_COUNT(names); i++)
        if (pl_str_is(name, names[i]))
            return true;
    return false;
}

static int flag(struct run *r, struct pl_str name, bool *ret_done)
{
    struct pl_hl_conf *c = &r->c;
    if (pl_str_is(name, "no-fail"))
        c->no_fail = 1;
    else if (pl_str_is(name, "no-color"))
        c->no_color = 1;
    else if (pl_str_is(name, "verbose"))
        c->verbose = 1;
    else if (pl_str_is(name, "strict-labels"))
        c->strict = 1;
    else if (pl_str_is(name, "disable-ignore-pragma"))
        c->no_pragma = 1;
    else if (pl_str_is(name, "version"))
        *ret_done = puts("Haskell Dockerfile Linter 2.15.1 (plimsoll)") >= 0;
    else if (pl_str_is(name, "help"))
        *ret_done = fputs(help, stdout) >= 0;
    else
        return bad("Invalid option", pl_dup(&r->a, name).p);
    return 0;
}

static struct pl_str long_name(char letter)
{
    static const struct {
        char letter;
        const char *name;
    } names[] = { { 'c', "config" },  { 'f', "format" },  { 't', "failure-threshold" },
                  { 'V', "verbose" }, { 'v', "version" }, { 'o', "output" },
                  { 'h', "help" } };
    for (size_t i = 0; i < PL_COUNT(names); i++)
        if (names[i].letter == letter)
            return pl_str_c(names[i].name);
    return PL_S("");
}

static int parse(struct run *r, char **argv, bool *ret_done)
{
    bool plain = false;
    for (; *argv && !*ret_done; argv++) {
        const char *arg = *argv;
        if (plain || arg[0] != '-' || !arg[1]) {
            r->files[r->n_files++] = arg;
            continue;
        }
        if (strcmp(arg, "--") == 0) {
            plain = true;
            continue;
        }
        struct pl_str name, value = { NULL, 0 };
        if (arg[1] == '-') {
            value = pl_str_c(arg + 2);
            pl_str_split(&value, '=', &name);
        } else {
            name = long_name(arg[1]);
            if (arg[2])
                value = pl_str_c(arg + 2);
        }
        if (!takes_value(name)) {
            if (!name.n || value.p)
                return bad("Invalid option", arg);
            if (flag(r, name, ret_done) < 0)
                return -1;
            continue;
        }
        if (!value.p) {
            if (!argv[1])
                return bad("The option needs a value:", arg);
            value = pl_str_c(*++argv);
        }
        if (valued(r, name, value.p) < 0)
            return -1;
    }
    return 0;
}

/* --- judging --- */

static bool read_all(const char *path, struct pl_buf *b)
{
    bool std = strcmp(path, "-") == 0;
    pl_auto_fd int fd = std ? fcntl(0, F_DUPFD_CLOEXEC, 3) : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        fprintf(stderr, "hadolint: %s: openBinaryFile: %s\n", path, strerror(errno));
        return false;
    }
    for (;;) {
        char *p = pl_buf_room(b, 65536, NULL);
        ssize_t n = p ? read(fd, p, 65536) : -1;
        if (n == 0)
            return true;
        if (n < 0) {
            fprintf(stderr, "hadolint: %s: %s\n", path, p ? strerror(errno) : "too large");
            return false;
        }
        b->n += (size_t)n;
    }
}

static bool listed(const struct pl_hl_strs *l, const char *code)
{
    for (size_t i = 0; i < l->n; i++)
        if (pl_str_is(l->p[i], code))
            return true;
    return false;
}

static enum pl_level level_of(const struct run *r, const struct pl_lint_code *code)
{
    for (int l = PL_LEVEL_ERROR; l <= PL_LEVEL_STYLE; l++)
        if (listed(&r->c.level[l], code->name))
            return (enum pl_level)l;
    return code->level;
}

static void add_hit(struct run *r, struct pl_str file, const struct pl_lint_hit *h, size_t k)
{
    const struct pl_lint_code *code = pl_lint_code_find(pl_str_c(h->codes[k]));
    const struct pl_lint_rule *rule = &pl_lint_rules[h->rule];
    if (!code || listed(&r->c.ignored, code->name))
        return;
    struct pl_hl_finding f = { .file = file,
                               .code = pl_str_c(code->name),
                               .level = level_of(r, code),
                               .line = h->code_line[k],
                               .col = 1,
                               .syntax = strcmp(code->name, "DL1000") == 0 };
    f.message = h->detail.n ? pl_printf(&r->a, "%s: %.*s", rule->title, PL_FMT(h->detail))
                            : pl_str_c(rule->title);
    /* the peer names one fault of the shell text for an instruction: the last */
    for (size_t i = r->found.v.n; i-- > 0 && pl_str_starts(f.code, PL_S("SC"));) {
        struct pl_hl_finding *o = &r->found.v.p[i];
        if (o->line == f.line && pl_str_eq(o->file, f.file) && pl_str_starts(o->code, PL_S("SC"))) {
            *o = f;
            return;
        }
    }
    pl_vec_push(&r->found.v, f);
}

static int by_line(const void *a, const void *b)
{
    const struct pl_hl_finding *x = a, *y = b;
    if (x->line != y->line)
        return x->line < y->line ? -1 : 1;
    return pl_str_cmp(x->code, y->code);
}

static void judge(struct run *r, const char *path, struct pl_lint_opts *o)
{
    pl_auto_buf struct pl_buf b = { .max = (size_t)PL_DF_FILE_MAX + 65537 };
    struct pl_lint_result lr;
    struct pl_err err = { 0 };
    struct pl_str file = pl_str_c(r->c.path_in_report ? r->c.path_in_report : path);
    size_t first = r->found.v.n;
    if (!read_all(path, &b)) {
        r->failed = true;
        return;
    }
    struct pl_str text = pl_buf_str(&b);
    if (pl_lint_file(&r->scratch, text, o, &lr, &err) < 0) {
        fprintf(stderr, "hadolint: %s: %s\n", path, err.msg);
        pl_vec_push(&r->found.v,
                    ((struct pl_hl_finding){ file, PL_S("DL1000"), pl_dup(&r->a, pl_str_c(err.msg)),
                                             PL_LEVEL_ERROR, 1, 1, true }));
        r->failed = true;
        return;
    }
    for (size_t i = 0; i < lr.n_hits; i++)
        for (size_t k = 0; k < lr.hits[i].n_codes; k++)
            add_hit(r, file, &lr.hits[i], k);
    if (r->found.v.n > first)
        qsort(r->found.v.p + first, r->found.v.n - first, sizeof *r->found.v.p, by_line);
    pl_arena_reset(&r->scratch);
}

static int emit(struct run *r, const char *format)
{
    pl_auto_buf struct pl_buf out = { 0 };
    bool tty = !r->c.output && isatty(1);
    bool colour = tty && r->c.no_color <= 0 && !getenv("NO_COLOR");
    if (!pl_hl_write(format, colour, &r->found, &out))
        return bad("Invalid format", format);
    FILE *f = r->c.output ? fopen(r->c.output, "wbe") : stdout;
    if (!f) {
        fprintf(stderr, "hadolint: %s: %s\n", r->c.output, strerror(errno));
        return -1;
    }
    fwrite(out.p ? out.p : "", 1, out.n, f);
    return (f == stdout ? fflush(f) : fclose(f)) ? -1 : 0;
}

static int verdict(const struct run *r)
{
    enum pl_level threshold = r->c.threshold < 0 ? PL_LEVEL_INFO : (enum pl_level)r->c.threshold;
    bool fail = r->failed;
    for (size_t i = 0; i < r->found.v.n; i++)
        /* "none" is the lowest of all: everything reaches it */
        fail |= r->found.v.p[i].syntax || threshold == PL_LEVEL_NONE ||
                r->found.v.p[i].level <= threshold;
    return fail && r->c.no_fail <= 0 ? FAILED : OK;
}

static int run_all(struct run *r)
{
    struct pl_str enabled[PL_HL_LIST_MAX];
    struct pl_lint_opts o = { .dialect = PL_DIALECT_HADOLINT,
                              .trusted = r->c.trusted.p,
                              .n_trusted = r->c.trusted.n,
                              .labels = r->c.labels,
                              .n_labels = r->c.n_labels,
                              .strict_labels = r->c.strict > 0,
                              .no_pragmas = r->c.no_pragma > 0,
                              .enabled = enabled };
    for (int l = PL_LEVEL_ERROR; l <= PL_LEVEL_STYLE; l++)
        for (size_t i = 0; i < r->c.level[l].n && o.n_enabled < PL_HL_LIST_MAX; i++)
            enabled[o.n_enabled++] = r->c.level[l].p[i];
    for (size_t i = 0; i < r->n_files; i++)
        judge(r, r->files[i], &o);
    return emit(r, r->c.format ? r->c.format : "tty") < 0 ? FAILED : verdict(r);
}

static int run(char **argv)
{
    struct run *r = calloc(1, sizeof *r);
    size_t argc = 0;
    bool done = false;
    while (argv[argc])
        argc++;
    if (!r || !(r->files = calloc(argc + 1, sizeof *r->files)))
        pl_oom();
    r->c.a = &r->a;
    r->c.threshold = r->c.no_fail = r->c.no_color = r->c.strict = r->c.no_pragma = -1;
    r->c.verbose = -1;
    int code = parse(r, argv, &done) < 0 ? FAILED : OK;
    if (code == OK && !done) {
        pl_hl_env_read(&r->c);
        if (!r->n_files) {
            fputs("Please provide a Dockerfile\n", stderr);
            code = FAILED;
        } else if (pl_hl_config_read(&r->c) < 0) {
            code = FAILED;
        } else {
            code = run_all(r);
        }
    }
    pl_vec_release(&r->found.v);
    pl_arena_release(&r->scratch);
    pl_arena_release(&r->a);
    free(r->files);
    free(r);
    return code;
}

const struct pl_persona pl_persona_hadolint = {
    .name = "hadolint",
    .summary = "Dockerfile linter with hadolint's flags, files, formats and exit codes",
    .run = run,
};
