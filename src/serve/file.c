/* Files of the operator. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

int pl_serve_read(const char *path, struct pl_buf *b, struct pl_err *err)
{
    pl_auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return pl_fail_errno(err, PL_E_USAGE, errno, "cannot open '%s'", path);
    for (;;) {
        void *room = pl_buf_room(b, 4096, err);
        if (!room) {
            (void)pl_wrap(err, "'%s'", path);
            return PL_E_USAGE;
        }
        ssize_t n = read(fd, room, 4096);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return pl_fail_errno(err, PL_E_USAGE, errno, "cannot read '%s'", path);
        if (n == 0)
            return 0;
        b->n += (size_t)n;
    }
}

uint64_t pl_serve_stamp(const char *path)
{
    struct stat st = { 0 };
    if (stat(path, &st) < 0)
        return 0;
    uint64_t of[] = { (uint64_t)st.st_dev,          (uint64_t)st.st_ino,
                      (uint64_t)st.st_size,         (uint64_t)st.st_mtim.tv_sec,
                      (uint64_t)st.st_mtim.tv_nsec, (uint64_t)st.st_ctim.tv_sec,
                      (uint64_t)st.st_ctim.tv_nsec };
    return pl_str_hash(pl_str_n(of, sizeof of)) | 1;
}
