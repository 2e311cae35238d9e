/* A registry from this side: its processes, questions and their answers, blobs as feeds. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "source/remote.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/wire.h"
#include "source/remote_int.h"

#define PIPE_BYTES (256 << 10)

struct pl_remote *pl_remote_new(const struct pl_registry_opts *o, struct pl_str host)
{
    struct pl_remote *rm = calloc(1, sizeof *rm);
    if (!rm)
        pl_oom();
    rm->o = o;
    rm->host = pl_dup(&rm->a, host);
    rm->seen =
        mmap(NULL, PL_REGISTRY_FLAGS, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (rm->seen == MAP_FAILED)
        pl_oom();
    for (unsigned i = 0; i < PL_REMOTE_PROCS; i++)
        rm->proc[i].fd = -1;
    return rm;
}

void pl_remote_free(struct pl_remote *rm)
{
    if (!rm)
        return;
    for (unsigned i = 0; i < PL_REMOTE_PROCS; i++) {
        if (rm->proc[i].fd >= 0)
            close(rm->proc[i].fd);
        if (rm->proc[i].pid <= 0)
            continue;
        kill(rm->proc[i].pid, SIGKILL); /* it holds nothing that would have to be saved */
        while (waitpid(rm->proc[i].pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    munmap((void *)rm->seen, PL_REGISTRY_FLAGS);
    pl_arena_release(&rm->a);
    free(rm);
}

static int start(struct pl_remote *rm, struct pl_remote_proc *p, struct pl_err *err)
{
    int pair[2];
    if (p->pid)
        return 0;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return pl_fail_errno(err, PL_E_IO, errno, "cannot start a process");
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        for (unsigned i = 0; i < PL_REMOTE_PROCS; i++)
            if (rm->proc[i].fd >= 0)
                close(rm->proc[i].fd);
        close(pair[0]);
        pl_remote_serve(rm, pair[1]);
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

/* The message, with the end of the answer's way that is the other's. */
static int send_request(int sock, struct pl_str text, int theirs)
{
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(int))];
    } control = { 0 };
    struct iovec iov = { (void *)(uintptr_t)text.p, text.n };
    struct msghdr m = { .msg_iov = &iov,
                        .msg_iovlen = 1,
                        .msg_control = control.room,
                        .msg_controllen = sizeof control.room };
    control.head = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)),
                                     .cmsg_level = SOL_SOCKET,
                                     .cmsg_type = SCM_RIGHTS };
    memcpy(CMSG_DATA(&control.head), &theirs, sizeof(int));
    ssize_t n;
    do
        n = sendmsg(sock, &m, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -1 : 0;
}

int pl_remote_ask(struct pl_remote *rm, struct pl_remote_proc *p, const struct pl_remote_ask *q,
                  int *ret_fd, struct pl_err *err)
{
    pl_auto_buf struct pl_buf b = { 0 };
    int end[2];
    int r = start(rm, p, err);
    if (r < 0)
        return r;
    pl_put_u8(&b, (uint8_t)q->op);
    pl_put_str(&b, q->repo);
    pl_put_str(&b, q->ref);
    pl_put_str(&b, q->url);
    pl_put_u64(&b, q->size);
    if (b.n > PL_REMOTE_REQUEST)
        return pl_fail(err, PL_E_LIMIT, "an address of %zu bytes", q->url.n);
    if (q->both ? socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, end) < 0
                : pipe2(end, O_CLOEXEC) < 0)
        return pl_fail_errno(err, PL_E_IO, errno, "cannot make a pipe");
    if (!q->both)
        fcntl(end[0], F_SETPIPE_SZ, PIPE_BYTES);
    r = send_request(p->fd, pl_buf_str(&b), end[1]);
    close(end[1]);
    if (r < 0) {
        close(end[0]);
        return pl_fail(err, PL_E_IO, "the process that speaks to the registry is gone");
    }
    *ret_fd = end[0];
    return 0;
}

int pl_answer_some(struct pl_answer *x, void *buf, size_t n, size_t *ret_got, struct pl_err *err)
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

int pl_answer_head(struct pl_answer *x, bool *ret_there, struct pl_err *err)
{
    size_t got = 1;
    int r = 0;
    while (r == 0 && got && x->have < sizeof x->head) {
        r = pl_answer_some(x, (char *)&x->head + x->have, sizeof x->head - x->have, &got, err);
        x->have += r == 0 ? got : 0;
        if (r == 0 && x->have == sizeof x->head)
            x->left = x->head.n;
    }
    *ret_there = x->have == sizeof x->head;
    return r;
}

int pl_answer_whole(struct pl_answer *x, struct pl_buf *b, struct pl_err *err)
{
    int r = 0;
    if (x->left > PL_REMOTE_ANSWER)
        return pl_fail(err, PL_E_LIMIT, "an answer of %llu bytes", (unsigned long long)x->left);
    pl_buf_clear(b);
    while (r == 0 && x->left) {
        size_t got;
        char *at = pl_buf_room(b, (size_t)x->left, err);
        if (!at)
            return err->code;
        r = pl_answer_some(x, at, (size_t)x->left, &got, err);
        b->n += r == 0 ? got : 0;
        x->left -= r == 0 ? got : 0;
    }
    x->have = 0;
    return r;
}

int pl_answer_end(struct pl_answer *x, struct pl_err *err)
{
    struct pl_frame_end e = { 0 };
    size_t at = 0, got;
    int r = 0;
    while (r == 0 && at < sizeof e && x->left) {
        r = pl_answer_some(x, (char *)&e + at, sizeof e - at, &got, err);
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
typedef int frame_fn(void *arg, enum pl_reply kind, struct pl_str text, struct pl_err *err);

static int converse_url(struct pl_remote *rm, enum pl_remote_op op, struct pl_str repo,
                        struct pl_str ref, struct pl_str url, frame_fn *fn, void *arg,
                        struct pl_err *err)
{
    struct pl_err local, *e = err ? err : &local;
    struct pl_answer x = { 0 };
    pl_auto_buf struct pl_buf b = { .max = (size_t)PL_REMOTE_ANSWER };
    struct pl_remote_proc *p = rm->proc[0].busy && !rm->proc[1].busy ? &rm->proc[1] : &rm->proc[0];
    const struct pl_remote_ask q = { .op = op, .repo = repo, .ref = ref, .url = url };
    int r = pl_remote_ask(rm, p, &q, &x.fd, e);
    if (r < 0)
        return r;
    for (;;) {
        bool there;
        r = pl_answer_head(&x, &there, e);
        if (r == 0 && x.head.kind == PL_REPLY_END) {
            r = pl_answer_end(&x, e);
            break;
        }
        if (r == 0)
            r = pl_answer_whole(&x, &b, e);
        if (r == 0)
            r = fn(arg, x.head.kind, pl_buf_str(&b), e);
        if (r < 0)
            break;
    }
    close(x.fd);
    return r;
}

static int converse(struct pl_remote *rm, enum pl_remote_op op, struct pl_str repo,
                    struct pl_str ref, frame_fn *fn, void *arg, struct pl_err *err)
{
    return converse_url(rm, op, repo, ref, PL_S(""), fn, arg, err);
}

struct manifest_answer {
    struct pl_arena *a;
    struct pl_manifest m;
};

static int on_manifest(void *arg, enum pl_reply kind, struct pl_str text, struct pl_err *err)
{
    struct manifest_answer *x = arg;
    if (kind == PL_REPLY_TYPE)
        x->m.type = pl_dup(x->a, text);
    else if (kind == PL_REPLY_NAME)
        return pl_digest_parse(text, &x->m.digest, err);
    else if (kind == PL_REPLY_DATA)
        x->m.bytes = pl_dup(x->a, text);
    return 0;
}

int pl_remote_manifest(struct pl_remote *rm, struct pl_str repo, struct pl_str ref,
                       struct pl_arena *a, struct pl_manifest *ret, struct pl_err *err)
{
    struct manifest_answer x = { .a = a };
    int r = converse(rm, PL_OP_MANIFEST, repo, ref, on_manifest, &x, err);
    if (r == 0)
        *ret = x.m;
    return r;
}

int pl_remote_origin(struct pl_remote *rm, struct pl_str repo, struct pl_str ref,
                     struct pl_arena *a, struct pl_manifest *ret, struct pl_err *err)
{
    struct manifest_answer x = { .a = a };
    int r = converse(rm, PL_OP_ORIGIN, repo, ref, on_manifest, &x, err);
    if (r == 0)
        *ret = x.m;
    return r;
}

static int on_yes(void *arg, enum pl_reply kind, struct pl_str text, struct pl_err *err)
{
    (void)err;
    if (kind == PL_REPLY_NAME)
        *(bool *)arg = pl_str_is(text, "1");
    return 0;
}

static int ask_yes(struct pl_remote *rm, enum pl_remote_op op, struct pl_str repo,
                   const struct pl_digest *d, struct pl_str from, bool *ret, struct pl_err *err)
{
    struct pl_arena a = { 0 };
    int r = converse_url(rm, op, repo, pl_digest_text(&a, d), from, on_yes, ret, err);
    pl_arena_release(&a);
    return r;
}

int pl_remote_serves(struct pl_remote *rm, struct pl_str repo, const struct pl_digest *d, bool *ret,
                     struct pl_err *err)
{
    return ask_yes(rm, PL_OP_SERVES, repo, d, PL_S(""), ret, err);
}

int pl_remote_have(struct pl_remote *rm, struct pl_str repo, const struct pl_digest *d,
                   struct pl_str from, bool *ret, struct pl_err *err)
{
    return ask_yes(rm, PL_OP_HAVE, repo, d, from, ret, err);
}

int pl_remote_delete(struct pl_remote *rm, struct pl_str repo, const struct pl_digest *d,
                     struct pl_err *err)
{
    bool none;
    return ask_yes(rm, PL_OP_DELETE, repo, d, PL_S(""), &none, err);
}

struct list_answer {
    pl_registry_name_fn *fn;
    pl_registry_sink *page;
    void *arg;
};

static int on_list(void *arg, enum pl_reply kind, struct pl_str text, struct pl_err *err)
{
    struct list_answer *x = arg;
    if (kind == PL_REPLY_NAME && x->fn)
        return x->fn(x->arg, text, err);
    return kind == PL_REPLY_PAGE && x->page ? x->page(x->arg, text.p, text.n, err) : 0;
}

int pl_remote_tags(struct pl_remote *rm, struct pl_str repo, pl_registry_name_fn *fn, void *arg,
                   struct pl_err *err)
{
    struct list_answer x = { .fn = fn, .arg = arg };
    return converse(rm, PL_OP_TAGS, repo, PL_S(""), on_list, &x, err);
}

int pl_remote_catalog(struct pl_remote *rm, pl_registry_name_fn *fn, void *arg, struct pl_err *err)
{
    struct list_answer x = { .fn = fn, .arg = arg };
    return converse(rm, PL_OP_CATALOG, PL_S(""), PL_S(""), on_list, &x, err);
}

int pl_remote_referrers(struct pl_remote *rm, struct pl_str repo, const struct pl_digest *subject,
                        pl_registry_sink *page, void *arg, struct pl_err *err)
{
    struct pl_arena a = { 0 };
    struct list_answer x = { .page = page, .arg = arg };
    int r = converse(rm, PL_OP_REFERRERS, repo, pl_digest_text(&a, subject), on_list, &x, err);
    pl_arena_release(&a);
    return r;
}

static int on_rate(void *arg, enum pl_reply kind, struct pl_str text, struct pl_err *err)
{
    (void)err;
    if (kind == PL_REPLY_DATA && text.n == sizeof(struct pl_rate))
        memcpy(arg, text.p, text.n);
    return 0;
}

int pl_remote_rate(struct pl_remote *rm, struct pl_rate *ret, struct pl_err *err)
{
    return converse(rm, PL_OP_RATE, PL_S(""), PL_S(""), on_rate, ret, err);
}

/* ------------------------------------------------------------------ blobs */

struct blob {
    struct pl_feed f;
    struct pl_remote *rm;
    struct pl_remote_proc *proc;
    struct pl_arena a;
    struct pl_str repo, digest, url;
    uint64_t size;
    struct pl_answer x;
    bool ended;
};

/* A free process, started when need be; NULL when all are at work. */
static struct pl_remote_proc *idle(struct pl_remote *rm)
{
    for (unsigned i = 0; i < PL_REMOTE_PROCS; i++)
        if (!rm->proc[i].busy)
            return &rm->proc[i];
    return NULL;
}

static int blob_start(struct blob *b, struct pl_err *err)
{
    struct pl_remote_proc *p = idle(b->rm);
    if (!p)
        return 1;
    const struct pl_remote_ask q = { .op = b->url.n ? PL_OP_FOREIGN : PL_OP_BLOB,
                                     .repo = b->repo,
                                     .ref = b->digest,
                                     .url = b->url,
                                     .size = b->size };
    int r = pl_remote_ask(b->rm, p, &q, &b->x.fd, err);
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
        r = pl_answer_head(&b->x, &there, err);
        if (r < 0 || !there)
            return r < 0 ? r : 1;
        if (b->x.head.kind == PL_REPLY_END) {
            b->ended = true;
            return pl_answer_end(&b->x, err);
        }
        if (b->x.left) {
            r = pl_answer_some(&b->x, buf, n < b->x.left ? n : (size_t)b->x.left, ret_got, err);
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
