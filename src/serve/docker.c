/* One request to the Docker daemon over its socket. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/docker.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "fmt/json.h"
#include "io/http1.h"
#include "serve/conns.h"

#define BODY_MAX ((size_t)1 << 20)
#define DIGESTS_MAX 64u
#define NAME_MAX_BYTES 4096u

struct line {
    int fd;
    int64_t until_ns;
};

static int wait_for(const struct line *l, short what, struct pl_err *err)
{
    struct pollfd p = { .fd = l->fd, .events = what };
    int64_t left = (l->until_ns - pl_clock_ns()) / 1000000;
    if (left <= 0 || poll(&p, 1, (int)left) <= 0)
        return pl_fail(err, PL_E_NET, "the daemon does not answer");
    return 0;
}

static int fill(void *arg, void *buf, size_t n, size_t *ret_got, struct pl_err *err)
{
    struct line *l = arg;
    if (wait_for(l, POLLIN, err) < 0)
        return PL_E_NET;
    ssize_t got = recv(l->fd, buf, n, 0);
    if (got < 0)
        return pl_fail_errno(err, PL_E_NET, errno, "cannot read from the daemon");
    *ret_got = (size_t)got;
    return 0;
}

static int dial(struct line *l, const char *path, struct pl_err *err)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    size_t n = strlen(path);
    if (n >= sizeof to.sun_path)
        return pl_fail(err, PL_E_USAGE, "the path of the daemon's socket is too long");
    memcpy(to.sun_path, path, n);
    l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (l->fd < 0 || connect(l->fd, (const struct sockaddr *)&to, sizeof to) < 0)
        return pl_fail_errno(err, PL_E_NET, errno, "cannot reach the daemon at '%s'", path);
    return 0;
}

static int send_all(struct line *l, struct pl_str s, struct pl_err *err)
{
    while (s.n) {
        ssize_t n = send(l->fd, s.p, s.n, MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return pl_fail_errno(err, PL_E_NET, errno, "cannot write to the daemon");
        if (n < 0 && wait_for(l, POLLOUT, err) < 0)
            return PL_E_NET;
        s = pl_str_sub(s, n > 0 ? (size_t)n : 0, s.n);
    }
    return 0;
}

/* Only what names consist of, so that nothing has to be escaped in the path. */
static bool is_name(struct pl_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              (c && strchr("._-/:@", c))))
            return false;
    }
    return s.n && s.n <= NAME_MAX_BYTES && s.p[0] != '/' && s.p[0] != '.' &&
           pl_str_find(s, PL_S(".."), 0) == SIZE_MAX && pl_str_find(s, PL_S("//"), 0) == SIZE_MAX;
}

static int get(struct line *l, struct pl_str name, struct pl_buf *body, struct pl_err *err)
{
    pl_auto_buf struct pl_buf q = { 0 };
    struct pl_http1 h;
    size_t got = 0;
    pl_buf_printf(&q, "GET /images/%.*s/json HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n",
                  PL_FMT(name));
    int r = send_all(l, pl_buf_str(&q), err);
    pl_http1_init(&h, fill, l);
    if (r == 0)
        r = pl_http1_head(&h, err);
    if (r == 0 && h.status == 404)
        return pl_fail(err, PL_E_NOENT, "the daemon has no such image");
    if (r == 0 && h.status != 200)
        return pl_fail(err, PL_E_NET, "the daemon answers with status %u", h.status);
    do {
        void *room = r == 0 ? pl_buf_room(body, 4096, err) : NULL;
        if (r == 0)
            r = room ? pl_http1_read(&h, room, 4096, &got, err) : PL_E_LIMIT;
        body->n += r == 0 ? got : 0;
    } while (r == 0 && got);
    return r;
}

static int read_digests(struct pl_str text, struct pl_arena *a, struct pl_str **ret, size_t *ret_n,
                        struct pl_err *err)
{
    struct pl_json *root = NULL;
    int r = pl_json_parse_within(text, 32, (size_t)16 << 20, &root, err);
    if (r < 0)
        return r;
    const struct pl_json *list = pl_json_get(root, "RepoDigests");
    size_t n = list ? pl_json_len(list) : 0;
    if (n > DIGESTS_MAX)
        r = pl_fail(err, PL_E_LIMIT, "the daemon knows it under more than %u digests", DIGESTS_MAX);
    *ret = pl_alloc_n(a, DIGESTS_MAX, sizeof **ret);
    *ret_n = 0;
    for (size_t i = 0; r == 0 && i < n; i++) {
        struct pl_str s = pl_json_str(pl_json_at(list, i));
        /* "<none>@sha256:…" is an image without a repository */
        if (s.n && s.n <= NAME_MAX_BYTES && pl_str_find(s, PL_S("@sha"), 0) != SIZE_MAX)
            (*ret)[(*ret_n)++] = pl_dup(a, s);
    }
    pl_json_free(root);
    return r;
}

int pl_docker_digests(const char *socket, struct pl_str name, uint32_t ms, struct pl_arena *a,
                      struct pl_str **ret, size_t *ret_n, struct pl_err *err)
{
    struct line l = { .fd = -1, .until_ns = pl_clock_ns() + (int64_t)ms * 1000000 };
    pl_auto_buf struct pl_buf body = { .max = BODY_MAX };
    if (!is_name(name))
        return pl_fail(err, PL_E_USAGE, "no name of an image");
    int r = dial(&l, socket, err);
    if (r == 0)
        r = get(&l, name, &body, err);
    if (r == 0)
        r = read_digests(pl_buf_str(&body), a, ret, ret_n, err);
    if (l.fd >= 0)
        close(l.fd);
    return r;
}
