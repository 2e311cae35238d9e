/* Files of a folder for the gitleaks personality: found in order, scanned by several threads.
 * secrets.md section 4.1. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "compat/gl_paths.h"
#include "compat/gl_scan.h"

#define MAX_DEPTH 1000u

struct target {
    const char *path, *symlink; /* NUL-terminated, in the arena; symlink NULL or the link's path */
};

struct walk {
    struct pl_gl_scan *s;
    struct pl_arena a;
    PL_VEC(struct target) files;
    bool follow;
    size_t next; /* under s->lock: the next file to be taken */
};

static void unread(struct walk *w, const char *path, int errnum)
{
    char why[128];
    pl_gl_scan_unread(w->s, pl_str_c(path),
                      strerror_r(errnum, why, sizeof why)); /* the GNU form returns the text */
}

static void add_link(struct walk *w, const char *path)
{
    struct stat st;
    if (!w->follow)
        return;
    const char *real = pl_gl_path_resolve(&w->a, path);
    if (!real || stat(real, &st) < 0) {
        pl_gl_log(&w->s->log, PL_GL_WARN, "skipping symlink: could not evaluate path=%s", path);
        return; /* a dangling link hides nothing */
    }
    if (S_ISREG(st.st_mode) && !pl_gl_engine_skips(w->s->engine, pl_str_c(path)))
        pl_vec_push(&w->files, (struct target){ real, path });
}

static void add_file(struct walk *w, const char *path, const struct stat *st)
{
    int64_t max = w->s->flags->max_megabytes;
    if (st->st_size == 0 || !S_ISREG(st->st_mode))
        return;
    if (max > 0 && st->st_size > (off_t)max * 1000000) {
        pl_gl_log(&w->s->log, PL_GL_WARN,
                  "skipping file: too large max_size=%lldMB, size=%lldMB path=%s", (long long)max,
                  (long long)(st->st_size / 1000000), path);
        return;
    }
    if (!pl_gl_engine_skips(w->s->engine, pl_str_c(path)))
        pl_vec_push(&w->files, (struct target){ path, NULL });
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void visit(struct walk *w, const char *path, unsigned depth);

static void visit_folder(struct walk *w, const char *path, unsigned depth)
{
    PL_VEC(const char *) names = { 0 };
    if (depth > MAX_DEPTH) {
        pl_gl_scan_unread(w->s, pl_str_c(path), "folders nest too deeply");
        return;
    }
    DIR *d = opendir(path);
    if (!d) {
        unread(w, path, errno);
        return;
    }
    for (struct dirent *e; errno = 0, (e = readdir(d));)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            pl_vec_push(&names, pl_dup(&w->a, pl_str_c(e->d_name)).p);
    if (errno)
        unread(w, path, errno);
    closedir(d);
    if (names.n)
        qsort(names.p, names.n, sizeof *names.p, by_name);
    for (size_t i = 0; i < names.n; i++)
        visit(w, pl_gl_path_join(&w->a, path, names.p[i]), depth + 1);
    pl_vec_release(&names);
}

static void visit(struct walk *w, const char *path, unsigned depth)
{
    struct stat st;
    if (lstat(path, &st) < 0)
        unread(w, path, errno);
    else if (S_ISLNK(st.st_mode))
        add_link(w, path);
    else if (!S_ISDIR(st.st_mode))
        add_file(w, path, &st);
    else if (!pl_gl_engine_skips(w->s->engine, pl_str_c(path)))
        visit_folder(w, path, depth);
}

static void scan_file(struct walk *w, struct pl_gl_worker *worker, const struct target *t,
                      struct pl_buf *work)
{
    pl_auto_fd int fd = open(t->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) {
        unread(w, t->path, errno);
        return;
    }
    pl_gl_scan_fd(w->s, worker, fd, pl_str_c(t->path), pl_str_c(t->symlink), NULL, work);
}

struct thread {
    struct walk *w;
    struct pl_gl_worker *worker;
    pthread_t id;
};

static void *run_thread(void *arg)
{
    struct thread *t = arg;
    struct pl_buf work = { 0 };
    for (;;) {
        pthread_mutex_lock(&t->w->s->lock);
        size_t i = t->w->s->late ? t->w->files.n : t->w->next++;
        pthread_mutex_unlock(&t->w->s->lock);
        if (i >= t->w->files.n)
            break;
        scan_file(t->w, t->worker, &t->w->files.p[i], &work);
    }
    pl_buf_release(&work);
    return NULL;
}

static void scan_files(struct walk *w)
{
    struct thread t[PL_GL_THREADS];
    unsigned n = 0;
    for (unsigned i = 1; i < w->s->n_workers && i < w->files.n; i++) {
        t[n] = (struct thread){ .w = w, .worker = w->s->workers[i] };
        if (pthread_create(&t[n].id, NULL, run_thread, &t[n]) == 0)
            n++;
    }
    struct thread own = { .w = w, .worker = w->s->workers[0] };
    run_thread(&own);
    while (n > 0)
        pthread_join(t[--n].id, NULL);
}

int pl_gl_scan_dir(struct pl_gl_scan *s, const char *path, bool follow, struct pl_err *err)
{
    struct walk w = { .s = s, .follow = follow };
    struct stat st;
    if (lstat(path, &st) < 0)
        return pl_fail_errno(err, PL_E_NOENT, errno, "stat %s", path);
    if (S_ISLNK(st.st_mode) && !follow)
        return pl_fail(err, PL_E_USAGE,
                       "%s is a symbolic link: name what it leads to, or add --follow-symlinks",
                       path);
    if (S_ISLNK(st.st_mode) && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return pl_fail(err, PL_E_USAGE, "%s is a symbolic link to a folder: name the folder", path);
    visit(&w, pl_dup(&w.a, pl_str_c(path)).p, 0);
    scan_files(&w);
    pl_vec_release(&w.files);
    pl_arena_release(&w.a);
    return 0;
}
