/* Whole files of the operator. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

#define STEP 65536u

int pl_file_read(const char *path, struct pl_buf *b, struct pl_err *err)
{
    pl_auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return pl_fail_errno(err, PL_E_USAGE, errno, "cannot open '%s'", path);
    for (;;) {
        /* a file of exactly max bytes ends well */
        char one;
        size_t left = b->max && b->max - b->n < STEP ? b->max - b->n : STEP;
        void *at = left ? pl_buf_room(b, left, err) : &one;
        if (!at)
            return pl_wrap(err, "'%s'", path);
        ssize_t n = read(fd, at, left ? left : 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return pl_fail_errno(err, PL_E_USAGE, errno, "cannot read '%s'", path);
        if (n == 0)
            return 0;
        if (!left)
            return pl_fail(err, PL_E_LIMIT, "'%s' has more than %zu bytes", path, b->max);
        b->n += (size_t)n;
    }
}

uint64_t pl_file_stamp(const char *path)
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
