/* The answer to one HTTP/1.1 request over a stream, read strictly and within limits. RFC 9112
 * sections 4 to 7. No sockets here: bytes come from a function. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_IO_HTTP1_H
#define PL_IO_HTTP1_H

#include "base/err.h"
#include "base/str.h"

/* Reads up to `n` (> 0) bytes to `buf`; *ret_got == 0 is the end of the connection. */
typedef int pl_http1_fill_fn(void *arg, void *buf, size_t n, size_t *ret_got, struct pl_err *err);

enum pl_http1_framing {
    PL_HTTP1_LENGTH,  /* Content-Length */
    PL_HTTP1_CHUNKED, /* Transfer-Encoding: chunked */
    PL_HTTP1_CLOSE,   /* to the end of the connection: a cut body cannot be told from a whole one */
};

/* Told each field of a head; an empty name begins a head, and what came before is void. */
typedef int pl_http1_field_fn(void *arg, struct pl_str name, struct pl_str value,
                              struct pl_err *err);

struct pl_http1 {
    pl_http1_fill_fn *fill;
    pl_http1_field_fn *field; /* set after pl_http1_init; may be NULL */
    void *arg;                /* of both */
    unsigned status;          /* after pl_http1_head: 200 … 599 */
    enum pl_http1_framing framing;
    uint64_t left;   /* bytes of the body or chunk still to come */
    bool close;      /* the connection is not to be used again */
    bool in_chunk;   /* the end of a chunk has still to be read */
    bool done;       /* the whole body was read */
    int failed;      /* sticky */
    size_t at, have; /* buf[at..have) was received and not used */
    char buf[16384];
};

/* Makes `h` ready to read an answer from `fill`. */
void pl_http1_init(struct pl_http1 *h, pl_http1_fill_fn *fill, void *arg);

/* Reads status line and headers, interim answers (1xx) skipped. PL_E_FORMAT for what is not
 * HTTP/1.x, for two framings at once and transfer codings other than chunked; PL_E_LIMIT for heads
 * beyond 64 KiB or 200 fields; PL_E_IO when the connection ends. */
int pl_http1_head(struct pl_http1 *h, struct pl_err *err);

/* Reads up to `n` (> 0) bytes of the body; *ret_got == 0 is its end. PL_E_IO when the connection
 * ends before the body does, PL_E_FORMAT for malformed chunks; both sticky. */
int pl_http1_read(struct pl_http1 *h, void *buf, size_t n, size_t *ret_got, struct pl_err *err);

#endif
