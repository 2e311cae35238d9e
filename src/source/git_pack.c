/* A large object out of a pack, inflated as it is read: libgit2 would hold all of it in memory.
 * Only objects that are stored whole; large ones are. gitformat-pack(5), index version 2. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/endian.h"
#include "base/limits.h"
#include "io/gitpack_head.h"
#include "io/inflate.h"
#include "source/git_int.h"

#define IN_BYTES ((size_t)64 << 10)

bool pl_read_at(int fd, void *to, size_t n, uint64_t off)
{
    return pread(fd, to, n, (off_t)off) == (ssize_t)n;
}

bool pl_idx_count(int fd, uint32_t *ret)
{
    uint8_t head[PL_IDX_HEAD], w[4];
    if (!pl_read_at(fd, head, sizeof head, 0) || memcmp(head, "\377tOc\0\0\0\2", 8) != 0 ||
        !pl_read_at(fd, w, 4, PL_IDX_HEAD + PL_IDX_FAN - 4))
        return false;
    *ret = pl_be32(w);
    return true;
}

/* Offset of `oid` in the pack of index `fd`; false when it is not there. */
static bool find_in_index(int fd, const uint8_t *oid, uint64_t *ret)
{
    uint8_t w[8], id[PL_OID];
    uint32_t lo = 0, hi, all;
    if (!pl_idx_count(fd, &all))
        return false;
    if (oid[0]) {
        if (!pl_read_at(fd, w, 4, PL_IDX_HEAD + (oid[0] - 1u) * 4u))
            return false;
        lo = pl_be32(w);
    }
    if (!pl_read_at(fd, w, 4, PL_IDX_HEAD + oid[0] * 4u))
        return false;
    hi = pl_be32(w);
    uint64_t names = PL_IDX_HEAD + PL_IDX_FAN, places = names + (uint64_t)all * (PL_OID + 4);
    while (lo < hi && hi <= all) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (!pl_read_at(fd, id, PL_OID, names + (uint64_t)mid * PL_OID))
            return false;
        int c = memcmp(id, oid, PL_OID);
        if (c == 0) {
            if (!pl_read_at(fd, w, 4, places + (uint64_t)mid * 4))
                return false;
            *ret = pl_be32(w);
            if (!(*ret & 0x80000000u))
                return true;
            uint64_t at = places + (uint64_t)all * 4 + (*ret & 0x7fffffffu) * 8;
            if (!pl_read_at(fd, w, 8, at))
                return false;
            *ret = (uint64_t)pl_be32(w) << 32 | pl_be32(w + 4);
            return true;
        }
        if (c < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return false;
}

struct pack_view {
    struct pl_view v;
    int fd;
    struct pl_inflate *z;
    uint64_t off, left; /* in the pack; bytes of the object still to come */
    uint8_t *in, *buf;
    size_t n_in;
};

static int pack_fill(struct pl_view *v, size_t want, struct pl_err *err)
{
    struct pack_view *x = (struct pack_view *)v;
    memmove(x->buf, v->p, v->n);
    v->p = x->buf;
    while (v->n < want && x->left) {
        if (x->n_in < IN_BYTES / 2) {
            ssize_t n = pread(x->fd, x->in + x->n_in, IN_BYTES - x->n_in, (off_t)x->off);
            if (n < 0)
                return pl_fail(err, PL_E_IO, "cannot read the pack");
            x->n_in += (size_t)n;
            x->off += (uint64_t)n;
        }
        size_t took = 0, got = 0, room = PL_VIEW_MAX - v->n;
        int r = pl_inflate_run(x->z, pl_str_n(x->in, x->n_in), x->buf + v->n,
                               x->left < room ? (size_t)x->left : room, &took, &got);
        memmove(x->in, x->in + took, x->n_in - took);
        x->n_in -= took;
        v->n += got;
        x->left -= got;
        if (r < 0 || (x->left && (r > 0 || (!took && !got))))
            return pl_fail(err, PL_E_FORMAT, "the packed object is damaged");
    }
    v->eof = x->left == 0;
    return 0;
}

static void pack_close(struct pl_view *v)
{
    struct pack_view *x = (struct pack_view *)v;
    pl_inflate_free(x->z);
    close(x->fd);
    free(x->in);
    free(x->buf);
    free(x);
}

/* Takes over `fd`. NULL when the object there is not stored whole. */
static struct pl_view *open_at(int fd, uint64_t off)
{
    uint8_t h[24];
    ssize_t n = pread(fd, h, sizeof h, (off_t)off);
    uint8_t type = 0;
    uint64_t size = 0;
    size_t at = n > 0 ? pl_gitpack_head(pl_str_n(h, (size_t)n), &type, &size) : 0;
    if (at == 0 || type != PL_GIT_BLOB) {
        close(fd);
        return NULL;
    }
    struct pack_view *x = calloc(1, sizeof *x);
    if (!x || !(x->buf = malloc(PL_VIEW_MAX)) || !(x->in = malloc(IN_BYTES)))
        pl_oom();
    x->v = (struct pl_view){ .p = x->buf, .fill = pack_fill, .close = pack_close };
    x->fd = fd;
    x->z = pl_inflate_new();
    x->off = off + at + 2; /* behind the header and the two bytes of zlib */
    x->left = size;
    return &x->v;
}

static struct pl_view *find_in_dir(const char *dir, const uint8_t *oid)
{
    DIR *d = opendir(dir);
    struct pl_view *v = NULL;
    pl_auto_buf struct pl_buf path = { 0 };
    for (struct dirent *e; !v && d && (e = readdir(d));) {
        struct pl_str name = pl_str_c(e->d_name);
        if (!pl_str_ends(name, PL_S(".idx")))
            continue;
        pl_buf_clear(&path);
        pl_buf_printf(&path, "%s/%s", dir, e->d_name);
        pl_buf_putc(&path, 0);
        uint64_t off;
        pl_auto_fd int fd = open(path.p, O_RDONLY | O_CLOEXEC);
        if (fd < 0 || !find_in_index(fd, oid, &off))
            continue;
        memcpy(path.p + path.n - 5, ".pack", 5);
        pl_buf_putc(&path, 0);
        int pack = open(path.p, O_RDONLY | O_CLOEXEC);
        if (pack >= 0)
            v = open_at(pack, off);
    }
    if (d)
        closedir(d);
    return v;
}

struct pl_view *pl_git_packed_view(struct pl_git *g, const uint8_t *oid)
{
    pl_auto_buf struct pl_buf dir = { 0 };
    pl_buf_printf(&dir, "%s/objects/pack", pl_git_lib()->git_repository_commondir(g->repo));
    pl_buf_putc(&dir, 0);
    return find_in_dir(dir.p, oid);
}
