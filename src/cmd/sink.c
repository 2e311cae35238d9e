/* Output piece by piece. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define STEP ((size_t)256 << 10)

int pl_sink_open(struct pl_sink *s, const char *path, struct pl_err *err)
{
    struct stat st;
    *s = (struct pl_sink){ .fd = 1, .path = path };
    if (strcmp(path, "-") == 0)
        return 0;
    bool special = stat(path, &st) == 0 && !S_ISREG(st.st_mode);
    int n = special ? 0 : snprintf(s->part, sizeof s->part, "%s.part", path);
    if (n < 0 || (size_t)n >= sizeof s->part) {
        s->part[0] = 0;
        return pl_fail(err, PL_E_USAGE, "path is too long");
    }
    s->fd = open(special ? path : s->part,
                 O_WRONLY | O_CLOEXEC | (special ? 0 : O_CREAT | O_TRUNC | O_NOFOLLOW), 0666);
    if (s->fd >= 0)
        return 0;
    s->part[0] = 0;
    return pl_fail_errno(err, PL_E_USAGE, errno, "cannot write '%s'", path);
}

static int flush(struct pl_sink *s, struct pl_err *err)
{
    size_t at = 0;
    while (at < s->b.n && !s->closed) {
        ssize_t n = write(s->fd, s->b.p + at, s->b.n - at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EPIPE)
            s->closed = true;
        else if (n < 0)
            return pl_fail_errno(err, PL_E_IO, errno, "cannot write '%s'", s->path);
        else
            at += (size_t)n;
    }
    pl_buf_clear(&s->b);
    return 0;
}

int pl_sink_step(struct pl_sink *s, struct pl_err *err)
{
    return s->b.n < STEP ? 0 : flush(s, err);
}

int pl_sink_end(struct pl_sink *s, struct pl_err *err)
{
    int r = flush(s, err);
    if (s->fd > 2 && close(s->fd) < 0 && r == 0)
        r = pl_fail_errno(err, PL_E_IO, errno, "cannot write '%s'", s->path);
    if (s->fd > 2)
        s->fd = -1;
    if (r == 0 && s->part[0] && rename(s->part, s->path) < 0)
        r = pl_fail_errno(err, PL_E_IO, errno, "cannot write '%s'", s->path);
    if (r == 0)
        s->part[0] = 0;
    return r;
}

void pl_sink_release(struct pl_sink *s)
{
    if (s->fd > 2)
        close(s->fd);
    if (s->part[0])
        unlink(s->part);
    pl_buf_release(&s->b);
    s->fd = -1;
    s->part[0] = 0;
}
