/* Writing to a registry from this side: what is sent goes as frames over a socket, and the answer
 * comes back over it. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "source/remote_int.h"

#define FRAME_MAX PL_MIB(1)

struct pl_remote_upload {
    struct pl_remote_proc *proc;
    int fd;
};

/* Why the other side stopped: what it says, else that it is gone. */
static int why(int fd, struct pl_err *err)
{
    struct pl_answer x = { .fd = fd };
    bool there = false;
    int r = pl_answer_head(&x, &there, err);
    return r == 0 ? pl_answer_end(&x, err) : r;
}

static int send_frame(int fd, enum pl_reply kind, const void *p, size_t n, struct pl_err *err)
{
    int r = pl_frame_put(fd, kind, p, n, err);
    if (r < 0 && (r = why(fd, err)) == 0)
        r = pl_fail(err, PL_E_IO, "the process that speaks to the registry is gone");
    return r;
}

int pl_remote_upload_new(struct pl_remote *rm, struct pl_str repo, struct pl_remote_upload **ret,
                         struct pl_err *err)
{
    struct pl_remote_proc *p = rm->proc[1].busy ? &rm->proc[0] : &rm->proc[1];
    const struct pl_remote_ask q = { .op = PL_OP_UPLOAD, .repo = repo, .both = true };
    int fd;
    if (p->busy)
        return pl_fail(err, PL_E_IO, "no process is free for an upload");
    int r = pl_remote_ask(rm, p, &q, &fd, err);
    if (r < 0)
        return r;
    struct pl_remote_upload *u = calloc(1, sizeof *u);
    if (!u)
        pl_oom();
    *u = (struct pl_remote_upload){ p, fd };
    p->busy = true;
    *ret = u;
    return 0;
}

int pl_remote_upload_add(struct pl_remote_upload *u, const void *p, size_t n, struct pl_err *err)
{
    const char *c = p;
    int r = 0;
    while (r == 0 && n) {
        size_t now = n < FRAME_MAX ? n : (size_t)FRAME_MAX;
        r = send_frame(u->fd, PL_REPLY_DATA, c, now, err);
        c += now;
        n -= now;
    }
    return r;
}

int pl_remote_upload_end(struct pl_remote_upload *u, const struct pl_digest *d, struct pl_err *err)
{
    struct pl_arena a = { 0 };
    struct pl_str text = pl_digest_text(&a, d);
    int r = send_frame(u->fd, PL_REPLY_NAME, text.p, text.n, err);
    if (r == 0)
        r = why(u->fd, err);
    pl_arena_release(&a);
    return r;
}

void pl_remote_upload_free(struct pl_remote_upload *u)
{
    if (!u)
        return;
    close(u->fd);
    u->proc->busy = false;
    free(u);
}

int pl_remote_put(struct pl_remote *rm, struct pl_str repo, struct pl_str ref,
                  const struct pl_manifest *m, const struct pl_digest *subject,
                  struct pl_str descriptor, struct pl_err *err)
{
    struct pl_arena a = { 0 };
    struct pl_remote_proc *p = rm->proc[0].busy ? &rm->proc[1] : &rm->proc[0];
    const struct pl_remote_ask q = { .op = PL_OP_PUT, .repo = repo, .ref = ref, .both = true };
    struct pl_str digest = pl_digest_text(&a, &m->digest);
    struct pl_str about = subject && subject->set ? pl_digest_text(&a, subject) : PL_S("");
    pl_auto_fd int fd = -1;
    int r = pl_remote_ask(rm, p, &q, &fd, err);
    if (r == 0)
        r = send_frame(fd, PL_REPLY_TYPE, m->type.p, m->type.n, err);
    if (r == 0)
        r = send_frame(fd, PL_REPLY_NAME, digest.p, digest.n, err);
    if (r == 0)
        r = send_frame(fd, PL_REPLY_SUBJECT, about.p, about.n, err);
    if (r == 0)
        r = send_frame(fd, PL_REPLY_DESCRIPTOR, descriptor.p, descriptor.n, err);
    if (r == 0)
        r = send_frame(fd, PL_REPLY_DATA, m->bytes.p, m->bytes.n, err);
    if (r == 0)
        r = why(fd, err);
    pl_arena_release(&a);
    return r;
}
