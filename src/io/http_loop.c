/* Plain HTTP/1.1 to this machine. libcurl and what it pulls in cost more time and memory to load
 * than all that is said to a registry on loopback. RFC 9112. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/vec.h"
#include "io/http1.h"
#include "io/http_int.h"

#define SLICE_MS 200
#define PIECE 65536u
#define ALERT 21 /* types of records of TLS */
#define HANDSHAKE 22

/* One request under way. */
struct run {
    const struct pl_http_opts *o;
    const struct pl_http_req *q;
    struct pl_http_answer *ans;
    struct pl_http_pace pace;
    int fd;
    bool ahead;    /* the head was sent before */
    bool answered; /* a byte came back */
    PL_VEC(struct pl_http_field) fields;
};

/* ------------------------------------------------------------------ connections */

struct place {
    struct sockaddr_storage at;
    socklen_t n;
};

static void place4(struct place *p, uint32_t port)
{
    struct sockaddr_in *in = (struct sockaddr_in *)(void *)&p->at;
    *in = (struct sockaddr_in){ .sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr = { htonl(INADDR_LOOPBACK) } };
    p->n = sizeof *in;
}

static void place6(struct place *p, uint32_t port)
{
    struct sockaddr_in6 *in = (struct sockaddr_in6 *)(void *)&p->at;
    *in = (struct sockaddr_in6){ .sin6_family = AF_INET6,
                                 .sin6_port = htons((uint16_t)port),
                                 .sin6_addr = IN6ADDR_LOOPBACK_INIT };
    p->n = sizeof *in;
}

/* The addresses of a host, by its very name; 0 when it is not of this machine. */
static size_t places(const struct pl_url *u, struct place out[2])
{
    char text[64];
    struct in_addr a;
    if (pl_str_is(u->host, "[::1]")) {
        place6(out, u->port);
        return 1;
    }
    if (pl_str_is(u->host, "localhost")) {
        place4(out, u->port);
        place6(out + 1, u->port);
        return 2;
    }
    if (u->host.n >= sizeof text)
        return 0;
    memcpy(text, u->host.p, u->host.n);
    text[u->host.n] = 0;
    if (inet_pton(AF_INET, text, &a) != 1 || ntohl(a.s_addr) >> 24 != 127)
        return 0;
    place4(out, u->port);
    ((struct sockaddr_in *)(void *)&out->at)->sin_addr = a;
    return 1;
}

bool pl_http_loop_is(const struct pl_url *u)
{
    struct place p[2];
    return !u->https && places(u, p) > 0;
}

static int judge(struct run *r, const struct place *p, struct pl_err *err)
{
    uint8_t b[16] = { 0 };
    if (p->at.ss_family == AF_INET)
        memcpy(b, &((const struct sockaddr_in *)(const void *)&p->at)->sin_addr, 4);
    else
        memcpy(b, &((const struct sockaddr_in6 *)(const void *)&p->at)->sin6_addr, 16);
    return r->q->judge ? r->q->judge(r->q->arg, pl_addr_class(p->at.ss_family, b), err) : 0;
}

/* Waits until something can be done with the connection. */
static int wait_for(struct run *r, short events, short *ret, struct pl_err *err)
{
    for (;;) {
        struct pollfd p = { .fd = r->fd, .events = events };
        int n = poll(&p, 1, SLICE_MS);
        int e = pl_http_check_time(r->o, &r->pace, err);
        if (e < 0)
            return e;
        if (n > 0) {
            *ret = p.revents;
            return 0;
        }
    }
}

static int connect_one(struct run *r, const struct place *p, struct pl_err *err)
{
    int one = 1, why = 0;
    socklen_t len = sizeof why;
    short got;
    int e = judge(r, p, err);
    if (e < 0)
        return e;
    r->fd = socket(p->at.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (r->fd < 0)
        return pl_fail_errno(err, PL_E_NET, errno, "cannot make a socket");
    setsockopt(r->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(r->fd, (const struct sockaddr *)&p->at, p->n) < 0) {
        if (errno == EINPROGRESS)
            e = wait_for(r, POLLOUT, &got, err);
        else
            why = errno;
        if (e == 0 && !why)
            getsockopt(r->fd, SOL_SOCKET, SO_ERROR, &why, &len);
    }
    if (e == 0 && why)
        e = pl_fail_errno(err, PL_E_NET, why, "%.*s:%" PRIu32, PL_FMT(r->q->url.host),
                          r->q->url.port);
    if (e < 0) {
        close(r->fd);
        r->fd = -1;
    }
    return e;
}

static int connect_any(struct run *r, struct pl_err *err)
{
    struct place p[2];
    size_t n = places(&r->q->url, p);
    int e = pl_fail(err, PL_E_NET, "no address");
    for (size_t i = 0; i < n && e == PL_E_NET; i++)
        e = connect_one(r, &p[i], err);
    return e;
}

/* ------------------------------------------------------------------ sending */

static bool clean(struct pl_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < 32 || s.p[i] == 127)
            return false;
    return true;
}

static int put_head(struct run *r, struct pl_buf *b, struct pl_err *err)
{
    const struct pl_http_req *q = r->q;
    bool accept = false;
    pl_buf_printf(b, "%s %.*s HTTP/1.1\r\nHost: %.*s\r\nUser-Agent: %s\r\n", q->method,
                  PL_FMT(q->url.target), PL_FMT(pl_url_host(&r->ans->a, &q->url)), r->o->agent);
    for (size_t i = 0; i < q->n_fields; i++) {
        if (!clean(q->fields[i].name) || !clean(q->fields[i].value))
            return pl_fail(err, PL_E_FORMAT, "control characters in what is to be sent");
        accept |= pl_str_ieq(q->fields[i].name, PL_S("accept"));
        pl_buf_printf(b, "%.*s: %.*s\r\n", PL_FMT(q->fields[i].name), PL_FMT(q->fields[i].value));
    }
    if (!accept)
        pl_buf_puts(b, "Accept: */*\r\n");
    if (q->read)
        pl_buf_printf(b, "Content-Length: %" PRIu64 "\r\n", q->size);
    else if (q->has_body)
        pl_buf_printf(b, "Content-Length: %zu\r\n", q->body.n);
    pl_buf_puts(b, "\r\n");
    return 0;
}

/* Sends all of `s`; *ret_stop: the other side answers already, or wants no more. */
static int send_all(struct run *r, struct pl_str s, bool *ret_stop, struct pl_err *err)
{
    while (s.n && !*ret_stop) {
        short got;
        ssize_t n = send(r->fd, s.p, s.n, MSG_NOSIGNAL);
        if (n > 0) {
            r->pace.moved += (size_t)n;
            s = pl_str_sub(s, (size_t)n, s.n);
            continue;
        }
        if (n < 0 && errno != EAGAIN && errno != EINTR) {
            *ret_stop = true; /* what it said before it closed is read next */
            break;
        }
        int e = wait_for(r, POLLOUT | POLLIN, &got, err);
        if (e < 0)
            return e;
        *ret_stop = (got & (POLLIN | POLLERR | POLLHUP)) && !(got & POLLOUT);
    }
    return 0;
}

static int send_body(struct run *r, bool *ret_stop, struct pl_err *err)
{
    const struct pl_http_req *q = r->q;
    pl_auto_buf struct pl_buf b = { 0 };
    if (!q->read)
        return q->has_body ? send_all(r, q->body, ret_stop, err) : 0;
    char *p = pl_buf_room(&b, PIECE, err);
    for (uint64_t at = 0; at < q->size && !*ret_stop;) {
        size_t got = 0, want = q->size - at < PIECE ? (size_t)(q->size - at) : PIECE;
        int e = q->read(q->arg, at, p, want, &got, err);
        if (e == 0 && got == 0)
            e = pl_fail(err, PL_E_IO, "what is to be sent ends early");
        if (e == 0)
            e = send_all(r, pl_str_n(p, got), ret_stop, err);
        if (e < 0)
            return e;
        at += got;
    }
    return 0;
}

/* ------------------------------------------------------------------ receiving */

static int fill(void *arg, void *buf, size_t n, size_t *ret_got, struct pl_err *err)
{
    struct run *r = arg;
    for (;;) {
        short got;
        ssize_t k = recv(r->fd, buf, n, 0);
        if (k >= 0) {
            *ret_got = (size_t)k;
            r->answered |= k > 0;
            return 0;
        }
        if (errno != EAGAIN && errno != EINTR) {
            *ret_got = 0; /* reset: the same as an early end */
            return 0;
        }
        int e = wait_for(r, POLLIN, &got, err);
        if (e < 0)
            return e;
    }
}

static int on_field(void *arg, struct pl_str name, struct pl_str value, struct pl_err *err)
{
    struct run *r = arg;
    (void)err;
    r->pace.moved += name.n + value.n;
    if (!name.n) {
        r->fields.n = 0;
        return 0;
    }
    struct pl_http_field f = { pl_dup(&r->ans->a, name), pl_dup(&r->ans->a, value) };
    pl_vec_push(&r->fields, f);
    return 0;
}

static int take_head(struct run *r, struct pl_http1 *h, struct pl_err *err)
{
    struct pl_http_answer *ans = r->ans;
    int e = pl_http1_head(h, err);
    if (e < 0)
        return e;
    ans->status = h->status;
    ans->fields = pl_alloc_n(&ans->a, r->fields.n, sizeof *ans->fields);
    if (r->fields.n)
        memcpy(ans->fields, r->fields.p, r->fields.n * sizeof *r->fields.p);
    ans->n_fields = r->fields.n;
    pl_http_wait_asked(ans);
    if (strcmp(r->q->method, "HEAD") == 0)
        h->done = true;
    return r->q->head ? r->q->head(r->q->arg, ans, err) : 0;
}

static int take_body(struct run *r, struct pl_http1 *h, bool *ret_enough, struct pl_err *err)
{
    pl_auto_buf struct pl_buf b = { 0 };
    char *p = pl_buf_room(&b, PIECE, err);
    int e = 0;
    while (e == 0 && !h->done && !*ret_enough) {
        size_t got = 0;
        e = pl_http1_read(h, p, PIECE, &got, err);
        if (e == 0 && got)
            e = pl_http_take_body(r->o, r->q, r->ans, &r->pace, p, got, ret_enough, err);
        if (e == 0) /* a body that trickles without a pause is bounded too */
            e = pl_http_check_time(r->o, &r->pace, err);
    }
    return e;
}

/* Codes of the reader as those of pl_http_do. */
static int translate(struct run *r, int e, struct pl_err *err)
{
    if (e == PL_E_UNSUP)
        e = PL_E_FORMAT;
    r->ans->sent = e == PL_E_IO;
    if (e < 0 && err)
        err->code = e;
    return e;
}

static int exchange(struct run *r, struct pl_str head, bool *ret_keep, struct pl_err *err)
{
    struct pl_http1 h;
    bool stop = false, enough = false;
    pl_http1_init(&h, fill, r);
    h.field = on_field;
    int e = r->ahead ? 0 : send_all(r, head, &stop, err);
    if (e == 0 && !stop)
        e = send_body(r, &stop, err);
    if (e < 0)
        return e;
    e = take_head(r, &h, err);
    if (e == 0)
        e = take_body(r, &h, &enough, err);
    *ret_keep =
        e == 0 && !stop && !enough && !h.close && h.framing != PL_HTTP1_CLOSE && h.at == h.have;
    if (e == 0 && strcmp(r->q->method, "HEAD") == 0)
        *ret_keep = !stop && !h.close && h.at == h.have;
    return translate(r, e, err);
}

/* ------------------------------------------------------------------ the whole */

static void drop(struct pl_http_loop *l)
{
    if (l->fd >= 0)
        close(l->fd);
    l->fd = -1;
}

/* Ends a request that was sent ahead; the last one takes its place. */
static int unpark(struct pl_http_loop *l, size_t i)
{
    int fd = l->parked[i].fd;
    pl_buf_release(&l->parked[i].head);
    l->parked[i] = l->parked[--l->n_parked];
    return fd;
}

void pl_http_loop_close(struct pl_http_loop *l)
{
    drop(l);
    while (l->n_parked)
        close(unpark(l, 0));
}

static bool same_place(const struct pl_http_loop *l, const struct pl_url *u)
{
    return l->fd >= 0 && l->port == u->port && pl_str_is(u->host, l->host);
}

static void keep(struct pl_http_loop *l, struct run *r)
{
    drop(l);
    l->fd = r->fd;
    l->port = r->q->url.port;
    memcpy(l->host, r->q->url.host.p, r->q->url.host.n);
    l->host[r->q->url.host.n] = 0;
}

/* A connection on which this very head went out (it names the host), the kept one, or none. */
static void take_connection(struct pl_http_loop *l, struct run *r, struct pl_str head)
{
    for (size_t i = 0; i < l->n_parked && !r->ahead; i++)
        if (pl_str_eq(pl_buf_str(&l->parked[i].head), head)) {
            r->ahead = true;
            r->fd = unpark(l, i);
        }
    if (r->ahead)
        return;
    if (same_place(l, &r->q->url)) {
        r->fd = l->fd;
        l->fd = -1;
    }
    drop(l);
}

int pl_http_loop_do(struct pl_http_loop *l, const struct pl_http_opts *o,
                    const struct pl_http_req *q, struct pl_http_answer *ans, struct pl_err *err)
{
    struct pl_err local = { 0 }, *why = err ? err : &local;
    pl_auto_buf struct pl_buf head = { 0 };
    struct run r = { .o = o, .q = q, .ans = ans, .fd = -1 };
    bool stay = false;
    *ans = (struct pl_http_answer){ .retry_after = -1 };
    int e = put_head(&r, &head, why);
    if (e < 0)
        return e;
    r.pace.since = pl_clock_ms();
    take_connection(l, &r, pl_buf_str(&head));
    bool used = r.fd >= 0;
    e = used ? 0 : connect_any(&r, why);
    if (e == 0)
        e = exchange(&r, pl_buf_str(&head), &stay, why);
    if (e == PL_E_IO && used && !r.answered) { /* it had been closed meanwhile */
        close(r.fd);
        r.ahead = ans->sent = false;
        r.fields.n = 0;
        e = connect_any(&r, why);
        if (e == 0)
            e = exchange(&r, pl_buf_str(&head), &stay, why);
    }
    if (stay && r.fd >= 0)
        keep(l, &r);
    else if (r.fd >= 0)
        close(r.fd);
    pl_vec_release(&r.fields);
    return e;
}

/* Begins a connection without waiting for it. */
static int connect_now(struct run *r)
{
    struct place p[2];
    int one = 1;
    struct pl_err unused = { 0 };
    if (places(&r->q->url, p) == 0 || judge(r, p, &unused) < 0)
        return -1;
    r->fd = socket(p->at.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (r->fd < 0)
        return -1;
    setsockopt(r->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return connect(r->fd, (const struct sockaddr *)&p->at, p->n) < 0 && errno != EINPROGRESS ? -1
                                                                                             : 0;
}

/* Sends in one go; what would have to wait is not done. */
static bool send_now(struct pl_http_loop *l, struct run *r, struct pl_str head)
{
    if (same_place(l, &r->q->url)) {
        r->fd = l->fd;
        l->fd = -1;
    } else if (connect_now(r) < 0) {
        return false;
    }
    return send(r->fd, head.p, head.n, MSG_NOSIGNAL) == (ssize_t)head.n;
}

static bool is_parked(const struct pl_http_loop *l, struct pl_str head)
{
    for (size_t i = 0; i < l->n_parked; i++)
        if (pl_str_eq(pl_buf_str(&l->parked[i].head), head))
            return true;
    return false;
}

void pl_http_loop_ahead(struct pl_http_loop *l, const struct pl_http_opts *o,
                        const struct pl_http_req *q)
{
    struct pl_http_answer ans = { 0 };
    struct run r = { .o = o, .q = q, .ans = &ans, .fd = -1 };
    struct pl_buf head = { 0 };
    if (l->n_parked == PL_HTTP_AHEAD || q->has_body || q->read)
        return;
    if (put_head(&r, &head, NULL) == 0 && !is_parked(l, pl_buf_str(&head)) &&
        send_now(l, &r, pl_buf_str(&head))) {
        l->parked[l->n_parked++] = (struct pl_http_parked){ r.fd, head };
    } else {
        pl_buf_release(&head);
        if (r.fd >= 0)
            close(r.fd);
    }
    pl_http_answer_release(&ans);
}

/* ------------------------------------------------------------------ TLS or not */

/* A ClientHello of TLS 1.2. The random part holds the end of a line and of a head, so that a server
 * of plain HTTP does not wait for more. RFC 5246 section 7.4.1.2. */
static const char hello[] =
    "\x16\x03\x01\x00\x41\x01\x00\x00\x3d\x03\x03"          /* record, handshake */
    "\r\n\r\nplimsoll asks for TLS?\r\n\r\n\r\n"            /* random */
    "\x00\x00\x06\xc0\x2f\xc0\x2b\x00\x9c\x01\x00\x00\x0e"  /* no session, suites */
    "\x00\x0a\x00\x04\x00\x02\x00\x17\x00\x0b\x00\x02\x01"; /* P-256, uncompressed */

bool pl_http_loop_no_tls(const struct pl_http_opts *o, const struct pl_http_req *q)
{
    struct pl_http_answer ans = { 0 };
    struct pl_err err = { 0 };
    struct pl_http_opts brief = *o;
    struct run r = { .o = &brief, .q = q, .ans = &ans, .fd = -1 };
    char got[5];
    size_t n = 0, k = 1;
    bool stop = false;
    brief.stall_s = 2;
    r.pace.since = pl_clock_ms();
    int e = connect_any(&r, &err);
    if (e == 0)
        e = send_all(&r, pl_str_n(hello, sizeof hello), &stop, &err);
    while (e == 0 && n < sizeof got && k) {
        e = fill(&r, got + n, sizeof got - n, &k, &err);
        n += e == 0 ? k : 0;
    }
    if (r.fd >= 0)
        close(r.fd);
    return n && got[0] != ALERT && got[0] != HANDSHAKE;
}
