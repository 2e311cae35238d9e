/* Where a repository is: work tree, git directory, the folders its objects are in. Only the
 * one-line files that say so are read. gitrepository-layout(5). */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "source/git.h"

#define SMALL_FILE 16384u
#define UP_MAX 256u

/* The first bytes of a small file; false when it cannot be read. */
static bool slurp(const char *path, char *buf, size_t *ret_n)
{
    pl_auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return false;
    ssize_t n = read(fd, buf, SMALL_FILE);
    if (n < 0)
        return false;
    *ret_n = (size_t)n;
    return true;
}

static const char *join(struct pl_arena *a, const char *dir, struct pl_str name)
{
    if (name.n && name.p[0] == '/')
        return pl_dup(a, name).p;
    return pl_printf(a, "%s/%.*s", dir, PL_FMT(name)).p;
}

/* Resolved, in `a`; NULL when it is not there. */
static const char *real(struct pl_arena *a, const char *path)
{
    char *r = realpath(path, NULL);
    const char *s = r ? pl_dup(a, pl_str_c(r)).p : NULL;
    free(r);
    return s;
}

static bool is_dir(struct pl_arena *a, const char *dir, const char *name)
{
    struct stat st;
    return stat(join(a, dir, pl_str_c(name)), &st) == 0 && S_ISDIR(st.st_mode);
}

static bool exists(struct pl_arena *a, const char *dir, const char *name)
{
    struct stat st;
    return lstat(join(a, dir, pl_str_c(name)), &st) == 0;
}

/* Folder named by a one-line file, relative to `base`; NULL when there is no such file. */
static const char *pointer(struct pl_arena *a, const char *file, const char *prefix,
                           const char *base)
{
    char buf[SMALL_FILE];
    size_t n;
    if (!slurp(file, buf, &n))
        return NULL;
    struct pl_str s = pl_str_n(buf, n);
    if (!pl_str_starts(s, pl_str_c(prefix)))
        return NULL;
    s = pl_str_trim(pl_str_sub(s, strlen(prefix), s.n));
    if (!s.n || memchr(s.p, 0, s.n) || memchr(s.p, '\n', s.n))
        return NULL;
    return real(a, join(a, base, s));
}

static bool is_git_dir(struct pl_arena *a, const char *dir)
{
    return exists(a, dir, "HEAD") &&
           (exists(a, dir, "commondir") || (is_dir(a, dir, "objects") && is_dir(a, dir, "refs")));
}

static void add_root(struct pl_git_place *p, const char *dir)
{
    if (!dir)
        return;
    for (size_t i = 0; i < p->n_roots; i++) {
        struct pl_str have = pl_str_c(p->roots[i]), want = pl_str_c(dir);
        if (pl_str_eq(have, want) ||
            (pl_str_starts(want, have) && want.n > have.n && want.p[have.n] == '/'))
            return;
    }
    if (p->n_roots == PL_GIT_ROOTS_MAX)
        p->more_roots = true;
    else
        p->roots[p->n_roots++] = dir;
}

/* Only what looks like an object folder: the file may name any path. */
static bool is_object_dir(struct pl_arena *a, const char *dir)
{
    return dir && (is_dir(a, dir, "pack") || is_dir(a, dir, "info"));
}

/* Folders of borrowed objects, those of theirs in turn. */
static void add_alternates(struct pl_git_place *p, struct pl_arena *a, const char *objects)
{
    const char *todo[PL_GIT_ROOTS_MAX] = { objects };
    size_t n = 1;
    char buf[SMALL_FILE];
    for (size_t i = 0; i < n; i++) {
        size_t len;
        if (!slurp(join(a, todo[i], PL_S("info/alternates")), buf, &len))
            continue;
        struct pl_str rest = pl_str_n(buf, len), line;
        while (pl_str_split(&rest, '\n', &line)) {
            if (!line.n || line.p[0] == '#' || memchr(line.p, 0, line.n))
                continue;
            const char *dir = real(a, join(a, todo[i], line));
            if (!is_object_dir(a, dir))
                continue;
            add_root(p, dir);
            if (n < PL_COUNT(todo))
                todo[n++] = dir;
        }
    }
}

/* Is there a repository right in `dir`? Sets dir and work_tree. */
static bool at_dir(struct pl_git_place *p, struct pl_arena *a, const char *dir)
{
    const char *dot = join(a, dir, PL_S(".git"));
    const char *to = pointer(a, dot, "gitdir:", dir);
    if (!to && is_git_dir(a, dot))
        to = real(a, dot);
    if (to && is_git_dir(a, to)) {
        p->dir = to;
        p->work_tree = dir;
        return true;
    }
    if (!is_git_dir(a, dir))
        return false;
    p->dir = dir;
    struct pl_str s = pl_str_c(dir);
    if (pl_str_ends(s, PL_S("/.git")))
        p->work_tree = pl_dup(a, pl_str_sub(s, 0, s.n - 5)).p;
    return true;
}

bool pl_git_use_work_tree(struct pl_git_place *p, const char *dir, bool want, struct pl_arena *a)
{
    dir = real(a, dir);
    if (!dir)
        return false;
    p->work_tree = dir;
    if (want)
        add_root(p, dir);
    return true;
}

bool pl_git_use_index(struct pl_git_place *p, const char *file, bool own_only, struct pl_arena *a)
{
    const char *slash = strrchr(file, '/');
    struct pl_str name = pl_str_c(slash ? slash + 1 : file);
    const char *dir = !slash          ? "."
                      : slash == file ? "/"
                                      : pl_dup(a, pl_str_n(file, (size_t)(slash - file))).p;
    dir = real(a, dir);
    if (!dir || !name.n || (own_only && strcmp(dir, p->dir) != 0))
        return false;
    p->index = join(a, dir, name);
    add_root(p, dir);
    return true;
}

int pl_git_locate(const char *path, bool want_work_tree, struct pl_arena *a,
                  struct pl_git_place *ret, struct pl_err *err)
{
    struct pl_git_place p = { 0 };
    const char *at = real(a, path);
    if (!at)
        return pl_fail_errno(err, PL_E_NOENT, errno, "cannot open '%s'", path);
    for (unsigned i = 0; i < UP_MAX && !at_dir(&p, a, at); i++) {
        const char *slash = strrchr(at, '/');
        if (!slash || !at[1])
            break;
        at = slash == at ? "/" : pl_dup(a, pl_str_n(at, (size_t)(slash - at))).p;
    }
    if (!p.dir)
        return pl_fail(err, PL_E_NOENT, "'%s' is no git repository", path);
    const char *common = pointer(a, join(a, p.dir, PL_S("commondir")), "", p.dir);
    p.common = common ? common : p.dir;
    if (want_work_tree && p.work_tree)
        add_root(&p, p.work_tree);
    add_root(&p, p.common);
    add_root(&p, p.dir);
    const char *objects = real(a, join(a, p.common, PL_S("objects")));
    add_root(&p, objects);
    if (objects)
        add_alternates(&p, a, objects);
    *ret = p;
    return 0;
}
