/* The folder of evidence stays within its size: what was not used for longest goes first. gates.md
 * section 5. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "base/vec.h"
#include "gate/cache_int.h"

#define NAME_MAX_LEN 72u /* "e-" and 64 digits */
#define ABANDONED_S 60   /* nobody writes a file for so long */

struct file {
    struct timespec used;
    size_t bytes;
    char name[NAME_MAX_LEN];
};

struct folder {
    int fd;
    size_t bytes;
    PL_VEC(struct file) list;
};

static void look(struct folder *f, const char *name)
{
    struct stat st;
    bool entry = strncmp(name, "e-", 2) == 0 && strlen(name) < NAME_MAX_LEN;
    bool scrap = strncmp(name, ".new-", 5) == 0;
    if ((!entry && !scrap) || fstatat(f->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
        !S_ISREG(st.st_mode))
        return;
    if (scrap) {
        if (time(NULL) - st.st_mtime > ABANDONED_S)
            unlinkat(f->fd, name, 0);
        return;
    }
    struct file x = { .used = st.st_mtim, .bytes = (size_t)st.st_size };
    memcpy(x.name, name, strlen(name) + 1); /* short enough: see entry */
    f->bytes += x.bytes;
    pl_vec_push(&f->list, x);
}

static int by_use(const void *p, const void *q)
{
    const struct file *x = p, *y = q;
    if (x->used.tv_sec != y->used.tv_sec)
        return x->used.tv_sec < y->used.tv_sec ? -1 : 1;
    return x->used.tv_nsec < y->used.tv_nsec ? -1 : x->used.tv_nsec > y->used.tv_nsec;
}

static void drop_oldest(struct folder *f, size_t keep)
{
    qsort(f->list.p, f->list.n, sizeof *f->list.p, by_use);
    for (size_t i = 0; i < f->list.n && f->bytes > keep; i++)
        if (unlinkat(f->fd, f->list.p[i].name, 0) == 0)
            f->bytes -= f->list.p[i].bytes;
}

void pl_cache_disk_trim(struct pl_gate_cache *c)
{
    struct folder f = { .fd = c->dir_fd };
    int fd = openat(c->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    if (!d) {
        if (fd >= 0)
            close(fd);
        return;
    }
    pthread_mutex_lock(&c->disk_lock); /* one at a time, and none counts meanwhile */
    for (struct dirent *e; (e = readdir(d));)
        look(&f, e->d_name);
    if (f.bytes > c->disk_max)
        drop_oldest(&f, c->disk_max / 4 * 3);
    c->disk_bytes = f.bytes;
    pthread_mutex_unlock(&c->disk_lock);
    pl_vec_release(&f.list);
    closedir(d);
}
