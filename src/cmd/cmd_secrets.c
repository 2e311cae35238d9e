/* plimsoll secrets: the source side of secret scanning. commands.md, secrets.md section 11. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "cmd/scan_cmd.h"
#include "cmd/since.h"
#include "source/git.h"

#define O(field) offsetof(struct pl_scan_cmd, field)
static const struct pl_opt table[] = {
    { "staged", 0, PL_OPT_FLAG, O(staged), NULL, "git: what the index adds to HEAD" },
    { "working-tree", 0, PL_OPT_FLAG, O(working_tree), NULL,
      "git: what the working tree adds to HEAD" },
    { "rev", 0, PL_OPT_LIST, O(rev), "RANGE", "git: A, ^A, A..B or A...B instead of all refs" },
    { "since", 0, PL_OPT_STR, O(since), "DATE", "git: commits from then on; 2026-01-31, or 30d" },
    { "until", 0, PL_OPT_STR, O(until), "DATE", "git: commits up to then" },
    { "unreachable", 0, PL_OPT_FLAG, O(unreachable), NULL, "git: objects no ref leads to, too" },
    { "no-ignores", 0, PL_OPT_FLAG, O(no_ignores), NULL,
      "neither markers nor ignore files of the source" },
    PL_SCAN_IGNORE_OPTS(struct pl_scan_cmd),
    PL_SCAN_OUTPUT_OPTS(struct pl_scan_cmd),
    PL_COMMON_OPTS(struct pl_scan_cmd),
};

static int usage(const char *text)
{
    fprintf(stderr, "plimsoll secrets: %s\n", text);
    return PL_EXIT_USAGE;
}

static int scope_of(const struct pl_scan_cmd *o, struct pl_git_scope *ret, struct pl_err *err)
{
    *ret = (struct pl_git_scope){ .revs = o->rev.p,
                                  .n_revs = o->rev.n,
                                  .unreachable = o->unreachable,
                                  .staged = o->staged,
                                  .working_tree = o->working_tree };
    int r = o->since ? pl_since_parse(o->since, &ret->since, err) : 0;
    if (r == 0 && o->until)
        r = pl_since_parse(o->until, &ret->until, err);
    return r;
}

static const char *variable(const char *name)
{
    const char *v = getenv(name);
    return v && *v ? v : NULL;
}

/* What git tells hooks: the index of `commit -a` and its like is not the usual one. Where a
 * repository is named, an index counts that belongs to it. Sets *path where none is. */
static void heed_git(bool named, struct pl_git_scope *g, const char **path)
{
    const char *dir = variable("GIT_DIR"), *top = variable("GIT_WORK_TREE");
    if (g->staged || g->working_tree) {
        g->index = variable("GIT_INDEX_FILE");
        g->own_index = named;
    }
    if (named || !dir)
        return;
    *path = dir;
    g->top = top ? top : ".";
}

/* The folder whose ignore files count: the work tree, the directory. */
static const char *own_folder(const char *kind, const char *path, const struct pl_git_scope *g,
                              struct pl_arena *a)
{
    struct stat st;
    struct pl_git_place place;
    struct pl_err err;
    if (strcmp(kind, "stdin") == 0)
        return ".";
    if (g->top)
        return g->top;
    if (strcmp(kind, "git") == 0)
        return pl_git_locate(path, false, a, &place, &err) == 0 ? place.work_tree : NULL;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode) ? path : NULL;
}

static int run_secrets(const void *options, const struct pl_operands *ops)
{
    struct pl_scan_cmd o = *(const struct pl_scan_cmd *)options;
    struct pl_git_scope scope;
    struct pl_arena a = { 0 };
    struct pl_err err = { 0 };
    const char *kind = ops->n ? ops->p[0] : "";
    bool git = strcmp(kind, "git") == 0, dir = strcmp(kind, "dir") == 0,
         in = strcmp(kind, "stdin") == 0;
    bool git_only = o.staged || o.working_tree || o.rev.n || o.since || o.until || o.unreachable;
    if (!git && !dir && !in)
        return usage("say what to read: secrets git [REPO], secrets dir [PATH] or secrets stdin");
    if (ops->n > 2 || (in && ops->n > 1))
        return usage("one source a run");
    if (git_only && !git)
        return usage(
            "--staged, --working-tree, --rev, --since, --until and --unreachable go with git");
    if ((o.staged || o.working_tree) && (o.rev.n || o.since || o.until || o.unreachable))
        return usage("--staged and --working-tree read no history");
    if (o.staged && o.working_tree)
        return usage("--staged or --working-tree, not both");
    if (scope_of(&o, &scope, &err) < 0)
        return pl_run_failed("secrets", &err);
    const char *path = ops->n > 1 ? ops->p[1] : ".";
    if (git)
        heed_git(ops->n > 1, &scope, &path);
    const char *target = in ? "stdin:" : pl_printf(&a, "%s:%s", kind, path).p;
    o.verb = "secrets";
    o.common.git = &scope;
    o.common.marks = !o.no_ignores;
    o.own = o.no_ignores ? NULL : own_folder(kind, path, &scope, &a);
    struct pl_operands one = { &target, 1 };
    int code = pl_scan_cmd_run(&o, &one);
    pl_arena_release(&a);
    return code;
}

const struct pl_command pl_cmd_secrets = {
    .name = "secrets",
    .usage = "secrets [flags] git [REPO] | dir [PATH] | stdin",
    .summary = "find secrets in a git history, a directory or on standard input",
    .details =
        "git reads every blob of the history once, commit and tag messages, stashes and notes.\n"
        "Markers (plimsoll:allow, gitleaks:allow), .plimsollignore and .gitleaksignore count.\n",
    .options = table,
    .n_options = PL_COUNT(table),
    .options_size = sizeof(struct pl_scan_cmd),
    .run = run_secrets,
};
