/* Opening targets. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "source/source.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "source/daemon.h"
#include "source/docker.h"
#include "source/layout.h"
#include "source/remote.h"
#include "source/tree.h"

static int open_path(struct pl_source *s, int flags, struct pl_err *err)
{
    s->fd = open(s->path, O_RDONLY | O_CLOEXEC | flags);
    if (s->fd >= 0)
        return 0;
    int code = errno == ENOENT || errno == ENOTDIR ? PL_E_NOENT : PL_E_USAGE;
    return pl_fail_errno(err, code, errno, "cannot open '%s'", s->path);
}

static int open_archive(struct pl_source *s, struct pl_err *err)
{
    struct stat st;
    int r = open_path(s, 0, err);
    if (r < 0)
        return r;
    if (fstat(s->fd, &st) < 0)
        return pl_fail_errno(err, PL_E_USAGE, errno, "cannot read '%s'", s->path);
    if (S_ISDIR(st.st_mode))
        return pl_fail(err, PL_E_USAGE, "'%s' is a directory, not an archive", s->path);
    s->form = S_ISREG(st.st_mode) ? PL_SRC_TAR : PL_SRC_STREAM;
    s->total = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
    if (s->form == PL_SRC_STREAM)
        s->stream = pl_feed_stream(s->fd);
    return 0;
}

static int open_docker_archive(struct pl_source *s, struct pl_err *err)
{
    s->want_docker = true;
    return open_archive(s, err);
}

static int open_oci_archive(struct pl_source *s, struct pl_err *err)
{
    s->want_oci = true;
    return open_archive(s, err);
}

/* DIR[:TAG|@DIGEST]: an existing directory is taken as it is, whatever it is called. */
static int split_reference(struct pl_source *s, struct pl_err *err)
{
    struct stat st;
    struct pl_str p = pl_str_c(s->path);
    if (stat(s->path, &st) == 0)
        return 0;
    size_t at = pl_str_find(p, PL_S("@"), 0);
    if (at != SIZE_MAX) {
        int r = pl_digest_parse(pl_str_sub(p, at + 1, p.n), &s->want, err);
        if (r < 0)
            return pl_fail(err, PL_E_USAGE, "'%s' names no digest after '@'", s->path);
        s->path = pl_dup(&s->a, pl_str_sub(p, 0, at)).p;
        return 0;
    }
    const char *colon = memrchr(p.p, ':', p.n);
    if (colon && !memchr(colon, '/', p.n - (size_t)(colon - p.p))) {
        s->tag = pl_str_c(colon + 1);
        s->path = pl_dup(&s->a, pl_str_n(p.p, (size_t)(colon - p.p))).p;
    }
    return 0;
}

static int open_oci(struct pl_source *s, struct pl_err *err)
{
    int r = split_reference(s, err);
    if (r == 0)
        r = open_path(s, O_DIRECTORY, err);
    return r < 0 ? r : pl_layout_list(s, err);
}

static int open_dir(struct pl_source *s, struct pl_err *err)
{
    s->kind = PL_S("dir");
    s->form = PL_SRC_TREE;
    int r = open_path(s, 0, err);
    return r < 0 ? r : pl_tree_list(s, err);
}

static int open_rootfs(struct pl_source *s, struct pl_err *err)
{
    int r = open_dir(s, err);
    s->kind = PL_S("rootfs");
    return r;
}

static int open_daemon(struct pl_source *s, struct pl_err *err)
{
    struct pl_daemon *d = NULL;
    int r = pl_daemon_open(s->path, &d, err);
    if (r < 0)
        return r;
    s->form = PL_SRC_STREAM;
    s->stream = pl_daemon_feed(d);
    s->any_archive = true;
    return 0;
}

static int open_stdin(struct pl_source *s, struct pl_err *err)
{
    struct stat st;
    s->fd = fcntl(0, F_DUPFD_CLOEXEC, 3);
    if (s->fd < 0 || fstat(s->fd, &st) < 0)
        return pl_fail_errno(err, PL_E_USAGE, errno, "cannot read standard input");
    off_t at = S_ISREG(st.st_mode) ? lseek(s->fd, 0, SEEK_CUR) : -1;
    s->form = at == 0 ? PL_SRC_TAR : PL_SRC_STREAM;
    s->total = at == 0 ? (uint64_t)st.st_size : 0;
    if (s->form == PL_SRC_STREAM)
        s->stream = pl_feed_stream(s->fd);
    s->any_archive = true;
    return 0;
}

/* Begins like a tar or like something compressed, or is called so. */
static bool looks_archive(const char *path)
{
    static const struct {
        size_t at;
        const char *magic;
    } known[] = { { 257, "ustar" },
                  { 0, "\x1f\x8b" },
                  { 0, "\x28\xb5\x2f\xfd" },
                  { 0, "\xfd"
                       "7zXZ" },
                  { 0, "BZh" } };
    char head[512] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, head, sizeof head);
    if (fd >= 0)
        close(fd);
    for (size_t i = 0; n > 0 && i < sizeof known / sizeof *known; i++)
        if (memcmp(head + known[i].at, known[i].magic, strlen(known[i].magic)) == 0)
            return true;
    return n <= 0 || pl_str_ends(pl_str_c(path), PL_S(".tar"));
}

static int open_bare(struct pl_source *s, struct pl_err *err)
{
    struct stat st;
    if (stat(s->path, &st) < 0) {
        if (errno != ENOENT && errno != ENOTDIR)
            return pl_fail_errno(err, PL_E_USAGE, errno, "cannot open '%s'", s->path);
        if (pl_docker_is_name(s->path))
            return pl_docker_open(s, err);
        return pl_fail(err, PL_E_NOENT, "'%s' is no file or directory, and no image reference",
                       s->path);
    }
    if (!S_ISDIR(st.st_mode) && (!S_ISREG(st.st_mode) || looks_archive(s->path))) {
        s->any_archive = true;
        return open_archive(s, err);
    }
    if (!S_ISDIR(st.st_mode))
        return open_dir(s, err); /* one plain file */
    int r = open_path(s, O_DIRECTORY, err);
    if (r < 0)
        return r;
    if (faccessat(s->fd, "oci-layout", F_OK, 0) == 0 ||
        faccessat(s->fd, "index.json", F_OK, 0) == 0)
        return pl_layout_list(s, err);
    s->kind = PL_S("dir");
    s->form = PL_SRC_TREE;
    return pl_tree_list(s, err);
}

static int open_none(struct pl_source *s, struct pl_err *err)
{
    return pl_fail(err, PL_E_UNSUP, "targets of the form '%.*s' are not read by this build",
                   PL_FMT(pl_str_sub(s->typed, 0, pl_str_find(s->typed, PL_S(":"), 0) + 1)));
}

static const struct scheme {
    const char *name;
    int (*open)(struct pl_source *s, struct pl_err *err);
} schemes[] = {
    { "docker-archive:", open_docker_archive },
    { "oci-archive:", open_oci_archive },
    { "oci:", open_oci },
    { "dir:", open_dir },
    { "rootfs:", open_rootfs },
    { "daemon:", open_daemon },
    { "docker://", pl_docker_open },
    { "docker:", open_none },
    { "git:", open_none },
    { "sbom:", open_none },
};

int pl_source_open(const char *target, const struct pl_source_opts *o, struct pl_source **ret,
                   struct pl_err *err)
{
    struct pl_source *s = calloc(1, sizeof *s);
    if (!s)
        pl_oom();
    s->fd = -1;
    s->o = o;
    s->by_name.a = &s->a;
    s->typed = pl_dup(&s->a, pl_str_c(target));
    s->kind = PL_S("image");
    s->path = s->typed.p;
    int r = -1;
    size_t i = 0;
    for (; i < sizeof schemes / sizeof *schemes; i++) {
        if (!pl_str_starts(s->typed, pl_str_c(schemes[i].name)))
            continue;
        s->path += strlen(schemes[i].name);
        r = *s->path ? schemes[i].open(s, err)
                     : pl_fail(err, PL_E_USAGE, "'%s' names nothing", target);
        break;
    }
    if (i == sizeof schemes / sizeof *schemes)
        r = strcmp(target, "-") == 0 ? open_stdin(s, err)
            : *target                ? open_bare(s, err)
                                     : pl_fail(err, PL_E_USAGE, "empty target");
    if (r < 0) {
        pl_source_close(s);
        return r;
    }
    *ret = s;
    return 0;
}

void pl_source_close(struct pl_source *s)
{
    if (!s)
        return;
    if (s->stream)
        s->stream->close(s->stream);
    pl_remote_free(s->remote);
    pl_vec_release(&s->tops);
    if (s->fd >= 0)
        close(s->fd);
    pl_vec_release(&s->blobs);
    pl_vec_release(&s->files);
    pl_vec_release(&s->unread);
    pl_map_release(&s->by_name);
    pl_arena_release(&s->a);
    free(s);
}

struct pl_blob *pl_source_member(struct pl_source *s, struct pl_str name, struct pl_str link,
                                 uint64_t off, uint64_t size)
{
    struct pl_blob *b = PL_NEW(&s->a, struct pl_blob);
    struct pl_str rest = name, alg, hex;
    b->name = pl_dup(&s->a, name);
    b->link = pl_dup(&s->a, link);
    b->off = off;
    b->size = size;
    if (pl_str_starts(name, PL_S("blobs/"))) {
        pl_str_split(&rest, '/', &alg);
        if (pl_str_split(&rest, '/', &alg) && pl_str_split(&rest, '/', &hex) && !rest.p) {
            struct pl_str text = pl_printf(&s->a, "%.*s:%.*s", PL_FMT(alg), PL_FMT(hex));
            pl_digest_parse(text, &b->digest, NULL);
        }
    }
    pl_vec_push(&s->blobs, b);
    *pl_map_put(&s->by_name, b->name) = b;
    return b;
}

struct pl_blob *pl_source_find(const struct pl_source *s, struct pl_str name)
{
    struct pl_blob *b = pl_map_get(&s->by_name, name);
    for (unsigned hops = 0; b && b->link.n && hops < 40; hops++) {
        struct pl_str to = b->link;
        struct pl_blob *next = pl_map_get(&s->by_name, to);
        if (!next) { /* a relative link: "../ID/layer.tar" beside "ID/" */
            struct pl_arena a = { 0 };
            const char *slash = memrchr(b->name.p, '/', b->name.n);
            struct pl_str dir = pl_str_n(b->name.p, slash ? (size_t)(slash - b->name.p) : 0);
            while (pl_str_starts(to, PL_S("../")) && dir.n) {
                const char *up = memrchr(dir.p, '/', dir.n);
                dir.n = up ? (size_t)(up - dir.p) : 0;
                to = pl_str_sub(to, 3, to.n);
            }
            next = pl_map_get(&s->by_name, pl_printf(&a, "%.*s%s%.*s", PL_FMT(dir),
                                                     dir.n ? "/" : "", PL_FMT(to)));
            pl_arena_release(&a);
        }
        b = next == b ? NULL : next;
    }
    return b && !b->link.n ? b : NULL;
}

struct pl_blob *pl_source_blob(const struct pl_source *s, const struct pl_digest *d)
{
    struct pl_arena a = { 0 };
    struct pl_blob *b = d->set ? pl_source_find(s, pl_digest_path(&a, d)) : NULL;
    pl_arena_release(&a);
    return b;
}

struct pl_feed *pl_source_feed(const struct pl_source *s, const struct pl_blob *b,
                               struct pl_err *err)
{
    if (s->form == PL_SRC_TAR)
        return pl_feed_range(s->fd, b->off, b->size);
    if (s->form == PL_SRC_REMOTE)
        return pl_docker_feed(s, b, err);
    return pl_layout_feed(s, b, err);
}
