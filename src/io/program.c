/* Helper programs, of credentials and of keys: posix_spawn, a file in memory, a pipe. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "io/program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"

extern char **environ;

/* A file in memory: the program may read it when it likes, and nobody waits for a pipe. */
static int input(struct pl_str bytes, struct pl_err *err)
{
    int fd = memfd_create("plimsoll-input", MFD_CLOEXEC);
    if (fd >= 0 && pl_fd_write(fd, bytes.p, bytes.n) < 0) {
        close(fd);
        fd = -1;
    }
    if (fd < 0 || lseek(fd, 0, SEEK_SET) != 0)
        return pl_fail_errno(err, PL_E_IO, errno, "cannot hold what a helper is to read");
    return fd;
}

static int start(const struct pl_program *p, int in, int out, pid_t *ret, struct pl_err *err)
{
    posix_spawn_file_actions_t fa;
    posix_spawn_file_actions_init(&fa);
    posix_spawn_file_actions_adddup2(&fa, in, 0);
    posix_spawn_file_actions_adddup2(&fa, out, 1);
    if (p->quiet)
        posix_spawn_file_actions_addopen(&fa, 2, "/dev/null", O_WRONLY, 0);
    for (size_t i = 0; i < p->n_keep; i++)
        posix_spawn_file_actions_adddup2(&fa, p->keep[i], p->keep[i]);
    int e = posix_spawnp(ret, p->argv[0], &fa, NULL, p->argv, p->env ? p->env : environ);
    posix_spawn_file_actions_destroy(&fa);
    return e ? pl_fail_errno(err, PL_E_USAGE, e, "cannot run '%s'", p->argv[0]) : 0;
}

static int gather(const struct pl_program *p, int fd, struct pl_buf *b, struct pl_err *err)
{
    const char *name = p->argv[0];
    int64_t end = pl_clock_ms() + (int64_t)p->seconds * 1000;
    for (;;) {
        struct pollfd f = { fd, POLLIN, 0 };
        int64_t left = end - pl_clock_ms();
        int n = left > 0 ? poll(&f, 1, (int)left) : 0;
        if (n < 0)
            return errno == EINTR ? pl_fail(err, PL_E_CANCEL, "interrupted")
                                  : pl_fail_errno(err, PL_E_USAGE, errno, "'%s'", name);
        if (n == 0)
            return pl_fail(err, PL_E_USAGE, "'%s' did not end within %d seconds", name, p->seconds);
        char piece[4096];
        ssize_t got = read(fd, piece, sizeof piece);
        int r = got > 0 ? pl_buf_add(b, piece, (size_t)got, NULL) : 0;
        explicit_bzero(piece, sizeof piece); /* it may print secrets */
        if (r < 0)
            return pl_fail(err, PL_E_USAGE, "'%s' prints more than %zu KiB", name, b->max >> 10);
        if (got <= 0)
            return 0;
    }
}

int pl_program_run(const struct pl_program *p, struct pl_buf *out, int *ret_exit,
                   struct pl_err *err)
{
    int ends[2], status = 0;
    pid_t pid;
    pl_auto_fd int in = input(p->input, err);
    if (in < 0)
        return PL_E_IO;
    if (pipe2(ends, O_CLOEXEC) < 0)
        return pl_fail_errno(err, PL_E_USAGE, errno, "cannot run '%s'", p->argv[0]);
    int r = start(p, in, ends[1], &pid, err);
    close(ends[1]);
    if (r == 0) {
        r = gather(p, ends[0], out, err);
        if (r < 0)
            kill(pid, SIGKILL);
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
            ;
        *ret_exit = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }
    close(ends[0]);
    return r;
}
