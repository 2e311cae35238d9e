/* Downloads for the advisory database. packages.md section 9. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/db_fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "cmd/fetch.h"

static int begin(void *arg, struct pl_err *err)
{
    int fd = *(int *)arg;
    if (ftruncate(fd, 0) < 0 || lseek(fd, 0, SEEK_SET) < 0)
        return pl_fail_errno(err, PL_E_IO, errno, "cannot write");
    return 0;
}

int pl_db_to_fd(void *arg, const void *p, size_t n, struct pl_err *err)
{
    return pl_fd_write(*(const int *)arg, p, n) < 0
               ? pl_fail_errno(err, PL_E_IO, errno, "cannot write")
               : 0;
}

int pl_db_fetch(const char *text, const char *path, struct pl_err *err)
{
    pl_auto_fd int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        return pl_fail_errno(err, PL_E_IO, errno, "cannot write '%s'", path);
    const struct pl_fetch f = { .method = "GET",
                                .connect_s = 10,
                                .stall_s = 30,
                                .max_gib = 8,
                                .begin = begin,
                                .data = pl_db_to_fd,
                                .arg = &fd };
    if (pl_fetch(pl_str_c(text), &f, err) < 0) {
        unlink(path);
        return pl_wrap(err, "'%s'", text);
    }
    return 0;
}

bool pl_db_is_url(const char *s)
{
    return strncmp(s, "https://", 8) == 0 || strncmp(s, "http://", 7) == 0;
}
