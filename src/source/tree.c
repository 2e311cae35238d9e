/* Directories: listing and framing. A path is opened beneath the root, links are not followed. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "source/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "model/entry.h"
#include "source/frame.h"
#include "source/layout.h"

static void unread(struct pl_source *s, struct pl_str path, const char *why)
{
    struct pl_unread u = { pl_dup(&s->a, path), pl_dup(&s->a, pl_str_c(why)) };
    pl_vec_push(&s->unread, u);
}

static int by_path(const void *a, const void *b)
{
    const struct pl_file *x = a, *y = b;
    return pl_str_cmp(x->path, y->path);
}

/* One directory; its own directories are appended to `todo`. */
static void list_one(struct pl_source *s, struct pl_str dir, struct pl_str **todo, size_t *n,
                     size_t *cap)
{
    struct dirent *e;
    struct stat st;
    int fd = dir.n ? pl_open_beneath(s->fd, dir.p, O_RDONLY | O_DIRECTORY)
                   : openat(s->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    if (!d) {
        unread(s, dir.n ? dir : PL_S("."), strerrordesc_np(errno));
        if (fd >= 0)
            close(fd);
        return;
    }
    while ((errno = 0, e = readdir(d))) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        struct pl_str path = pl_printf(&s->a, "%.*s%s%s", PL_FMT(dir), dir.n ? "/" : "", e->d_name);
        if (fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
            unread(s, path, strerrordesc_np(errno));
        } else if (S_ISDIR(st.st_mode)) {
            pl_vec_grow((void **)todo, *n, cap, sizeof **todo);
            (*todo)[(*n)++] = path;
        } else if (S_ISREG(st.st_mode) || S_ISLNK(st.st_mode)) {
            struct pl_file f = { path, S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0,
                                 S_ISLNK(st.st_mode) };
            pl_vec_push(&s->files, f);
            s->total += f.size;
        }
    }
    if (errno)
        unread(s, dir, strerrordesc_np(errno));
    closedir(d);
}

int pl_tree_list(struct pl_source *s, struct pl_err *err)
{
    struct stat st;
    struct pl_str *todo = NULL;
    size_t n = 0, cap = 0;
    if (fstat(s->fd, &st) < 0)
        return pl_fail_errno(err, PL_E_USAGE, errno, "cannot read '%s'", s->path);
    if (!S_ISDIR(st.st_mode)) { /* one file: its own name, below the directory that holds it */
        const char *slash = strrchr(s->path, '/');
        struct pl_str dir = slash ? pl_str_n(s->path, (size_t)(slash - s->path) + 1) : PL_S(".");
        struct pl_file f = { pl_str_c(slash ? slash + 1 : s->path), (uint64_t)st.st_size, false };
        if (!S_ISREG(st.st_mode))
            return pl_fail(err, PL_E_USAGE, "'%s' is neither file nor directory", s->path);
        pl_vec_push(&s->files, f);
        s->total = f.size;
        close(s->fd);
        s->fd = open(pl_dup(&s->a, dir).p, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (s->fd < 0)
            return pl_fail_errno(err, PL_E_USAGE, errno, "cannot open '%s'", s->path);
        return 0;
    }
    list_one(s, PL_S(""), &todo, &n, &cap);
    for (size_t i = 0; i < n; i++)
        list_one(s, todo[i], &todo, &n, &cap);
    free(todo);
    if (s->files.n)
        qsort(s->files.p, s->files.n, sizeof *s->files.p, by_path);
    return 0;
}

struct slice {
    struct pl_feed f;
    struct pl_source *s;
    size_t at, to;
    struct pl_buf head; /* frame head that was not handed out yet */
    size_t given;
    int fd;
    uint64_t left; /* bytes of the open file that the head promised */
};

static void head(struct slice *x, struct pl_str path, struct pl_str link, const struct stat *st)
{
    struct pl_frame h = { .magic = PL_FRAME_MAGIC,
                          .kind = link.n ? PL_ENTRY_SYMLINK : PL_ENTRY_FILE,
                          .path_len = (uint32_t)path.n,
                          .link_len = (uint32_t)link.n,
                          .mode = st->st_mode & 07777,
                          .uid = st->st_uid,
                          .gid = st->st_gid,
                          .size = link.n ? 0 : (uint64_t)st->st_size,
                          .mtime_ns = st->st_mtim.tv_sec * 1000000000ll + st->st_mtim.tv_nsec };
    pl_buf_clear(&x->head);
    x->given = 0;
    pl_buf_putn(&x->head, &h, sizeof h);
    pl_buf_putn(&x->head, path.p, path.n);
    pl_buf_putn(&x->head, link.p, link.n);
    x->left = h.size;
}

/* Opens the next file and makes its head; what cannot be opened is said and passed over. */
static void open_next(struct slice *x)
{
    const struct pl_file *file = &x->s->files.p[x->at++];
    struct stat st;
    char link[4096];
    ssize_t n;
    if (file->link) {
        n = readlinkat(x->s->fd, file->path.p, link, sizeof link);
        if (n < 0 || fstatat(x->s->fd, file->path.p, &st, AT_SYMLINK_NOFOLLOW) < 0)
            unread(x->s, file->path, strerrordesc_np(errno));
        else
            head(x, file->path, pl_str_n(link, (size_t)n), &st);
        return;
    }
    x->fd = pl_open_beneath(x->s->fd, file->path.p, O_RDONLY);
    if (x->fd < 0 || fstat(x->fd, &st) < 0 || !S_ISREG(st.st_mode)) {
        unread(x->s, file->path,
               x->fd < 0 ? strerrordesc_np(errno) : "not a regular file any more");
        if (x->fd >= 0)
            close(x->fd);
        x->fd = -1;
        return;
    }
    head(x, file->path, PL_S(""), &st);
}

/* The body was promised by size: a file that shrinks meanwhile is filled up with zeros and said. */
static size_t body(struct slice *x, char *buf, size_t n)
{
    if (n > x->left)
        n = (size_t)x->left;
    ssize_t got;
    do
        got = read(x->fd, buf, n);
    while (got < 0 && errno == EINTR);
    if (got <= 0) {
        unread(x->s, x->s->files.p[x->at - 1].path,
               got < 0 ? strerrordesc_np(errno) : "became shorter while it was read");
        memset(buf, 0, n);
        got = (ssize_t)n;
        close(x->fd);
        x->fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    }
    x->left -= (uint64_t)got;
    return (size_t)got;
}

static int slice_read(struct pl_feed *f, void *buf, size_t n, size_t *ret_got, struct pl_err *err)
{
    struct slice *x = (struct slice *)f;
    (void)err;
    for (;;) {
        if (x->given < x->head.n) {
            size_t k = x->head.n - x->given < n ? x->head.n - x->given : n;
            memcpy(buf, x->head.p + x->given, k);
            x->given += k;
            *ret_got = k;
            return 0;
        }
        if (x->fd >= 0 && x->left) {
            *ret_got = body(x, buf, n);
            return 0;
        }
        if (x->fd >= 0)
            close(x->fd);
        x->fd = -1;
        if (x->at == x->to) {
            *ret_got = 0;
            return 0;
        }
        open_next(x);
    }
}

static void slice_close(struct pl_feed *f)
{
    struct slice *x = (struct slice *)f;
    if (x->fd >= 0)
        close(x->fd);
    pl_buf_release(&x->head);
    free(x);
}

struct pl_feed *pl_source_slice(struct pl_source *s, size_t from, size_t to)
{
    struct slice *x = calloc(1, sizeof *x);
    if (!x)
        pl_oom();
    *x = (struct slice){ .f = { slice_read, slice_close }, .s = s, .at = from, .to = to, .fd = -1 };
    return &x->f;
}
