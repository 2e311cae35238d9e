/* What a build context holds that should not be copied whole: names only, nothing is opened. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cmd/lint_run.h"

#define DEPTH_MAX 4
#define ENTRIES_MAX 20000u
#define FOUND_MAX 100u

struct walk {
    struct pl_arena *a;
    struct pl_str *found;
    size_t n, seen;
};

static void look(struct walk *w, int fd, struct pl_str prefix, unsigned depth)
{
    DIR *d = fdopendir(fd);
    const struct dirent *e;
    if (!d) {
        close(fd);
        return;
    }
    while ((e = readdir(d)) != NULL && w->seen++ < ENTRIES_MAX && w->n < FOUND_MAX) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        struct pl_str path = pl_printf(w->a, "%.*s%s", PL_FMT(prefix), e->d_name);
        if (pl_lint_credential_file(path)) {
            w->found[w->n++] = path;
            continue;
        }
        bool folder = e->d_type == DT_DIR && strcmp(e->d_name, "node_modules") != 0;
        int sub = folder && depth < DEPTH_MAX
                      ? openat(dirfd(d), e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
                      : -1;
        if (sub >= 0)
            look(w, sub, pl_printf(w->a, "%.*s/", PL_FMT(path)), depth + 1);
    }
    closedir(d);
}

static int by_name(const void *a, const void *b)
{
    return pl_str_cmp(*(const struct pl_str *)a, *(const struct pl_str *)b);
}

struct pl_str *pl_lint_context(void *arg, size_t *ret_n)
{
    struct pl_lint_run *r = arg;
    struct walk w = { .a = r->a };
    if (pl_str_eq(r->looked_at, r->dir)) { /* a second COPY, proof, file */
        *ret_n = r->credentials.n;
        return r->credentials.p;
    }
    w.found = pl_alloc_n(r->a, FOUND_MAX, sizeof *w.found);
    struct pl_str dir = pl_dup(r->a, r->dir);
    int fd = open(dir.p, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0)
        look(&w, fd, PL_S(""), 1);
    qsort(w.found, w.n, sizeof *w.found, by_name);
    r->looked_at = dir;
    r->credentials = (struct pl_names){ w.found, w.n };
    *ret_n = w.n;
    return w.found;
}
