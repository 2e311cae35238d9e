/* Load on a webhook: keep-alive connections over TLS, one request behind the other on each; prints
 * requests a second and how long the slowest hundredth took.
 * serve_load PORT CA.pem BODY-FILE CONNECTIONS SECONDS */
/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SAMPLES (1u << 22)

struct shared {
    SSL_CTX *ctx;
    unsigned port;
    const char *request;
    size_t n;
    double until;
    pthread_mutex_t lock;
    float *ms;
    size_t n_ms, wrong;
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static SSL *dial(struct shared *s)
{
    struct sockaddr_in to = { .sin_family = AF_INET,
                              .sin_port = htons((in_port_t)s->port),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) < 0)
        return NULL;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    SSL *ssl = SSL_new(s->ctx);
    SSL_set_fd(ssl, fd);
    return SSL_connect(ssl) == 1 ? ssl : NULL;
}

/* One answer; is it the right one? */
static bool answer(SSL *ssl)
{
    char buf[65536];
    size_t n = 0, want = 0;
    while (want == 0 || n < want) {
        int got = SSL_read(ssl, buf + n, (int)(sizeof buf - 1 - n));
        if (got <= 0)
            return false;
        n += (size_t)got;
        buf[n] = 0;
        const char *end = strstr(buf, "\r\n\r\n"), *length = strstr(buf, "Content-Length: ");
        if (end && length)
            want = (size_t)(end + 4 - buf) + strtoul(length + 16, NULL, 10);
    }
    return memcmp(buf, "HTTP/1.1 200", 12) == 0 && strstr(buf, "\"allowed\":true") != NULL;
}

static void *client(void *arg)
{
    struct shared *s = arg;
    SSL *ssl = dial(s);
    size_t cap = 1u << 16, n = 0, wrong = ssl == NULL;
    float *ms = malloc(cap * sizeof *ms);
    while (ssl && ms && now() < s->until && n < cap) {
        double begin = now();
        bool sent = SSL_write(ssl, s->request, (int)s->n) == (int)s->n;
        wrong += !sent || !answer(ssl);
        ms[n++] = (float)((now() - begin) * 1000);
        if (wrong)
            break;
    }
    pthread_mutex_lock(&s->lock);
    s->wrong += wrong;
    for (size_t i = 0; i < n && s->n_ms < SAMPLES; i++)
        s->ms[s->n_ms++] = ms[i];
    pthread_mutex_unlock(&s->lock);
    free(ms);
    return NULL;
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

int main(int argc, char **argv)
{
    struct shared s = { .lock = PTHREAD_MUTEX_INITIALIZER };
    if (argc != 6)
        return 2;
    unsigned clients = (unsigned)strtoul(argv[4], NULL, 10);
    double seconds = strtod(argv[5], NULL), begin;
    pthread_t id[1024];
    s.port = (unsigned)strtoul(argv[1], NULL, 10);
    s.ctx = SSL_CTX_new(TLS_client_method());
    SSL_CTX_load_verify_locations(s.ctx, argv[2], NULL);
    SSL_CTX_set_verify(s.ctx, SSL_VERIFY_PEER, NULL);
    s.request = request_of(argv[3], &s.n);
    s.ms = malloc(SAMPLES * sizeof *s.ms);
    if (!s.ms || clients == 0 || clients > 1024)
        return 2;
    begin = now();
    s.until = begin + seconds;
    for (unsigned i = 0; i < clients; i++)
        pthread_create(&id[i], NULL, client, &s);
    for (unsigned i = 0; i < clients; i++)
        pthread_join(id[i], NULL);
    double took = now() - begin;
    qsort(s.ms, s.n_ms, sizeof *s.ms, by_value);
    if (s.n_ms == 0)
        return 1;
    printf("%zu requests, %.0f a second, p50 %.2f ms, p99 %.2f ms, worst %.2f ms, wrong %zu\n",
           s.n_ms, (double)s.n_ms / took, (double)s.ms[s.n_ms / 2], (double)s.ms[s.n_ms * 99 / 100],
           (double)s.ms[s.n_ms - 1], s.wrong);
    return s.wrong != 0;
}
