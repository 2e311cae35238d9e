/* plimsoll install-hook: a pre-commit hook that runs the staged scan. commands.md. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cmd/common.h"
#include "io/file.h"
#include "io/program.h"
#include "source/git.h"

#define MARK "# written by plimsoll install-hook"

static const char hook[] =
    "#!/bin/sh\n" MARK "\n"
    "# Looks for secrets in what is about to be committed; git commit --no-verify "
    "goes past it.\n"
    "command -v plimsoll >/dev/null || {\n"
    "    echo 'pre-commit: plimsoll is not in the search path; nothing was checked' >&2\n"
    "    exit 1\n"
    "}\n"
    "exec plimsoll secrets git --staged -q\n";

struct options {
    bool force;
};

static const struct pl_opt table[] = {
    { "force", 0, PL_OPT_FLAG, offsetof(struct options, force), NULL,
      "replace a hook that is there, keeping it as pre-commit.old" },
};

static int failed(const char *path, const char *what)
{
    fprintf(stderr, "plimsoll install-hook: %s '%s': %s\n", what, path, strerrordesc_np(errno));
    return PL_EXIT_USAGE;
}

static bool is_ours(const char *path)
{
    pl_auto_buf struct pl_buf text = { .max = 1u << 20 };
    struct pl_err err;
    return pl_file_read(path, &text, &err) == 0 &&
           pl_str_find(pl_buf_str(&text), PL_S(MARK), 0) != SIZE_MAX;
}

static int write_hook(const char *path)
{
    pl_auto_fd int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0777);
    if (fd < 0 || write(fd, hook, sizeof hook - 1) != (ssize_t)sizeof hook - 1)
        return failed(path, "cannot write");
    if (fchmod(fd, 0755) < 0)
        return failed(path, "cannot make executable");
    printf("plimsoll install-hook: %s runs 'plimsoll secrets git --staged'\n", path);
    return PL_EXIT_CLEAN;
}

static int install(const char *path, bool force, struct pl_arena *a)
{
    struct stat st;
    if (lstat(path, &st) == 0 && !is_ours(path)) {
        if (!force) {
            fprintf(stderr,
                    "plimsoll install-hook: '%s' is kept: it is not ours. Add to it\n"
                    "  plimsoll secrets git --staged -q || exit 1\n"
                    "or use --force, which keeps it as pre-commit.old\n",
                    path);
            return PL_EXIT_USAGE;
        }
        const char *old = pl_printf(a, "%s.old", path).p;
        if (lstat(old, &st) == 0) {
            fprintf(stderr, "plimsoll install-hook: '%s' is there already\n", old);
            return PL_EXIT_USAGE;
        }
        if (rename(path, old) < 0)
            return failed(path, "cannot move");
        printf("plimsoll install-hook: the hook that was there is now %s\n", old);
    }
    return write_hook(path);
}

/* Where git looks for hooks: core.hooksPath moves that. Without git: where it would by default. */
static const char *hooks_folder(const struct pl_git_place *place, struct pl_arena *a)
{
    pl_auto_buf struct pl_buf out = { .max = PATH_MAX };
    struct pl_err err = { 0 };
    const char *at = place->work_tree ? place->work_tree : place->dir;
    const char *const argv[] = { "git", "-C", at, "rev-parse", "--git-path", "hooks", NULL };
    struct pl_program p = { .argv = (char *const *)(uintptr_t)argv, .seconds = 10, .quiet = true };
    int status = -1;
    int r = pl_program_run(&p, &out, &status, &err);
    struct pl_str s = pl_str_trim(pl_buf_str(&out));
    if (r < 0 || status != 0 || !s.n || memchr(s.p, 0, s.n))
        return pl_printf(a, "%s/hooks", place->common).p;
    return s.p[0] == '/' ? pl_dup(a, s).p : pl_printf(a, "%s/%.*s", at, PL_FMT(s)).p;
}

static int run_install_hook(const void *options, const struct pl_operands *ops)
{
    const struct options *o = options;
    struct pl_arena a = { 0 };
    struct pl_git_place place;
    struct pl_err err = { 0 };
    if (ops->n > 1) {
        fputs("plimsoll install-hook: one repository a run\n", stderr);
        return PL_EXIT_USAGE;
    }
    int code;
    if (pl_git_locate(ops->n ? ops->p[0] : ".", false, &a, &place, &err) < 0) {
        code = pl_run_failed("install-hook", &err);
    } else {
        const char *dir = hooks_folder(&place, &a);
        if (mkdir(dir, 0777) < 0 && errno != EEXIST)
            code = failed(dir, "cannot make");
        else
            code = install(pl_printf(&a, "%s/pre-commit", dir).p, o->force, &a);
    }
    pl_arena_release(&a);
    return code;
}

const struct pl_command pl_cmd_install_hook = {
    .name = "install-hook",
    .usage = "install-hook [flags] [DIR]",
    .summary = "a pre-commit hook that looks for secrets in what is staged",
    .options = table,
    .n_options = PL_COUNT(table),
    .options_size = sizeof(struct options),
    .run = run_install_hook,
};
