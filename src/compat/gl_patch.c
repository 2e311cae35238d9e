/* The text of `git log -p` taken apart in a closed child; the parent gets fragments. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "compat/gl_patch.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "base/wire.h"
#include "compat/gl_child.h"
#include "compat/gl_view.h"

#define ADDRESS_SPACE PL_GIB(6) /* a hunk of 1 GiB, its buffers growing by doubling */
#define PART_MAX ((size_t)1 << 30)
#define PIPE_BYTES (1 << 20)

/* ---- child ---- */

struct teller {
    int out;
    bool fresh; /* the commit has not been told */
    struct pl_buf b;
};

static void message(struct teller *t, char kind, struct pl_str more)
{
    uint32_t len = (uint32_t)(t->b.n + more.n);
    char head[1 + sizeof len];
    head[0] = kind;
    memcpy(head + 1, &len, sizeof len);
    pl_gl_child_put(t->out, head, sizeof head);
    pl_gl_child_put(t->out, t->b.p, t->b.n);
    pl_gl_child_put(t->out, more.p, more.n);
    pl_buf_clear(&t->b);
}

static int on_commit(void *arg, const struct pl_patch_commit *c)
{
    (void)c;
    ((struct teller *)arg)->fresh = true;
    return 0;
}

static int on_part(void *arg, const struct pl_patch_part *p)
{
    struct teller *t = arg;
    const struct pl_patch_commit *c = p->commit;
    if (t->fresh && c) {
        pl_put_u8(&t->b, c->has_time);
        pl_put_u64(&t->b, (uint64_t)c->time);
        pl_put_str(&t->b, c->id);
        pl_put_str(&t->b, c->author);
        pl_put_str(&t->b, c->email);
        pl_put_str(&t->b, c->message);
        message(t, GL_PATCH_COMMIT, PL_S(""));
    }
    t->fresh = false;
    pl_put_u32(&t->b, p->line);
    pl_put_u8(&t->b, p->binary);
    pl_put_u8(&t->b, p->cut);
    pl_put_str(&t->b, p->path);
    message(t, GL_PATCH_PART, p->text);
    return 0;
}

_Noreturn static void child(int in, int out)
{
    struct pl_err err = { 0 };
    struct teller t = { .out = out };
    struct pl_patch_sink sink = {
        .commit = on_commit, .part = on_part, .arg = &t, .part_max = PART_MAX
    };
    struct pl_feed *feed = pl_feed_stream(in);
    int r = pl_gl_child_close(in, out, ADDRESS_SPACE, &err);
    if (r == 0) {
        struct pl_gl_view v;
        pl_gl_view_init(&v, feed);
        r = pl_patch_read(&v.v, &sink, &err);
    }
    if (r < 0) {
        pl_put_u32(&t.b, (uint32_t)-r);
        message(&t, GL_PATCH_FAILED, pl_str_c(err.msg));
    } else {
        message(&t, GL_PATCH_DONE, PL_S(""));
    }
    _exit(0);
}

/* ---- parent ---- */

static int take_commit(struct pl_gl_patch_state *s, struct pl_str bytes, struct pl_err *err)
{
    pl_buf_clear(&s->text);
    pl_buf_putn(&s->text, bytes.p, bytes.n);
    struct pl_rd rd = pl_rd_buf(&s->text);
    struct pl_patch_commit c = { .has_time = pl_get_u8(&rd) != 0 };
    c.time = (int64_t)pl_get_u64(&rd);
    c.id = pl_get_str(&rd);
    c.author = pl_get_str(&rd);
    c.email = pl_get_str(&rd);
    c.message = pl_get_str(&rd);
    s->commit = rd.bad ? (struct pl_patch_commit){ 0 } : c;
    return rd.bad || rd.p != rd.end ? pl_fail(err, PL_E_FORMAT, "malformed message of the reader")
                                    : 0;
}

static int take_part(struct pl_gl_patch_state *s, struct pl_str bytes,
                     int (*part)(void *arg, const struct pl_patch_part *p), void *arg,
                     struct pl_err *err)
{
    struct pl_rd rd = { (const uint8_t *)bytes.p, (const uint8_t *)bytes.p + bytes.n, false };
    struct pl_patch_part p = { .commit = &s->commit, .line = pl_get_u32(&rd) };
    p.binary = pl_get_u8(&rd) != 0;
    p.cut = pl_get_u8(&rd) != 0;
    p.path = pl_get_str(&rd);
    if (rd.bad)
        return pl_fail(err, PL_E_FORMAT, "malformed message of the reader");
    p.text = pl_str_n(rd.p, (size_t)(rd.end - rd.p));
    return part(arg, &p);
}

static int take_failure(struct pl_str bytes, struct pl_err *err)
{
    struct pl_rd rd = { (const uint8_t *)bytes.p, (const uint8_t *)bytes.p + bytes.n, false };
    bool format = pl_get_u32(&rd) == (uint32_t)-PL_E_FORMAT;
    size_t n = (size_t)(rd.end - rd.p);
    return pl_fail(err, format ? PL_E_FORMAT : PL_E_IO, "%.*s", (int)(n < 400 ? n : 400),
                   (const char *)rd.p);
}

int pl_gl_patch_message(struct pl_gl_patch_state *s, char kind, struct pl_str bytes,
                        int (*part)(void *arg, const struct pl_patch_part *p), void *arg,
                        struct pl_err *err)
{
    switch (kind) {
    case GL_PATCH_COMMIT:
        return take_commit(s, bytes, err);
    case GL_PATCH_PART:
        return take_part(s, bytes, part, arg, err);
    case GL_PATCH_FAILED:
        return take_failure(bytes, err);
    case GL_PATCH_DONE:
        return 1;
    default:
        return pl_fail(err, PL_E_FORMAT, "malformed message of the reader");
    }
}

/* The next message in `b`; 0 when there is none. */
static char next(int fd, struct pl_buf *b)
{
    char head[1 + sizeof(uint32_t)];
    uint32_t len;
    struct pl_err err;
    pl_buf_clear(b);
    if (!pl_gl_child_get(fd, head, sizeof head))
        return 0;
    memcpy(&len, head + 1, sizeof len);
    void *to = len <= GL_PATCH_MAX ? pl_buf_room(b, len ? len : 1, &err) : NULL;
    if (!to || !pl_gl_child_get(fd, to, len))
        return 0;
    b->n = len;
    return head[0];
}

int pl_gl_patch_read(int fd, int (*part)(void *arg, const struct pl_patch_part *p), void *arg,
                     struct pl_err *err)
{
    int pipe_fd[2], r = 0;
    if (pipe2(pipe_fd, O_CLOEXEC) < 0)
        return pl_fail_errno(err, PL_E_IO, errno, "no pipe");
    fcntl(pipe_fd[1], F_SETPIPE_SZ, PIPE_BYTES);
    pid_t pid = fork();
    if (pid == 0)
        child(fd, pipe_fd[1]);
    close(pipe_fd[1]);
    if (pid < 0)
        r = pl_fail_errno(err, PL_E_IO, errno, "no process");
    pl_auto_buf struct pl_buf b = { 0 };
    struct pl_gl_patch_state s = { 0 };
    while (r == 0) {
        char kind = next(pipe_fd[0], &b);
        r = kind ? pl_gl_patch_message(&s, kind, pl_buf_str(&b), part, arg, err)
                 : pl_fail(err, PL_E_IO, "the reader of patches ended early");
        if (r > 0 && kind == GL_PATCH_DONE)
            break;
    }
    close(pipe_fd[0]); /* ends a child that has more to say */
    pl_gl_child_wait(pid);
    pl_buf_release(&s.text);
    return r;
}
