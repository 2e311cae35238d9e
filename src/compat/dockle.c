/* The dockle personality: its flags, ignore file, list and JSON, exit codes, over the checks of
 * check/image. formats/dockerfile.md sections 6 and 8, formats/hardening.md section 1. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/vec.h"
#include "compat/compat.h"
#include "fmt/glob.h"
#include "fmt/jsonw.h"
#include "sandbox/sandbox.h"
#include "scan/scan.h"

enum level { LEVEL_PASS, LEVEL_INFO, LEVEL_WARN, LEVEL_FATAL };
static const char *const level_names[] = { "PASS", "INFO", "WARN", "FATAL" };

static const struct {
    const char *code;
    enum level level;
    const char *title;
} checkpoints[] = {
    { "CIS-DI-0001", LEVEL_WARN, "The image has a user that is not root" },
    { "CIS-DI-0005", LEVEL_INFO, "Content trust is switched on" },
    { "CIS-DI-0006", LEVEL_INFO, "The image has a HEALTHCHECK" },
    { "CIS-DI-0007", LEVEL_FATAL, "No update stands alone" },
    { "CIS-DI-0008", LEVEL_INFO, "Programs with the rights of their file" },
    { "CIS-DI-0009", LEVEL_FATAL, "COPY in place of ADD" },
    { "CIS-DI-0010", LEVEL_FATAL, "No credentials in variables or files" },
    { "DKL-DI-0001", LEVEL_FATAL, "No sudo" },
    { "DKL-DI-0002", LEVEL_FATAL, "No volume over what belongs to the system" },
    { "DKL-DI-0003", LEVEL_WARN, "No upgrade of the whole system" },
    { "DKL-DI-0004", LEVEL_FATAL, "apk keeps no cache" },
    { "DKL-DI-0005", LEVEL_FATAL, "apt keeps no lists" },
    { "DKL-DI-0006", LEVEL_WARN, "The tag is not latest" },
    { "DKL-LI-0001", LEVEL_FATAL, "No account with an empty password" },
    { "DKL-LI-0002", LEVEL_FATAL, "No number used twice" },
    { "DKL-LI-0003", LEVEL_INFO, "No left-over files" },
};

#define LIST_MAX 256u
struct words {
    struct pl_str p[LIST_MAX];
    size_t n;
};

struct run {
    struct pl_arena a;
    struct words ignored, keys, files, extensions;
    const char *input, *image, *format, *output, *exit_level;
    long exit_code;
    bool quiet;
    PL_VEC(struct alert {
        size_t at; /* checkpoint */
        struct pl_str text;
    })
    alerts;
    bool incomplete;
};

static const char help[] =
    "dockle - image linter (plimsoll)\n\n"
    "Usage: dockle [flags] IMAGE | --input FILE\n"
    "  -i, --ignore CODE        -ak, --accept-key KEY     -af, --accept-file PATH\n"
    "  -ae, --accept-file-extension EXT                   -f, --format list|json|sarif\n"
    "  -o, --output FILE        -c, --exit-code N         -l, --exit-level info|warn|fatal\n"
    "  -q, --quiet  -d, --debug  --no-color  -t, --timeout TIME  -v, --version  -h, --help\n"
    "Variables: DOCKLE_IGNORES, DOCKLE_ACCEPT_KEYS, DOCKLE_ACCEPT_FILES,\n"
    "  DOCKLE_ACCEPT_FILE_EXTENSIONS, DOCKLE_OUTPUT_FORMAT, DOCKLE_OUTPUT_FILE, DOCKLE_EXIT_CODE,\n"
    "  DOCKLE_EXIT_LEVEL\n";

static void add(struct run *r, struct words *w, struct pl_str list)
{
    struct pl_str one;
    while (list.p && w->n < LIST_MAX && pl_str_split(&list, ',', &one))
        if (pl_str_trim(one).n)
            w->p[w->n++] = pl_dup(&r->a, pl_str_trim(one));
}

static bool in(const struct words *w, struct pl_str s)
{
    for (size_t i = 0; i < w->n; i++)
        if (pl_str_eq(w->p[i], s))
            return true;
    return false;
}

static bool is(struct pl_str s, const char *a, const char *b)
{
    return pl_str_is(s, a) || pl_str_is(s, b);
}

/* A flag with a value; false when there is no such flag. */
static bool valued(struct run *r, struct pl_str name, const char *v)
{
    if (is(name, "i", "ignore"))
        add(r, &r->ignored, pl_str_c(v));
    else if (is(name, "ak", "accept-key"))
        add(r, &r->keys, pl_str_c(v));
    else if (is(name, "af", "accept-file"))
        add(r, &r->files, pl_str_c(v));
    else if (is(name, "ae", "accept-file-extension"))
        add(r, &r->extensions, pl_str_c(v));
    else if (is(name, "f", "format"))
        r->format = v;
    else if (is(name, "o", "output"))
        r->output = v;
    else if (is(name, "c", "exit-code"))
        r->exit_code = strtol(v, NULL, 10);
    else if (is(name, "l", "exit-level"))
        r->exit_level = v;
    else if (pl_str_is(name, "input"))
        r->input = v;
    else
        return is(name, "t", "timeout"); /* reading has limits of its own */
    return true;
}

static void from_environment(struct run *r)
{
    static const struct {
        const char *variable, *flag;
    } known[] = {
        { "DOCKLE_IGNORES", "ignore" },
        { "DOCKLE_ACCEPT_KEYS", "accept-key" },
        { "DOCKLE_ACCEPT_FILES", "accept-file" },
        { "DOCKLE_ACCEPT_FILE_EXTENSIONS", "accept-file-extension" },
        { "DOCKLE_OUTPUT_FORMAT", "format" },
        { "DOCKLE_OUTPUT_FILE", "output" },
        { "DOCKLE_EXIT_CODE", "exit-code" },
        { "DOCKLE_EXIT_LEVEL", "exit-level" },
    };
    for (size_t i = 0; i < PL_COUNT(known); i++) {
        const char *v = getenv(known[i].variable);
        if (v && *v)
            valued(r, pl_str_c(known[i].flag), v);
    }
}

static bool takes_value(struct pl_str name)
{
    static const char *const names[] = { "i",     "ignore",      "ak",     "accept-key",
                                         "af",    "accept-file", "ae",     "accept-file-extension",
                                         "f",     "format",      "o",      "output",
                                         "c",     "exit-code",   "l",      "exit-level",
                                         "input", "t",           "timeout" };
    for (size_t i = 0; i < PL_COUNT(names); i++)
        if (pl_str_is(name, names[i]))
            return true;
    return false;
}

/* 0: go on; 1: done; 2: wrong usage. */
static int parse(struct run *r, char **argv)
{
    for (; *argv; argv++) {
        struct pl_str name = pl_str_c(*argv), value;
        if (name.n < 2 || name.p[0] != '-') {
            if (r->image)
                return 2;
            r->image = *argv;
            continue;
        }
        name = pl_str_sub(name, name.p[1] == '-' ? 2 : 1, name.n);
        value = name;
        pl_str_split(&value, '=', &name);
        if (is(name, "v", "version"))
            return puts("dockle version 0.4.15 (plimsoll)") >= 0 ? 1 : 2;
        if (is(name, "h", "help"))
            return fputs(help, stdout) >= 0 ? 1 : 2;
        if (is(name, "q", "quiet") || is(name, "d", "debug") || pl_str_is(name, "no-color"))
            continue;
        if (!takes_value(name)) {
            fprintf(stderr, "dockle: flag '%s' is not supported\n", *argv);
            return 2;
        }
        if (!value.p && !argv[1]) {
            fprintf(stderr, "dockle: '%s' needs a value\n", *argv);
            return 2;
        }
        valued(r, name, value.p ? value.p : *++argv);
    }
    return 0;
}

/* .dockleignore: one code a line. */
static void read_ignores(struct run *r)
{
    char line[512];
    FILE *f = fopen(".dockleignore", "re");
    while (f && fgets(line, sizeof line, f)) {
        struct pl_str s = pl_str_c(line);
        s = pl_str_trim(pl_str_sub(s, 0, pl_str_find(s, PL_S("#"), 0)));
        if (s.n)
            add(r, &r->ignored, s);
    }
    if (f)
        fclose(f);
}

static bool accepted(const struct run *r, const struct pl_finding *f)
{
    if (in(&r->keys, f->where.path) || in(&r->files, f->where.path))
        return true;
    for (size_t i = 0; i < r->extensions.n; i++)
        if (pl_str_ends(f->where.path, r->extensions.p[i]))
            return true;
    return false;
}

static void alert(struct run *r, const char *code, struct pl_str text)
{
    for (size_t i = 0; i < PL_COUNT(checkpoints); i++)
        if (strcmp(checkpoints[i].code, code) == 0 && !in(&r->ignored, pl_str_c(code))) {
            struct alert x = { i, text };
            pl_vec_push(&r->alerts, x);
        }
}

static void take(struct run *r, const struct pl_report *report)
{
    for (size_t t = 0; t < report->n_targets; t++) {
        const struct pl_target *target = &report->targets[t];
        r->incomplete |= !target->complete;
        for (size_t i = 0; i < target->n_findings; i++) {
            const struct pl_finding *f = &target->findings[i];
            if (accepted(r, f))
                continue;
            if (f->kind == PL_KIND_SECRET)
                alert(r, "CIS-DI-0010",
                      pl_printf(&r->a, "%.*s: %.*s", PL_FMT(f->where.path), PL_FMT(f->title)));
            for (size_t k = 0; k < f->aliases.n && f->kind == PL_KIND_CONFIG; k++)
                alert(r, pl_dup(&r->a, f->aliases.p[k]).p,
                      f->where.path.n
                          ? pl_printf(&r->a, "%.*s: %.*s", PL_FMT(f->where.path), PL_FMT(f->title))
                          : f->title);
        }
    }
    const char *trust = getenv("DOCKER_CONTENT_TRUST");
    if (!trust || strcmp(trust, "1") != 0)
        alert(r, "CIS-DI-0005", PL_S("DOCKER_CONTENT_TRUST is not 1"));
}

static int scan(struct run *r, struct pl_err *err)
{
    struct pl_rules *rules = NULL;
    struct pl_scan *s = NULL;
    struct pl_report report = { .a = &r->a };
    struct pl_scan_opts o = { .secrets = true, .config = true, .kinds = 1u << PL_KIND_CONFIG };
    pl_limits_init(&o.limits);
    const char *target = r->input ? r->input : r->image;
    int e = pl_sandbox_mode_of(NULL, &o.sandbox, err);
    if (e == 0)
        e = pl_rules_builtin(&rules, err);
    if (e == 0)
        e = pl_scan_new(&o, rules, &s, err);
    if (e == 0)
        e = pl_scan_target(s, target, &report, err);
    if (e == 0)
        take(r, &report);
    pl_scan_free(s);
    pl_rules_free(rules);
    return e;
}

static size_t count(const struct run *r, size_t checkpoint)
{
    size_t n = 0;
    for (size_t i = 0; i < r->alerts.n; i++)
        n += r->alerts.p[i].at == checkpoint;
    return n;
}

static void as_list(const struct run *r, struct pl_buf *b)
{
    for (int level = LEVEL_FATAL; level > LEVEL_PASS; level--)
        for (size_t c = 0; c < PL_COUNT(checkpoints); c++) {
            if ((int)checkpoints[c].level != level || !count(r, c))
                continue;
            pl_buf_printf(b, "%s\t- %s: %s\n", level_names[level], checkpoints[c].code,
                          checkpoints[c].title);
            for (size_t i = 0; i < r->alerts.n; i++) {
                if (r->alerts.p[i].at != c)
                    continue;
                pl_buf_puts(b, "\t* ");
                for (size_t k = 0; k < r->alerts.p[i].text.n; k++) {
                    unsigned char ch = (unsigned char)r->alerts.p[i].text.p[k];
                    pl_buf_putc(b, ch < 0x20 || ch == 0x7f ? '?' : (char)ch);
                }
                pl_buf_putc(b, '\n');
            }
        }
}

static void as_json(const struct run *r, struct pl_buf *b)
{
    struct pl_jsonw w = { .out = b, .indent = 2 };
    size_t n[4] = { 0 };
    for (size_t c = 0; c < PL_COUNT(checkpoints); c++)
        if (!in(&r->ignored, pl_str_c(checkpoints[c].code)))
            n[count(r, c) ? checkpoints[c].level : LEVEL_PASS]++;
    pl_jw_obj(&w);
    if (r->image)
        pl_jw_kcstr(&w, "image", r->image);
    pl_jw_key(&w, "summary");
    pl_jw_obj(&w);
    pl_jw_ku64(&w, "fatal", n[LEVEL_FATAL]);
    pl_jw_ku64(&w, "warn", n[LEVEL_WARN]);
    pl_jw_ku64(&w, "info", n[LEVEL_INFO]);
    pl_jw_ku64(&w, "skip", 0);
    pl_jw_ku64(&w, "pass", n[LEVEL_PASS]);
    pl_jw_obj_end(&w);
    pl_jw_key(&w, "details");
    pl_jw_arr(&w);
    for (int level = LEVEL_FATAL; level > LEVEL_PASS; level--)
        for (size_t c = 0; c < PL_COUNT(checkpoints); c++) {
            if ((int)checkpoints[c].level != level || !count(r, c))
                continue;
            pl_jw_obj(&w);
            pl_jw_kcstr(&w, "code", checkpoints[c].code);
            pl_jw_kcstr(&w, "title", checkpoints[c].title);
            pl_jw_kcstr(&w, "level", level_names[level]);
            pl_jw_key(&w, "alerts");
            pl_jw_arr(&w);
            for (size_t i = 0; i < r->alerts.n; i++)
                if (r->alerts.p[i].at == c)
                    pl_jw_str(&w, r->alerts.p[i].text);
            pl_jw_arr_end(&w);
            pl_jw_obj_end(&w);
        }
    pl_jw_arr_end(&w);
    pl_jw_obj_end(&w);
    pl_buf_putc(b, '\n');
}

static void sarif_text(struct pl_jsonw *w, const char *key, struct pl_str text)
{
    pl_jw_key(w, key);
    pl_jw_obj(w);
    pl_jw_kstr(w, "text", text);
    pl_jw_obj_end(w);
}

static void sarif_rules(const struct run *r, struct pl_jsonw *w)
{
    pl_jw_key(w, "tool");
    pl_jw_obj(w);
    pl_jw_key(w, "driver");
    pl_jw_obj(w);
    pl_jw_kcstr(w, "name", "Dockle");
    pl_jw_kcstr(w, "informationUri", "https://github.com/goodwithtech/dockle");
    pl_jw_key(w, "rules");
    pl_jw_arr(w);
    for (size_t c = 0; c < PL_COUNT(checkpoints); c++) {
        if (!count(r, c))
            continue;
        pl_jw_obj(w);
        pl_jw_kcstr(w, "id", checkpoints[c].code);
        sarif_text(w, "shortDescription", pl_str_c(checkpoints[c].title));
        pl_jw_obj_end(w);
    }
    pl_jw_arr_end(w);
    pl_jw_obj_end(w);
    pl_jw_obj_end(w);
}

/* One result a checkpoint, its alerts in the message. */
static void as_sarif(const struct run *r, struct pl_buf *b)
{
    static const char *const levels[] = { "none", "note", "warning", "error" };
    struct pl_jsonw w = { .out = b, .indent = 2 };
    pl_jw_obj(&w);
    pl_jw_kcstr(&w, "version", "2.1.0");
    pl_jw_kcstr(&w, "$schema", "https://json.schemastore.org/sarif-2.1.0.json");
    pl_jw_key(&w, "runs");
    pl_jw_arr(&w);
    pl_jw_obj(&w);
    sarif_rules(r, &w);
    pl_jw_key(&w, "results");
    pl_jw_arr(&w);
    for (size_t c = 0; c < PL_COUNT(checkpoints); c++) {
        pl_auto_buf struct pl_buf text = { 0 };
        if (!count(r, c))
            continue;
        for (size_t i = 0; i < r->alerts.n; i++)
            if (r->alerts.p[i].at == c)
                pl_buf_printf(&text, "%s%.*s", text.n ? ", " : "", PL_FMT(r->alerts.p[i].text));
        pl_jw_obj(&w);
        pl_jw_kcstr(&w, "ruleId", checkpoints[c].code);
        pl_jw_kcstr(&w, "level", levels[checkpoints[c].level]);
        sarif_text(&w, "message", pl_buf_str(&text));
        pl_jw_obj_end(&w);
    }
    pl_jw_arr_end(&w);
    pl_jw_obj_end(&w);
    pl_jw_arr_end(&w);
    pl_jw_obj_end(&w);
    pl_buf_putc(b, '\n');
}

static int write_out(const struct run *r)
{
    pl_auto_buf struct pl_buf b = { 0 };
    if (r->format && strcmp(r->format, "json") == 0)
        as_json(r, &b);
    else if (r->format && strcmp(r->format, "sarif") == 0)
        as_sarif(r, &b);
    else
        as_list(r, &b);
    FILE *f = r->output ? fopen(r->output, "we") : stdout;
    bool ok = f && fwrite(b.n ? b.p : "", 1, b.n, f) == b.n;
    if (f && r->output)
        ok = fclose(f) == 0 && ok;
    else if (f)
        ok = fflush(f) == 0 && ok;
    if (!ok)
        fprintf(stderr, "dockle: cannot write '%s'\n", r->output ? r->output : "-");
    return ok ? 0 : 2;
}

static int verdict(const struct run *r)
{
    enum level least = LEVEL_WARN, worst = LEVEL_PASS;
    struct pl_str l = pl_str_c(r->exit_level);
    if (pl_str_ieq(l, PL_S("info")))
        least = LEVEL_INFO;
    else if (pl_str_ieq(l, PL_S("fatal")))
        least = LEVEL_FATAL;
    for (size_t i = 0; i < r->alerts.n; i++)
        if (checkpoints[r->alerts.p[i].at].level > worst)
            worst = checkpoints[r->alerts.p[i].at].level;
    if (r->exit_code && worst >= least)
        return (int)r->exit_code;
    if (r->incomplete) /* less was read than there is: not clean */
        fputs("dockle: not all of the image could be read\n", stderr);
    return r->incomplete ? 3 : 0;
}

static int run_dockle(char **argv)
{
    struct run *r = calloc(1, sizeof *r);
    struct pl_err err = { 0 };
    if (!r)
        pl_oom();
    from_environment(r);
    int code = parse(r, argv);
    bool formats =
        !r->format || is(pl_str_c(r->format), "list", "json") || strcmp(r->format, "sarif") == 0;
    if (code == 0 && !formats) {
        fprintf(stderr, "dockle: format '%s' is not supported\n", r->format);
        code = 2;
    } else if (code == 0 && !r->image && !r->input) {
        fputs(help, stderr);
        code = 2;
    } else if (code == 0) {
        read_ignores(r);
        if (scan(r, &err) < 0) {
            fprintf(stderr, "dockle: %s\n", err.msg);
            code = 2;
        } else if ((code = write_out(r)) == 0) {
            code = verdict(r);
        }
    } else if (code == 1) {
        code = 0;
    }
    pl_vec_release(&r->alerts);
    pl_arena_release(&r->a);
    free(r);
    return code;
}

const struct pl_persona pl_persona_dockle = {
    .name = "dockle",
    .summary = "dockle's flags, levels and forms for images",
    .run = run_dockle,
};
