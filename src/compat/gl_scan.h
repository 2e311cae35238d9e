/* A run of the gitleaks personality over one source: workers, what could not be read, log lines.
 * secrets.md sections 2.2, 2.3 and 4. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_COMPAT_GL_SCAN_H
#define PL_COMPAT_GL_SCAN_H

#include <pthread.h>

#include "compat/gl_detect.h"
#include "compat/gl_flags.h"

enum pl_gl_level { PL_GL_TRACE, PL_GL_DEBUG, PL_GL_INFO, PL_GL_WARN, PL_GL_ERROR, PL_GL_FATAL };

struct pl_gl_log {
    enum pl_gl_level level; /* what is below is not printed */
    bool colour;
};

/* One line on stderr: "3:04PM WRN text". */
void pl_gl_log(const struct pl_gl_log *l, enum pl_gl_level level, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Prepares from --log-level and --no-color; an unknown level is told and means info. */
void pl_gl_log_init(struct pl_gl_log *l, const struct pl_gl_flags *f);

#define PL_GL_THREADS 16u

struct pl_gl_scan {
    struct pl_gl_engine *engine;
    const struct pl_gl_flags *flags;
    struct pl_gl_log log;
    struct pl_gl_worker *workers[PL_GL_THREADS];
    unsigned n_workers;
    pthread_mutex_t lock; /* of the next two and of log lines from threads */
    uint64_t unread;      /* things that could not be read */
    bool late;            /* the time of --timeout was over */
    uint64_t commits;
    struct pl_arena commit_arena; /* what findings in git history point at */
};

/* Prepares `n` workers (at most PL_GL_THREADS). */
int pl_gl_scan_init(struct pl_gl_scan *s, unsigned n, struct pl_err *err);
void pl_gl_scan_release(struct pl_gl_scan *s);
/* Threads worth starting on this machine. */
unsigned pl_gl_scan_threads(void);
/* Notes that something was not read: the result is not clean. A log line names it. Thread-safe. */
void pl_gl_scan_unread(struct pl_gl_scan *s, struct pl_str what, const char *why);
/* One fragment by one worker; failures are noted. False when the run must stop (time over). */
bool pl_gl_scan_fragment(struct pl_gl_scan *s, struct pl_gl_worker *w,
                         const struct pl_gl_fragment *f);

/* The content of a descriptor, from its start, as file `path` ("" = none) of commit `c` (NULL =
 * none); `work` is the thread's buffer. Archives are opened as far as the flags say. */
void pl_gl_scan_fd(struct pl_gl_scan *s, struct pl_gl_worker *w, int fd, struct pl_str path,
                   struct pl_str symlink, const struct pl_gl_commit *c, struct pl_buf *work);
/* All files at or below `path`. PL_E_NOENT when there is nothing of that name. */
int pl_gl_scan_dir(struct pl_gl_scan *s, const char *path, bool follow, struct pl_err *err);
/* History of the repository at `path`, or with `diff` its working tree or (`staged`) its index.
 * Errors where there is no repository or git fails; what was found before stays. */
int pl_gl_scan_git(struct pl_gl_scan *s, const char *path, bool diff, bool staged,
                   struct pl_err *err);
/* Archive content: each file in it as "OUTER!INNER". Opened in a closed child process. */
void pl_gl_scan_archive(struct pl_gl_scan *s, struct pl_gl_worker *w, int fd, struct pl_str path,
                        struct pl_str symlink, const struct pl_gl_commit *c, struct pl_buf *work);

#endif
