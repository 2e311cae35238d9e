/* OCI layout directories: files are opened beneath the directory, links are refused (hazards H1,
 * H3). */
/* SPDX-License-Identifier: Apache-2.0 */
#include "source/layout.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define DEPTH_MAX 6u

int pl_open_beneath(int dirfd, const char *path, int flags)
{
    struct open_how how = { .flags = (uint64_t)(flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK),
                            .resolve =
                                RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS };
    return (int)syscall(SYS_openat2, dirfd, path, &how, sizeof how);
}

static int by_name(const void *a, const void *b)
{
    const struct pl_blob *x = *(struct pl_blob *const *)a, *y = *(struct pl_blob *const *)b;
    return pl_str_cmp(x->name, y->name);
}

static void list(struct pl_source *s, int fd, struct pl_str prefix, unsigned depth)
{
    struct dirent *e;
    struct stat st;
    DIR *d = fdopendir(fd);
    if (!d) {
        struct pl_unread u = { pl_dup(&s->a, prefix), pl_printf(&s->a, "%m") };
        pl_vec_push(&s->unread, u);
        close(fd);
        return;
    }
    while ((errno = 0, e = readdir(d))) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        struct pl_str name =
            pl_printf(&s->a, "%.*s%s%s", PL_FMT(prefix), prefix.n ? "/" : "", e->d_name);
        const char *why = NULL;
        int sub = -1;
        if (fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            why = "cannot be read";
        else if (S_ISREG(st.st_mode))
            pl_source_member(s, name, PL_S(""), 0, (uint64_t)st.st_size);
        else if (!S_ISDIR(st.st_mode))
            why = "neither file nor directory; links in a layout are not followed";
        else if (depth >= DEPTH_MAX)
            why = "deeper than any layout";
        else if ((sub = pl_open_beneath(s->fd, name.p, O_RDONLY | O_DIRECTORY)) < 0)
            why = "cannot be opened";
        else
            list(s, sub, name, depth + 1);
        if (why) {
            struct pl_unread u = { name, pl_str_c(why) };
            pl_vec_push(&s->unread, u);
        }
    }
    if (errno) {
        struct pl_unread u = { pl_dup(&s->a, prefix), PL_S("directory cannot be read") };
        pl_vec_push(&s->unread, u);
    }
    closedir(d);
}

int pl_layout_list(struct pl_source *s, struct pl_err *err)
{
    s->form = PL_SRC_LAYOUT;
    int fd = openat(s->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return pl_fail_errno(err, PL_E_USAGE, errno, "cannot open '%s'", s->path);
    list(s, fd, PL_S(""), 0);
    if (s->blobs.n)
        qsort(s->blobs.p, s->blobs.n, sizeof *s->blobs.p, by_name);
    for (size_t i = 0; i < s->blobs.n; i++)
        s->total += s->blobs.p[i]->size;
    if (!pl_source_find(s, PL_S("index.json")))
        return pl_fail(err, PL_E_USAGE, "'%s' is no OCI layout: it has no index.json", s->path);
    return 0;
}

struct pl_feed *pl_layout_feed(const struct pl_source *s, const struct pl_blob *b,
                               struct pl_err *err)
{
    struct stat st;
    int fd = pl_open_beneath(s->fd, b->name.p, O_RDONLY);
    if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
        pl_fail_errno(err, PL_E_IO, errno, "cannot open '%.*s'", PL_FMT(b->name));
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    return pl_feed_fd(fd, 0, (uint64_t)st.st_size);
}
