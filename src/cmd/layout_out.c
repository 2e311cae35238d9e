/* An OCI layout being written: names come from checked digests only, files are made in folders that
 * were opened without following links, and what is not whole never has its name. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/hash.h"
#include "cmd/transfer.h"
#include "source/layout.h"

struct pl_layout_out {
    int root, blobs[2]; /* sha256, sha512; -1 until used */
    unsigned n;         /* temporary names given */
};

struct pl_blob_out {
    struct pl_layout_out *o;
    struct pl_digest digest;
    struct pl_hash *hash;
    int fd;
    char tmp[64];
};

static int write_all(int fd, const void *p, size_t n, struct pl_err *err)
{
    return pl_fd_write(fd, p, n) < 0 ? pl_fail_errno(err, PL_E_IO, errno, "cannot write") : 0;
}

int pl_layout_out_new(const char *path, struct pl_layout_out **ret, struct pl_err *err)
{
    if (mkdir(path, 0777) < 0 && errno != EEXIST)
        return pl_fail_errno(err, PL_E_USAGE, errno, "cannot make '%s'", path);
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return pl_fail_errno(err, PL_E_USAGE, errno, "cannot open '%s'", path);
    if (unlinkat(fd, "index.json", 0) < 0 && errno != ENOENT) {
        int e = errno;
        close(fd);
        return pl_fail_errno(err, PL_E_USAGE, e, "cannot replace '%s/index.json'", path);
    }
    struct pl_layout_out *o = calloc(1, sizeof *o);
    if (!o)
        pl_oom();
    *o = (struct pl_layout_out){ fd, { -1, -1 }, 0 };
    *ret = o;
    return 0;
}

void pl_layout_out_free(struct pl_layout_out *o)
{
    if (!o)
        return;
    for (int i = 0; i < 2; i++)
        if (o->blobs[i] >= 0)
            close(o->blobs[i]);
    close(o->root);
    free(o);
}

/* The folder of an algorithm's blobs. */
static int folder(struct pl_layout_out *o, enum pl_hash_alg alg, struct pl_err *err)
{
    bool long_one = alg == PL_HASH_SHA512;
    const char *path = long_one ? "blobs/sha512" : "blobs/sha256";
    int *fd = &o->blobs[long_one];
    if (*fd >= 0)
        return *fd;
    int blobs = -1;
    if (mkdirat(o->root, "blobs", 0777) == 0 || errno == EEXIST)
        blobs = pl_open_beneath(o->root, "blobs", O_RDONLY | O_DIRECTORY);
    if (blobs >= 0) {
        if (mkdirat(blobs, path + 6, 0777) < 0 && errno != EEXIST)
            path = "";
        close(blobs);
        *fd = pl_open_beneath(o->root, path, O_RDONLY | O_DIRECTORY);
    }
    return *fd >= 0 ? *fd
                    : pl_fail_errno(err, PL_E_USAGE, errno, "cannot make the folder of blobs");
}

static void name_of(const struct pl_digest *d, char *out)
{
    pl_hex(d->b, pl_hash_len(d->alg), out);
}

bool pl_layout_out_has(struct pl_layout_out *o, const struct pl_digest *d, uint64_t size)
{
    char name[2 * PL_HASH_MAX + 1], buf[65536];
    struct stat st;
    uint8_t sum[PL_HASH_MAX];
    name_of(d, name);
    int dir = folder(o, d->alg, NULL);
    pl_auto_fd int fd = dir < 0 ? -1 : pl_open_beneath(dir, name, O_RDONLY);
    if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || (uint64_t)st.st_size != size)
        return false;
    struct pl_hash *h = pl_hash_new(d->alg);
    ssize_t n;
    while ((n = read(fd, buf, sizeof buf)) > 0)
        pl_hash_add(h, buf, (size_t)n);
    pl_hash_end(h, sum);
    pl_hash_free(h);
    return n == 0 && memcmp(sum, d->b, pl_hash_len(d->alg)) == 0;
}

int pl_blob_out_new(struct pl_layout_out *o, const struct pl_digest *d, struct pl_blob_out **ret,
                    struct pl_err *err)
{
    int dir = folder(o, d->alg, err);
    if (dir < 0)
        return dir;
    struct pl_blob_out *b = calloc(1, sizeof *b);
    if (!b)
        pl_oom();
    *b = (struct pl_blob_out){ .o = o, .digest = *d };
    snprintf(b->tmp, sizeof b->tmp, ".part-%ld-%u", (long)getpid(), o->n++);
    b->fd = openat(dir, b->tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (b->fd < 0) {
        int e = errno;
        free(b);
        return pl_fail_errno(err, PL_E_IO, e, "cannot write a blob");
    }
    b->hash = pl_hash_new(d->alg);
    *ret = b;
    return 0;
}

int pl_blob_out_add(struct pl_blob_out *b, const void *p, size_t n, struct pl_err *err)
{
    pl_hash_add(b->hash, p, n);
    return write_all(b->fd, p, n, err);
}

void pl_blob_out_drop(struct pl_blob_out *b)
{
    if (!b)
        return;
    if (b->fd >= 0)
        close(b->fd);
    if (b->tmp[0])
        unlinkat(folder(b->o, b->digest.alg, NULL), b->tmp, 0);
    pl_hash_free(b->hash);
    free(b);
}

int pl_blob_out_end(struct pl_blob_out *b, struct pl_err *err)
{
    uint8_t sum[PL_HASH_MAX];
    char name[2 * PL_HASH_MAX + 1];
    int dir = folder(b->o, b->digest.alg, err), r = dir < 0 ? dir : 0;
    name_of(&b->digest, name);
    pl_hash_end(b->hash, sum);
    if (r == 0 && memcmp(sum, b->digest.b, pl_hash_len(b->digest.alg)) != 0)
        r = pl_fail(err, PL_E_DIGEST, "a blob is not what its digest says");
    if (r == 0 && close(pl_steal_fd(&b->fd)) < 0)
        r = pl_fail_errno(err, PL_E_IO, errno, "cannot write a blob");
    if (r == 0 && renameat(dir, b->tmp, dir, name) < 0)
        r = pl_fail_errno(err, PL_E_IO, errno, "cannot write a blob");
    if (r == 0)
        b->tmp[0] = 0;
    pl_blob_out_drop(b);
    return r;
}

/* A file of the root, whole or not at all. */
static int put_file(struct pl_layout_out *o, const char *name, struct pl_str text,
                    struct pl_err *err)
{
    char tmp[64];
    snprintf(tmp, sizeof tmp, ".part-%ld-%s", (long)getpid(), name);
    int fd = openat(o->root, tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (fd < 0)
        return pl_fail_errno(err, PL_E_IO, errno, "cannot write '%s'", name);
    int r = write_all(fd, text.p, text.n, err);
    if (r == 0 && fsync(fd) < 0 && errno != EINVAL)
        r = pl_fail_errno(err, PL_E_IO, errno, "cannot write '%s'", name);
    if (close(fd) < 0 && r == 0)
        r = pl_fail_errno(err, PL_E_IO, errno, "cannot write '%s'", name);
    if (r == 0 && renameat(o->root, tmp, o->root, name) < 0)
        r = pl_fail_errno(err, PL_E_IO, errno, "cannot write '%s'", name);
    if (r < 0)
        unlinkat(o->root, tmp, 0);
    return r;
}

int pl_layout_out_end(struct pl_layout_out *o, struct pl_str index, struct pl_err *err)
{
    int r = put_file(o, "oci-layout", PL_S("{\"imageLayoutVersion\":\"1.0.0\"}"), err);
    return r == 0 ? put_file(o, "index.json", index, err) : r;
}
