/* One request and its answer over HTTP, by libcurl, or plainly to this machine without it: TLS
 * checked, every address judged after name resolution, limits on what arrives. Follows no
 * redirect and knows no credentials: both are decided by whoever asks. Without libcurl
 * (http_none.c) every request is PL_E_UNSUP. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_IO_HTTP_H
#define PL_IO_HTTP_H

#include <signal.h>

#include "base/buf.h"
#include "io/addr.h"
#include "io/room.h"
#include "io/url.h"

struct pl_http; /* connections kept open between requests; one thread */

struct pl_http_opts {
    const char *agent;                   /* User-Agent */
    unsigned connect_s, stall_s;         /* stall: less than 1 KiB in that time ends a transfer */
    int64_t deadline_ms;                 /* of the monotonic clock; 0 = none */
    const volatile sig_atomic_t *cancel; /* looked at five times a second; may be NULL */
    struct pl_room *room;                /* for kept bodies beyond PL_ROOM_FREE; NULL: no end */
};

struct pl_http_field {
    struct pl_str name, value;
};

/* What came back. Text lives in `a`. */
struct pl_http_answer {
    struct pl_arena a;
    unsigned status;
    struct pl_http_field *fields;
    size_t n_fields;
    struct pl_buf body;   /* what was not given to `data` */
    struct pl_room *room; /* where the body has a place */
    uint64_t got;         /* bytes of the body that arrived */
    bool no_tls;          /* failed: the other side does not speak TLS */
    bool sent;            /* failed: the connection stood, the request may have been seen */
    int64_t retry_after;  /* seconds the server asked to wait; -1: it did not */
};

struct pl_http_req {
    const char *method;
    struct pl_url url;
    const struct pl_http_field *fields;
    size_t n_fields;
    /* Body: `body`, or `size` bytes that `read` gives from `off` on. */
    struct pl_str body;
    bool has_body;
    int (*read)(void *arg, uint64_t off, void *buf, size_t n, size_t *ret_got, struct pl_err *err);
    uint64_t size;
    /* Judges each address before a connection to it is made. */
    int (*judge)(void *arg, enum pl_addr_class c, struct pl_err *err);
    /* The head is there (final status); may refuse. May be NULL. */
    int (*head)(void *arg, const struct pl_http_answer *ans, struct pl_err *err);
    /* Bytes of a body with status 2xx; NULL: they are kept in the answer, at most `keep`. */
    int (*data)(void *arg, const void *p, size_t n, struct pl_err *err);
    void *arg;
    size_t keep;            /* beyond it PL_E_LIMIT; other bodies than 2xx are cut at 64 KiB */
    const char *cert, *key; /* PEM files of a client certificate, or NULL */
    struct pl_str ca_pem;   /* authorities beside the system's */
    bool unverified;        /* the certificate is not looked at: for hosts the user named so */
    bool http1;             /* no HTTP/2: a transfer that waits then holds back its sender */
};

/* Heap. PL_E_UNSUP when the build lacks libcurl. */
int pl_http_new(const struct pl_http_opts *o, struct pl_http **ret, struct pl_err *err);
void pl_http_free(struct pl_http *h);

/* Sends `q` and reads the answer. PL_E_NET: no connection, TLS or name failure, or nothing came for
 * too long; PL_E_IO: it broke off; PL_E_LIMIT; PL_E_CANCEL; PL_E_AUTH: an address was refused; or
 * what a callback returned. `ans` is to be released in any case; what had arrived is in it. */
int pl_http_do(struct pl_http *h, const struct pl_http_req *q, struct pl_http_answer *ans,
               struct pl_err *err);
/* Sends a request without a body that pl_http_do will be asked for soon, word for word the same, on
 * a connection of its own: the answer is on its way meanwhile. A hint: may do nothing, never waits.
 */
void pl_http_ahead(struct pl_http *h, const struct pl_http_req *q);
void pl_http_answer_release(struct pl_http_answer *ans);

/* The value of the first field called `name` (any case), or an empty view with p == NULL. */
struct pl_str pl_http_field(const struct pl_http_answer *ans, const char *name);

/* Library and version for --version; static. */
const char *pl_http_library(void);

#endif
