/* Workers, log lines and the reading of single files for the gitleaks personality. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "compat/gl_scan.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "compat/gl_chunk.h"

static const struct {
    const char *word, *colour;
} levels[] = { { "TRC", "\x1b[35m" }, { "DBG", "" },         { "INF", "\x1b[32m" },
               { "WRN", "\x1b[33m" }, { "ERR", "\x1b[31m" }, { "FTL", "\x1b[31m" } };

void pl_gl_log(const struct pl_gl_log *l, enum pl_gl_level level, const char *fmt, ...)
{
    char line[2048];
    struct tm tm;
    time_t now = time(NULL);
    va_list ap;
    if (level < l->level || !localtime_r(&now, &tm))
        return;
    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    for (char *p = line; *p; p++) /* names of files and commits come from elsewhere */
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = '?';
    fprintf(stderr, "%s%d:%02d%s%s %s%s%s %s\n", l->colour ? "\x1b[90m" : "",
            tm.tm_hour % 12 ? tm.tm_hour % 12 : 12, tm.tm_min, tm.tm_hour < 12 ? "AM" : "PM",
            l->colour ? "\x1b[0m" : "", l->colour ? levels[level].colour : "", levels[level].word,
            l->colour ? "\x1b[0m" : "", line);
}

void pl_gl_log_init(struct pl_gl_log *l, const struct pl_gl_flags *f)
{
    static const struct {
        const char *name;
        enum pl_gl_level level;
    } names[] = { { "trace", PL_GL_TRACE }, { "debug", PL_GL_DEBUG }, { "info", PL_GL_INFO },
                  { "warn", PL_GL_WARN },   { "err", PL_GL_ERROR },   { "error", PL_GL_ERROR },
                  { "fatal", PL_GL_FATAL } };
    const char *no = getenv("NO_COLOR");
    l->level = PL_GL_INFO;
    l->colour = !f->no_color && !(no && *no) && isatty(2);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (pl_str_ieq(pl_str_c(f->log_level), pl_str_c(names[i].name))) {
            l->level = names[i].level;
            return;
        }
    }
    pl_gl_log(l, PL_GL_WARN, "unknown log level: %s", f->log_level);
}

unsigned pl_gl_scan_threads(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : n > PL_GL_THREADS ? PL_GL_THREADS : (unsigned)n;
}

int pl_gl_scan_init(struct pl_gl_scan *s, unsigned n, struct pl_err *err)
{
    pthread_mutex_init(&s->lock, NULL);
    for (s->n_workers = 0; s->n_workers < n && s->n_workers < PL_GL_THREADS; s->n_workers++) {
        int r = pl_gl_worker_new(s->engine, &s->workers[s->n_workers], err);
        if (r < 0)
            return r;
    }
    return 0;
}

void pl_gl_scan_release(struct pl_gl_scan *s)
{
    for (unsigned i = 0; i < s->n_workers; i++)
        pl_gl_worker_free(s->workers[i]);
    s->n_workers = 0;
    pl_arena_release(&s->commit_arena);
    pthread_mutex_destroy(&s->lock);
}

void pl_gl_scan_unread(struct pl_gl_scan *s, struct pl_str what, const char *why)
{
    pthread_mutex_lock(&s->lock);
    s->unread++;
    pl_gl_log(&s->log, PL_GL_WARN, "not read: %.*s: %s", (int)(what.n < 1000 ? what.n : 1000),
              what.p, why);
    pthread_mutex_unlock(&s->lock);
}

bool pl_gl_scan_fragment(struct pl_gl_scan *s, struct pl_gl_worker *w,
                         const struct pl_gl_fragment *f)
{
    struct pl_err err = { 0 };
    if (pl_gl_worker_scan(w, f, &err) == 0)
        return true;
    if (err.code == PL_E_CANCEL) {
        pthread_mutex_lock(&s->lock);
        s->late = true;
        pthread_mutex_unlock(&s->lock);
        return false;
    }
    pl_gl_scan_unread(s, f->path, err.msg);
    return true;
}

/* A file on its way through the chunks. */
struct file {
    struct pl_gl_scan *s;
    struct pl_gl_worker *w;
    struct pl_gl_fragment f;
    int fd;
};

static ssize_t read_fd(void *arg, void *buf, size_t n)
{
    return read(((struct file *)arg)->fd, buf, n);
}

static int on_chunk(void *arg, struct pl_str raw, int64_t line)
{
    struct file *x = arg;
    x->f.raw = raw;
    x->f.start_line = line;
    return pl_gl_scan_fragment(x->s, x->w, &x->f) ? 0 : 1;
}

void pl_gl_scan_fd(struct pl_gl_scan *s, struct pl_gl_worker *w, int fd, struct pl_str path,
                   struct pl_str symlink, const struct pl_gl_commit *c, struct pl_buf *work)
{
    struct pl_err err = { 0 };
    struct file x = { s, w, { .path = path, .symlink = symlink, .commit = c }, fd };
    struct pl_gl_chunker k = { .read = read_fd, .read_arg = &x, .work = work };
    if (path.n && pl_gl_archive_name(path) != PL_GL_PLAIN) {
        if (s->flags->archive_depth > 0)
            pl_gl_scan_archive(s, w, fd, path, symlink, c, work);
        return;
    }
    if (pl_gl_chunks(&k, on_chunk, &x, &err) < 0)
        pl_gl_scan_unread(s, path.n ? path : PL_S("stdin"), err.msg);
}
