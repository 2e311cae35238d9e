/* Child: what is staged, or changed in the working tree: the file as it was and as it is are both
 * scanned, the parent keeps what is new (gitunit.h). Entries come in pairs, old and new. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "scan/content.h"
#include "scan/gitjob_int.h"
#include "source/feed.h"

#define READ ((size_t)64 << 10)

struct staged {
    struct pl_worker *w;
    const char *tree; /* the working tree, or NULL: the index is compared */
    uint32_t n;
};

/* A file of the working tree as a view. */
struct file_view {
    struct pl_view v;
    int fd;
    uint8_t *buf;
};

static int file_fill(struct pl_view *v, size_t want, struct pl_err *err)
{
    struct file_view *f = (struct file_view *)v;
    memmove(f->buf, v->p, v->n);
    v->p = f->buf;
    while (v->n < want) {
        ssize_t n = read(f->fd, f->buf + v->n, PL_VIEW_MAX - v->n);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return pl_fail_errno(err, PL_E_IO, errno, "cannot read");
        if (n == 0) {
            v->eof = true;
            break;
        }
        v->n += (size_t)n;
    }
    return 0;
}

static void scan_view(struct staged *s, struct pl_view *v, uint32_t ordinal, struct pl_str path)
{
    struct pl_err err = { 0 };
    struct pl_spot at = { .surface = PL_SURF_FILE, .ordinal = ordinal, .path = path };
    if (pl_content_scan(s->w, &at, v, &err) < 0)
        pl_git_say_note(s->w, true, "unreadable", path, err.msg);
    s->w->done.bytes += v->off;
    s->w->done.seen += v->off;
    pl_arena_reset(&s->w->scratch);
}

static void scan_blob(struct staged *s, const uint8_t *oid, uint32_t ordinal, struct pl_str path)
{
    struct pl_err err = { 0 };
    struct pl_view *v = pl_git_read(s->w->git->g, oid, s->w->ctx->limits.window, &err);
    if (!v) {
        pl_git_say_note(s->w, true, "missing-object", path, err.msg);
        return;
    }
    scan_view(s, v, ordinal, path);
    pl_view_close(v);
}

static void scan_file(struct staged *s, int fd, uint32_t ordinal, struct pl_str path)
{
    struct file_view f = { .fd = fd, .buf = malloc(PL_VIEW_MAX) };
    if (!f.buf)
        pl_oom();
    f.v = (struct pl_view){ .p = f.buf, .fill = file_fill };
    scan_view(s, &f.v, ordinal, path);
    free(f.buf);
}

static void put_entry(struct staged *s, struct pl_str path)
{
    struct pl_entry e = { .path = path, .kind = PL_ENTRY_FILE, .ordinal = s->n };
    pl_worker_entry(s->w, &e);
    s->n++;
}

/* The file of the working tree when it is not as the index has it; -1: as the index, or gone. */
static int changed_file(struct staged *s, const struct pl_git_change *c, bool *ret_same)
{
    pl_auto_buf struct pl_buf path = { 0 };
    struct stat st;
    pl_buf_printf(&path, "%s/%.*s", s->tree, PL_FMT(c->path));
    pl_buf_putc(&path, 0);
    *ret_same = false;
    if (lstat(path.p, &st) < 0 || !S_ISREG(st.st_mode))
        return -1;
    *ret_same = (uint32_t)st.st_size == c->size && (uint32_t)st.st_mtim.tv_sec == c->mtime &&
                (uint32_t)st.st_mtim.tv_nsec == c->mtime_ns;
    return *ret_same ? -1 : open(path.p, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
}

static void on_change(void *arg, const struct pl_git_change *c)
{
    struct staged *s = arg;
    bool same = true;
    pl_auto_fd int fd = s->tree ? changed_file(s, c, &same) : -1;
    bool as_head = c->old && memcmp(c->old, c->now, PL_GIT_OID) == 0;
    if (s->tree && fd < 0 && (!same || as_head)) {
        if (!same && errno != ENOENT && errno != ENOTDIR && errno)
            pl_git_say_note(s->w, true, "unreadable", c->path, strerrordesc_np(errno));
        return;
    }
    put_entry(s, c->path);
    if (c->old)
        scan_blob(s, c->old, s->n - 1, c->path);
    put_entry(s, c->path);
    if (fd >= 0)
        scan_file(s, fd, s->n - 1, c->path);
    else
        scan_blob(s, c->now, s->n - 1, c->path);
    s->w->done.entries += 2;
}

int pl_git_job_staged(struct pl_worker *w, struct pl_rd *rd, struct pl_err *err)
{
    struct pl_str tree = pl_get_str(rd), index = pl_get_str(rd);
    struct staged s = { .w = w, .tree = tree.n ? pl_dup(&w->job_arena, tree).p : NULL };
    errno = 0;
    const char *file = index.n ? pl_dup(&w->job_arena, index).p : NULL;
    return pl_git_staged(w->git->g, file, s.tree != NULL, on_change, pl_git_say_note, &s, err);
}
