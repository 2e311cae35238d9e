/* Load on a webhook as an API server makes it: keep-alive connections over TLS, HTTP/1.1, one
 * request at a time on each. One thread, so that it takes little of the machine that is measured.
 * RATE 0: as fast as answers come; else so many a second at fixed times, and a request is timed
 * from when it was due, so that a slow answer counts for those behind it. serve_load PORT CA.pem
 * BODY-FILE CONNECTIONS SECONDS RATE */
/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SAMPLES (1u << 22)
#define CONNECTIONS 1024u

struct conn {
    SSL *ssl;
    double due; /* of the request that is out; 0: none is */
    size_t n, want;
    char buf[32768];
};

struct load {
    unsigned n;
    struct conn *conn;
    const char *request;
    size_t request_n;
    double begin, until, rate;
    uint64_t sent;
    float *ms;
    size_t n_ms, wrong;
    int epoll;
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static SSL *dial(SSL_CTX *ctx, unsigned port)
{
    struct sockaddr_in to = { .sin_family = AF_INET,
                              .sin_port = htons((in_port_t)port),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) < 0)
        return NULL;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    SSL *ssl = SSL_new(ctx);
    SSL_set_fd(ssl, fd);
    if (SSL_connect(ssl) != 1)
        return NULL;
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return ssl;
}

static void ask(struct load *l, struct conn *c, double due)
{
    c->due = due;
    c->n = c->want = 0;
    l->sent++;
    l->wrong += SSL_write(c->ssl, l->request, (int)l->request_n) != (int)l->request_n;
}

/* Sends what is due on connections that are free. */
static void ask_all(struct load *l, double t)
{
    for (unsigned i = 0; i < l->n && t < l->until; i++) {
        double due = l->rate > 0 ? l->begin + (double)l->sent / l->rate : t;
        if (due > t)
            return;
        if (l->conn[i].due == 0)
            ask(l, &l->conn[i], due);
    }
}

static bool is_right(struct conn *c)
{
    c->buf[c->n] = 0;
    return memcmp(c->buf, "HTTP/1.1 200", 12) == 0 && strstr(c->buf, "\"allowed\":true") != NULL;
}

static void take(struct load *l, struct conn *c)
{
    for (;;) {
        int got = SSL_read(c->ssl, c->buf + c->n, (int)(sizeof c->buf - 1 - c->n));
        if (got <= 0) {
            l->wrong += SSL_get_error(c->ssl, got) != SSL_ERROR_WANT_READ;
            return;
        }
        c->n += (size_t)got;
        c->buf[c->n] = 0;
        const char *end = strstr(c->buf, "\r\n\r\n"), *length = strstr(c->buf, "Content-Length: ");
        if (!c->want && end && length)
            c->want = (size_t)(end + 4 - c->buf) + strtoul(length + 16, NULL, 10);
        if (!c->want || c->n < c->want)
            continue;
        l->wrong += !is_right(c) || c->n > c->want;
        if (l->n_ms < SAMPLES)
            l->ms[l->n_ms++] = (float)((now() - c->due) * 1000);
        c->due = 0;
        return;
    }
}

static unsigned busy(const struct load *l)
{
    unsigned n = 0;
    for (unsigned i = 0; i < l->n; i++)
        n += l->conn[i].due > 0;
    return n;
}

static void run(struct load *l)
{
    struct epoll_event e[64];
    while (!l->wrong) {
        double t = now(), due = l->rate > 0 ? l->begin + (double)l->sent / l->rate - t : 0.1;
        ask_all(l, t);
        if (t >= l->until && busy(l) == 0)
            return;
        if (t > l->until + 5) {
            l->wrong++;
            return;
        }
        if (due < 0 || due > 0.1 || busy(l) == l->n)
            due = 0.1;
        struct timespec wait = { 0, (long)(due * 1e9) };
        int n = epoll_pwait2(l->epoll, e, 64, &wait, NULL);
        for (int i = 0; i < n; i++)
            take(l, e[i].data.ptr);
    }
}

static int by_value(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return x < y ? -1 : x > y;
}

static char *request_of(const char *path, size_t *ret_n)
{
    static char body[1 << 20], whole[(1 << 20) + 256];
    FILE *f = fopen(path, "re");
    size_t n = f ? fread(body, 1, sizeof body, f) : 0;
    if (f)
        fclose(f);
    int head = snprintf(whole, sizeof whole,
                        "POST /validate?timeout=10s HTTP/1.1\r\nHost: localhost\r\n"
                        "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
                        n);
    memcpy(whole + head, body, n);
    *ret_n = (size_t)head + n;
    return whole;
}

static bool connect_all(struct load *l, const char *port, const char *ca)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL_CTX_load_verify_locations(ctx, ca, NULL);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    l->epoll = epoll_create1(EPOLL_CLOEXEC);
    for (unsigned i = 0; i < l->n; i++) {
        struct epoll_event e = { .events = EPOLLIN, .data.ptr = &l->conn[i] };
        l->conn[i].ssl = dial(ctx, (unsigned)strtoul(port, NULL, 10));
        if (!l->conn[i].ssl ||
            epoll_ctl(l->epoll, EPOLL_CTL_ADD, SSL_get_fd(l->conn[i].ssl), &e) < 0)
            return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    struct load l = { 0 };
    struct rusage used;
    if (argc != 7)
        return 2;
    l.n = (unsigned)strtoul(argv[4], NULL, 10);
    l.rate = strtod(argv[6], NULL);
    l.request = request_of(argv[3], &l.request_n);
    l.ms = malloc(SAMPLES * sizeof *l.ms);
    if (l.n == 0 || l.n > CONNECTIONS || !l.ms)
        return 2;
    l.conn = calloc(l.n, sizeof *l.conn);
    if (!l.conn || !connect_all(&l, argv[1], argv[2]))
        return 2;
    l.begin = now();
    l.until = l.begin + strtod(argv[5], NULL);
    run(&l);
    double took = now() - l.begin;
    getrusage(RUSAGE_SELF, &used);
    if (l.n_ms == 0)
        return 1;
    qsort(l.ms, l.n_ms, sizeof *l.ms, by_value);
    printf(
        "%zu requests, %.0f a second, p50 %.2f ms, p99 %.2f ms, worst %.2f ms, wrong %zu, own CPU "
        "%.0f us a request\n",
        l.n_ms, (double)l.n_ms / took, (double)l.ms[l.n_ms / 2], (double)l.ms[l.n_ms * 99 / 100],
        (double)l.ms[l.n_ms - 1], l.wrong,
        ((double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e6 +
         (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec)) /
            (double)l.n_ms);
    return l.wrong != 0;
}
