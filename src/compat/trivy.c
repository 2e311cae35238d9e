/* The trivy personality: its verbs, and `trivy config` for Dockerfiles. formats/dockerfile.md
 * sections 6 and 8, formats/packages.md section 14. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "compat/trivy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "compat/compat.h"
#include "compat/tv_scan.h"
#include "fmt/glob.h"

#define DEPTH_MAX 40u
#define FILES_MAX 100000u
#define REFUSED 2 /* something this personality does not do */

static const char help[] =
    "Usage:\n  trivy image|filesystem|rootfs|repository|sbom [flags] TARGET\n"
    "  trivy config [flags] DIR|FILE (misconfigurations)\n\n"
    "Flags:\n"
    "      --exit-code int        exit code when something is found\n"
    "  -f, --format string        table or json (default \"table\")\n"
    "      --ignorefile string    .trivyignore file (default \".trivyignore\")\n"
    "  -o, --output string        output file name\n"
    "  -q, --quiet                no progress\n"
    "  -s, --severity strings     UNKNOWN,LOW,MEDIUM,HIGH,CRITICAL\n"
    "      --skip-dirs strings    directories to leave out\n"
    "      --skip-files strings   files to leave out\n";

struct run {
    struct pl_arena a, scratch;
    const char *target, *format, *output, *ignorefile;
    struct pl_str severities, skip_dirs, skip_files;
    int exit_code;
    struct pl_tv_ignores ignores;
    struct pl_tv_files files;
    bool failed; /* something could not be read */
};

static int refuse(const char *what, const char *value)
{
    fprintf(stderr, "plimsoll as trivy: %s%s%s\n", what, value ? " " : "", value ? value : "");
    return REFUSED;
}

/* --- options --- */

/* A word that is no severity would leave everything out. */
static int severities(struct run *r, const char *v)
{
    struct pl_str rest = pl_str_c(v), word;
    while (pl_str_split(&rest, ',', &word)) {
        bool known = false;
        for (int s = 0; s <= PL_TV_CRITICAL; s++)
            known |= pl_str_ieq(pl_str_trim(word), pl_str_c(pl_tv_severity_name(s)));
        if (!known)
            return refuse("--severity does not know a word of", v);
    }
    r->severities = pl_str_c(v);
    return 0;
}

static int set(struct run *r, struct pl_str name, const char *v)
{
    if (pl_str_is(name, "format") || pl_str_is(name, "f"))
        r->format = v;
    else if (pl_str_is(name, "output") || pl_str_is(name, "o"))
        r->output = v;
    else if (pl_str_is(name, "ignorefile"))
        r->ignorefile = v;
    else if (pl_str_is(name, "severity") || pl_str_is(name, "s"))
        return severities(r, v);
    else if (pl_str_is(name, "skip-dirs"))
        r->skip_dirs = pl_str_c(v);
    else if (pl_str_is(name, "skip-files"))
        r->skip_files = pl_str_c(v);
    else if (pl_str_is(name, "cache-dir"))
        return 0; /* nothing is kept */
    else if (pl_str_is(name, "timeout")) {
        uint64_t ms;
        if (!pl_tv_duration(v, &ms))
            return refuse("--timeout is a duration above zero such as 5m0s, not", v);
        pl_tv_clock(ms);
    } else if (pl_str_is(name, "exit-code")) {
        uint64_t n;
        if (!pl_str_u64(pl_str_c(v), &n) || n > 255)
            return refuse("--exit-code is a number, not", v);
        r->exit_code = (int)n;
    } else if (pl_str_is(name, "misconfig-scanners")) {
        struct pl_str rest = pl_str_c(v), word;
        while (pl_str_split(&rest, ',', &word))
            if (!pl_str_is(word, "dockerfile"))
                return refuse("--misconfig-scanners does not know", v);
    } else {
        return refuse("no option", pl_dup(&r->a, name).p);
    }
    return 0;
}

/* Switches that change nothing here, and those that do. */
static int toggle(struct run *r, struct pl_str name)
{
    (void)r;
    static const char *const fine[] = { "quiet",
                                        "q",
                                        "debug",
                                        "d",
                                        "no-progress",
                                        "offline-scan",
                                        "skip-check-update",
                                        "skip-policy-update" };
    for (size_t i = 0; i < PL_COUNT(fine); i++)
        if (pl_str_is(name, fine[i]))
            return 0;
    return 1;
}

static int parse(struct run *r, char **argv)
{
    bool plain = false;
    for (; *argv; argv++) {
        const char *arg = *argv;
        if (plain || arg[0] != '-' || !arg[1]) {
            if (r->target)
                return refuse("one directory or file, not also", arg);
            r->target = arg;
            continue;
        }
        if (strcmp(arg, "--") == 0) {
            plain = true;
            continue;
        }
        struct pl_str value = pl_str_c(arg + (arg[1] == '-' ? 2 : 1)), name;
        pl_str_split(&value, '=', &name);
        if (arg[1] != '-' && name.n > 1) {
            value = pl_str_sub(name, 1, SIZE_MAX);
            name = pl_str_sub(name, 0, 1);
        }
        if (!value.p && toggle(r, name) == 0)
            continue;
        if (!value.p && !argv[1])
            return refuse("a value is missing behind", arg);
        int code = set(r, name, value.p ? value.p : *++argv);
        if (code)
            return code;
    }
    return r->target ? 0 : refuse("no directory or file is given", NULL);
}

/* --- files --- */

static bool is_dockerfile(const char *name)
{
    struct pl_str s = pl_str_c(name);
    static const char *const bases[] = { "dockerfile", "containerfile" };
    for (size_t i = 0; i < PL_COUNT(bases); i++) {
        struct pl_str b = pl_str_c(bases[i]);
        struct pl_str head = pl_str_sub(s, 0, b.n);
        if (pl_str_ieq(head, b) && (s.n == b.n || s.p[b.n] == '.' || s.p[b.n] == '-'))
            return true;
        if (s.n > b.n && s.p[s.n - b.n - 1] == '.' && pl_str_iends(s, b))
            return true;
    }
    return false;
}

static bool in_list(struct pl_str list, struct pl_str path)
{
    struct pl_str word;
    while (list.n && pl_str_split(&list, ',', &word)) {
        word = pl_str_trim(word);
        while (pl_str_starts(word, PL_S("./")))
            word = pl_str_sub(word, 2, SIZE_MAX);
        while (word.n > 1 && word.p[word.n - 1] == '/')
            word.n--;
        if (word.n && pl_glob_match(word, path))
            return true;
    }
    return false;
}

static bool wanted(const struct run *r, enum pl_tv_severity s)
{
    struct pl_str rest = r->severities, word;
    while (r->severities.n && pl_str_split(&rest, ',', &word))
        if (pl_str_ieq(pl_str_trim(word), pl_str_c(pl_tv_severity_name(s))))
            return true;
    return !r->severities.n;
}

static void add(struct run *r, struct pl_tv_file *f, const struct pl_lint_result *lr,
                const struct pl_lint_hit *h, size_t k)
{
    const struct pl_lint_code *code = pl_lint_code_find(pl_str_c(h->codes[k]));
    const struct pl_lint_rule *rule = &pl_lint_rules[h->rule];
    if (!code || pl_tv_ignored(&r->ignores, code->name, f->name) ||
        !wanted(r, pl_tv_severity_of(code)))
        return;
    struct pl_tv_finding t = { .code = code, .severity = pl_tv_severity_of(code) };
    t.line = h->code_line[k];
    t.end_line = h->node == SIZE_MAX ? t.line : lr->file.nodes[h->node].end_line;
    t.end_line = t.end_line < t.line ? t.line : t.end_line;
    t.message = h->detail.n ? pl_printf(&r->a, "%s: %.*s", rule->title, PL_FMT(h->detail))
                            : pl_str_c(rule->title);
    t.n_lines = t.end_line - t.line + 1 < 10 ? t.end_line - t.line + 1 : 10;
    t.lines = pl_alloc_n(&r->a, t.n_lines, sizeof *t.lines);
    for (size_t i = 0; i < t.n_lines; i++)
        t.lines[i] = pl_dup(&r->a, pl_df_line(&lr->file, t.line + (uint32_t)i));
    pl_vec_push(&f->v, t);
}

static size_t codes_found(const struct pl_tv_file *f)
{
    size_t n = 0;
    for (size_t i = 0; i < f->v.n; i++) {
        bool first = true;
        for (size_t k = 0; k < i; k++)
            first &= f->v.p[k].code != f->v.p[i].code;
        n += first;
    }
    return n;
}

static bool read_all(int fd, struct pl_buf *b)
{
    for (;;) {
        char *p = pl_buf_room(b, 65536, NULL);
        ssize_t n = p ? read(fd, p, 65536) : -1;
        if (n <= 0)
            return n == 0;
        b->n += (size_t)n;
    }
}

static void judge(struct run *r, int dir, const char *name, struct pl_str shown)
{
    pl_auto_fd int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
    pl_auto_buf struct pl_buf b = { .max = (size_t)PL_DF_FILE_MAX + 65537 };
    struct pl_lint_opts o = { .dialect = PL_DIALECT_TRIVY, .today = r->ignores.today };
    struct pl_lint_result lr;
    struct pl_err err = { 0 };
    if (fd < 0 || !read_all(fd, &b)) {
        fprintf(stderr, "%.*s: %s\n", PL_FMT(shown), fd < 0 ? strerror(errno) : "cannot be read");
        r->failed = true;
        return;
    }
    if (pl_lint_file(&r->scratch, pl_buf_str(&b), &o, &lr, &err) < 0 || !lr.parsed) {
        fprintf(stderr, "%.*s: %s\n", PL_FMT(shown), err.msg[0] ? err.msg : lr.parse_msg);
        r->failed = true;
        pl_arena_reset(&r->scratch);
        return;
    }
    struct pl_tv_file *f = PL_NEW(&r->a, struct pl_tv_file);
    f->name = pl_dup(&r->a, shown);
    for (size_t i = 0; i < lr.n_hits; i++)
        for (size_t k = 0; k < lr.hits[i].n_codes; k++)
            add(r, f, &lr, &lr.hits[i], k);
    size_t all = 0;
    for (size_t i = 0; i < pl_lint_n_codes; i++)
        all += pl_lint_codes[i].dialect == PL_DIALECT_TRIVY;
    f->passed = all - codes_found(f);
    pl_vec_push(&r->files.v, f);
    pl_arena_reset(&r->scratch);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names of a directory in order; freed by the caller. */
static char **names_of(int fd, size_t *ret_n)
{
    PL_VEC(char *) v = { 0 };
    DIR *d = fdopendir(fd);
    const struct dirent *e;
    while (d && (e = readdir(d)) != NULL && v.n < FILES_MAX)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            pl_vec_push(&v, strdup(e->d_name));
    if (d)
        closedir(d);
    if (v.n)
        qsort(v.p, v.n, sizeof *v.p, by_name);
    *ret_n = v.n;
    return v.p;
}

static void walk(struct run *r, int dir, struct pl_str prefix, unsigned depth)
{
    size_t n = 0;
    int again = fcntl(dir, F_DUPFD_CLOEXEC, 3);
    char **names = again < 0 ? NULL : names_of(again, &n);
    for (size_t i = 0; i < n; i++) {
        struct pl_str path = pl_printf(&r->a, "%.*s%s", PL_FMT(prefix), names[i]);
        struct stat st;
        if (fstatat(dir, names[i], &st, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX && strcmp(names[i], ".git") != 0 &&
            !in_list(r->skip_dirs, path)) {
            pl_auto_fd int sub =
                openat(dir, names[i], O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
            if (sub >= 0)
                walk(r, sub, pl_printf(&r->a, "%.*s/", PL_FMT(path)), depth + 1);
            else
                r->failed = true;
        } else if (S_ISREG(st.st_mode) && is_dockerfile(names[i]) &&
                   !in_list(r->skip_files, path)) {
            judge(r, dir, names[i], path);
        }
    }
    for (size_t i = 0; i < n; i++)
        free(names[i]);
    free(names);
}

/* --- the run --- */

static int read_ignores(struct run *r)
{
    struct pl_err err = { 0 };
    const char *path = r->ignorefile ? r->ignorefile : ".trivyignore";
    if (!r->ignorefile && access(path, R_OK) != 0) {
        path = ".trivyignore.yaml";
        if (access(path, R_OK) != 0)
            return 0;
    }
    return pl_tv_ignores_read(&r->ignores, path, &err) < 0 ? refuse("the ignore file:", err.msg)
                                                           : 0;
}

static int emit(struct run *r)
{
    pl_auto_buf struct pl_buf out = { 0 };
    if (r->format && strcmp(r->format, "json") == 0)
        pl_tv_write_json(pl_str_c(r->target), &r->files, &out);
    else
        pl_tv_write_table(&r->files, &out);
    FILE *f = r->output ? fopen(r->output, "wbe") : stdout;
    if (!f)
        return refuse("cannot write", r->output);
    fwrite(out.p ? out.p : "", 1, out.n, f);
    return (f == stdout ? fflush(f) : fclose(f)) ? 1 : 0;
}

static int config(struct run *r)
{
    struct stat st;
    if (r->format && strcmp(r->format, "json") != 0 && strcmp(r->format, "table") != 0)
        return refuse("--format does not know", r->format);
    int code = read_ignores(r);
    if (code)
        return code;
    if (stat(r->target, &st) != 0)
        return refuse("cannot read", r->target);
    pl_auto_fd int fd = open(r->target, O_RDONLY | O_CLOEXEC);
    const char *slash = strrchr(r->target, '/');
    if (S_ISDIR(st.st_mode) && fd >= 0)
        walk(r, fd, PL_S(""), 0);
    else
        judge(r, AT_FDCWD, r->target, pl_str_c(slash ? slash + 1 : r->target));
    code = emit(r);
    size_t found = 0;
    for (size_t i = 0; i < r->files.v.n; i++)
        found += r->files.v.p[i]->v.n;
    if (!code && found && r->exit_code)
        code = r->exit_code;
    return code ? code : r->failed; /* what was not read is not clean */
}

/* "--cache-dir X --quiet image …": what stands in front of the verb belongs behind it. In `a`. */
static char **verb_first(char **argv, struct pl_arena *a)
{
    static const char *const valued[] = { "--cache-dir", "--config", "-c", "--timeout" };
    size_t at = 0, n = 0;
    while (argv[at] && argv[at][0] == '-' && strcmp(argv[at], "--help") != 0 &&
           strcmp(argv[at], "--version") != 0) {
        for (size_t i = 0; i < PL_COUNT(valued); i++)
            if (strcmp(argv[at], valued[i]) == 0 && argv[at + 1]) {
                at++;
                break;
            }
        at++;
    }
    if (!at || !argv[at])
        return argv;
    while (argv[n])
        n++;
    char **out = pl_alloc_n(a, n + 1, sizeof *out);
    out[0] = argv[at];
    memcpy(out + 1, argv, at * sizeof *out);
    memcpy(out + at + 1, argv + at + 1, (n - at) * sizeof *out);
    return out;
}

static int run(char **argv)
{
    struct run *r = calloc(1, sizeof *r);
    struct tm tm;
    time_t now = time(NULL);
    int code;
    if (!r)
        pl_oom();
    gmtime_r(&now, &tm);
    r->ignores.a = &r->a;
    r->ignores.today =
        pl_printf(&r->a, "%04d-%02d-%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
    argv = verb_first(argv, &r->a);
    bool scans = argv[0] && pl_tv_scans(argv[0]);
    bool asks = argv[0] && (strcmp(argv[0], "config") == 0 || strcmp(argv[0], "conf") == 0);
    if (!argv[0] || strcmp(argv[0], "--help") == 0 ||
        (asks && argv[1] && strcmp(argv[1], "--help") == 0))
        code = fputs(help, stdout) < 0;
    else if (strcmp(argv[0], "--version") == 0 || strcmp(argv[0], "-v") == 0 ||
             strcmp(argv[0], "version") == 0)
        code = puts("Version: 0.66.0 (plimsoll)") < 0;
    else if (!asks)
        code = scans ? pl_tv_scan(argv) : refuse("no such command here:", argv[0]);
    else if ((code = parse(r, argv + 1)) == 0)
        code = config(r);
    for (size_t i = 0; i < r->files.v.n; i++)
        pl_vec_release(&r->files.v.p[i]->v);
    pl_vec_release(&r->files.v);
    pl_vec_release(&r->ignores.v);
    pl_arena_release(&r->scratch);
    pl_arena_release(&r->a);
    free(r);
    return code;
}

const struct pl_persona pl_persona_trivy = {
    .name = "trivy",
    .summary = "`trivy image`, `fs`, `sbom`, `config` with their flags, ignore files and formats",
    .run = run,
};
