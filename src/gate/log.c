/* The file of the decision log: opened by one, appended to, on the disk before an answer goes out.
 * gates.md section 4. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/cleanup.h"
#include "gate/gate_int.h"
#include "gate/log_int.h"
#include "sign/keyref.h"

struct pl_gate_log {
    pthread_mutex_t lock, syncing;
    int fd;
    bool sync, broken;
    uint64_t n, written, synced; /* last line's number; lines written and on the disk since open */
    uint64_t since;              /* decisions since the last signed head */
    uint32_t every;
    char prev[65];
    off_t size;
    struct pl_privkey *key;
    char note[200];
};

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
        l->n = row.n;
        memcpy(l->prev, row.hash.p, 64);
    }
    pl_json_free(row.root);
    pl_arena_release(&a);
    return r;
}

static int open_file(struct pl_gate_log *l, const char *path, struct pl_err *err)
{
    struct stat st;
    l->fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0600);
    if (l->fd < 0)
        return pl_fail_errno(err, PL_E_USAGE, errno, "cannot open log '%s'", path);
    if (fstat(l->fd, &st) < 0 || !S_ISREG(st.st_mode))
        return pl_fail(err, PL_E_USAGE, "'%s' is no regular file", path);
    if (flock(l->fd, LOCK_EX | LOCK_NB) < 0)
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
    pthread_mutex_init(&l->syncing, NULL);
    l->fd = -1;
    l->sync = !o->no_sync;
    l->every = o->every ? o->every : 1000;
    int r = open_file(l, o->path, e);
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

/* ---- adding ---- */

static int append(struct pl_gate_log *l, struct pl_str s, struct pl_err *err)
{
    off_t before = l->size;
    while (s.n) {
        ssize_t n = write(l->fd, s.p, s.n);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            int e = n ? errno : EIO;
            l->broken = ftruncate(l->fd, before) < 0;
            l->size = before;
            return pl_fail_errno(err, PL_E_IO, e, "the decision log cannot be written");
        }
        l->size += n;
        s = pl_str_sub(s, (size_t)n, SIZE_MAX);
    }
    return 0;
}

static void sort_in(struct pl_canon_member *m, size_t *n, struct pl_str key, struct pl_str text)
{
    size_t i = *n;
    while (i > 0 && pl_str_cmp(m[i - 1].key, key) > 0) {
        m[i] = m[i - 1];
        i--;
    }
    m[i] = (struct pl_canon_member){ key, text };
    ++*n;
}

/* With the lock held. `m` has room for three more. */
static int put_line(struct pl_gate_log *l, struct pl_canon_member *m, size_t n, struct pl_arena *a,
                    struct pl_err *err)
{
    pl_auto_buf struct pl_buf b = { 0 };
    char hash[65];
    if (l->broken)
        return pl_fail(err, PL_E_IO, "the decision log is broken");
    sort_in(m, &n, PL_S("n"), pl_printf(a, "%llu", (unsigned long long)l->n + 1));
    sort_in(m, &n, PL_S("prev"), pl_printf(a, "\"%s\"", l->prev));
    pl_log_line(m, n, pl_str_n(l->prev, 64), a, &b, hash);
    int r = append(l, pl_buf_str(&b), err);
    if (r < 0)
        return r;
    l->n++;
    l->written++;
    memcpy(l->prev, hash, sizeof l->prev);
    return 0;
}

/* A line that signs the one before it. */
static int sign_head(struct pl_gate_log *l, struct pl_err *err)
{
    struct pl_arena a = { 0 };
    pl_auto_buf struct pl_buf sig = { 0 }, text = { 0 };
    struct pl_str head = pl_log_head_text(&a, l->n, pl_str_n(l->prev, 64));
    struct pl_str id = pl_pubkey_id_text(pl_privkey_public(l->key), &a);
    struct pl_canon_member *m = pl_alloc_n(&a, 5, sizeof *m);
    int r = pl_privkey_sign(l->key, head, &sig, err);
    pl_base64_encode(&text, pl_buf_str(&sig), PL_BASE64_STD);
    if (r == 0) {
        m[0] = (struct pl_canon_member){ PL_S("checkpoint"),
                                         pl_printf(&a, "{\"key\":\"%.*s\",\"sig\":\"%.*s\"}",
                                                   PL_FMT(id), PL_FMT(pl_buf_str(&text))) };
        r = put_line(l, m, 1, &a, err);
    }
    l->since = 0;
    pl_arena_release(&a);
    return r;
}

/* Waits until line `mine` is on the disk; one who waits does it for all that were written. */
static int sync_to(struct pl_gate_log *l, uint64_t mine, struct pl_err *err)
{
    int r = 0;
    pthread_mutex_lock(&l->syncing);
    pthread_mutex_lock(&l->lock);
    uint64_t written = l->written;
    bool done = l->synced >= mine;
    pthread_mutex_unlock(&l->lock);
    if (!done && fdatasync(l->fd) < 0)
        r = pl_fail_errno(err, PL_E_IO, errno, "the decision log is not on the disk");
    pthread_mutex_lock(&l->lock);
    if (r == 0 && !done)
        l->synced = written;
    l->broken |= r < 0;
    pthread_mutex_unlock(&l->lock);
    pthread_mutex_unlock(&l->syncing);
    return r;
}

int pl_gate_log_add(struct pl_gate_log *l, const struct pl_gate *g, const struct pl_gate_ask *ask,
                    const struct pl_gate_answer *x, struct pl_err *err)
{
    struct pl_arena a = { 0 };
    struct pl_canon_member *m = NULL;
    long n = pl_log_members(g, ask, x, &a, &m, err);
    int r = n < 0 ? (int)n : 0;
    pthread_mutex_lock(&l->lock);
    if (r == 0)
        r = put_line(l, m, (size_t)n, &a, err);
    if (r == 0 && l->key && ++l->since >= l->every)
        r = sign_head(l, err);
    uint64_t mine = l->written;
    pthread_mutex_unlock(&l->lock);
    pl_arena_release(&a);
    return r == 0 && l->sync ? sync_to(l, mine, err) : r;
}

void pl_gate_log_close(struct pl_gate_log *l)
{
    if (!l)
        return;
    if (l->key && l->since)
        sign_head(l, NULL);
    if (l->fd >= 0) {
        fdatasync(l->fd);
        close(l->fd);
    }
    pl_privkey_free(l->key);
    pthread_mutex_destroy(&l->lock);
    pthread_mutex_destroy(&l->syncing);
    free(l);
}
