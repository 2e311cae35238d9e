/* Feeds from files. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "source/feed.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

struct range {
    struct pl_feed f;
    int fd;
    bool own;
    uint64_t off, left;
};

static int range_read(struct pl_feed *f, void *buf, size_t n, size_t *ret_got, struct pl_err *err)
{
    struct range *r = (struct range *)f;
    if (n > r->left)
        n = (size_t)r->left;
    if (n == 0) {
        *ret_got = 0;
        return 0;
    }
    ssize_t got;
    do
        got = pread(r->fd, buf, n, (off_t)r->off);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return pl_fail_errno(err, PL_E_IO, errno, "cannot read");
    if (got == 0)
        return pl_fail(err, PL_E_IO, "file ends %llu bytes early", (unsigned long long)r->left);
    r->off += (uint64_t)got;
    r->left -= (uint64_t)got;
    *ret_got = (size_t)got;
    return 0;
}

static void range_close(struct pl_feed *f)
{
    struct range *r = (struct range *)f;
    if (r->own)
        close(r->fd);
    free(r);
}

static struct pl_feed *range_new(int fd, uint64_t off, uint64_t size, bool own)
{
    struct range *r = calloc(1, sizeof *r);
    if (!r)
        pl_oom();
    *r = (struct range){ { range_read, range_close }, fd, own, off, size };
    return &r->f;
}

struct pl_feed *pl_feed_range(int fd, uint64_t off, uint64_t size)
{
    return range_new(fd, off, size, false);
}

struct pl_feed *pl_feed_fd(int fd, uint64_t off, uint64_t size)
{
    return range_new(fd, off, size, true);
}

static int stream_read(struct pl_feed *f, void *buf, size_t n, size_t *ret_got, struct pl_err *err)
{
    struct range *r = (struct range *)f;
    ssize_t got;
    do
        got = read(r->fd, buf, n);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return pl_fail_errno(err, PL_E_IO, errno, "cannot read");
    *ret_got = (size_t)got;
    return 0;
}

struct pl_feed *pl_feed_stream(int fd)
{
    struct pl_feed *f = range_new(fd, 0, 0, false);
    f->read = stream_read;
    return f;
}

struct memory {
    struct pl_feed f;
    struct pl_str left;
};

static int memory_read(struct pl_feed *f, void *buf, size_t n, size_t *ret_got, struct pl_err *err)
{
    struct memory *m = (struct memory *)f;
    (void)err;
    *ret_got = n < m->left.n ? n : m->left.n;
    memcpy(buf, m->left.p, *ret_got);
    m->left = pl_str_sub(m->left, *ret_got, m->left.n);
    return 0;
}

static void memory_close(struct pl_feed *f)
{
    free(f);
}

struct pl_feed *pl_feed_memory(struct pl_str s)
{
    struct memory *m = calloc(1, sizeof *m);
    if (!m)
        pl_oom();
    *m = (struct memory){ { .read = memory_read, .close = memory_close }, s };
    return &m->f;
}
