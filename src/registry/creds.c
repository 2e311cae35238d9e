/* The order of sources of credentials. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/creds.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/cleanup.h"

#define FILE_MAX (8u << 20)

static int slurp(int fd, struct pl_buf *b)
{
    ssize_t n = 1;
    off_t at = 0;
    while (n > 0) {
        char *to = pl_buf_room(b, 65536, NULL);
        if (!to)
            return -1;
        n = pread(fd, to, 65536, at);
        if (n > 0) {
            at += n;
            b->n += (size_t)n;
        }
    }
    return n < 0 ? -1 : 0;
}

static struct pl_str server_of(struct pl_str host)
{
    return pl_str_is(host, "docker.io") ? PL_S("https://index.docker.io/v1/") : host;
}

/* One file; a file that is not there holds nothing. */
static int in_file(const char *path, bool must, struct pl_str host, struct pl_str repo,
                   struct pl_arena *a, struct pl_credential *ret, struct pl_err *err)
{
    pl_auto_buf struct pl_buf b = { .max = FILE_MAX };
    struct pl_auth_hit hit = { 0 };
    pl_auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && !must && (errno == ENOENT || errno == ENOTDIR))
        return 0;
    if (fd < 0)
        return pl_fail_errno(err, PL_E_USAGE, errno, "cannot read '%s'", path);
    int r = slurp(fd, &b);
    if (r < 0)
        r = pl_fail(err, PL_E_USAGE, "cannot read '%s'", path);
    else if (pl_str_trim(pl_buf_str(&b)).n)
        r = pl_authfile_find(pl_buf_str(&b), host, repo, a, &hit, err);
    if (b.p)
        explicit_bzero(b.p, b.cap);
    if (r < 0)
        return r == PL_E_FORMAT
                   ? pl_fail(err, PL_E_USAGE, "'%s': %s", path, pl_dup(a, pl_str_c(err->msg)).p)
                   : r;
    *ret = hit.cred;
    if (!ret->set && hit.helper.n)
        return pl_helper_ask(hit.helper, server_of(host), a, ret, err);
    return 0;
}

static int typed(const struct pl_registry_opts *o, struct pl_arena *a, struct pl_credential *ret,
                 struct pl_err *err)
{
    pl_auto_buf struct pl_buf b = { .max = 65536 * 2 };
    if (slurp(o->password_fd, &b) < 0)
        return pl_fail(err, PL_E_USAGE, "the password cannot be read");
    struct pl_str user = pl_str_c(o->username), secret = pl_buf_str(&b);
    if (!pl_secret_sane(user) || !user.n || memchr(user.p, ':', user.n))
        return pl_fail(err, PL_E_USAGE, "--username makes no sense");
    if (!pl_secret_sane(secret) || !secret.n)
        return pl_fail(err, PL_E_USAGE, "--username needs the password on standard input");
    *ret =
        (struct pl_credential){ .set = true, .user = pl_dup(a, user), .secret = pl_dup(a, secret) };
    explicit_bzero(b.p, b.cap);
    return 0;
}

int pl_creds_find(const struct pl_registry_opts *o, struct pl_str host, struct pl_str repo,
                  struct pl_arena *a, struct pl_credential *ret, struct pl_err *err)
{
    static const struct {
        const char *variable, *rest;
        bool must;
    } places[] = { { "REGISTRY_AUTH_FILE", "", true },
                   { "DOCKER_CONFIG", "/config.json", false },
                   { "HOME", "/.docker/config.json", false },
                   { "XDG_RUNTIME_DIR", "/containers/auth.json", false },
                   { "HOME", "/.config/containers/auth.json", false } };
    struct pl_credential c = { 0 };
    int r = 0;
    if (o->username)
        r = typed(o, a, &c, err);
    for (size_t i = 0; r == 0 && !c.set && i < PL_COUNT(places); i++) {
        const char *v = getenv(places[i].variable);
        if (v && v[0])
            r = in_file(pl_printf(a, "%s%s", v, places[i].rest).p, places[i].must, host, repo, a,
                        &c, err);
    }
    if (r == 0)
        *ret = c;
    return r;
}
