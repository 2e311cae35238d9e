/* Credential helpers: a program, the server on its standard input, JSON on its output; no shell. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <time.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "registry/creds.h"

#define HELPER_MS 30000
#define HELPER_MAX 65536u

extern char **environ;

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int start(const char *program, int in, int out, pid_t *ret, struct pl_err *err)
{
    char get[] = "get";
    char name[100];
    char *argv[] = { name, get, NULL };
    posix_spawn_file_actions_t fa;
    snprintf(name, sizeof name, "%s", program);
    posix_spawn_file_actions_init(&fa);
    posix_spawn_file_actions_adddup2(&fa, in, 0);
    posix_spawn_file_actions_adddup2(&fa, out, 1);
    posix_spawn_file_actions_addopen(&fa, 2, "/dev/null", O_WRONLY, 0); /* it may print secrets */
    int e = posix_spawnp(ret, name, &fa, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&fa);
    return e ? pl_fail_errno(err, PL_E_USAGE, e, "cannot run '%s'", program) : 0;
}

static int gather(int fd, struct pl_buf *b, const char *program, struct pl_err *err)
{
    int64_t end = now_ms() + HELPER_MS;
    for (;;) {
        struct pollfd p = { fd, POLLIN, 0 };
        int64_t left = end - now_ms();
        int n = left > 0 ? poll(&p, 1, (int)left) : 0;
        if (n < 0)
            return errno == EINTR ? pl_fail(err, PL_E_CANCEL, "interrupted")
                                  : pl_fail_errno(err, PL_E_USAGE, errno, "'%s'", program);
        if (n == 0)
            return pl_fail(err, PL_E_USAGE, "'%s' said nothing in 30 seconds", program);
        char *at = pl_buf_room(b, 4096, NULL);
        if (!at)
            return pl_fail(err, PL_E_USAGE, "'%s' prints more than 64 KiB", program);
        ssize_t got = read(fd, at, 4096);
        if (got <= 0)
            return 0;
        b->n += (size_t)got;
    }
}

static int verdict(int status, const char *program, struct pl_buf *b, struct pl_arena *a,
                   struct pl_credential *ret, struct pl_err *err)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        int r = pl_helper_answer(pl_buf_str(b), a, ret, err);
        return r < 0 ? pl_fail(err, PL_E_USAGE, "'%s': its answer makes no sense", program) : 0;
    }
    if (pl_str_find(pl_buf_str(b), PL_S("credentials not found in native keychain"), 0) != SIZE_MAX)
        return 0;
    return pl_fail(err, PL_E_USAGE, "'%s' failed", program);
}

int pl_helper_ask(struct pl_str name, struct pl_str server, struct pl_arena *a,
                  struct pl_credential *ret, struct pl_err *err)
{
    char program[100];
    int in[2], out[2];
    pid_t pid;
    pl_auto_buf struct pl_buf b = { .max = HELPER_MAX };
    if (!pl_helper_name(name))
        return pl_fail(err, PL_E_USAGE, "the name of a credential helper makes no sense");
    snprintf(program, sizeof program, "docker-credential-%.*s", PL_FMT(name));
    if (pipe2(in, O_CLOEXEC) < 0)
        return pl_fail_errno(err, PL_E_USAGE, errno, "cannot run '%s'", program);
    if (pipe2(out, O_CLOEXEC) < 0) {
        close(in[0]);
        close(in[1]);
        return pl_fail_errno(err, PL_E_USAGE, errno, "cannot run '%s'", program);
    }
    int r = start(program, in[0], out[1], &pid, err);
    close(in[0]);
    close(out[1]);
    if (r == 0 && write(in[1], server.p, server.n) < 0)
        errno = 0; /* it need not read */
    close(in[1]);
    if (r == 0) {
        int status = 0;
        r = gather(out[0], &b, program, err);
        if (r < 0)
            kill(pid, SIGKILL);
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
            ;
        if (r == 0)
            r = verdict(status, program, &b, a, ret, err);
    }
    close(out[0]);
    if (b.p)
        explicit_bzero(b.p, b.cap);
    return r;
}
