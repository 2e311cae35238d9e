/* Paths as text: cleaning, joining, following links. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "compat/gl_paths.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/vec.h"

#define MAX_LINKS 40u

const char *pl_gl_path_clean(struct pl_arena *a, const char *path)
{
    struct pl_str rest = pl_str_c(path), part;
    bool rooted = path[0] == '/';
    PL_VEC(struct pl_str) parts = { 0 };
    pl_auto_buf struct pl_buf b = { 0 };
    while (rest.p && pl_str_split(&rest, '/', &part)) {
        bool up = pl_str_is(part, "..");
        if (!part.n || pl_str_is(part, "."))
            continue;
        if (up && parts.n && !pl_str_is(parts.p[parts.n - 1], ".."))
            parts.n--;
        else if (!up || !rooted)
            pl_vec_push(&parts, part);
    }
    if (rooted)
        pl_buf_putc(&b, '/');
    for (size_t i = 0; i < parts.n; i++) {
        pl_buf_puts(&b, i ? "/" : "");
        pl_buf_putn(&b, parts.p[i].p, parts.p[i].n);
    }
    pl_vec_release(&parts);
    return pl_dup(a, b.n ? pl_buf_str(&b) : PL_S(".")).p;
}

const char *pl_gl_path_join(struct pl_arena *a, const char *dir, const char *name)
{
    if (!*dir)
        return pl_gl_path_clean(a, name);
    return pl_gl_path_clean(a, pl_printf(a, "%s/%s", dir, name).p);
}

static const char *absolute(struct pl_arena *a, const char *path)
{
    char cwd[PATH_MAX];
    if (path[0] == '/')
        return pl_gl_path_clean(a, path);
    return getcwd(cwd, sizeof cwd) ? pl_gl_path_join(a, cwd, path) : NULL;
}

const char *pl_gl_path_rel(struct pl_arena *a, const char *base, const char *path)
{
    const char *from = absolute(a, *base ? base : "."), *to = absolute(a, path);
    if (!from || !to)
        return NULL;
    struct pl_str f = pl_str_c(from + 1), t = pl_str_c(to + 1), x, y;
    pl_auto_buf struct pl_buf b = { 0 };
    while (f.n && t.n) {
        struct pl_str f2 = f, t2 = t;
        pl_str_split(&f2, '/', &x);
        pl_str_split(&t2, '/', &y);
        if (!pl_str_eq(x, y))
            break;
        f = f2.p ? f2 : PL_S("");
        t = t2.p ? t2 : PL_S("");
    }
    while (f.n) {
        pl_str_split(&f, '/', &x);
        pl_buf_puts(&b, b.n ? "/.." : "..");
    }
    if (t.n) {
        pl_buf_puts(&b, b.n ? "/" : "");
        pl_buf_putn(&b, t.p, t.n);
    }
    return pl_dup(a, b.n ? pl_buf_str(&b) : PL_S(".")).p;
}

const char *pl_gl_path_resolve(struct pl_arena *a, const char *path)
{
    const char *rest = path, *done = path[0] == '/' ? "/" : ".";
    for (unsigned links = 0; rest && *rest;) {
        char target[PATH_MAX];
        struct stat st;
        const char *slash = strchr(rest, '/');
        struct pl_str part = slash ? pl_str_n(rest, (size_t)(slash - rest)) : pl_str_c(rest);
        rest = slash ? slash + 1 : NULL;
        if (!part.n || pl_str_is(part, "."))
            continue;
        const char *next = pl_gl_path_join(a, done, pl_dup(a, part).p);
        if (lstat(next, &st) < 0)
            return NULL;
        if (!S_ISLNK(st.st_mode)) {
            done = next;
            continue;
        }
        ssize_t n = readlink(next, target, sizeof target - 1);
        if (n < 0)
            return NULL;
        if (++links > MAX_LINKS) {
            errno = ELOOP;
            return NULL;
        }
        target[n] = '\0';
        rest = pl_printf(a, "%s%s%s", target, rest ? "/" : "", rest ? rest : "").p;
        if (target[0] == '/')
            done = "/";
    }
    return done;
}
