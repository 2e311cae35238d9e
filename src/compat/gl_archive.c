/* Archives of the gitleaks personality, on the open side: starts the child that unpacks, scans the
 * files that it hands out. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "compat/gl_child.h"
#include "compat/gl_chunk.h"
#include "compat/gl_scan.h"
#include "compat/gl_unpack.h"

struct inbox {
    struct pl_gl_scan *s;
    struct pl_gl_worker *w;
    int fd;
    struct pl_gl_fragment f;
    char data[GL_UNPACK_MAX];
    size_t at, n; /* of data */
    bool ended;   /* of the file */
    bool broken;  /* the child ended in the middle, or said something that cannot be */
};

/* The next message into b->data; 0 when there is none. */
static char next(struct inbox *b)
{
    char kind;
    uint32_t len;
    b->at = b->n = 0;
    if (!pl_gl_child_get(b->fd, &kind, 1) || !pl_gl_child_get(b->fd, &len, sizeof len) ||
        len > sizeof b->data || !pl_gl_child_get(b->fd, b->data, len)) {
        b->broken = true;
        return 0;
    }
    b->n = len;
    return kind;
}

static void tell_note(struct inbox *b)
{
    char why[256];
    size_t n = b->n < sizeof why ? b->n : sizeof why - 1;
    memcpy(why, b->data, n);
    why[n] = '\0';
    pl_gl_scan_unread(b->s, PL_S("archive"), why);
}

/* Content of the current file, as much as the next message holds. */
static ssize_t read_data(void *arg, void *buf, size_t n)
{
    struct inbox *b = arg;
    size_t done = 0;
    while (done < n && !b->ended) {
        if (b->at == b->n) {
            char kind = next(b);
            if (kind == GL_UNPACK_NOTE)
                tell_note(b);
            if (kind != GL_UNPACK_DATA) {
                b->ended = kind != GL_UNPACK_NOTE;
                b->broken |= b->ended && kind != GL_UNPACK_END;
                b->at = b->n;
                continue;
            }
        }
        size_t k = b->n - b->at < n - done ? b->n - b->at : n - done;
        memcpy((char *)buf + done, b->data + b->at, k);
        b->at += k;
        done += k;
    }
    return (ssize_t)done;
}

static int on_chunk(void *arg, struct pl_str raw, int64_t line)
{
    struct inbox *b = arg;
    b->f.raw = raw;
    b->f.start_line = line;
    return pl_gl_scan_fragment(b->s, b->w, &b->f) ? 0 : 1;
}

/* Members of the outermost archive are left out by name; what is in them goes with them. */
static bool skipped(const struct inbox *b, struct pl_str outer, struct pl_str path)
{
    if (path.n <= outer.n + 1)
        return false;
    struct pl_str inner = pl_str_sub(path, outer.n + 1, SIZE_MAX), first;
    pl_str_split(&inner, '!', &first);
    return pl_gl_engine_skips(b->s->engine, first);
}

static void one_file(struct inbox *b, struct pl_str outer, struct pl_buf *work)
{
    struct pl_err err = { 0 };
    char drop[4096];
    pl_auto_buf struct pl_buf path = { 0 };
    pl_buf_putn(&path, b->data, b->n);
    struct pl_gl_chunker k = { .read = read_data, .read_arg = b, .work = work };
    b->f.path = pl_buf_str(&path);
    b->at = b->n;
    b->ended = false;
    if (!skipped(b, outer, b->f.path) && pl_gl_chunks(&k, on_chunk, b, &err) < 0)
        pl_gl_scan_unread(b->s, b->f.path, err.msg);
    while (!b->ended) /* what was not looked at */
        read_data(b, drop, sizeof drop);
}

static void read_all(struct inbox *b, struct pl_str outer, struct pl_buf *work)
{
    for (;;) {
        char kind = next(b);
        if (kind == GL_UNPACK_NOTE)
            tell_note(b);
        else if (kind == GL_UNPACK_FILE)
            one_file(b, outer, work);
        else if (kind == GL_UNPACK_DONE)
            return;
        else
            b->broken = true;
        if (b->s->late)
            return; /* closing the pipe ends the child */
        if (b->broken) {
            pl_gl_scan_unread(b->s, outer, "the archive could not be read to its end");
            return;
        }
    }
}

void pl_gl_scan_archive(struct pl_gl_scan *s, struct pl_gl_worker *w, int fd, struct pl_str path,
                        struct pl_str symlink, const struct pl_gl_commit *c, struct pl_buf *work)
{
    int pipe_fd[2];
    struct pl_arena a = { 0 };
    struct gl_unpack u = { .path = pl_dup(&a, path).p, .in = fd };
    u.depth = (unsigned)(s->flags->archive_depth < 64 ? s->flags->archive_depth : 64);
    if (pipe2(pipe_fd, O_CLOEXEC) < 0) {
        pl_gl_scan_unread(s, path, "no pipe");
        pl_arena_release(&a);
        return;
    }
    u.out = pipe_fd[1];
    pid_t child = fork();
    if (child == 0)
        pl_gl_unpack_child(&u);
    close(pipe_fd[1]);
    struct inbox *b = PL_NEW(&a, struct inbox);
    *b = (struct inbox){
        .s = s, .w = w, .fd = pipe_fd[0], .f = { .symlink = symlink, .commit = c }
    };
    if (child > 0)
        read_all(b, path, work);
    else
        pl_gl_scan_unread(s, path, "no process");
    close(pipe_fd[0]);
    pl_gl_child_wait(child);
    pl_arena_release(&a);
}
