/* What the two ways of sending a request share. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_IO_HTTP_INT_H
#define PL_IO_HTTP_INT_H

#include "io/http.h"

#define PL_HTTP_HEAD_MAX 65536u
#define PL_HTTP_ERROR_BODY_MAX 65536u

/* How a transfer goes on: bytes in either direction since `since`, in ms of the monotonic clock. */
struct pl_http_pace {
    uint64_t moved;
    int64_t since;
};
/* PL_E_CANCEL, or PL_E_NET when the deadline has passed or less than 1 KiB came for too long. */
int pl_http_check_time(const struct pl_http_opts *o, struct pl_http_pace *p, struct pl_err *err);
/* Sets ans->retry_after from the field Retry-After: seconds or a date. */
void pl_http_wait_asked(struct pl_http_answer *ans);
/* Takes bytes of a body as the request says: to its `data`, or kept. *ret_enough: the rest is not
 * wanted. */
int pl_http_take_body(const struct pl_http_opts *o, const struct pl_http_req *q,
                      struct pl_http_answer *ans, struct pl_http_pace *pace, const void *p,
                      size_t n, bool *ret_enough, struct pl_err *err);

#define PL_HTTP_AHEAD 8u

/* A request that was sent and whose answer nobody has read yet. */
struct pl_http_parked {
    int fd;
    struct pl_buf head; /* as it was sent */
};

/* A connection to this machine over plain HTTP/1.1, kept between requests. */
struct pl_http_loop {
    int fd; /* -1: none */
    uint32_t port;
    char host[64];
    struct pl_http_parked parked[PL_HTTP_AHEAD];
    size_t n_parked;
};
/* Is `u` such an address: http, and "localhost" or a loopback address in figures? */
bool pl_http_loop_is(const struct pl_url *u);
/* pl_http_do for such an address. */
int pl_http_loop_do(struct pl_http_loop *l, const struct pl_http_opts *o,
                    const struct pl_http_req *q, struct pl_http_answer *ans, struct pl_err *err);
/* pl_http_ahead for such an address. */
void pl_http_loop_ahead(struct pl_http_loop *l, const struct pl_http_opts *o,
                        const struct pl_http_req *q);
/* Does what listens where `q` goes (https, this machine) answer the beginning of TLS with something
 * else? False when nobody answers, too. */
bool pl_http_loop_no_tls(const struct pl_http_opts *o, const struct pl_http_req *q);
void pl_http_loop_close(struct pl_http_loop *l);

#endif
