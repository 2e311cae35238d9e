/* Key pairs as files. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "sign/keypair.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "sign/keyfile.h"

/* A new file beside the final one: a key is never half written, and never for others to read. */
static int write_file(const char *path, struct pl_str text, mode_t mode, bool force,
                      struct pl_err *err)
{
    char tmp[4096];
    int n = snprintf(tmp, sizeof tmp, "%s.part-%ld", path, (long)getpid());
    if (n < 0 || (size_t)n >= sizeof tmp)
        return pl_fail(err, PL_E_USAGE, "path is too long");
    int fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return pl_fail_errno(err, PL_E_USAGE, errno, "cannot write '%s'", path);
    bool ok = fchmod(fd, mode) == 0 && pl_fd_write(fd, text.p, text.n) == 0 && fsync(fd) == 0;
    ok = close(fd) == 0 && ok;
    ok = ok && (force ? rename(tmp, path) : linkat(AT_FDCWD, tmp, AT_FDCWD, path, 0)) == 0;
    int why = errno;
    unlink(tmp);
    if (ok)
        return 0;
    return why == EEXIST ? pl_fail(err, PL_E_USAGE, "'%s' exists; --force overwrites it", path)
                         : pl_fail_errno(err, PL_E_USAGE, why, "cannot write '%s'", path);
}

static int path_of(const char *prefix, const char *suffix, char out[4096], struct pl_err *err)
{
    int n = snprintf(out, 4096, "%s.%s", prefix, suffix);
    return n < 0 || n >= 4096 ? pl_fail(err, PL_E_USAGE, "path is too long") : 0;
}

int pl_keypair_free(const char *prefix, bool force, struct pl_err *err)
{
    char path[4096];
    for (int i = 0; i < 2; i++) {
        int r = path_of(prefix, i ? "pub" : "key", path, err);
        if (r < 0)
            return r;
        if (!force && faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
            return pl_fail(err, PL_E_USAGE, "'%s' exists; --force overwrites it", path);
    }
    return 0;
}

int pl_keypair_write(const struct pl_privkey *k, struct pl_str password, const char *prefix,
                     bool force, struct pl_err *err)
{
    pl_auto_buf struct pl_buf file = { 0 }, pub = { 0 };
    char path[4096];
    int r = pl_keyfile_write(k, password, &file, err);
    pl_pubkey_write(pl_privkey_public(k), &pub);
    if (r == 0)
        r = path_of(prefix, "key", path, err);
    if (r == 0)
        r = write_file(path, pl_buf_str(&file), 0600, force, err);
    if (r == 0)
        r = path_of(prefix, "pub", path, err);
    return r < 0 ? r : write_file(path, pl_buf_str(&pub), 0644, force, err);
}
