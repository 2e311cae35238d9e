/* Files of an OCI layout (image-spec, image-layout.md), or the same as members of one tar (POSIX.1
 * ustar), with the list that docker reads where it is asked for. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "rewrite/store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/map.h"

#define BLOCK ((size_t)512)

enum form { LAYOUT, OCI_TAR, DOCKER_TAR };

struct pl_store {
    struct pl_arena a;
    enum form form;
    const char *path;   /* final */
    const char *part;   /* while it is made */
    const char *target; /* "oci:PART" */
    struct pl_str tag;
    int dir;       /* LAYOUT: of `part`; else -1 */
    int blobs;     /* LAYOUT: blobs/ */
    int fd;        /* the archive, or the blob on its way; -1 */
    uint64_t head; /* archive: offset of the current member's header */
    uint64_t at;   /* archive: where the next byte goes */
    struct pl_map there;
    bool made, kept;
};

static int failed(struct pl_store *s, struct pl_err *err)
{
    return pl_fail_errno(err, PL_E_IO, errno, "cannot write '%s'", s->path);
}

/* DIR[:TAG]: the colon of a tag comes after the last slash. */
static void split_tag(struct pl_store *s)
{
    struct pl_str p = pl_str_c(s->path);
    const char *colon = memrchr(p.p, ':', p.n);
    if (!colon || memchr(colon, '/', p.n - (size_t)(colon - p.p)))
        return;
    s->tag = pl_str_c(colon + 1);
    s->path = pl_dup(&s->a, pl_str_n(p.p, (size_t)(colon - p.p))).p;
}

static int parse(struct pl_store *s, const char *out, struct pl_err *err)
{
    static const char *const schemes[] = { "oci:", "oci-archive:", "docker-archive:" };
    struct pl_str text = pl_dup(&s->a, pl_str_c(out));
    size_t i = 0;
    while (i < 3 && !pl_str_starts(text, pl_str_c(schemes[i])))
        i++;
    if (i == 3)
        return pl_fail(err, PL_E_USAGE,
                       "'%s' is none of oci:DIR[:TAG], oci-archive:FILE, docker-archive:FILE", out);
    s->form = (enum form)i;
    s->path = text.p + strlen(schemes[i]);
    size_t n = strlen(s->path);
    while (n > 1 && s->path[n - 1] == '/')
        n--;
    s->path = pl_dup(&s->a, pl_str_n(s->path, n)).p;
    if (s->form == LAYOUT)
        split_tag(s);
    if (!*s->path)
        return pl_fail(err, PL_E_USAGE, "'%s' names nothing", out);
    for (size_t k = 0; k < s->tag.n; k++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-",
                    s->tag.p[k]))
            return pl_fail(err, PL_E_USAGE, "'%.*s' is no tag", PL_FMT(s->tag));
    return 0;
}

static int make(struct pl_store *s, struct pl_err *err)
{
    if (faccessat(AT_FDCWD, s->path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        return pl_fail(err, PL_E_USAGE, "'%s' exists; nothing is overwritten", s->path);
    s->part = pl_printf(&s->a, "%s.part-%ld", s->path, (long)getpid()).p;
    s->target = pl_printf(&s->a, "%s:%s", s->form == LAYOUT ? "oci" : "oci-archive", s->part).p;
    if (s->form != LAYOUT) {
        s->fd = open(s->part, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
        s->made = s->fd >= 0;
        return s->made ? 0 : pl_fail_errno(err, PL_E_USAGE, errno, "cannot write '%s'", s->path);
    }
    if (mkdir(s->part, 0755) < 0)
        return pl_fail_errno(err, PL_E_USAGE, errno, "cannot write '%s'", s->path);
    s->made = true;
    s->dir = open(s->part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (s->dir < 0 || mkdirat(s->dir, "blobs", 0755) < 0)
        return failed(s, err);
    s->blobs = openat(s->dir, "blobs", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (s->blobs < 0 || mkdirat(s->blobs, "sha256", 0755) < 0)
        return failed(s, err);
    return 0;
}

int pl_store_new(const char *out, struct pl_store **ret, struct pl_err *err)
{
    struct pl_store *s = calloc(1, sizeof *s);
    if (!s)
        pl_oom();
    s->dir = s->blobs = s->fd = -1;
    s->there.a = &s->a;
    int r = parse(s, out, err);
    if (r == 0)
        r = make(s, err);
    if (r < 0) {
        pl_store_free(s);
        return r;
    }
    *ret = s;
    return 0;
}

struct pl_str pl_store_tag(const struct pl_store *s)
{
    return s->tag;
}

const char *pl_store_path(const struct pl_store *s)
{
    return s->path;
}

const char *pl_store_target(const struct pl_store *s)
{
    return s->target;
}

static int put(struct pl_store *s, const void *p, size_t n, struct pl_err *err)
{
    const char *c = p;
    while (n) {
        ssize_t w = s->form == LAYOUT ? write(s->fd, c, n) : pwrite(s->fd, c, n, (off_t)s->at);
        if (w < 0 && errno == EINTR)
            continue;
        if (w < 0)
            return failed(s, err);
        c += w;
        s->at += (uint64_t)w;
        n -= (size_t)w;
    }
    return 0;
}

int pl_store_begin(void *arg, struct pl_err *err)
{
    struct pl_store *s = arg;
    static const char zeros[BLOCK];
    if (s->form != LAYOUT) {
        s->head = s->at;
        return put(s, zeros, sizeof zeros, err); /* the header, when the size is known */
    }
    s->fd = openat(s->dir, "blob.part", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    return s->fd < 0 ? failed(s, err) : 0;
}

int pl_store_write(void *arg, const void *p, size_t n, struct pl_err *err)
{
    return put(arg, p, n, err);
}

/* Header of a plain file; no owner, no time. */
static int put_head(struct pl_store *s, struct pl_str name, uint64_t size, struct pl_err *err)
{
    uint8_t b[BLOCK] = { 0 };
    uint32_t sum = 8 * ' ';
    char text[32];
    if (name.n > 99)
        return pl_fail(err, PL_E_LIMIT, "name too long for an archive");
    memcpy(b, name.p, name.n);
    memcpy(b + 100, "0000644\0000000000\0000000000", 24);
    if (size < 1ull << 33) {
        snprintf(text, sizeof text, "%011" PRIo64, size);
        memcpy(b + 124, text, 12);
    } else { /* base 256, as GNU and POSIX readers take it */
        b[124] = 0x80;
        for (int i = 0; i < 8; i++)
            b[135 - i] = (uint8_t)(size >> 8 * i);
    }
    memcpy(b + 136, "00000000000", 12);
    b[156] = '0';
    memcpy(b + 257, "ustar\00000", 8);
    for (size_t i = 0; i < BLOCK; i++)
        sum += b[i];
    snprintf(text, sizeof text, "%06o", sum);
    memcpy(b + 148, text, 7);
    b[155] = ' ';
    uint64_t at = s->at;
    s->at = s->head;
    int r = put(s, b, sizeof b, err);
    s->at = at;
    return r;
}

static int end_member(struct pl_store *s, struct pl_str name, uint64_t size, struct pl_err *err)
{
    static const char zeros[BLOCK];
    int r = put(s, zeros, -size & (BLOCK - 1), err);
    return r < 0 ? r : put_head(s, name, size, err);
}

static int end_file(struct pl_store *s, const char *name, bool drop, struct pl_err *err)
{
    int bad = fsync(s->fd) < 0;
    bad |= close(s->fd) < 0;
    s->fd = -1;
    if (!bad)
        bad = drop ? unlinkat(s->dir, "blob.part", 0) < 0
                   : renameat(s->dir, "blob.part", s->dir, name) < 0;
    return bad ? failed(s, err) : 0;
}

int pl_store_end(void *arg, const struct pl_digest *d, uint64_t size, struct pl_err *err)
{
    struct pl_store *s = arg;
    struct pl_str name = pl_digest_path(&s->a, d);
    void **at = pl_map_put(&s->there, name);
    bool drop = *at != NULL;
    *at = s;
    if (s->form == LAYOUT) {
        if (d->alg == PL_HASH_SHA512 && mkdirat(s->blobs, "sha512", 0755) < 0 && errno != EEXIST)
            return failed(s, err);
        return end_file(s, name.p, drop, err);
    }
    if (!drop)
        return end_member(s, name, size, err);
    s->at = s->head;
    return ftruncate(s->fd, (off_t)s->at) < 0 ? failed(s, err) : 0;
}

int pl_store_file(void *arg, struct pl_str name, struct pl_str bytes, struct pl_err *err)
{
    struct pl_store *s = arg;
    if (s->form != DOCKER_TAR && pl_str_is(name, "manifest.json"))
        return 0;
    int r = pl_store_begin(s, err);
    if (r == 0)
        r = put(s, bytes.p, bytes.n, err);
    if (r < 0)
        return r;
    return s->form == LAYOUT ? end_file(s, pl_dup(&s->a, name).p, false, err)
                             : end_member(s, name, bytes.n, err);
}

int pl_store_sync(struct pl_store *s, struct pl_err *err)
{
    static const char zeros[2 * BLOCK];
    if (s->form == LAYOUT)
        return fsync(s->blobs) < 0 || fsync(s->dir) < 0 ? failed(s, err) : 0;
    int r = put(s, zeros, sizeof zeros, err);
    if (r == 0 && fsync(s->fd) < 0)
        r = failed(s, err);
    return r;
}

int pl_store_keep(struct pl_store *s, struct pl_err *err)
{
    if (renameat2(AT_FDCWD, s->part, AT_FDCWD, s->path, RENAME_NOREPLACE) < 0) {
        /* a file system that knows no such rename: a directory only takes an empty one's place, a
         * file can be linked */
        bool unknown = errno == EINVAL || errno == ENOSYS;
        if (!unknown || (s->form == LAYOUT ? rename(s->part, s->path)
                                           : link(s->part, s->path) < 0 || unlink(s->part)) < 0)
            return pl_fail_errno(err, errno == EEXIST ? PL_E_USAGE : PL_E_IO, errno,
                                 "cannot write '%s'", s->path);
    }
    s->kept = true;
    return 0;
}

/* Removes what was made: only names that this file makes. */
static void discard(struct pl_store *s)
{
    if (s->form != LAYOUT) {
        unlink(s->part);
        return;
    }
    for (size_t i = 0; s->dir >= 0 && i < s->there.cap; i++)
        if (s->there.slot[i].value)
            unlinkat(s->dir, s->there.slot[i].key.p, 0);
    static const char *const names[] = { "blob.part", "index.json", "oci-layout" };
    static const char *const dirs[] = { "blobs/sha256", "blobs/sha512", "blobs" };
    for (size_t i = 0; s->dir >= 0 && i < 3; i++)
        unlinkat(s->dir, names[i], 0);
    for (size_t i = 0; s->dir >= 0 && i < 3; i++)
        unlinkat(s->dir, dirs[i], AT_REMOVEDIR);
    rmdir(s->part);
}

void pl_store_free(struct pl_store *s)
{
    if (!s)
        return;
    if (s->fd >= 0)
        close(s->fd);
    if (s->made && !s->kept)
        discard(s);
    if (s->blobs >= 0)
        close(s->blobs);
    if (s->dir >= 0)
        close(s->dir);
    pl_map_release(&s->there);
    pl_arena_release(&s->a);
    free(s);
}
