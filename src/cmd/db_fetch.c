/* Downloads for the advisory database. packages.md section 9. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/db_fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cmd/common.h"
#include "io/http.h"

#define BYTES_MAX ((uint64_t)8 << 30)
#define REDIRECTS_MAX 10

struct fetch {
    int fd;
    uint64_t n;
    enum pl_addr_class seen; /* of the first address */
    bool first;
};

static int judge(void *arg, enum pl_addr_class c, struct pl_err *err)
{
    struct fetch *f = arg;
    if (c == PL_ADDR_REFUSED || (!f->first && c > f->seen))
        return pl_fail(err, PL_E_AUTH, "%s address is refused here", pl_addr_class_name(c));
    f->seen = c;
    return 0;
}

static int data(void *arg, const void *p, size_t n, struct pl_err *err)
{
    struct fetch *f = arg;
    const char *at = p;
    if ((f->n += n) > BYTES_MAX)
        return pl_fail(err, PL_E_LIMIT, "more than 8 GiB");
    while (n) {
        ssize_t k = write(f->fd, at, n);
        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0)
            return pl_fail_errno(err, PL_E_IO, errno, "cannot write");
        at += k;
        n -= (size_t)k;
    }
    return 0;
}

/* One request; 1: *url is where it leads now, 0: done. */
static int one(struct pl_http *h, struct fetch *f, struct pl_arena *a, struct pl_url *url,
               struct pl_err *err)
{
    struct pl_http_answer ans = { 0 };
    struct pl_http_req q = { .method = "GET", .url = *url, .judge = judge, .data = data, .arg = f };
    struct pl_url next;
    int r = pl_http_do(h, &q, &ans, err);
    struct pl_str to = r == 0 ? pl_http_field(&ans, "location") : PL_S("");
    f->first = false;
    if (r == 0 && ans.status >= 300 && ans.status < 400 && to.n) {
        r = pl_url_resolve(url, to, a, &next, err);
        if (r == 0 && url->https && !next.https)
            r = pl_fail(err, PL_E_AUTH, "it leads from https to http");
        if (r == 0) {
            *url = next;
            r = 1;
        }
    } else if (r == 0 && ans.status / 100 != 2) {
        r = pl_fail(err, ans.status == 404 ? PL_E_NOENT : PL_E_NET, "status %u", ans.status);
    }
    pl_http_answer_release(&ans);
    return r;
}

int pl_db_fetch(const char *text, const char *path, struct pl_err *err)
{
    struct pl_http_opts o = {
        .agent = "plimsoll", .connect_s = 10, .stall_s = 30, .cancel = pl_common_cancel()
    };
    struct pl_arena a = { 0 };
    struct pl_http *h = NULL;
    struct pl_url url;
    pl_auto_fd int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    struct fetch f = { .fd = fd, .first = true };
    if (fd < 0)
        return pl_fail_errno(err, PL_E_IO, errno, "cannot write '%s'", path);
    int r = pl_url_parse(pl_str_c(text), &a, &url, err);
    if (r == 0)
        r = pl_http_new(&o, &h, err);
    int left = REDIRECTS_MAX;
    while (r == 0 && (r = one(h, &f, &a, &url, err)) == 1) {
        r = left-- > 0 ? 0 : pl_fail(err, PL_E_LIMIT, "too many redirects");
        f.n = 0;
        if (r == 0 && (ftruncate(fd, 0) < 0 || lseek(fd, 0, SEEK_SET) < 0))
            r = pl_fail_errno(err, PL_E_IO, errno, "cannot write '%s'", path);
    }
    pl_http_free(h);
    pl_arena_release(&a);
    if (r < 0) {
        unlink(path);
        return pl_wrap(err, "'%s'", text);
    }
    return 0;
}

bool pl_db_is_url(const char *s)
{
    return strncmp(s, "https://", 8) == 0 || strncmp(s, "http://", 7) == 0;
}
