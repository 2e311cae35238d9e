/* A webhook that decides nothing, beside which `serve` is measured: what the machine, TLS and the
 * disk cost by themselves. A thread for each connection, every answer the same, a line for each in
 * LOG, which is on the disk before the answer leaves. serve_null CERT KEY [LOG]; prints its port.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINE 600u

struct null {
    SSL_CTX *ctx;
    int log, listener;
    pthread_mutex_t lock;
    pthread_cond_t done;
    bool turn;
    unsigned long asked, whole; /* lines wanted, lines on the disk */
};

struct client {
    struct null *n;
    int fd;
};

/* One writes and waits for all who came meanwhile, as the server does. */
static void log_line(struct null *n)
{
    static const char lines[64 * LINE];
    pthread_mutex_lock(&n->lock);
    unsigned long mine = ++n->asked;
    while (n->whole < mine) {
        if (n->turn) {
            pthread_cond_wait(&n->done, &n->lock);
            continue;
        }
        unsigned long to = n->asked, count = to - n->whole < 64 ? to - n->whole : 64;
        n->turn = true;
        pthread_mutex_unlock(&n->lock);
        if (write(n->log, lines, count * LINE) < 0 || fdatasync(n->log) < 0)
            exit(1);
        pthread_mutex_lock(&n->lock);
        n->turn = false;
        n->whole = to;
        pthread_cond_broadcast(&n->done);
    }
    pthread_mutex_unlock(&n->lock);
}

/* Is the request of `n` bytes at `buf` whole? */
static bool whole(const char *buf, size_t n)
{
    const char *end = strstr(buf, "\r\n\r\n"), *length = strstr(buf, "Content-Length: ");
    return end && length && n >= (size_t)(end + 4 - buf) + strtoul(length + 16, NULL, 10);
}

static void *talk(void *arg)
{
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n{\"allowed\":true}";
    struct client *c = arg;
    SSL *ssl = SSL_new(c->n->ctx);
    char buf[65536];
    size_t n = 0;
    int got = 1;
    SSL_set_fd(ssl, c->fd);
    if (SSL_accept(ssl) != 1)
        got = 0;
    while (got > 0 && (got = SSL_read(ssl, buf + n, (int)(sizeof buf - 1 - n))) > 0) {
        n += (size_t)got;
        buf[n] = 0;
        if (!whole(buf, n))
            continue;
        if (c->n->log >= 0)
            log_line(c->n);
        got = SSL_write(ssl, answer, sizeof answer - 1);
        n = 0;
    }
    SSL_free(ssl);
    close(c->fd);
    free(c);
    return NULL;
}

static bool begin(struct null *n, const char *cert, const char *key)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof at;
    n->ctx = SSL_CTX_new(TLS_server_method());
    n->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (SSL_CTX_use_certificate_chain_file(n->ctx, cert) != 1 ||
        SSL_CTX_use_PrivateKey_file(n->ctx, key, SSL_FILETYPE_PEM) != 1 ||
        bind(n->listener, (struct sockaddr *)&at, size) < 0 || listen(n->listener, 64) < 0 ||
        getsockname(n->listener, (struct sockaddr *)&at, &size) < 0)
        return false;
    printf("%u\n", ntohs(at.sin_port));
    return fflush(stdout) == 0;
}

int main(int argc, char **argv)
{
    static struct null n = { .lock = PTHREAD_MUTEX_INITIALIZER,
                             .done = PTHREAD_COND_INITIALIZER,
                             .log = -1 };
    int on = 1;
    if (argc < 3 || !begin(&n, argv[1], argv[2]))
        return 2;
    if (argc > 3 && (n.log = open(argv[3], O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600)) < 0)
        return 2;
    for (;;) {
        int fd = accept4(n.listener, NULL, NULL, SOCK_CLOEXEC);
        struct client *c = malloc(sizeof *c);
        pthread_t t;
        if (fd < 0 || !c)
            return 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        *c = (struct client){ &n, fd };
        if (pthread_create(&t, NULL, talk, c) != 0)
            return 1;
        pthread_detach(t);
    }
}
