/* The `git` program as a source of text: patches, a blob, the remote's address. It runs with
 * nothing that a repository could make it start. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/vec.h"
#include "source/git.h"

struct words {
    PL_VEC(const char *) w;
};

struct cmd_feed {
    struct pl_feed f;
    pid_t pid; /* 0 = gone */
    int out, errs;
    bool ended;
    int code;
    char why[256];
};

/* First line of what the program said, into x->why. */
static void take_reason(struct cmd_feed *x, int status)
{
    char buf[sizeof x->why];
    ssize_t n = pread(x->errs, buf, sizeof buf - 1, 0);
    struct pl_str s = pl_str_n(buf, n > 0 ? (size_t)n : 0), line = { "", 0 };
    while (pl_str_split(&s, '\n', &line) && !pl_str_trim(line).n)
        ;
    size_t k = line.n < sizeof x->why - 1 ? line.n : sizeof x->why - 1;
    for (size_t i = 0; i < k; i++)
        x->why[i] = (unsigned char)line.p[i] < 0x20 ? '?' : line.p[i];
    x->why[k] = 0;
    x->code = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static int cmd_read(struct pl_feed *f, void *buf, size_t n, size_t *ret_got, struct pl_err *err)
{
    struct cmd_feed *x = (struct cmd_feed *)f;
    ssize_t got = 0;
    if (!x->ended) {
        do
            got = read(x->out, buf, n);
        while (got < 0 && errno == EINTR);
        if (got < 0)
            return pl_fail_errno(err, PL_E_IO, errno, "cannot read from git");
    }
    if (got == 0 && !x->ended) {
        int status = 0;
        x->ended = true;
        while (waitpid(x->pid, &status, 0) < 0 && errno == EINTR)
            ;
        x->pid = 0;
        if (status)
            take_reason(x, status);
    }
    *ret_got = (size_t)got;
    if (got == 0 && x->code)
        return pl_fail(err, PL_E_IO, "git failed (%d)%s%s", x->code, x->why[0] ? ": " : "", x->why);
    return 0;
}

int pl_git_cmd_fd(const struct pl_feed *f)
{
    return ((const struct cmd_feed *)f)->out;
}

static void cmd_close(struct pl_feed *f)
{
    struct cmd_feed *x = (struct cmd_feed *)f;
    if (x->pid > 0) {
        kill(x->pid, SIGTERM);
        while (waitpid(x->pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    close(x->out);
    close(x->errs);
    free(x);
}

static int spawn_git(const char *const *argv, int out, int errs, pid_t *ret)
{
    posix_spawn_file_actions_t fa;
    posix_spawnattr_t at;
    sigset_t pipe_set;
    posix_spawn_file_actions_init(&fa);
    posix_spawn_file_actions_addopen(&fa, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&fa, out, 1);
    posix_spawn_file_actions_adddup2(&fa, errs, 2);
    posix_spawnattr_init(&at);
    sigemptyset(&pipe_set);
    sigaddset(&pipe_set, SIGPIPE);
    posix_spawnattr_setsigdefault(&at, &pipe_set);
    posix_spawnattr_setflags(&at, POSIX_SPAWN_SETSIGDEF);
    int r = posix_spawnp(ret, argv[0], &fa, &at, (char *const *)(uintptr_t)argv, environ);
    posix_spawn_file_actions_destroy(&fa);
    posix_spawnattr_destroy(&at);
    return r;
}

static void add(struct words *w, const char *s)
{
    pl_vec_push(&w->w, s);
}

static struct pl_feed *start(struct words *w, struct pl_err *err)
{
    struct cmd_feed *x = calloc(1, sizeof *x);
    int out[2] = { -1, -1 };
    if (!x)
        pl_oom();
    add(w, NULL);
    *x = (struct cmd_feed){ .f = { cmd_read, cmd_close }, .out = -1 };
    x->errs = memfd_create("git-errors", MFD_CLOEXEC);
    int r = x->errs < 0 || pipe2(out, O_CLOEXEC) < 0 ? errno : 0;
    if (!r)
        r = spawn_git(w->w.p, out[1], x->errs, &x->pid);
    if (out[1] >= 0)
        close(out[1]);
    x->out = out[0];
    pl_vec_release(&w->w);
    if (!r)
        return &x->f;
    x->pid = 0;
    cmd_close(&x->f);
    pl_fail_errno(err, r == ENOENT ? PL_E_UNSUP : PL_E_IO, r, "cannot start 'git'");
    return NULL;
}

/* Nothing of the repository's own configuration may name a program that is then run. */
static void add_git(struct words *w, const char *repo)
{
    static const char *const first[] = { "git",
                                         "-c",
                                         "core.fsmonitor=false",
                                         "-c",
                                         "log.showSignature=false",
                                         "-c",
                                         "core.pager=cat",
                                         "-C" };
    for (size_t i = 0; i < PL_COUNT(first); i++)
        add(w, first[i]);
    add(w, repo);
}

struct pl_feed *pl_git_cmd_feed(const struct pl_git_cmd *c, struct pl_err *err)
{
    static const char *const all[] = { "--full-history", "--all", "--diff-filter=tuxdb" };
    struct words w = { 0 };
    add_git(&w, c->repo);
    add(&w, c->show == PL_GIT_LOG ? "log" : "diff");
    if (c->show == PL_GIT_LOG)
        add(&w, "-p");
    add(&w, "-U0");
    add(&w, "--no-color");
    add(&w, "--no-ext-diff");
    add(&w, "--no-textconv");
    if (c->show == PL_GIT_LOG) {
        for (size_t i = 0; i < c->n_opts; i++)
            add(&w, c->opts[i]);
        for (size_t i = 0; !c->n_opts && i < PL_COUNT(all); i++)
            add(&w, all[i]);
        return start(&w, err);
    }
    if (c->show == PL_GIT_STAGED)
        add(&w, "--staged");
    add(&w, ".");
    return start(&w, err);
}

struct pl_feed *pl_git_blob_feed(const char *repo, struct pl_str commit, struct pl_str path,
                                 struct pl_err *err)
{
    struct pl_arena a = { 0 };
    struct words w = { 0 };
    add_git(&w, repo);
    add(&w, "cat-file");
    add(&w, "blob");
    add(&w, pl_printf(&a, "%.*s:%.*s", PL_FMT(commit), PL_FMT(path)).p);
    struct pl_feed *f = start(&w, err);
    pl_arena_release(&a);
    return f;
}

struct pl_str pl_git_remote_url(const char *repo, struct pl_arena *a)
{
    struct words w = { 0 };
    struct pl_err err = { 0 };
    char buf[4096];
    size_t n = 0, got = 1;
    add_git(&w, repo);
    add(&w, "ls-remote");
    add(&w, "--quiet");
    add(&w, "--get-url");
    struct pl_feed *f = start(&w, &err);
    if (!f)
        return PL_S("");
    int r = 0;
    while (r == 0 && got && n < sizeof buf) {
        r = f->read(f, buf + n, sizeof buf - n, &got, &err);
        n += r == 0 ? got : 0;
    }
    f->close(f);
    return r < 0 ? PL_S("") : pl_dup(a, pl_str_trim(pl_str_n(buf, n)));
}
