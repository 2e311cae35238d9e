/* Closed child processes of the gitleaks personality. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "compat/gl_child.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "sandbox/sandbox.h"

#define CPU_SECONDS 3600u

int pl_gl_child_close(int in, int out, uint64_t address_space, struct pl_err *err)
{
    int keep[2] = { in < out ? in : out, in < out ? out : in };
    enum pl_sandbox_mode how;
    int r = pl_sandbox_mode_of(NULL, &how, err);
    if (r < 0)
        return r;
    struct pl_sandbox_opts so = { .mode = how,
                                  .keep_fds = keep,
                                  .n_keep = 2,
                                  .address_space = how == PL_SANDBOX_OFF ? 0 : address_space,
                                  .cpu_seconds = CPU_SECONDS };
    signal(SIGPIPE, SIG_IGN);
    return pl_sandbox_enter(&so, err);
}

void pl_gl_child_put(int out, const void *p, size_t n)
{
    if (pl_fd_write(out, p, n) < 0)
        _exit(2);
}

bool pl_gl_child_get(int in, void *to, size_t n)
{
    while (n > 0) {
        ssize_t got = read(in, to, n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        to = (char *)to + got;
        n -= (size_t)got;
    }
    return true;
}

void pl_gl_child_wait(pid_t child)
{
    while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
        ;
}
