/* The process that speaks to a registry: it alone holds the credentials, and parses nothing of what
 * it hands on. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/wire.h"
#include "source/remote_int.h"

static int put_all(int fd, const void *p, size_t n, struct pl_err *err)
{
    return pl_fd_write(fd, p, n) < 0 ? pl_fail(err, PL_E_CANCEL, "nobody wants the answer any more")
                                     : 0;
}

int pl_frame_put(int fd, enum pl_reply kind, const void *p, size_t n, struct pl_err *err)
{
    struct pl_frame_head h = { kind, (uint32_t)n };
    int r = put_all(fd, &h, sizeof h, err);
    return r == 0 && n ? put_all(fd, p, n, err) : r;
}

static int put_data(void *arg, const void *p, size_t n, struct pl_err *err)
{
    return n ? pl_frame_put(*(int *)arg, PL_REPLY_DATA, p, n, err) : 0;
}

static int put_page(void *arg, const void *p, size_t n, struct pl_err *err)
{
    return pl_frame_put(*(int *)arg, PL_REPLY_PAGE, p, n, err);
}

static int put_name(void *arg, struct pl_str name, struct pl_err *err)
{
    return pl_frame_put(*(int *)arg, PL_REPLY_NAME, name.p, name.n, err);
}

static int put_manifest(struct pl_registry *r, struct pl_str repo, struct pl_str ref, bool origin,
                        int fd, struct pl_err *err)
{
    struct pl_arena a = { 0 };
    struct pl_manifest m;
    int x = pl_registry_manifest(r, repo, ref, origin, &a, &m, err);
    struct pl_str digest = x == 0 ? pl_digest_text(&a, &m.digest) : PL_S("");
    if (x == 0)
        x = pl_frame_put(fd, PL_REPLY_TYPE, m.type.p, m.type.n, err);
    if (x == 0)
        x = pl_frame_put(fd, PL_REPLY_NAME, digest.p, digest.n, err);
    if (x == 0)
        x = pl_frame_put(fd, PL_REPLY_DATA, m.bytes.p, m.bytes.n, err);
    pl_arena_release(&a);
    return x;
}

/* ---- what comes from the other side ---- */

/* The next frame, whole. */
static int next_frame(struct pl_answer *x, struct pl_buf *b, struct pl_err *err)
{
    bool there;
    int r = pl_answer_head(x, &there, err);
    return r == 0 ? pl_answer_whole(x, b, err) : r;
}

static int take_upload(struct pl_registry *r, struct pl_str repo, int fd, struct pl_err *err)
{
    struct pl_answer x = { .fd = fd };
    pl_auto_buf struct pl_buf b = { .max = (size_t)PL_REMOTE_ANSWER };
    struct pl_upload *u = pl_registry_upload_new(r, repo);
    struct pl_digest d = { 0 };
    int e = 0;
    while (e == 0 && !d.set) {
        e = next_frame(&x, &b, err);
        if (e == 0 && x.head.kind == PL_REPLY_DATA)
            e = pl_registry_upload_add(u, b.p, b.n, err);
        else if (e == 0)
            e = pl_digest_parse(pl_buf_str(&b), &d, err);
    }
    if (e == 0)
        e = pl_registry_upload_end(u, &d, err);
    pl_registry_upload_free(u);
    return e;
}

static int take_manifest(struct pl_registry *r, struct pl_str repo, struct pl_str ref, int fd,
                         struct pl_err *err)
{
    struct pl_answer x = { .fd = fd };
    struct pl_arena a = { 0 };
    struct pl_str text[PL_REPLY_END] = { 0 };
    struct pl_digest d = { 0 }, subject = { 0 };
    int e = 0;
    while (e == 0 && !text[PL_REPLY_DATA].p) {
        pl_auto_buf struct pl_buf b = { .max = (size_t)PL_REMOTE_ANSWER };
        e = next_frame(&x, &b, err);
        if (e == 0 && x.head.kind >= PL_REPLY_END)
            e = pl_fail(err, PL_E_FORMAT, "malformed request");
        if (e == 0)
            text[x.head.kind] = pl_dup(&a, pl_buf_str(&b));
    }
    if (e == 0)
        e = pl_digest_parse(text[PL_REPLY_NAME], &d, err);
    if (e == 0 && text[PL_REPLY_SUBJECT].n)
        e = pl_digest_parse(text[PL_REPLY_SUBJECT], &subject, err);
    if (e == 0)
        e = pl_registry_push_manifest(r, repo, ref, text[PL_REPLY_TYPE], text[PL_REPLY_DATA], &d,
                                      &subject, text[PL_REPLY_DESCRIPTOR], err);
    pl_arena_release(&a);
    return e;
}

/* ---- requests ---- */

static int put_yes(int fd, int r, bool yes, struct pl_err *err)
{
    return r == 0 ? pl_frame_put(fd, PL_REPLY_NAME, yes ? "1" : "0", 1, err) : r;
}

static int have(struct pl_registry *r, struct pl_str repo, const struct pl_digest *d,
                struct pl_str from, int fd, struct pl_err *err)
{
    const struct pl_names names = { &from, from.n != 0 };
    bool yes = false;
    int e = pl_registry_have_blob(r, repo, d, &names, &yes, err);
    return put_yes(fd, e, yes, err);
}

static int serves(struct pl_registry *r, struct pl_str repo, const struct pl_digest *d, int fd,
                  struct pl_err *err)
{
    bool yes = false;
    int e = pl_registry_serves_blob(r, repo, d, &yes, err);
    return put_yes(fd, e, yes, err);
}

/* Requests about one digest. */
static int answer_digest(struct pl_registry *r, enum pl_remote_op op, struct pl_str repo,
                         const struct pl_digest *d, struct pl_str url, uint64_t size, int fd,
                         struct pl_err *err)
{
    switch (op) {
    case PL_OP_BLOB:
        return pl_registry_blob(r, repo, d, size, put_data, &fd, err);
    case PL_OP_FOREIGN:
        return pl_registry_foreign(r, url, d, size, put_data, &fd, err);
    case PL_OP_REFERRERS:
        return pl_registry_referrers(r, repo, d, PL_S(""), put_page, &fd, err);
    case PL_OP_SERVES:
        return serves(r, repo, d, fd, err);
    case PL_OP_HAVE:
        return have(r, repo, d, url, fd, err);
    case PL_OP_DELETE:
        return pl_registry_delete_manifest(r, repo, d, err);
    default:
        return pl_fail(err, PL_E_FORMAT, "malformed request");
    }
}

static int answer(struct pl_registry *r, struct pl_str request, int fd, struct pl_err *err)
{
    struct pl_rd rd = { (const uint8_t *)request.p, (const uint8_t *)request.p + request.n, false };
    enum pl_remote_op op = pl_get_u8(&rd);
    struct pl_str repo = pl_get_str(&rd), ref = pl_get_str(&rd), url = pl_get_str(&rd);
    uint64_t size = pl_get_u64(&rd);
    struct pl_digest d = { 0 };
    if (rd.bad)
        return pl_fail(err, PL_E_FORMAT, "malformed request");
    switch (op) {
    case PL_OP_MANIFEST:
    case PL_OP_ORIGIN:
        return put_manifest(r, repo, ref, op == PL_OP_ORIGIN, fd, err);
    case PL_OP_TAGS:
        return pl_registry_tags(r, repo, put_name, &fd, err);
    case PL_OP_CATALOG:
        return pl_registry_catalog(r, put_name, &fd, err);
    case PL_OP_RATE:
        return pl_frame_put(fd, PL_REPLY_DATA, pl_registry_rate(r), sizeof(struct pl_rate), err);
    case PL_OP_UPLOAD:
        return take_upload(r, repo, fd, err);
    case PL_OP_PUT:
        return take_manifest(r, repo, ref, fd, err);
    default:
        break;
    }
    int x = pl_digest_parse(ref, &d, err);
    return x < 0 ? x : answer_digest(r, op, repo, &d, url, size, fd, err);
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
    struct pl_frame_end e = { .code = code };
    if (code < 0)
        memcpy(e.msg, err->msg, sizeof e.msg);
    pl_frame_put(fd, PL_REPLY_END, &e, sizeof e, NULL);
}

/* What was open in the parent is closed, so that nobody waits for an end that is kept open here. */
static void close_others(int sock, int password)
{
    unsigned one = (unsigned)sock, two = password > 2 ? (unsigned)password : one;
    unsigned low = one < two ? one : two, high = one < two ? two : one;
    if (low > 3)
        close_range(3, low - 1, 0);
    if (high > low + 1)
        close_range(low + 1, high - 1, 0);
    close_range(high + 1, ~0u, 0);
}

_Noreturn void pl_remote_serve(const struct pl_remote *rm, int sock)
{
    const struct pl_registry_opts *o = rm->o;
    struct pl_registry *r = NULL;
    char *buf = malloc(PL_REMOTE_REQUEST);
    const struct rlimit none = { 0, 0 };
    /* what is in memory here goes into no core and to no debugger */
    prctl(PR_SET_DUMPABLE, 0);
    close_others(sock, o->password_fd);
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) {
        struct pl_err err = { 0 };
        int fd;
        ssize_t n = buf ? receive(sock, buf, PL_REMOTE_REQUEST, &fd) : -1;
        if (n < 0 && errno == EINTR && !(o->cancel && *o->cancel))
            continue;
        if (n <= 0)
            break;
        bool fresh = !r;
        int x = r ? 0 : pl_registry_new(o, rm->host, &r, &err);
        if (x == 0 && fresh)
            pl_registry_share(r, rm->seen, PL_REGISTRY_FLAGS);
        if (x == 0)
            x = answer(r, pl_str_n(buf, (size_t)n), fd, &err);
        finish(fd, x, &err);
        close(fd);
    }
    pl_registry_free(r);
    _exit(0);
}
