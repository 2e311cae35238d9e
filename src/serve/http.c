/* The HTTP server, by libmicrohttpd. What the library lets through and two readers might frame
 * differently is refused here: two lengths, a length beside chunks, codings that are not chunks. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/http.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "serve/http_late.h"
#include "serve/http_pages.h"
#include "serve/tls.h"

#define HEAD_MAX ((size_t)32 << 10) /* of a connection: head, and what is read at once */
#define STACK ((size_t)256 << 10)
/* TLS 1.2 at least; what NORMAL allows of 1.2 is AEAD and CBC with forward secrecy or RSA, so less
 */
#define PRIORITIES                                                              \
    "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:-CIPHER-ALL:+AES-128-GCM:" \
    "+AES-256-GCM:+CHACHA20-POLY1305"

struct pl_httpd {
    struct pl_mhd m;
    struct pl_httpd_opts o;
    struct MHD_Daemon *daemon;
    struct pl_conns conns;
    atomic_size_t bodies; /* bytes of bodies held */
    atomic_uint pending;
    atomic_bool closing;
};

enum state { READING, RUNNING, SUSPENDED, ANSWERED, QUEUED };

struct pl_httpd_req {
    struct pl_httpd *h;
    struct MHD_Connection *connection;
    struct pl_conn *conn;
    struct pl_buf body;
    size_t refused;  /* bytes that came after the limit */
    unsigned reject; /* status to answer with instead of asking */
    bool post, counted;
    atomic_int state;
    unsigned status;
    const char *type;
    struct pl_buf answer;
};

static struct pl_conn *conn_of(struct pl_httpd *h, struct MHD_Connection *c)
{
    const union MHD_ConnectionInfo *i =
        h->m.MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return i ? i->socket_context : NULL;
}

static void on_connection(void *arg, struct MHD_Connection *c, void **context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct pl_httpd *h = arg;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *i =
            h->m.MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
        *context = pl_conns_add(&h->conns, i ? i->connect_fd : -1);
    } else {
        pl_conns_drop(&h->conns, *context);
        *context = NULL;
    }
}

/* The first line has come. A request that goes no further is not reported: what is allocated is the
 * connection's. */
static void *on_uri(void *arg, const char *uri, struct MHD_Connection *c)
{
    struct pl_httpd *h = arg;
    struct pl_conn *x = conn_of(h, c);
    if (x)
        pl_conns_enter(&h->conns, x, PL_CONN_READING);
    if (x && h->o.pages) { /* the connection keeps it: this is the only place where it is raw */
        const char *query = strchr(uri, '?');
        free(x->query);
        x->query = query ? strdup(query + 1) : NULL;
    }
    return NULL;
}

struct framing {
    unsigned lengths, codings, hosts;
    bool odd;
    uint64_t length;
};

static enum MHD_Result on_header(void *arg, enum MHD_ValueKind kind, const char *key, size_t key_n,
                                 const char *value, size_t value_n)
{
    struct framing *f = arg;
    struct pl_str k = pl_str_n(key, key_n), v = pl_str_n(value ? value : "", value_n);
    (void)kind;
    if (pl_str_ieq(k, PL_S("Content-Length"))) {
        f->lengths++;
        f->odd |= !pl_str_u64(v, &f->length);
    } else if (pl_str_ieq(k, PL_S("Transfer-Encoding"))) {
        f->codings++;
        f->odd |= !pl_str_ieq(v, PL_S("chunked"));
    } else if (pl_str_ieq(k, PL_S("Host"))) {
        f->hosts++;
    }
    /* a name of other characters than RFC 9110's token may be another name to somebody else */
    for (size_t i = 0; i < k.n; i++)
        f->odd |= k.p[i] <= ' ' || k.p[i] >= 127 || strchr("\"(),/:;<=>?@[\\]{}", k.p[i]);
    f->odd |= k.n == 0;
    return MHD_YES;
}

/* The status to refuse a request with that has its head only, or 0. */
static unsigned judge_head(struct pl_httpd *h, struct MHD_Connection *c, const char *method,
                           const char *version, bool *ret_post)
{
    struct framing f = { 0 };
    bool post = strcmp(method, "POST") == 0;
    *ret_post = post;
    h->m.MHD_get_connection_values_n(c, MHD_HEADER_KIND, on_header, &f);
    if (f.odd || f.lengths + f.codings > 1 || f.hosts > 1)
        return 400;
    if (strcmp(version, "HTTP/1.1") != 0 && (strcmp(version, "HTTP/1.0") != 0 || f.codings))
        return 505;
    if (post && h->o.pages)
        return 405;
    if (!post && strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
        return 405;
    if (!post && (f.codings || f.length))
        return 400;
    if (post && f.lengths + f.codings == 0)
        return 411;
    return f.length > h->o.max_body ? 413 : 0;
}

static enum MHD_Result queue(struct pl_httpd *h, struct MHD_Connection *c, struct pl_conn *x,
                             unsigned status, const char *type, struct pl_str body)
{
    struct MHD_Response *r = h->m.MHD_create_response_from_buffer(
        body.n, __extension__(void *) body.p, MHD_RESPMEM_MUST_COPY);
    if (!r)
        return MHD_NO;
    h->m.MHD_add_response_header(r, "Content-Type", type);
    h->m.MHD_add_response_header(r, "X-Content-Type-Options", "nosniff");
    if (status == 405)
        h->m.MHD_add_response_header(r, "Allow", h->o.pages ? "GET, HEAD" : "GET, HEAD, POST");
    if (h->o.pages)
        pl_http_pages_head(&h->m, r, status);
    if (atomic_load(&h->closing) || status == 400 || status == 413 || status == 505)
        h->m.MHD_add_response_header(r, "Connection", "close");
    if (x)
        pl_conns_enter(&h->conns, x, PL_CONN_WRITING);
    enum MHD_Result q = h->m.MHD_queue_response(c, status, r);
    h->m.MHD_destroy_response(r);
    return q;
}

static enum MHD_Result plain(struct pl_httpd *h, struct MHD_Connection *c, struct pl_conn *x,
                             unsigned status)
{
    const char *text = status == 413   ? "the body is too large\n"
                       : status == 411 ? "a Content-Length is needed\n"
                       : status == 405 ? "method not allowed\n"
                       : status == 503 ? "too much at once\n"
                       : status == 505 ? "HTTP/1.1, please\n"
                                       : "bad request\n";
    return queue(h, c, x, status, "text/plain; charset=utf-8", pl_str_c(text));
}

static bool is_local(struct pl_httpd *h, struct MHD_Connection *c)
{
    const union MHD_ConnectionInfo *i =
        h->m.MHD_get_connection_info(c, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *a = i ? i->client_addr : NULL;
    if (!h->o.tls)
        return true;
    if (a && a->sa_family == AF_INET)
        return ntohl(((const struct sockaddr_in *)(const void *)a)->sin_addr.s_addr) >> 24 == 127;
    return a && a->sa_family == AF_INET6 &&
           IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)(const void *)a)->sin6_addr);
}

static struct pl_str header(struct pl_httpd *h, struct MHD_Connection *c, const char *name)
{
    return pl_str_c(h->m.MHD_lookup_connection_value(c, MHD_HEADER_KIND, name));
}

/* What pages want to know beside. */
static void add_pages(struct pl_httpd *h, struct pl_httpd_req *q, struct pl_httpd_ask *a)
{
    const union MHD_ConnectionInfo *i =
        h->m.MHD_get_connection_info(q->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *from = i ? i->client_addr : NULL;
    a->query = pl_str_c(q->conn ? q->conn->query : NULL);
    a->authorization = header(h, q->connection, "Authorization");
    a->host = header(h, q->connection, "Host");
    if (from && from->sa_family == AF_INET6) {
        memcpy(a->from, &((const struct sockaddr_in6 *)(const void *)from)->sin6_addr, 16);
    } else if (from && from->sa_family == AF_INET) {
        memset(a->from + 10, 0xff, 2);
        memcpy(a->from + 12, &((const struct sockaddr_in *)(const void *)from)->sin_addr, 4);
    }
}

static bool client_ok(struct pl_httpd *h, struct pl_httpd_req *q)
{
    struct pl_conn *x = q->conn;
    if (!h->o.tls)
        return true;
    if (x && x->client_known)
        return x->client_ok;
    const union MHD_ConnectionInfo *i =
        h->m.MHD_get_connection_info(q->connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    bool ok = pl_tls_client_ok(h->o.tls, i ? i->tls_session : NULL);
    if (x) {
        x->client_known = true;
        x->client_ok = ok;
    }
    return ok;
}

static void drop_body(struct pl_httpd_req *q)
{
    atomic_fetch_sub(&q->h->bodies, q->body.n);
    pl_buf_release(&q->body);
}

/* The library has a copy of it from here. */
static enum MHD_Result queue_answer(struct pl_httpd *h, struct pl_httpd_req *q)
{
    atomic_store(&q->state, QUEUED);
    enum MHD_Result r =
        queue(h, q->connection, q->conn, q->status, q->type, pl_buf_str(&q->answer));
    pl_buf_release(&q->answer);
    return r;
}

/* The whole request is here. */
static enum MHD_Result ask(struct pl_httpd *h, struct pl_httpd_req *q, const char *url)
{
    const char *t =
        h->m.MHD_lookup_connection_value(q->connection, MHD_GET_ARGUMENT_KIND, "timeout");
    struct pl_httpd_ask a = { .path = pl_str_c(url),
                              .timeout = pl_str_c(t),
                              .body = pl_buf_str(&q->body),
                              .post = q->post,
                              .client_ok = client_ok(h, q),
                              .local = is_local(h, q->connection) };
    if (h->o.pages)
        add_pages(h, q, &a);
    if (q->reject)
        return plain(h, q->connection, q->conn, q->reject);
    if (q->conn)
        pl_conns_enter(&h->conns, q->conn, PL_CONN_BUSY);
    q->counted = true;
    atomic_fetch_add(&h->pending, 1);
    atomic_store(&q->state, RUNNING);
    h->o.fn(h->o.arg, q, &a);
    drop_body(q);
    if (atomic_load(&q->state) == ANSWERED)
        return queue_answer(h, q);
    h->m.MHD_suspend_connection(q->connection);
    int was = RUNNING;
    if (!atomic_compare_exchange_strong(&q->state, &was, SUSPENDED))
        h->m.MHD_resume_connection(q->connection);
    return MHD_YES;
}

void pl_httpd_answer(struct pl_httpd_req *q, unsigned status, const char *type, struct pl_str body)
{
    struct pl_httpd *h = q->h;
    struct MHD_Connection *c = q->connection;
    q->status = status;
    q->type = type;
    pl_buf_putn(&q->answer, body.p, body.n);
    if (atomic_exchange(&q->state, ANSWERED) == SUSPENDED)
        h->m.MHD_resume_connection(c);
}

static void take(struct pl_httpd *h, struct pl_httpd_req *q, const char *data, size_t n)
{
    if (!q->reject && q->body.n + n > h->o.max_body)
        q->reject = 413;
    if (!q->reject && atomic_load(&h->bodies) + n > h->o.max_bodies)
        q->reject = 503;
    if (!q->reject && pl_buf_add(&q->body, data, n, /* err= */ NULL) < 0)
        q->reject = 413;
    else if (!q->reject)
        atomic_fetch_add(&h->bodies, n);
    if (q->reject)
        q->refused += n;
}

static enum MHD_Result begin(struct pl_httpd *h, struct MHD_Connection *c, const char *method,
                             const char *version, void **context)
{
    bool post;
    struct pl_conn *x = conn_of(h, c);
    unsigned status = judge_head(h, c, method, version, &post);
    if (status)
        return plain(h, c, x, status);
    struct pl_httpd_req *q = calloc(1, sizeof *q);
    if (!q)
        pl_oom();
    *q = (struct pl_httpd_req){
        .h = h, .connection = c, .conn = x, .post = post, .body = { .max = h->o.max_body }
    };
    *context = q;
    return MHD_YES;
}

static enum MHD_Result on_access(void *arg, struct MHD_Connection *c, const char *url,
                                 const char *method, const char *version, const char *data,
                                 size_t *data_n, void **context)
{
    struct pl_httpd *h = arg;
    struct pl_httpd_req *q = *context;
    if (!q)
        return begin(h, c, method, version, context);
    if (*data_n) {
        take(h, q, data, *data_n);
        *data_n = 0;
        return q->refused > h->o.max_body ? MHD_NO : MHD_YES;
    }
    switch (atomic_load(&q->state)) {
    case READING:
        return ask(h, q, url);
    case ANSWERED:
        return queue_answer(h, q);
    default:
        return MHD_YES;
    }
}

static void on_completed(void *arg, struct MHD_Connection *c, void **context,
                         enum MHD_RequestTerminationCode code)
{
    struct pl_httpd *h = arg;
    struct pl_httpd_req *q = *context;
    (void)code;
    struct pl_conn *x = conn_of(h, c);
    if (x)
        pl_conns_enter(&h->conns, x, PL_CONN_IDLE);
    if (!q)
        return;
    *context = NULL;
    drop_body(q);
    pl_buf_release(&q->answer);
    if (q->counted)
        atomic_fetch_sub(&h->pending, 1);
    free(q);
}

/* The library's words are about what clients did; they are counted, not printed. */
static void on_message(void *arg, const char *format, va_list ap)
{
    (void)arg, (void)format, (void)ap;
}

static int start(struct pl_httpd *h, struct pl_err *err)
{
    const struct pl_httpd_opts *o = &h->o;
    const char *ca = o->tls ? pl_tls_client_ca(o->tls) : NULL;
    struct MHD_OptionItem tls[] = {
        { MHD_OPTION_HTTPS_PRIORITIES, 0, __extension__(void *) PRIORITIES },
        { MHD_OPTION_HTTPS_CERT_CALLBACK, 0, pl_tls_chooser() },
        { ca ? MHD_OPTION_HTTPS_MEM_TRUST : MHD_OPTION_END, 0, __extension__(void *) ca },
        { MHD_OPTION_END, 0, NULL },
    };
    struct MHD_OptionItem none[] = { { MHD_OPTION_END, 0, NULL } };
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
    if (o->tls) {
        pl_tls_use(o->tls);
        flags |= MHD_USE_TLS;
    }
    h->daemon = h->m.MHD_start_daemon(
        flags, 0, NULL, NULL, on_access, h, MHD_OPTION_EXTERNAL_LOGGER, on_message, NULL,
        MHD_OPTION_LISTEN_SOCKET, o->fd, MHD_OPTION_NOTIFY_CONNECTION, on_connection, h,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, h, MHD_OPTION_URI_LOG_CALLBACK, on_uri, h,
        MHD_OPTION_CONNECTION_LIMIT, o->max_connections, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        HEAD_MAX, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_THREAD_STACK_SIZE, STACK,
        MHD_OPTION_THREAD_POOL_SIZE, o->threads > 1 ? o->threads : 0, MHD_OPTION_ARRAY,
        o->tls ? tls : none, MHD_OPTION_END);
    return h->daemon ? 0 : pl_fail(err, PL_E_IO, "the server does not start");
}

int pl_httpd_new(const struct pl_httpd_opts *o, struct pl_httpd **ret, struct pl_err *err)
{
    struct pl_httpd *h = calloc(1, sizeof *h);
    if (!h)
        pl_oom();
    h->o = *o;
    pl_conns_init(&h->conns, o->max_connections * 3 / 4);
    if (o->read_s)
        h->conns.read_ns = (int64_t)o->read_s * 1000000000;
    int r = pl_mhd_load(&h->m, err);
    if (r == 0)
        r = start(h, err);
    if (r < 0) {
        pl_conns_release(&h->conns);
        free(h);
        return r;
    }
    *ret = h;
    return 0;
}

void pl_httpd_reap(struct pl_httpd *h)
{
    pl_conns_reap(&h->conns);
}

struct pl_conns_stats pl_httpd_stats(struct pl_httpd *h)
{
    return pl_conns_stats(&h->conns);
}

void pl_httpd_quiesce(struct pl_httpd *h)
{
    atomic_store(&h->closing, true);
    int fd = h->m.MHD_quiesce_daemon(h->daemon);
    if (fd >= 0)
        close(fd);
}

unsigned pl_httpd_pending(struct pl_httpd *h)
{
    return atomic_load(&h->pending);
}

void pl_httpd_free(struct pl_httpd *h)
{
    if (!h)
        return;
    h->m.MHD_stop_daemon(h->daemon);
    pl_conns_release(&h->conns);
    free(h);
}
