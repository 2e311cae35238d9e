/* Sockets to listen on. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"

#define BACKLOG 256

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un un;
};

static int parse(const char *spec, union address *to, socklen_t *ret_n, struct pl_err *err)
{
    struct pl_str s = pl_str_c(spec), host;
    char text[64];
    uint64_t port;
    size_t colon = s.n;
    while (colon && s.p[colon - 1] != ':')
        colon--;
    host = pl_str_sub(s, 0, colon ? colon - 1 : 0);
    if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
        host = pl_str_sub(host, 1, host.n - 2);
    if (colon == 0 || host.n >= sizeof text || !pl_str_u64(pl_str_sub(s, colon, s.n), &port) ||
        port > 65535)
        return pl_fail(err, PL_E_USAGE, "'%s' is no ADDR:PORT", spec);
    memcpy(text, host.p, host.n);
    text[host.n] = 0;
    memset(to, 0, sizeof *to);
    if (inet_pton(AF_INET, text, &to->v4.sin_addr) == 1) {
        to->v4.sin_family = AF_INET;
        to->v4.sin_port = htons((uint16_t)port);
        *ret_n = sizeof to->v4;
        return 0;
    }
    if (host.n && inet_pton(AF_INET6, text, &to->v6.sin6_addr) != 1)
        return pl_fail(err, PL_E_USAGE, "'%s' is no ADDR:PORT: an address is wanted, not a name",
                       spec);
    to->v6.sin6_family = AF_INET6;
    to->v6.sin6_port = htons((uint16_t)port);
    *ret_n = sizeof to->v6;
    return 0;
}

int pl_listen_tcp(const char *spec, int *ret_fd, unsigned *ret_port, struct pl_err *err)
{
    union address to;
    socklen_t n = 0;
    int on = 1, off = 0;
    int r = parse(spec, &to, &n, err);
    if (r < 0)
        return r;
    pl_auto_fd int fd = socket(to.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 && to.any.sa_family == AF_INET6 && spec[0] == ':') { /* a kernel without IPv6 */
        in_port_t port = to.v6.sin6_port;
        memset(&to, 0, sizeof to);
        to.v4.sin_family = AF_INET;
        to.v4.sin_port = port;
        n = sizeof to.v4;
        fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    }
    if (fd < 0)
        return pl_fail_errno(err, PL_E_IO, errno, "cannot make a socket");
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (to.any.sa_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if (bind(fd, &to.any, n) < 0 || listen(fd, BACKLOG) < 0)
        return pl_fail_errno(err, PL_E_IO, errno, "cannot listen on '%s'", spec);
    n = sizeof to;
    if (getsockname(fd, &to.any, &n) < 0)
        return pl_fail_errno(err, PL_E_IO, errno, "cannot listen on '%s'", spec);
    *ret_port = ntohs(to.any.sa_family == AF_INET ? to.v4.sin_port : to.v6.sin6_port);
    *ret_fd = pl_steal_fd(&fd);
    return 0;
}

bool pl_listen_is_loopback(const char *spec)
{
    union address to;
    socklen_t n;
    struct pl_err err = { 0 };
    if (parse(spec, &to, &n, &err) < 0)
        return false;
    if (to.any.sa_family == AF_INET)
        return ntohl(to.v4.sin_addr.s_addr) >> 24 == 127;
    return IN6_IS_ADDR_LOOPBACK(&to.v6.sin6_addr);
}

/* Is the file at `to` a socket that was left behind? */
static bool is_stale(const union address *to)
{
    struct stat st;
    if (lstat(to->un.sun_path, &st) < 0 || !S_ISSOCK(st.st_mode))
        return false;
    pl_auto_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    return fd >= 0 && connect(fd, &to->any, sizeof to->un) < 0 && errno == ECONNREFUSED;
}

int pl_listen_unix(const char *path, int *ret_fd, struct pl_err *err)
{
    union address to = { .un = { .sun_family = AF_UNIX } };
    size_t n = strlen(path);
    if (n == 0 || n >= sizeof to.un.sun_path)
        return pl_fail(err, PL_E_USAGE, "'%s' cannot be the path of a socket", path);
    memcpy(to.un.sun_path, path, n);
    pl_auto_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return pl_fail_errno(err, PL_E_IO, errno, "cannot make a socket");
    if (is_stale(&to))
        unlink(path);
    mode_t was = umask(0177);
    int r = bind(fd, &to.any, sizeof to.un);
    umask(was);
    if (r < 0 || listen(fd, BACKLOG) < 0)
        return pl_fail_errno(err, PL_E_IO, errno, "cannot listen on '%s'", path);
    *ret_fd = pl_steal_fd(&fd);
    return 0;
}
