/* What both ends of a conversation with the process that speaks to a registry share. A request is
 * one message on a socket, with the other end of what the answer comes by: a pipe, or for requests
 * that are followed by bytes a socket. Both ways go frames: kind, length, bytes. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SOURCE_REMOTE_INT_H
#define PL_SOURCE_REMOTE_INT_H

#include "base/buf.h"
#include "source/remote.h"

#define PL_REMOTE_PROCS 2u
#define PL_REMOTE_REQUEST 32768u
#define PL_REMOTE_ANSWER PL_MIB(5)

enum pl_remote_op {
    PL_OP_MANIFEST,
    PL_OP_ORIGIN, /* a manifest, from no mirror */
    PL_OP_BLOB,
    PL_OP_FOREIGN,
    PL_OP_TAGS,
    PL_OP_CATALOG,
    PL_OP_REFERRERS,
    PL_OP_RATE,
    PL_OP_SERVES, /* is a blob there? */
    PL_OP_HAVE,   /* … or can be mounted from `url`? */
    PL_OP_UPLOAD, /* frames DATA, then NAME: the digest */
    PL_OP_PUT,    /* frames TYPE, NAME: the digest, SUBJECT, DESCRIPTOR, then DATA: the manifest */
    PL_OP_DELETE, /* a manifest */
};
enum pl_reply {
    PL_REPLY_DATA,
    PL_REPLY_NAME,
    PL_REPLY_TYPE,
    PL_REPLY_PAGE,
    PL_REPLY_SUBJECT,
    PL_REPLY_DESCRIPTOR,
    PL_REPLY_END,
};

struct pl_frame_head {
    uint32_t kind, n;
};
struct pl_frame_end {
    int32_t code;
    char msg[sizeof(((struct pl_err *)NULL)->msg)];
};

struct pl_remote_proc {
    pid_t pid; /* 0 = not started */
    int fd;
    bool busy;
};

struct pl_remote {
    const struct pl_registry_opts *o;
    struct pl_arena a;
    struct pl_str host;
    struct pl_remote_proc proc[PL_REMOTE_PROCS];
    pl_registry_flag *seen; /* PL_REGISTRY_FLAGS of them, shared by the processes */
};

/* The other process: answers what comes over `sock` until that is closed. */
_Noreturn void pl_remote_serve(const struct pl_remote *rm, int sock);

/* Writes a frame; PL_E_CANCEL when nobody reads. */
int pl_frame_put(int fd, enum pl_reply kind, const void *p, size_t n, struct pl_err *err);

/* Sends a request to a process, started when need be; *ret_fd is where the answer comes, and with
 * `both` where bytes go. */
struct pl_remote_ask {
    enum pl_remote_op op;
    struct pl_str repo, ref, url;
    uint64_t size;
    bool both;
};
int pl_remote_ask(struct pl_remote *rm, struct pl_remote_proc *p, const struct pl_remote_ask *q,
                  int *ret_fd, struct pl_err *err);

/* Frames as they come. */
struct pl_answer {
    int fd;
    struct pl_frame_head head;
    size_t have;   /* bytes of the head */
    uint64_t left; /* bytes of the frame's payload */
};
/* Reads up to `n` bytes. 0 in *ret_got: nothing now (a pipe that does not block). */
int pl_answer_some(struct pl_answer *x, void *buf, size_t n, size_t *ret_got, struct pl_err *err);
/* Has a whole head of a frame when *ret_there. */
int pl_answer_head(struct pl_answer *x, bool *ret_there, struct pl_err *err);
/* The payload, which is small; `b` is cleared. */
int pl_answer_whole(struct pl_answer *x, struct pl_buf *b, struct pl_err *err);
/* What the last frame says. */
int pl_answer_end(struct pl_answer *x, struct pl_err *err);

#endif
