/* plimsoll trust: the trusted root of identities: imported from a file, looked at. No network.
 * formats/signing.md sections 9.2 and 12. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "cmd/common.h"
#include "cmd/trust_file.h"
#include "io/file.h"
#include "sign/root.h"

#define ROOT_MAX PL_MIB(16)
#define DAY_NS 86400000000000ll

struct options {
    bool force, quiet;
};

static const struct pl_opt table[] = {
    { "force", 0, PL_OPT_FLAG, offsetof(struct options, force), NULL,
      "import: also one that is older than the one that is there" },
    { "quiet", 'q', PL_OPT_FLAG, offsetof(struct options, quiet), NULL, "only errors" },
};

struct pl_str pl_trust_path(struct pl_arena *a)
{
    const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    if (config && config[0] == '/')
        return pl_printf(a, "%s/plimsoll/trusted_root.json", config);
    if (home && home[0] == '/')
        return pl_printf(a, "%s/.config/plimsoll/trusted_root.json", home);
    return (struct pl_str){ 0 };
}

int pl_trust_default(struct pl_arena *a, struct pl_buf *b, struct pl_str *ret,
                     const char **ret_name, struct pl_err *err)
{
    struct pl_str path = pl_trust_path(a);
    *ret = pl_root_builtin();
    *ret_name = "built in";
    if (!path.p || access(path.p, F_OK) < 0)
        return 0;
    b->max = ROOT_MAX;
    int r = pl_file_read(path.p, b, err);
    if (r == 0) {
        *ret = pl_buf_str(b);
        *ret_name = path.p;
    }
    return r;
}

static int failed(const struct pl_err *err)
{
    fprintf(stderr, "plimsoll trust: %s\n", err->msg);
    return PL_EXIT_USAGE;
}

static int read_root(const char *path, struct pl_buf *b, struct pl_root **ret, struct pl_err *err)
{
    struct pl_err why = { 0 };
    int r = pl_file_read(path, b, err);
    if (r == 0 && pl_root_parse(pl_buf_str(b), ret, &why) < 0)
        r = pl_fail(err, PL_E_USAGE, "'%s' is no trusted root: %s", path, why.msg);
    return r;
}

static void tell(const char *name, const struct pl_root *root)
{
    struct timespec now;
    time_t t = (time_t)(root->newest_ns / 1000000000);
    struct tm tm;
    char day[16];
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&t, &tm);
    strftime(day, sizeof day, "%Y-%m-%d", &tm);
    printf("%s: newest entry of %s, %lld days ago; %zu certificate authorities, %zu logs, "
           "%zu time stamp authorities\n",
           name, day, (long long)(((int64_t)now.tv_sec * 1000000000 - root->newest_ns) / DAY_NS),
           root->n_cas, root->n_tlogs + root->n_ctlogs, root->n_tsas);
}

/* Going back to an older root would bring keys back that were withdrawn. */
static int check_newer(const struct pl_root *fresh, struct pl_str path, bool force,
                       struct pl_err *err)
{
    pl_auto_buf struct pl_buf b = { .max = ROOT_MAX };
    struct pl_root *old = NULL;
    struct pl_str text = pl_root_builtin();
    if (access(path.p, F_OK) == 0 && pl_file_read(path.p, &b, NULL) == 0)
        text = pl_buf_str(&b);
    int r = 0;
    if (!force && text.p && pl_root_parse(text, &old, NULL) == 0 &&
        fresh->newest_ns < old->newest_ns)
        r = pl_fail(err, PL_E_USAGE,
                    "the root is older than the one that is in use; --force takes it all the same");
    pl_root_free(old);
    return r;
}

static void make_folders(struct pl_arena *a, struct pl_str path)
{
    for (size_t i = 1; i < path.n; i++)
        if (path.p[i] == '/')
            mkdir(pl_dup(a, pl_str_sub(path, 0, i)).p, 0755);
}

static int import(const struct options *o, const char *from)
{
    struct pl_arena a = { 0 };
    pl_auto_buf struct pl_buf b = { .max = ROOT_MAX };
    struct pl_root *root = NULL;
    struct pl_err err = { 0 };
    struct pl_str path = pl_trust_path(&a);
    int r = path.p ? read_root(from, &b, &root, &err)
                   : pl_fail(&err, PL_E_USAGE, "neither XDG_CONFIG_HOME nor HOME is set");
    if (r == 0)
        r = check_newer(root, path, o->force, &err);
    if (r == 0) {
        make_folders(&a, path);
        r = pl_common_write(path.p, pl_buf_str(&b), &err);
    }
    if (r == 0 && !o->quiet)
        tell(path.p, root);
    pl_root_free(root);
    pl_arena_release(&a);
    return r < 0 ? failed(&err) : 0;
}

static int status(void)
{
    struct pl_arena a = { 0 };
    pl_auto_buf struct pl_buf b = { 0 };
    struct pl_root *root = NULL;
    struct pl_str text;
    const char *name;
    struct pl_err err = { 0 };
    int r = pl_trust_default(&a, &b, &text, &name, &err);
    if (r == 0 && !text.p)
        r = pl_fail(&err, PL_E_USAGE, "there is no trusted root; plimsoll trust import FILE");
    if (r == 0)
        r = pl_root_parse(text, &root, &err);
    if (r == 0)
        tell(name, root);
    pl_root_free(root);
    pl_arena_release(&a);
    return r < 0 ? failed(&err) : 0;
}

static int run_trust(const void *options, const struct pl_operands *ops)
{
    if (ops->n == 2 && strcmp(ops->p[0], "import") == 0)
        return import(options, ops->p[1]);
    if (ops->n == 1 && strcmp(ops->p[0], "status") == 0)
        return status();
    fputs("plimsoll trust: import FILE, or status?\n", stderr);
    return PL_EXIT_USAGE;
}

const struct pl_command pl_cmd_trust = {
    .name = "trust",
    .usage = "trust import FILE | trust status",
    .summary = "the trusted root of identities: taken from a file, looked at",
    .options = table,
    .n_options = PL_COUNT(table),
    .options_size = sizeof(struct options),
    .run = run_trust,
};
