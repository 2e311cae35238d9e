/* GET /images/NAME/get over a local socket. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "source/daemon.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "io/http1.h"

#define REF_MAX 1024u
#define CONNECT_S 10
#define HEAD_MS (10 * 60 * 1000) /* as long as a whole request may take, hazards.md section 2 */
#define IDLE_MS (30 * 1000)

struct pl_daemon {
    struct pl_http1 http;
    int fd;
    int wait_ms;
};

struct daemon_feed {
    struct pl_feed f;
    struct pl_daemon *d;
};

static int fill(void *arg, void *buf, size_t n, size_t *ret_got, struct pl_err *err)
{
    struct pl_daemon *d = arg;
    struct pollfd p = { .fd = d->fd, .events = POLLIN };
    int ready = poll(&p, 1, d->wait_ms);
    /* only signals that someone waits for interrupt: the user wants to end */
    if (ready < 0 && errno == EINTR)
        return pl_fail(err, PL_E_CANCEL, "interrupted");
    if (ready == 0)
        return pl_fail(err, PL_E_NET, "nothing came for %d seconds", d->wait_ms / 1000);
    ssize_t got;
    do
        got = read(d->fd, buf, n);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return pl_fail_errno(err, PL_E_IO, errno, "cannot read");
    *ret_got = (size_t)got;
    return 0;
}

static int check_ref(const char *ref, struct pl_err *err)
{
    size_t n = strlen(ref);
    if (n == 0 || n > REF_MAX)
        return pl_fail(err, PL_E_USAGE, "'daemon:' needs the name of an image");
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)ref[i] <= ' ' || (unsigned char)ref[i] >= 127)
            return pl_fail(err, PL_E_USAGE, "an image name holds letters, digits and . _ - : / @");
    return 0;
}

/* Everything but unreserved characters (RFC 3986 section 2.3) is escaped, the slash too. */
static void put_escaped(struct pl_buf *b, const char *s)
{
    for (; *s; s++) {
        char c = *s;
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     strchr("-._~", c);
        if (plain)
            pl_buf_putc(b, c);
        else
            pl_buf_printf(b, "%%%02X", (unsigned char)c);
    }
}

static int send_request(struct pl_daemon *d, const char *ref, struct pl_err *err)
{
    pl_auto_buf struct pl_buf b = { 0 };
    pl_buf_puts(&b, "GET /images/");
    put_escaped(&b, ref);
    pl_buf_puts(&b, "/get HTTP/1.1\r\nHost: localhost\r\nUser-Agent: plimsoll\r\n"
                    "Accept: application/x-tar\r\nConnection: close\r\n\r\n");
    for (size_t at = 0; at < b.n;) {
        ssize_t put = send(d->fd, b.p + at, b.n - at, MSG_NOSIGNAL);
        if (put < 0 && errno == EINTR)
            return pl_fail(err, PL_E_CANCEL, "interrupted");
        if (put < 0)
            return pl_fail_errno(err, PL_E_NET, errno, "cannot send");
        at += (size_t)put;
    }
    return 0;
}

static int connect_to(const char *path, int *ret_fd, struct pl_err *err)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    struct timeval timeout = { .tv_sec = CONNECT_S };
    size_t n = strlen(path);
    if (n == 0 || n >= sizeof to.sun_path)
        return pl_fail(err, PL_E_USAGE, "socket path of %zu bytes", n);
    memcpy(to.sun_path, path, n);
    pl_auto_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return pl_fail_errno(err, PL_E_NET, errno, "cannot make a socket");
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
    if (connect(fd, (const struct sockaddr *)&to, sizeof to) < 0)
        return pl_fail_errno(err, PL_E_NET, errno, "cannot connect to '%s'", path);
    *ret_fd = pl_steal_fd(&fd);
    return 0;
}

static int ask(struct pl_daemon *d, const char *path, const char *ref,
               const struct pl_daemon_wait *wait, struct pl_err *err)
{
    int r = connect_to(path, &d->fd, err);
    if (r < 0)
        return r;
    d->wait_ms = wait->head_ms;
    r = send_request(d, ref, err);
    if (r == 0)
        r = pl_http1_head(&d->http, err);
    if (r < 0)
        return pl_wrap(err, "'%s'", path);
    d->wait_ms = wait->idle_ms;
    if (d->http.status == 404)
        return pl_fail(err, PL_E_NOENT, "'%s' has no image '%s'", path, ref);
    if (d->http.status != 200)
        return pl_fail(err, PL_E_NET, "'%s' answered with status %u", path, d->http.status);
    return 0;
}

int pl_daemon_open_at(const char *path, const char *ref, const struct pl_daemon_wait *wait,
                      struct pl_daemon **ret, struct pl_err *err)
{
    int r = check_ref(ref, err);
    if (r < 0)
        return r;
    struct pl_daemon *d = calloc(1, sizeof *d);
    if (!d)
        pl_oom();
    d->fd = -1;
    pl_http1_init(&d->http, fill, d);
    r = ask(d, path, ref, wait, err);
    if (r < 0)
        pl_daemon_close(d);
    else
        *ret = d;
    return r;
}

/* DOCKER_HOST alone decides when it is set. */
static int open_host(const char *host, const char *ref, const struct pl_daemon_wait *wait,
                     struct pl_daemon **ret, struct pl_err *err)
{
    static const char scheme[] = "unix://";
    if (strncmp(host, scheme, sizeof scheme - 1) != 0)
        return pl_fail(err, PL_E_UNSUP, "DOCKER_HOST is not of the form unix:///PATH");
    return pl_daemon_open_at(host + sizeof scheme - 1, ref, wait, ret, err);
}

/* Is there no one at the socket? Then the next one is tried. */
static bool nobody(const char *path)
{
    return access(path, F_OK) < 0 && (errno == ENOENT || errno == ENOTDIR);
}

int pl_daemon_open(const char *ref, struct pl_daemon **ret, struct pl_err *err)
{
    static const struct pl_daemon_wait wait = { HEAD_MS, IDLE_MS };
    const char *host = getenv("DOCKER_HOST"), *run = getenv("XDG_RUNTIME_DIR");
    char own[sizeof(struct sockaddr_un)];
    const char *path[] = { "/var/run/docker.sock", "/run/podman/podman.sock", own };
    if (host && host[0])
        return open_host(host, ref, &wait, ret, err);
    int n = snprintf(own, sizeof own, "%s/podman/podman.sock", run ? run : "");
    size_t n_paths = run && run[0] && n > 0 && (size_t)n < sizeof own ? 3 : 2;
    struct pl_err local, *e = err ? err : &local;
    int r = check_ref(ref, e);
    if (r < 0)
        return r;
    r = pl_fail(e, PL_E_NET, "no Docker or Podman socket at %s, %s%s%s", path[0], path[1],
                n_paths > 2 ? ", " : "", n_paths > 2 ? path[2] : "");
    bool absent = false; /* a service was asked and has no such image: the clearest answer */
    for (size_t i = 0; i < n_paths; i++) {
        struct pl_err now = { 0 };
        if (nobody(path[i]))
            continue;
        int s = pl_daemon_open_at(path[i], ref, &wait, ret, &now);
        if (s == 0 || s == PL_E_CANCEL) {
            *e = now;
            return s;
        }
        if (!absent) {
            *e = now;
            r = s;
        }
        absent |= s == PL_E_NOENT;
    }
    return r;
}

ssize_t pl_daemon_read(struct pl_daemon *d, void *buf, size_t n, struct pl_err *err)
{
    size_t got;
    int r = pl_http1_read(&d->http, buf, n, &got, err);
    return r < 0 ? r : (ssize_t)got;
}

void pl_daemon_close(struct pl_daemon *d)
{
    if (!d)
        return;
    if (d->fd >= 0)
        close(d->fd);
    free(d);
}

/* ------------------------------------------------------------------ as a feed */

static int feed_read(struct pl_feed *f, void *buf, size_t n, size_t *ret_got, struct pl_err *err)
{
    struct daemon_feed *x = (struct daemon_feed *)f;
    ssize_t got = pl_daemon_read(x->d, buf, n, err);
    if (got < 0)
        return (int)got;
    *ret_got = (size_t)got;
    return 0;
}

static void feed_close(struct pl_feed *f)
{
    struct daemon_feed *x = (struct daemon_feed *)f;
    pl_daemon_close(x->d);
    free(x);
}

struct pl_feed *pl_daemon_feed(struct pl_daemon *d)
{
    struct daemon_feed *x = calloc(1, sizeof *x);
    if (!x)
        pl_oom();
    *x = (struct daemon_feed){ { feed_read, feed_close }, d };
    return &x->f;
}
