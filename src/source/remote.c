/* Processes that speak to a registry. A request is one message on a socket, with the write end of a
 * pipe for the answer; the answer is frames: kind, length, bytes. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "source/remote.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/wire.h"

#define PROCS 2u
#define REQUEST_MAX 32768u
#define PIPE_BYTES (256 << 10)
#define ANSWER_MAX PL_MIB(5)

enum op { OP_MANIFEST, OP_BLOB, OP_FOREIGN, OP_TAGS, OP_CATALOG, OP_REFERRERS, OP_RATE };
enum frame { FRAME_DATA, FRAME_NAME, FRAME_TYPE, FRAME_PAGE, FRAME_END };

struct head {
    uint32_t kind, n;
};
struct end {
    int32_t code;
    char msg[sizeof(((struct pl_err *)NULL)->msg)];
};

struct proc {
    pid_t pid; /* 0 = not started */
    int fd;
    bool busy;
};

struct pl_remote {
    const struct pl_registry_opts *o;
    struct pl_arena a;
    struct pl_str host;
    struct proc proc[PROCS];
};

/* ------------------------------------------------------------------ the other process */

static int put_all(int fd, const void *p, size_t n, struct pl_err *err)
{
    const char *c = p;
    while (n) {
        ssize_t w = write(fd, c, n);
        if (w < 0 && errno == EINTR)
            continue;
        if (w <= 0)
            return pl_fail(err, PL_E_CANCEL, "nobody wants the answer any more");
        c += w;
        n -= (size_t)w;
    }
    return 0;
}

static int put_frame(int fd, enum frame kind, const void *p, size_t n, struct pl_err *err)
{
    struct head h = { kind, (uint32_t)n };
    int r = put_all(fd, &h, sizeof h, err);
    return r == 0 && n ? put_all(fd, p, n, err) : r;
}

static int put_data(void *arg, const void *p, size_t n, struct pl_err *err)
{
    return n ? put_frame(*(int *)arg, FRAME_DATA, p, n, err) : 0;
}

static int put_page(void *arg, const void *p, size_t n, struct pl_err *err)
{
    return put_frame(*(int *)arg, FRAME_PAGE, p, n, err);
}

static int put_name(void *arg, struct pl_str name, struct pl_err *err)
{
    return put_frame(*(int *)arg, FRAME_NAME, name.p, name.n, err);
}

static int put_manifest(struct pl_registry *r, struct pl_str repo, struct pl_str ref, int fd,
                        struct pl_err *err)
{
    struct pl_arena a = { 0 };
    struct pl_manifest m;
    int x = pl_registry_manifest(r, repo, ref, false, &a, &m, err);
    struct pl_str digest = x == 0 ? pl_digest_text(&a, &m.digest) : PL_S("");
    if (x == 0)
        x = put_frame(fd, FRAME_TYPE, m.type.p, m.type.n, err);
    if (x == 0)
        x = put_frame(fd, FRAME_NAME, digest.p, digest.n, err);
    if (x == 0)
        x = put_frame(fd, FRAME_DATA, m.bytes.p, m.bytes.n, err);
    pl_arena_release(&a);
    return x;
}

static int serve(struct pl_registry *r, struct pl_str request, int fd, struct pl_err *err)
{
    struct pl_rd rd = { (const uint8_t *)request.p, (const uint8_t *)request.p + request.n, false };
    uint8_t op = pl_get_u8(&rd);
    struct pl_str repo = pl_get_str(&rd), ref = pl_get_str(&rd), url = pl_get_str(&rd);
    uint64_t size = pl_get_u64(&rd);
    struct pl_digest d = { 0 };
    if (rd.bad)
        return pl_fail(err, PL_E_FORMAT, "malformed request");
    if (op == OP_MANIFEST)
        return put_manifest(r, repo, ref, fd, err);
    if (op == OP_TAGS)
        return pl_registry_tags(r, repo, put_name, &fd, err);
    if (op == OP_CATALOG)
        return pl_registry_catalog(r, put_name, &fd, err);
    if (op == OP_RATE)
        return put_frame(fd, FRAME_DATA, pl_registry_rate(r), sizeof(struct pl_rate), err);
    int x = pl_digest_parse(ref, &d, err);
    if (x < 0)
        return x;
    if (op == OP_BLOB)
        return pl_registry_blob(r, repo, &d, size, put_data, &fd, err);
    if (op == OP_FOREIGN)
        return pl_registry_foreign(r, url, &d, size, put_data, &fd, err);
    return pl_registry_referrers(r, repo, &d, PL_S(""), put_page, &fd, err);
}

static ssize_t receive(int sock, char *buf, size_t max, int *ret_fd)
{
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(int))];
    } control = { 0 };
    struct iovec iov = { buf, max };
    struct msghdr m = { .msg_iov = &iov,
                        .msg_iovlen = 1,
                        .msg_control = control.room,
                        .msg_controllen = sizeof control.room };
    ssize_t n = recvmsg(sock, &m, MSG_CMSG_CLOEXEC);
    struct cmsghdr *c = n > 0 ? CMSG_FIRSTHDR(&m) : NULL;
    *ret_fd = -1;
    if (c && c->cmsg_type == SCM_RIGHTS)
        memcpy(ret_fd, CMSG_DATA(c), sizeof *ret_fd);
    return n;
}

static void finish(int fd, int code, const struct pl_err *err)
{
    struct end e = { .code = code };
    if (code < 0)
        memcpy(e.msg, err->msg, sizeof e.msg);
    put_frame(fd, FRAME_END, &e, sizeof e, NULL);
}

_Noreturn static void child(const struct pl_remote *rm, int sock)
{
    struct pl_registry *r = NULL;
    char *buf = malloc(REQUEST_MAX);
    const struct rlimit none = { 0, 0 };
    /* what is in memory here goes into no core and to no debugger */
    prctl(PR_SET_DUMPABLE, 0);
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) {
        struct pl_err err = { 0 };
        int fd;
        ssize_t n = buf ? receive(sock, buf, REQUEST_MAX, &fd) : -1;
        if (n < 0 && errno == EINTR && !(rm->o->cancel && *rm->o->cancel))
            continue;
        if (n <= 0)
            break;
        int x = r ? 0 : pl_registry_new(rm->o, rm->host, &r, &err);
        if (x == 0)
            x = serve(r, pl_str_n(buf, (size_t)n), fd, &err);
        finish(fd, x, &err);
        close(fd);
    }
    pl_registry_free(r);
    _exit(0);
}

/* ------------------------------------------------------------------ here */

struct pl_remote *pl_remote_new(const struct pl_registry_opts *o, struct pl_str host)
{
    struct pl_remote *rm = calloc(1, sizeof *rm);
    if (!rm)
        pl_oom();
    rm->o = o;
    rm->host = pl_dup(&rm->a, host);
    for (unsigned i = 0; i < PROCS; i++)
        rm->proc[i].fd = -1;
    return rm;
}

void pl_remote_free(struct pl_remote *rm)
{
    if (!rm)
        return;
    for (unsigned i = 0; i < PROCS; i++) {
        if (rm->proc[i].fd >= 0)
            close(rm->proc[i].fd);
        if (rm->proc[i].pid <= 0)
            continue;
        kill(rm->proc[i].pid, SIGKILL); /* it holds nothing that would have to be saved */
        while (waitpid(rm->proc[i].pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    pl_arena_release(&rm->a);
    free(rm);
}

static int start(struct pl_remote *rm, struct proc *p, struct pl_err *err)
{
    int pair[2];
    if (p->pid)
        return 0;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return pl_fail_errno(err, PL_E_IO, errno, "cannot start a process");
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        for (unsigned i = 0; i < PROCS; i++)
            if (rm->proc[i].fd >= 0)
                close(rm->proc[i].fd);
        close(pair[0]);
        child(rm, pair[1]);
    }
    close(pair[1]);
    if (pid < 0) {
        int e = errno;
        close(pair[0]);
        return pl_fail_errno(err, PL_E_IO, e, "cannot start a process");
    }
    p->pid = pid;
    p->fd = pair[0];
    return 0;
}

/* Sends a request; *ret_fd is where the answer comes. */
static int ask(struct pl_remote *rm, struct proc *p, enum op op, struct pl_str repo,
               struct pl_str ref, struct pl_str url, uint64_t size, int *ret_fd, struct pl_err *err)
{
    pl_auto_buf struct pl_buf b = { 0 };
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(int))];
    } control = { 0 };
    int pipe_fd[2];
    int r = start(rm, p, err);
    if (r < 0)
        return r;
    pl_put_u8(&b, (uint8_t)op);
    pl_put_str(&b, repo);
    pl_put_str(&b, ref);
    pl_put_str(&b, url);
    pl_put_u64(&b, size);
    if (b.n > REQUEST_MAX)
        return pl_fail(err, PL_E_LIMIT, "an address of %zu bytes", url.n);
    if (pipe2(pipe_fd, O_CLOEXEC) < 0)
        return pl_fail_errno(err, PL_E_IO, errno, "cannot make a pipe");
    fcntl(pipe_fd[0], F_SETPIPE_SZ, PIPE_BYTES);
    struct iovec iov = { b.p, b.n };
    struct msghdr m = { .msg_iov = &iov,
                        .msg_iovlen = 1,
                        .msg_control = control.room,
                        .msg_controllen = sizeof control.room };
    control.head = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)),
                                     .cmsg_level = SOL_SOCKET,
                                     .cmsg_type = SCM_RIGHTS };
    memcpy(CMSG_DATA(&control.head), &pipe_fd[1], sizeof(int));
    ssize_t n;
    do
        n = sendmsg(p->fd, &m, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    close(pipe_fd[1]);
    if (n < 0) {
        close(pipe_fd[0]);
        return pl_fail(err, PL_E_IO, "the process that speaks to the registry is gone");
    }
    *ret_fd = pipe_fd[0];
    return 0;
}

/* An answer as it comes: heads and bytes. */
struct answer {
    int fd;
    struct head head;
    size_t have;   /* bytes of the head */
    uint64_t left; /* bytes of the frame's payload */
};

/* Reads up to `n` bytes. 0 in *ret_got: nothing now (a pipe that does not block). */
static int some(struct answer *x, void *buf, size_t n, size_t *ret_got, struct pl_err *err)
{
    ssize_t got = read(x->fd, buf, n);
    *ret_got = 0;
    if (got < 0 && errno == EINTR)
        return pl_fail(err, PL_E_CANCEL, "interrupted");
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return 0;
    if (got <= 0)
        return pl_fail(err, PL_E_IO, "the process that speaks to the registry is gone");
    *ret_got = (size_t)got;
    return 0;
}

/* Has a whole head of a frame when *ret_there. */
static int next_head(struct answer *x, bool *ret_there, struct pl_err *err)
{
    size_t got = 1;
    int r = 0;
    while (r == 0 && got && x->have < sizeof x->head) {
        r = some(x, (char *)&x->head + x->have, sizeof x->head - x->have, &got, err);
        x->have += r == 0 ? got : 0;
        if (r == 0 && x->have == sizeof x->head)
            x->left = x->head.n;
    }
    *ret_there = x->have == sizeof x->head;
    return r;
}

static int whole(struct answer *x, struct pl_buf *b, struct pl_err *err)
{
    int r = 0;
    if (x->left > ANSWER_MAX)
        return pl_fail(err, PL_E_LIMIT, "an answer of %llu bytes", (unsigned long long)x->left);
    pl_buf_clear(b);
    while (r == 0 && x->left) {
        size_t got;
        char *at = pl_buf_room(b, (size_t)x->left, err);
        if (!at)
            return err->code;
        r = some(x, at, (size_t)x->left, &got, err);
        b->n += r == 0 ? got : 0;
        x->left -= r == 0 ? got : 0;
    }
    x->have = 0;
    return r;
}

static int the_end(struct answer *x, struct pl_err *err)
{
    struct end e = { 0 };
    size_t at = 0, got;
    int r = 0;
    while (r == 0 && at < sizeof e && x->left) {
        r = some(x, (char *)&e + at, sizeof e - at, &got, err);
        if (r == 0 && !got) { /* written in one piece: the rest is on its way */
            struct pollfd p = { x->fd, POLLIN, 0 };
            poll(&p, 1, 1000);
        }
        at += r == 0 ? got : 0;
    }
    if (r < 0)
        return r;
    e.msg[sizeof e.msg - 1] = 0;
    return e.code < 0 ? pl_fail(err, e.code, "%s", e.msg) : 0;
}

/* Sends a request and hands each frame but the last to `fn`. */
typedef int frame_fn(void *arg, enum frame kind, struct pl_str text, struct pl_err *err);

static int converse(struct pl_remote *rm, enum op op, struct pl_str repo, struct pl_str ref,
                    frame_fn *fn, void *arg, struct pl_err *err)
{
    struct pl_err local, *e = err ? err : &local;
    struct answer x = { 0 };
    pl_auto_buf struct pl_buf b = { .max = (size_t)ANSWER_MAX };
    int r = ask(rm, &rm->proc[0], op, repo, ref, PL_S(""), 0, &x.fd, e);
    if (r < 0)
        return r;
    for (;;) {
        bool there;
        r = next_head(&x, &there, e);
        if (r == 0 && x.head.kind == FRAME_END) {
            r = the_end(&x, e);
            break;
        }
        if (r == 0)
            r = whole(&x, &b, e);
        if (r == 0)
            r = fn(arg, x.head.kind, pl_buf_str(&b), e);
        if (r < 0)
            break;
    }
    close(x.fd);
    return r;
}

struct manifest_answer {
    struct pl_arena *a;
    struct pl_manifest m;
};

static int on_manifest(void *arg, enum frame kind, struct pl_str text, struct pl_err *err)
{
    struct manifest_answer *x = arg;
    if (kind == FRAME_TYPE)
        x->m.type = pl_dup(x->a, text);
    else if (kind == FRAME_NAME)
        return pl_digest_parse(text, &x->m.digest, err);
    else if (kind == FRAME_DATA)
        x->m.bytes = pl_dup(x->a, text);
    return 0;
}

int pl_remote_manifest(struct pl_remote *rm, struct pl_str repo, struct pl_str ref,
                       struct pl_arena *a, struct pl_manifest *ret, struct pl_err *err)
{
    struct manifest_answer x = { .a = a };
    int r = converse(rm, OP_MANIFEST, repo, ref, on_manifest, &x, err);
    if (r == 0)
        *ret = x.m;
    return r;
}

struct list_answer {
    pl_registry_name_fn *fn;
    pl_registry_sink *page;
    void *arg;
};

static int on_list(void *arg, enum frame kind, struct pl_str text, struct pl_err *err)
{
    struct list_answer *x = arg;
    if (kind == FRAME_NAME && x->fn)
        return x->fn(x->arg, text, err);
    return kind == FRAME_PAGE && x->page ? x->page(x->arg, text.p, text.n, err) : 0;
}

int pl_remote_tags(struct pl_remote *rm, struct pl_str repo, pl_registry_name_fn *fn, void *arg,
                   struct pl_err *err)
{
    struct list_answer x = { .fn = fn, .arg = arg };
    return converse(rm, OP_TAGS, repo, PL_S(""), on_list, &x, err);
}

int pl_remote_catalog(struct pl_remote *rm, pl_registry_name_fn *fn, void *arg, struct pl_err *err)
{
    struct list_answer x = { .fn = fn, .arg = arg };
    return converse(rm, OP_CATALOG, PL_S(""), PL_S(""), on_list, &x, err);
}

int pl_remote_referrers(struct pl_remote *rm, struct pl_str repo, const struct pl_digest *subject,
                        pl_registry_sink *page, void *arg, struct pl_err *err)
{
    struct pl_arena a = { 0 };
    struct list_answer x = { .page = page, .arg = arg };
    int r = converse(rm, OP_REFERRERS, repo, pl_digest_text(&a, subject), on_list, &x, err);
    pl_arena_release(&a);
    return r;
}

static int on_rate(void *arg, enum frame kind, struct pl_str text, struct pl_err *err)
{
    (void)err;
    if (kind == FRAME_DATA && text.n == sizeof(struct pl_rate))
        memcpy(arg, text.p, text.n);
    return 0;
}

int pl_remote_rate(struct pl_remote *rm, struct pl_rate *ret, struct pl_err *err)
{
    return converse(rm, OP_RATE, PL_S(""), PL_S(""), on_rate, ret, err);
}

/* ------------------------------------------------------------------ blobs */

struct blob {
    struct pl_feed f;
    struct pl_remote *rm;
    struct proc *proc;
    struct pl_arena a;
    struct pl_str repo, digest, url;
    uint64_t size;
    struct answer x;
    bool ended;
};

/* A free process, started when need be; NULL when all are at work. */
static struct proc *idle(struct pl_remote *rm)
{
    for (unsigned i = 0; i < PROCS; i++)
        if (!rm->proc[i].busy)
            return &rm->proc[i];
    return NULL;
}

static int blob_start(struct blob *b, struct pl_err *err)
{
    struct proc *p = idle(b->rm);
    if (!p)
        return 1;
    int r = ask(b->rm, p, b->url.n ? OP_FOREIGN : OP_BLOB, b->repo, b->digest, b->url, b->size,
                &b->x.fd, err);
    if (r < 0)
        return r;
    fcntl(b->x.fd, F_SETFL, O_NONBLOCK);
    p->busy = true;
    b->proc = p;
    return 0;
}

static int blob_read(struct pl_feed *f, void *buf, size_t n, size_t *ret_got, struct pl_err *err)
{
    struct blob *b = (struct blob *)f;
    bool there;
    *ret_got = 0;
    int r = b->proc || b->ended ? 0 : blob_start(b, err);
    while (r == 0 && !b->ended) {
        r = next_head(&b->x, &there, err);
        if (r < 0 || !there)
            return r < 0 ? r : 1;
        if (b->x.head.kind == FRAME_END) {
            b->ended = true;
            return the_end(&b->x, err);
        }
        if (b->x.left) {
            r = some(&b->x, buf, n < b->x.left ? n : (size_t)b->x.left, ret_got, err);
            if (r == 0 && *ret_got == 0)
                return 1;
            b->x.left -= r == 0 ? *ret_got : 0;
        }
        if (b->x.left == 0)
            b->x.have = 0;
        if (*ret_got)
            break;
    }
    return r;
}

int pl_remote_blob_fd(const struct pl_feed *f)
{
    return f->read == blob_read ? ((const struct blob *)f)->x.fd : -1;
}

static void blob_close(struct pl_feed *f)
{
    struct blob *b = (struct blob *)f;
    if (b->x.fd >= 0)
        close(b->x.fd);
    if (b->proc)
        b->proc->busy = false;
    pl_arena_release(&b->a);
    free(b);
}

struct pl_feed *pl_remote_blob(struct pl_remote *rm, struct pl_str repo, const struct pl_digest *d,
                               uint64_t size, struct pl_str url)
{
    struct blob *b = calloc(1, sizeof *b);
    if (!b)
        pl_oom();
    b->f = (struct pl_feed){ .read = blob_read, .close = blob_close };
    b->rm = rm;
    b->repo = pl_dup(&b->a, repo);
    b->digest = pl_digest_text(&b->a, d);
    b->url = pl_dup(&b->a, url);
    b->size = size;
    b->x.fd = -1;
    return &b->f;
}
