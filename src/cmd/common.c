/* What the verbs share. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/common.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "io/file.h"
#include "oci/platform.h"

static volatile sig_atomic_t cancelled; /* set by SIGINT and SIGTERM, read by the engine */

static void on_signal(int sig)
{
    (void)sig;
    cancelled = 1;
}

static void catch_signals(void)
{
    struct sigaction sa = { .sa_handler = on_signal };
    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
}

const volatile sig_atomic_t *pl_common_cancel(void)
{
    catch_signals();
    return &cancelled;
}

static void show_progress(void *arg, uint64_t fed)
{
    static int64_t last_ms; /* a cache: when the line was last drawn */
    int64_t ms = pl_clock_ms();
    (void)arg;
    if (ms - last_ms < 100)
        return;
    last_ms = ms;
    fprintf(stderr, "\r\x1b[Kreading: %.1f MB", (double)fed / 1e6);
    fflush(stderr);
}

int pl_common_rules(const struct pl_common *c, struct pl_rules **ret, struct pl_err *err)
{
    if (!c->rules.n)
        return pl_rules_builtin(ret, err);
    pl_auto_buf struct pl_buf all = { .max = 16u << 20 };
    for (size_t i = 0; i < c->rules.n; i++) {
        int r = pl_file_read(c->rules.p[i], &all, err);
        if (r < 0)
            return r;
        pl_buf_putc(&all, '\n');
    }
    return pl_rules_with(pl_buf_str(&all), c->rules.n == 1 ? c->rules.p[0] : "--rules", ret, err);
}

static int prepare(struct pl_run *r, const struct pl_common *c, bool secrets, struct pl_err *err)
{
    int ret = pl_sandbox_mode_of(c->sandbox, &r->o.sandbox, err);
    pl_limits_init(&r->o.limits);
    for (size_t i = 0; ret == 0 && i < c->limit.n; i++)
        ret = pl_limits_set(&r->o.limits, c->limit.p[i], err);
    if (ret == 0 && c->platform.n > PL_COUNT(r->platforms))
        ret = pl_fail(err, PL_E_USAGE, "too many --platform");
    for (size_t i = 0; ret == 0 && i < c->platform.n; i++)
        ret = pl_platform_parse(pl_str_c(c->platform.p[i]), &r->platforms[i], err);
    if (ret == 0)
        ret = pl_common_rules(c, &r->rules, err);
    if (ret < 0)
        return ret;
    r->o.threads = c->threads;
    r->o.secrets = secrets;
    r->o.packages = true;
    r->o.owners_only = c->no_inventory;
    r->o.kinds = c->kinds;
    r->o.config = c->kinds != 0;
    r->o.reveal = c->show_secrets;
    r->o.marks = c->marks;
    r->o.git = c->git;
    r->o.salt = c->salt;
    r->o.lockfiles = c->lockfiles;
    r->o.platforms = r->platforms;
    r->o.n_platforms = c->platform.n;
    r->o.cancel = &cancelled;
    r->progress = !c->quiet && isatty(2);
    r->o.progress = r->progress ? show_progress : NULL;
    return pl_scan_new(&r->o, r->rules, &r->scan, err);
}

int pl_run_begin(struct pl_run *r, const struct pl_common *c, bool secrets)
{
    struct pl_err err = { 0 };
    *r = (struct pl_run){ 0 };
    catch_signals();
    if (prepare(r, c, secrets, &err) < 0) {
        fprintf(stderr, "plimsoll: %s\n", err.msg);
        pl_run_end(r);
        return PL_EXIT_USAGE;
    }
    if (c->show_secrets)
        fputs("plimsoll: --show-secrets: whole secrets are written to the output\n", stderr);
    return 0;
}

void pl_run_end(struct pl_run *r)
{
    if (r->progress)
        fputs("\r\x1b[K", stderr);
    r->progress = false;
    pl_scan_free(r->scan);
    pl_rules_free(r->rules);
    r->scan = NULL;
    r->rules = NULL;
}

int pl_run_failed(const char *verb, const struct pl_err *err)
{
    if (err->code == PL_E_CANCEL) {
        fprintf(stderr, "plimsoll %s: interrupted\n", verb);
        return PL_EXIT_INTERRUPTED;
    }
    fprintf(stderr, "plimsoll %s: %s\n", verb, err->msg);
    switch (err->code) {
    case PL_E_NET:
    case PL_E_AUTH:
    case PL_E_SIG:
        return PL_EXIT_NET;
    case PL_E_NOENT:
    case PL_E_USAGE:
    case PL_E_UNSUP:
        return PL_EXIT_USAGE;
    default:
        return PL_EXIT_INCOMPLETE;
    }
}

int pl_common_colour(const char *when, int fd, bool *ret, struct pl_err *err)
{
    const char *no = getenv("NO_COLOR"), *force = getenv("CLICOLOR_FORCE"), *term = getenv("TERM");
    if (when && strcmp(when, "always") == 0)
        *ret = true;
    else if (when && strcmp(when, "never") == 0)
        *ret = false;
    else if (when && strcmp(when, "auto") != 0)
        return pl_fail(err, PL_E_USAGE, "--color is auto, always or never, not '%s'", when);
    else if (no && *no)
        *ret = false;
    else if (force && *force && strcmp(force, "0") != 0)
        *ret = true;
    else
        *ret = isatty(fd) && term && strcmp(term, "dumb") != 0;
    return 0;
}

unsigned pl_common_width(int fd)
{
    struct winsize w;
    return isatty(fd) && ioctl(fd, TIOCGWINSZ, &w) == 0 ? w.ws_col : 0;
}

static int write_all(int fd, struct pl_str s, const char *path, struct pl_err *err)
{
    return pl_fd_write(fd, s.p, s.n) < 0
               ? pl_fail_errno(err, PL_E_IO, errno, "cannot write '%s'", path)
               : 0;
}

int pl_common_print(struct pl_str text, struct pl_err *err)
{
    int r = write_all(1, text, "standard output", err);
    return r < 0 && errno == EPIPE ? 0 : r;
}

/* What is no plain file (a pipe, /dev/stderr) is written to as it is. */
static bool is_special(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && !S_ISREG(st.st_mode);
}

int pl_common_write(const char *path, struct pl_str text, struct pl_err *err)
{
    char tmp[4096];
    if (strcmp(path, "-") == 0)
        return pl_common_print(text, err);
    bool special = is_special(path);
    int n = snprintf(tmp, sizeof tmp, special ? "%s" : "%s.part", path);
    if (n < 0 || (size_t)n >= sizeof tmp)
        return pl_fail(err, PL_E_USAGE, "path is too long");
    int fd = open(tmp, O_WRONLY | O_CLOEXEC | (special ? 0 : O_CREAT | O_TRUNC | O_NOFOLLOW), 0666);
    if (fd < 0)
        return pl_fail_errno(err, PL_E_USAGE, errno, "cannot write '%s'", path);
    int r = write_all(fd, text, path, err);
    if (close(fd) < 0 && r == 0)
        r = pl_fail_errno(err, PL_E_IO, errno, "cannot write '%s'", path);
    if (!special && r == 0 && rename(tmp, path) < 0)
        r = pl_fail_errno(err, PL_E_IO, errno, "cannot write '%s'", path);
    if (!special && r < 0)
        unlink(tmp);
    return r;
}
