/* The server's HTTP/1.1: whole requests in, answers out, over TLS or a local socket. Requests that
 * are not framed beyond doubt are refused and end their connection. RFC 9110, RFC 9112. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SERVE_HTTP_H
#define PL_SERVE_HTTP_H

#include "base/buf.h"
#include "base/err.h"
#include "serve/conns.h"

struct pl_tls;
struct pl_httpd;
struct pl_httpd_req; /* a request; ends with its answer */

struct pl_httpd_ask {
    struct pl_str path;                /* decoded, without query */
    struct pl_str timeout;             /* the query's `timeout`, or empty */
    struct pl_str query;               /* with `pages`: as it came, without "?" */
    struct pl_str authorization, host; /* with `pages`: headers, or empty */
    uint8_t from[16];                  /* who asks: an IPv6 address, IPv4 mapped; zero: local */
    struct pl_str body;                /* valid during the call only */
    bool post;                         /* else GET or HEAD */
    bool client_ok; /* its certificate is one of --client-ca's, or none is asked for */
    bool local;     /* a loopback address or a local socket */
};

/* Gets each request once, on a thread of the server that must not wait. pl_httpd_answer() is called
 * once for it, during the call or later, on any thread. */
typedef void pl_httpd_fn(void *arg, struct pl_httpd_req *req, const struct pl_httpd_ask *ask);

struct pl_httpd_opts {
    int fd;             /* listening, non-blocking; the server's from now on */
    struct pl_tls *tls; /* NULL: none, for local sockets */
    unsigned threads;   /* of I/O */
    unsigned max_connections;
    unsigned read_s;   /* for a request to come whole; 0: ten */
    size_t max_body;   /* of one request */
    size_t max_bodies; /* of all that are being read */
    bool pages;        /* for people: nothing but GET and HEAD; with the headers of http_pages.h */
    pl_httpd_fn *fn;
    void *arg;
};

/* Starts. Heap. PL_E_UNSUP without the library, PL_E_IO. */
int pl_httpd_new(const struct pl_httpd_opts *o, struct pl_httpd **ret, struct pl_err *err);
/* Answers with `status` and `body` (copied); `type` is a constant. */
void pl_httpd_answer(struct pl_httpd_req *req, unsigned status, const char *type,
                     struct pl_str body);
/* Ends connections that are too slow; to be called every second or so. */
void pl_httpd_reap(struct pl_httpd *h);
struct pl_conns_stats pl_httpd_stats(struct pl_httpd *h);
/* Takes no more connections; answers end theirs. */
void pl_httpd_quiesce(struct pl_httpd *h);
/* Requests that have no answer yet. */
unsigned pl_httpd_pending(struct pl_httpd *h);
/* Stops; every request has been answered. Accepts NULL. */
void pl_httpd_free(struct pl_httpd *h);

#endif
