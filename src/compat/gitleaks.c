/* The gitleaks personality: configuration found, source scanned, report written, exit code chosen.
 * secrets.md sections 2 and 3.1. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/limits.h"
#include "compat/compat.h"
#include "compat/gl_known.h"
#include "compat/gl_link.h"
#include "compat/gl_paths.h"
#include "compat/gl_report.h"
#include "compat/gl_scan.h"
#include "compat/gl_toml.h"
#include "source/git.h"

#define EXIT_FAILED 1

enum format { JSON, CSV, JUNIT, SARIF, TEMPLATE, NO_REPORT };

struct run {
    struct pl_gl_flags f;
    struct pl_gl_scan scan;
    struct pl_gl_config *config;
    struct pl_gl_known known;
    struct pl_gl_template *template;
    struct pl_arena a;
    pl_gl_findings found;
    const char *source;
    enum format format;
    enum pl_gl_platform platform;
    int64_t begin_ns;
};

static void warn(void *arg, const char *text)
{
    pl_gl_log(&((struct run *)arg)->scan.log, PL_GL_WARN, "%s", text);
}

static int fatal(struct run *r, const char *what, const struct pl_err *err)
{
    if (err)
        pl_gl_log(&r->scan.log, PL_GL_FATAL, "%s error=\"%s\"", what, err->msg);
    else
        pl_gl_log(&r->scan.log, PL_GL_FATAL, "%s", what);
    return EXIT_FAILED;
}

static int read_file(const char *path, struct pl_buf *b, struct pl_err *err)
{
    pl_auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return pl_fail(err, PL_E_NOENT, "open %s: %s", path,
                       errno == ENOENT ? "no such file or directory" : strerror(errno));
    b->max = PL_MIB(256);
    for (;;) {
        void *to = pl_buf_room(b, 1 << 16, err);
        ssize_t n = to ? read(fd, to, 1 << 16) : -1;
        if (!to)
            return err->code;
        if (n < 0 && errno != EINTR)
            return pl_fail_errno(err, PL_E_IO, errno, "read %s", path);
        if (n == 0)
            return 0;
        b->n += n > 0 ? (size_t)n : 0;
    }
}

static const char *env(const char *name)
{
    const char *v = getenv(name);
    return v && *v ? v : NULL;
}

/* The text of the configuration; *ret_builtin when it is the built-in one. */
static int find_config(struct run *r, struct pl_buf *b, bool *ret_builtin, struct pl_err *err)
{
    const char *path = *r->f.config ? r->f.config : env("GITLEAKS_CONFIG");
    const char *where = r->f.command == PL_GL_CMD_STDIN ? "." : r->source;
    struct stat st;
    *ret_builtin = false;
    if (path)
        return read_file(path, b, err);
    if (env("GITLEAKS_CONFIG_TOML")) {
        pl_buf_puts(b, env("GITLEAKS_CONFIG_TOML"));
        return 0;
    }
    if (stat(where, &st) < 0)
        return pl_fail(err, PL_E_NOENT, "stat %s: %s", where,
                       errno == ENOENT ? "no such file or directory" : strerror(errno));
    path = pl_gl_path_join(&r->a, where, ".gitleaks.toml");
    if (S_ISDIR(st.st_mode) && (stat(path, &st) == 0 || errno != ENOENT))
        return read_file(path, b, err);
    *ret_builtin = true;
    return 0;
}

static int load_config(struct run *r, struct pl_err *err)
{
    pl_auto_buf struct pl_buf text = { 0 }, own = { 0 };
    bool builtin, original;
    int code = find_config(r, &text, &builtin, err);
    if (code < 0)
        return pl_wrap(err, "unable to load gitleaks config, err");
    struct pl_str base = pl_gl_builtin(&own, &original);
    bool used = builtin || pl_str_find(pl_buf_str(&text), PL_S("efault"), 0) != SIZE_MAX;
    if (used && !original)
        pl_gl_log(&r->scan.log, PL_GL_WARN,
                  "this build does not hold the rules of gitleaks: its own stand in for them");
    return pl_gl_config_load(builtin ? base : pl_buf_str(&text), base, warn, r, &r->config, err);
}

static bool is_file(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && !S_ISDIR(st.st_mode);
}

static int load_ignores(struct run *r, struct pl_err *err)
{
    const char *source = r->f.command == PL_GL_CMD_STDIN ? "" : r->source;
    const char *paths[] = { r->f.ignore_path,
                            pl_gl_path_join(&r->a, r->f.ignore_path, ".gitleaksignore"),
                            pl_gl_path_join(&r->a, source, ".gitleaksignore") };
    for (size_t i = 0; i < PL_COUNT(paths); i++) {
        pl_auto_buf struct pl_buf b = { 0 };
        if (!is_file(paths[i]))
            continue;
        int code = read_file(paths[i], &b, err);
        if (code < 0)
            return code;
        pl_gl_known_ignore(&r->known, pl_buf_str(&b), warn, r);
    }
    return 0;
}

static int load_baseline(struct run *r, struct pl_err *err)
{
    pl_auto_buf struct pl_buf b = { 0 };
    if (!*r->f.baseline)
        return 0;
    int code = read_file(r->f.baseline, &b, err);
    code = code < 0 ? code : pl_gl_known_baseline(&r->known, pl_buf_str(&b), err);
    return code < 0 ? pl_wrap(err, "baseline '%s'", r->f.baseline) : 0;
}

static int choose_format(struct run *r, struct pl_err *err)
{
    static const char *const names[] = { "json", "csv", "junit", "sarif", "template" };
    static const char *const endings[] = { ".json", ".csv", NULL, ".sarif" };
    struct pl_str path = pl_str_c(r->f.report_path), name = pl_str_c(r->f.report_format);
    r->format = NO_REPORT;
    if (!path.n)
        return 0;
    for (size_t i = 0; !name.n && i < PL_COUNT(endings); i++)
        if (endings[i] && pl_str_iends(path, pl_str_c(endings[i])))
            r->format = (enum format)i;
    for (size_t i = 0; name.n && i < PL_COUNT(names); i++)
        if (pl_str_ieq(pl_str_trim(name), pl_str_c(names[i])))
            r->format = (enum format)i;
    if (r->format == NO_REPORT)
        return pl_fail(err, PL_E_USAGE,
                       name.n ? "unknown report format %.*s" : "Unknown report format: %.*s",
                       PL_FMT(name));
    if (*r->f.report_template && !pl_str_is(name, "template"))
        return pl_fail(err, PL_E_USAGE,
                       "Report format must be 'template' if --report-template is specified");
    return 0;
}

/* An unwritable place for the report is told before the scan. */
static int try_report(struct run *r, struct pl_err *err)
{
    const char *path = r->f.report_path;
    if (!*path || strcmp(path, "-") == 0)
        return 0;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    bool fresh = fd >= 0;
    if (!fresh && errno == EEXIST)
        fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return pl_fail_errno(err, PL_E_IO, errno, "Report path is not writable: %s", path);
    close(fd);
    if (fresh)
        unlink(path);
    return 0;
}

static int load_template(struct run *r, struct pl_err *err)
{
    pl_auto_buf struct pl_buf b = { 0 };
    if (r->format != TEMPLATE)
        return 0;
    if (!*r->f.report_template)
        return pl_fail(err, PL_E_USAGE, "Invalid report template: path cannot be empty");
    int code = read_file(r->f.report_template, &b, err);
    code = code < 0 ? code : pl_gl_template_new(pl_buf_str(&b), &r->template, err);
    return code < 0 ? pl_wrap(err, "Invalid report template") : 0;
}

static int make_engine(struct run *r, struct pl_err *err)
{
    struct pl_gl_detect_opts o = { 0 };
    pl_gl_strs only = { .p = r->f.rules.p, .n = r->f.rules.n };
    const char *source = r->f.command == PL_GL_CMD_STDIN ? "" : r->source;
    const char *own = pl_gl_path_join(&r->a, source, ".gitleaks.toml");
    o.max_decode_depth = r->f.decode_depth > 0 ? (unsigned)(r->f.decode_depth & 0xff) : 0;
    o.max_megabytes = r->f.max_megabytes > 0 ? (uint64_t)r->f.max_megabytes : 0;
    o.ignore_allow_mark = r->f.ignore_allow;
    o.keep_lines = r->format == TEMPLATE || r->f.verbose;
    o.redact = r->f.redact > 100 ? 100 : (unsigned)r->f.redact;
    o.config_path = pl_str_c(*r->f.config ? r->f.config : own);
    if (*r->f.baseline)
        o.baseline_path = pl_str_c(pl_gl_path_rel(&r->a, source, r->f.baseline));
    if (r->f.timeout > 0 && r->f.timeout < INT32_MAX)
        o.deadline_ns = r->begin_ns + (int64_t)r->f.timeout * 1000000000;
    return pl_gl_engine_new(r->config, &only, &o, &r->scan.engine, err);
}

/* Configuration, reports and rules; an exit code, or -1 to go on. */
static int prepare(struct run *r)
{
    struct pl_err err = { 0 };
    if (load_config(r, &err) < 0)
        return fatal(r, "Failed to load config", &err);
    pl_gl_known_init(&r->known, r->f.redact > 0);
    if (!pl_gl_platform_of(r->f.platform, &r->platform)) {
        pl_fail(&err, PL_E_USAGE, "invalid scm platform value: %s", r->f.platform);
        return fatal(r, err.msg, NULL);
    }
    if (load_ignores(r, &err) < 0)
        return fatal(r, "could not read .gitleaksignore", &err);
    if (load_baseline(r, &err) < 0)
        return fatal(r, "could not load baseline: it must be a report in the json format", &err);
    if (try_report(r, &err) < 0 || choose_format(r, &err) < 0 || load_template(r, &err) < 0 ||
        make_engine(r, &err) < 0)
        return fatal(r, err.msg, NULL);
    return -1;
}

static int scan_source(struct run *r, struct pl_err *err)
{
    struct pl_gl_flags *f = &r->f;
    bool dir = f->command == PL_GL_CMD_DIR || (f->command == PL_GL_CMD_DETECT && f->no_git);
    bool in = f->command == PL_GL_CMD_STDIN || (f->command == PL_GL_CMD_DETECT && f->pipe && !dir);
    bool diff = f->command == PL_GL_CMD_PROTECT || f->pre_commit || f->staged;
    int code = pl_gl_scan_init(&r->scan, dir ? pl_gl_scan_threads() : 1, err);
    if (code < 0)
        return code;
    if (dir)
        return pl_gl_scan_dir(&r->scan, r->source, f->follow_symlinks, err);
    if (in) {
        pl_auto_buf struct pl_buf work = { 0 };
        pl_gl_scan_fd(&r->scan, r->scan.workers[0], 0, PL_S(""), PL_S(""), NULL, &work);
        return 0;
    }
    if (diff)
        r->platform = PL_GL_NO_LINKS;
    code = pl_gl_scan_git(&r->scan, pl_gl_path_clean(&r->a, r->source), diff, f->staged, err);
    pl_gl_log(&r->scan.log, PL_GL_INFO, "%llu commits scanned.",
              (unsigned long long)r->scan.commits);
    return code;
}

static struct pl_str link_base(struct run *r)
{
    bool git = r->f.command == PL_GL_CMD_GIT ||
               (r->f.command == PL_GL_CMD_DETECT && !r->f.no_git && !r->f.pipe);
    if (!git || r->platform == PL_GL_NO_LINKS) {
        r->platform = PL_GL_NO_LINKS;
        return PL_S("");
    }
    struct pl_str remote = pl_git_remote_url(r->source, &r->a);
    if (!remote.n) {
        r->platform = PL_GL_NO_LINKS;
        return PL_S("");
    }
    return pl_gl_link_base(&r->a, remote, &r->platform);
}

static void collect(struct run *r)
{
    struct pl_str base = link_base(r);
    for (unsigned i = 0; i < r->scan.n_workers; i++) {
        pl_gl_findings *v = pl_gl_worker_findings(r->scan.workers[i]);
        struct pl_arena *a = pl_gl_worker_arena(r->scan.workers[i]);
        for (size_t k = 0; k < v->n; k++) {
            v->p[k].link = pl_gl_link(a, base, r->platform, &v->p[k]);
            if (!pl_gl_known_check(&r->known, a, &v->p[k]))
                pl_vec_push(&r->found, v->p[k]);
        }
    }
    pl_gl_report_sort(&r->found);
}

static int put_file(const char *path, struct pl_str text, struct pl_err *err)
{
    pl_auto_fd int own = -1;
    int fd = 1;
    if (strcmp(path, "-") != 0)
        fd = own = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    bool bad = fd < 0 || pl_fd_write(fd, text.p, text.n) < 0;
    return bad ? pl_fail_errno(err, PL_E_IO, errno, "failed to write report") : 0;
}

static int report(struct run *r, struct pl_err *err)
{
    pl_auto_buf struct pl_buf out = { .max = PL_GIB(8) }, text = { .max = PL_GIB(8) };
    bool colour = r->scan.log.colour && isatty(1);
    int code = 0;
    for (size_t i = 0; r->f.verbose && i < r->found.n; i++)
        pl_gl_report_text(&text, &r->found.p[i], colour);
    if (text.n)
        code = put_file("-", pl_buf_str(&text), err);
    switch (r->format) {
    case JSON:
        pl_gl_report_json(&out, &r->found);
        break;
    case CSV:
        pl_gl_report_csv(&out, &r->found);
        break;
    case JUNIT:
        pl_gl_report_junit(&out, &r->found);
        break;
    case SARIF:
        pl_gl_report_sarif(&out, &r->found, r->config);
        break;
    case TEMPLATE:
        code = code < 0 ? code : pl_gl_template_run(r->template, &r->found, &out, err);
        break;
    case NO_REPORT:
        return code;
    }
    return code < 0 ? code : put_file(r->f.report_path, pl_buf_str(&out), err);
}

static void size_text(uint64_t n, char *out, size_t room)
{
    static const char *const units[] = { "bytes", "KB", "MB", "GB" };
    double v = (double)n;
    size_t u = 0;
    for (; u + 1 < PL_COUNT(units) && v >= 1000; u++)
        v /= 1000;
    int len = snprintf(out, room, "%.2f", v);
    if (len > 3 && strcmp(out + len - 3, ".00") == 0)
        out[len - 3] = '\0';
    len = (int)strlen(out);
    if (n)
        snprintf(out + len, room - (size_t)len, " %s", units[u]);
}

static void summary(struct run *r, bool whole)
{
    char size[64];
    uint64_t bytes = 0;
    double s = (double)(pl_clock_ns() - r->begin_ns) / 1e9;
    for (unsigned i = 0; i < r->scan.n_workers; i++)
        bytes += pl_gl_worker_bytes(r->scan.workers[i]);
    size_text(bytes, size, sizeof size);
    pl_gl_log(&r->scan.log, whole ? PL_GL_INFO : PL_GL_WARN, "scanned ~%llu bytes (%s) in %.3gs",
              (unsigned long long)bytes, size, s);
    const char *part = whole ? "" : " in partial scan";
    if (r->found.n)
        pl_gl_log(&r->scan.log, PL_GL_WARN, "leaks found%s: %zu", part, r->found.n);
    else
        pl_gl_log(&r->scan.log, whole ? PL_GL_INFO : PL_GL_WARN, "no leaks found%s", part);
}

/* The one line that says why the result is not clean, and the exit code. */
static int verdict(struct run *r, bool failed)
{
    int code = (int)(r->f.exit_code & 0xff);
    if (r->scan.late)
        pl_gl_log(&r->scan.log, PL_GL_ERROR, "the time of --timeout was over before the end");
    if (failed || r->scan.late)
        return EXIT_FAILED;
    if (r->scan.unread)
        pl_gl_log(&r->scan.log, PL_GL_ERROR, "%llu of what was to be scanned could not be read",
                  (unsigned long long)r->scan.unread);
    if (r->scan.unread && (!r->found.n || code == 0))
        return EXIT_FAILED;
    return r->found.n ? code : 0;
}

static int scan(struct run *r)
{
    struct pl_err err = { 0 }, bad = { 0 };
    int code = prepare(r);
    if (code >= 0)
        return code;
    bool failed = scan_source(r, &err) < 0;
    collect(r);
    if (failed)
        pl_gl_log(&r->scan.log, PL_GL_ERROR, "not scanned to the end: %s", err.msg);
    summary(r, !failed && !r->scan.late && !r->scan.unread);
    if (report(r, &bad) < 0)
        return fatal(r, bad.msg, NULL);
    return verdict(r, failed);
}

/* What is wrong with the operands, or NULL. */
static const char *check_args(const struct run *r)
{
    size_t n = r->f.args.n;
    switch (r->f.command) {
    case PL_GL_CMD_GIT:
        return n > 1 ? "git takes one repository" : NULL;
    case PL_GL_CMD_DIR:
        return n > 1 ? "dir takes one path: run it once for each" : NULL;
    case PL_GL_CMD_DETECT:
    case PL_GL_CMD_PROTECT:
        return n ? "name what to scan with --source" : NULL;
    case PL_GL_CMD_STDIN:
        return n ? "stdin takes no path" : NULL;
    default:
        return NULL;
    }
}

static int run_command(struct run *r)
{
    const char *first = r->f.args.n && *r->f.args.p[0] ? r->f.args.p[0] : ".";
    if (r->f.help || r->f.command == PL_GL_CMD_NONE || r->f.command == PL_GL_CMD_HELP) {
        if (r->f.version)
            puts("gitleaks version " PL_GL_VERSION);
        else
            pl_gl_flags_help(r->f.command);
        return 0;
    }
    if (r->f.command == PL_GL_CMD_VERSION) {
        puts(PL_GL_VERSION);
        return 0;
    }
    if (r->f.command == PL_GL_CMD_COMPLETION) {
        if (pl_gl_flags_completion(first))
            return 0;
        return fatal(r, "completion: name one of bash, zsh, fish, powershell", NULL);
    }
    const char *wrong = check_args(r);
    if (wrong)
        return fatal(r, wrong, NULL);
    bool old = r->f.command == PL_GL_CMD_DETECT || r->f.command == PL_GL_CMD_PROTECT;
    r->source = old ? r->f.source : first;
    return scan(r);
}

static int run_gitleaks(char **argv)
{
    struct run r = { .format = NO_REPORT, .begin_ns = pl_clock_ns() };
    struct pl_err err = { 0 };
    int status;
    int code = pl_gl_flags_parse(argv, &r.f, &status, &err);
    r.scan.flags = &r.f;
    pl_gl_log_init(&r.scan.log, &r.f);
    if (code < 0) {
        fprintf(stderr, "Error: %s\n", err.msg);
        code = status;
    } else {
        code = run_command(&r);
    }
    pl_vec_release(&r.found);
    pl_gl_scan_release(&r.scan);
    pl_gl_engine_free(r.scan.engine);
    pl_gl_config_free(r.config);
    pl_gl_known_release(&r.known);
    pl_gl_template_free(r.template);
    pl_gl_flags_release(&r.f);
    pl_arena_release(&r.a);
    return code;
}

const struct pl_persona pl_persona_gitleaks = {
    .name = "gitleaks",
    .summary = "secrets, with the flags, files and reports of gitleaks 8.30",
    .run = run_gitleaks,
};
