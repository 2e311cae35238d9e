/* Closing what a child need not have. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/fds.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/str.h"

static bool kept(int fd, const int *keep, size_t n_keep)
{
    for (size_t i = 0; i < n_keep; i++)
        if (keep[i] == fd)
            return true;
    return false;
}

/* For kernels before 5.9. */
static int close_listed(const int *keep, size_t n_keep, struct pl_err *err)
{
    DIR *d = opendir("/proc/self/fd");
    if (!d)
        return pl_fail_errno(err, PL_E_UNSUP, errno, "cannot list open files");
    for (struct dirent *e; (e = readdir(d));) {
        uint64_t fd;
        if (!pl_str_u64(pl_str_c(e->d_name), &fd) || fd > INT_MAX)
            continue;
        if ((int)fd != dirfd(d) && !kept((int)fd, keep, n_keep))
            close((int)fd);
    }
    closedir(d);
    return 0;
}

int pl_sandbox_close_fds(const int *keep, size_t n_keep, struct pl_err *err)
{
    unsigned from = 0;
    for (size_t i = 0; i <= n_keep; i++) {
        unsigned next = i < n_keep ? (unsigned)keep[i] : UINT_MAX;
        if (next > from && syscall(SYS_close_range, from, i < n_keep ? next - 1 : UINT_MAX, 0u) < 0)
            return close_listed(keep, n_keep, err);
        from = next + 1;
    }
    return 0;
}
