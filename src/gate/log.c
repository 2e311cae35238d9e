/* The file of the decision log, opened by one; log_add.c appends to it. gates.md section 4. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "gate/gate_int.h"
#include "gate/log_int.h"
#include "sign/keyref.h"

/* ---- opening ---- */

static int pread_all(int fd, char *p, size_t n, off_t at, struct pl_err *err)
{
    while (n) {
        ssize_t got = pread(fd, p, n, at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return pl_fail_errno(err, PL_E_USAGE, got ? errno : EIO, "cannot read the log");
        p += got;
        at += got;
        n -= (size_t)got;
    }
    return 0;
}

/* The end of the file, from the beginning of its last whole line; *ret_torn bytes behind it. */
static int read_tail(struct pl_gate_log *l, struct pl_buf *b, size_t *ret_torn, struct pl_err *err)
{
    size_t n = l->size > (off_t)PL_LOG_LINE_MAX ? PL_LOG_LINE_MAX : (size_t)l->size;
    char *p = pl_buf_room(b, n + 1, err);
    if (!p)
        return PL_E_LIMIT;
    int r = pread_all(l->fd, p, n, l->size - (off_t)n, err);
    if (r < 0)
        return r;
    size_t end = n;
    while (end > 0 && p[end - 1] != '\n')
        end--;
    if (end == 0 && (off_t)n < l->size)
        return pl_fail(err, PL_E_USAGE, "the last line of the log is too long");
    size_t begin = end ? end - 1 : 0;
    while (begin > 0 && p[begin - 1] != '\n')
        begin--;
    *ret_torn = n - end;
    b->n = n;
    memmove(p, p + begin, n - begin);
    b->n = n - begin;
    return 0;
}

/* What a power cut left of a line that was never answered for. */
static int set_aside(struct pl_gate_log *l, const char *path, struct pl_str torn,
                     struct pl_err *err)
{
    struct pl_arena a = { 0 };
    pl_auto_fd int fd = open(pl_printf(&a, "%s.torn", path).p,
                             O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    pl_arena_release(&a);
    if (fd < 0 || write(fd, torn.p, torn.n) != (ssize_t)torn.n ||
        ftruncate(l->fd, l->size - (off_t)torn.n) < 0)
        return pl_fail_errno(err, PL_E_USAGE, errno, "cannot set a torn line of '%s' aside", path);
    l->size -= (off_t)torn.n;
    snprintf(l->note, sizeof l->note, "%zu bytes of a torn last line were moved to .torn", torn.n);
    return 0;
}

static int take_up(struct pl_gate_log *l, const char *path, struct pl_err *err)
{
    pl_auto_buf struct pl_buf b = { .max = PL_LOG_LINE_MAX + 1 };
    struct pl_arena a = { 0 };
    struct pl_log_row row = { 0 };
    size_t torn = 0;
    snprintf(l->prev, sizeof l->prev, "%s", PL_LOG_ZEROS);
    snprintf(l->whole_prev, sizeof l->whole_prev, "%s", PL_LOG_ZEROS);
    int r = l->size ? read_tail(l, &b, &torn, err) : 0;
    if (r == 0 && torn)
        r = set_aside(l, path, pl_str_n(b.p + b.n - torn, torn), err);
    if (r == 0 && b.n > torn) {
        r = pl_log_row_read(pl_str_n(b.p, b.n - torn - 1), &a, &row, err);
        if (r < 0)
            r = pl_fail(err, PL_E_USAGE, "'%s' is no decision log: its last line: %s", path,
                        err ? err->msg : "");
    }
    if (r == 0 && row.n) {
        l->n = l->whole_n = row.n;
        memcpy(l->prev, row.hash.p, 64);
        memcpy(l->whole_prev, row.hash.p, 64);
    }
    pl_json_free(row.root);
    pl_arena_release(&a);
    return r;
}

/* Writers that end soon, one for each image of a node, take turns. */
static bool lock(int fd, uint32_t wait_ms)
{
    const struct timespec step = { .tv_nsec = 10000000 };
    int64_t until = pl_clock_ms() + wait_ms;
    while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        if ((errno != EWOULDBLOCK && errno != EINTR) || pl_clock_ms() >= until)
            return false;
        nanosleep(&step, NULL);
    }
    return true;
}

static int open_file(struct pl_gate_log *l, const char *path, uint32_t wait_ms, struct pl_err *err)
{
    struct stat st;
    l->fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0600);
    if (l->fd < 0)
        return pl_fail_errno(err, PL_E_USAGE, errno, "cannot open log '%s'", path);
    if (fstat(l->fd, &st) < 0 || !S_ISREG(st.st_mode))
        return pl_fail(err, PL_E_USAGE, "'%s' is no regular file", path);
    if (!lock(l->fd, wait_ms))
        return pl_fail(err, PL_E_USAGE, "log '%s' is being written by another process", path);
    if (fstat(l->fd, &st) < 0)
        return pl_fail_errno(err, PL_E_USAGE, errno, "cannot look at log '%s'", path);
    l->size = st.st_size;
    return 0;
}

int pl_gate_log_open(const struct pl_gate_log_opts *o, struct pl_gate_log **ret,
                     const char **ret_note, struct pl_err *err)
{
    struct pl_err why = { 0 }, *e = err ? err : &why;
    struct pl_gate_log *l = calloc(1, sizeof *l);
    if (!l)
        pl_oom();
    pthread_mutex_init(&l->lock, NULL);
    pthread_cond_init(&l->due, NULL);
    pthread_cond_init(&l->done, NULL);
    l->last = &l->first;
    l->fd = -1;
    l->sync = !o->no_sync;
    l->every = o->every ? o->every : 1000;
    int r = open_file(l, o->path, o->wait_ms, e);
    if (r == 0)
        r = take_up(l, o->path, e);
    if (r == 0 && o->checkpoint)
        r = pl_ref_privkey(o->checkpoint, &l->key, e);
    if (r < 0) {
        pl_privkey_free(pl_steal(&l->key));
        pl_gate_log_close(l);
        return r;
    }
    if (ret_note)
        *ret_note = l->note[0] ? l->note : NULL;
    *ret = l;
    return 0;
}
