/* What a closed child can no longer do: each test forks one, which tries and must die or fail.
 * hazards.md section 4. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "base/str.h"
#include "sandbox/fds.h"
#include "sandbox/sandbox.h"
#include "sandbox/sandbox_int.h"
#include "sanitized.h"

/* One closed child: what it may keep, and the work whose result is its exit status. */
struct attempt {
    struct pl_sandbox_opts o;
    int (*work)(void *arg);
    void *arg;
};

static int status_of(const struct attempt *t)
{
    int status = 0;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        struct pl_err err = { 0 };
        _exit(pl_sandbox_enter(&t->o, &err) < 0 ? 99 : t->work(t->arg));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static bool kernel_lacks_something(void)
{
    char what[64];
    return pl_sandbox_probe(what, sizeof what) > 0;
}

/* `work` must be the end of the child, with AUTO and with REQUIRE. */
static void dies(int (*work)(void *), int signal_number)
{
    static const enum pl_sandbox_mode modes[] = { PL_SANDBOX_AUTO, PL_SANDBOX_REQUIRE };
    for (size_t i = 0; i < PL_COUNT(modes); i++) {
        struct attempt t = { { .mode = modes[i] }, work, NULL };
        int s = status_of(&t);
        assert_true(WIFSIGNALED(s));
        assert_int_equal(WTERMSIG(s), signal_number);
    }
}

/* `work` must return 0. */
static void lives(struct attempt t)
{
    static const enum pl_sandbox_mode modes[] = { PL_SANDBOX_AUTO, PL_SANDBOX_REQUIRE };
    for (size_t i = 0; i < PL_COUNT(modes); i++) {
        t.o.mode = modes[i];
        assert_int_equal(status_of(&t), 0);
    }
}

/* ------------------------------------------------------------------ what kills */

#define DEADLY(name, ...)            \
    static int try_##name(void *arg) \
    {                                \
        (void)arg;                   \
        __VA_ARGS__;                 \
        return 0;                    \
    }                                \
    static void name(void **state)   \
    {                                \
        (void)state;                 \
        dies(try_##name, SIGSYS);    \
    }

static int keep_value;
#define TRY(x) (keep_value = (int)(x))

DEADLY(opening_a_file_to_read, TRY(open("/etc/passwd", O_RDONLY | O_CLOEXEC)))
DEADLY(opening_a_file_to_write, TRY(open("/tmp/x", O_WRONLY | O_CREAT | O_CLOEXEC, 0600)))
DEADLY(opening_a_path_in_a_new_way, uint64_t how[3] = { O_RDONLY };
       TRY(syscall(SYS_openat2, AT_FDCWD, "/etc/passwd", how, sizeof how)))
DEADLY(asking_for_a_file, struct stat st; TRY(stat("/etc/passwd", &st)))
DEADLY(removing_a_file, TRY(unlink("/tmp/x")))
DEADLY(renaming_a_file, TRY(rename("/tmp/x", "/tmp/y")))
DEADLY(making_a_socket, TRY(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)))
DEADLY(making_a_local_socket, TRY(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)))
DEADLY(making_a_memory_file, TRY(memfd_create("x", MFD_CLOEXEC)))
DEADLY(making_a_process, TRY(syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, 0L)))
DEADLY(making_a_thread,
       TRY(syscall(SYS_clone, CLONE_VM | CLONE_SIGHAND | CLONE_THREAD, NULL, NULL, NULL, 0L)))
DEADLY(running_a_program, char *argv[] = { NULL }; TRY(execve("/bin/true", argv, argv)))
DEADLY(mapping_executable_memory, TRY(mmap(NULL, 4096, PROT_READ | PROT_EXEC,
                                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED))
DEADLY(making_memory_executable,
       void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
       TRY(mprotect(p, 4096, PROT_READ | PROT_EXEC)))
DEADLY(signalling_the_parent, TRY(kill(getppid(), 0)))
DEADLY(signalling_the_parent_by_thread, TRY(syscall(SYS_tgkill, 1, 1, 0)))
DEADLY(tracing_the_parent, TRY(ptrace(PTRACE_ATTACH, 1, NULL, NULL)))
DEADLY(raising_a_limit, struct rlimit l = { 1, 1 }; TRY(setrlimit(RLIMIT_NOFILE, &l)))
DEADLY(changing_the_process, TRY(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)))
DEADLY(changing_the_user, TRY(setuid(1)))
DEADLY(controlling_a_device, int n; TRY(syscall(SYS_ioctl, 0, 0x541b, &n)))
DEADLY(a_call_nobody_knows, TRY(syscall(4000)))

/* ------------------------------------------------------------------ what fails or is gone */

static int try_gone_descriptor(void *arg)
{
    char c;
    int fd = *(int *)arg;
    return read(fd, &c, 1) == -1 && errno == EBADF && write(1, "x", 1) == -1 && errno == EBADF ? 0
                                                                                               : 1;
}

static void other_descriptors_are_closed(void **state)
{
    (void)state;
    pl_auto_fd int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    pl_auto_fd int high = fcntl(fd, F_DUPFD_CLOEXEC, 700);
    struct attempt t = { .work = try_gone_descriptor, .arg = &fd };
    lives(t);
    t.arg = &high;
    lives(t);
    /* without the sandbox as well */
    t.o.mode = PL_SANDBOX_OFF;
    assert_int_equal(status_of(&t), 0);
}

static int try_kept(void *arg)
{
    const int *fd = arg;
    char c;
    for (int i = 0; i < 3; i++)
        if (read(fd[i], &c, 1) != 1)
            return 1;
    return read(fd[2] + 1, &c, 1) == -1 && errno == EBADF ? 0 : 2;
}

static void kept_descriptors_stay_open(void **state)
{
    (void)state;
    pl_auto_fd int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    int fd[] = { zero, fcntl(zero, F_DUPFD_CLOEXEC, 300), fcntl(zero, F_DUPFD_CLOEXEC, 301) };
    pl_auto_fd int other = fcntl(zero, F_DUPFD_CLOEXEC, 302);
    struct attempt t = { { .keep_fds = fd, .n_keep = 3 }, try_kept, fd };
    lives(t);
    assert_true(other > 0);
    close(fd[1]);
    close(fd[2]);
}

/* Kernels before 5.9 have no close_range; a filter plays one. */
static void old_kernels_close_them_one_by_one(void **state)
{
    (void)state;
    pl_auto_fd int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    int keep = fcntl(zero, F_DUPFD_CLOEXEC, 300), status;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        char c;
        scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);
        if (seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(close_range), 0) < 0 ||
            seccomp_load(f) < 0)
            _exit(0); /* cannot be played here */
        if (pl_sandbox_close_fds(&keep, 1, NULL) < 0)
            _exit(1);
        _exit(read(keep, &c, 1) == 1 && read(zero, &c, 1) == -1 && write(1, "x", 1) == -1 ? 0 : 2);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    close(keep);
}

static int try_environment(void *arg)
{
    const char *value = arg;
    return getenv("PL_TEST_SECRET") || value[0] ? 1 : 0;
}

static void the_environment_is_wiped(void **state)
{
    (void)state;
    setenv("PL_TEST_SECRET", "hush", 1);
    struct attempt t = { .work = try_environment, .arg = getenv("PL_TEST_SECRET") };
    lives(t);
    unsetenv("PL_TEST_SECRET");
}

static int try_write(void *arg)
{
    int fd = *(int *)arg;
    return write(fd, "x", 1) == -1 && errno == EFBIG ? 0 : 1;
}

static void files_cannot_grow(void **state)
{
    (void)state;
    pl_auto_fd int fd = memfd_create("test", MFD_CLOEXEC);
    struct attempt t = { { .keep_fds = &fd, .n_keep = 1 }, try_write, &fd };
    lives(t);
}

static int try_memory(void *arg)
{
    (void)arg;
    void *volatile p = malloc(PL_MIB(512)), *volatile q = malloc(PL_MIB(8));
    return p || !q ? 1 : 0;
}

static void address_space_is_limited(void **state)
{
    (void)state;
    struct attempt t = { { .address_space = PL_MIB(256) }, try_memory, NULL };
    lives(t);
}

static int spin(void *arg)
{
    (void)arg;
    for (volatile uint64_t i = 0;; i++)
        ;
    return 0;
}

static void processor_time_is_limited(void **state)
{
    (void)state;
    struct attempt t = { { .mode = PL_SANDBOX_AUTO, .cpu_seconds = 1 }, spin, NULL };
    int s = status_of(&t);
    assert_true(WIFSIGNALED(s));
    assert_int_equal(WTERMSIG(s), SIGXCPU);
}

static int try_bug(void *arg)
{
    (void)arg;
    pl_bug("a promise of our own");
}

static void an_abort_shows_as_one(void **state)
{
    (void)state;
    dies(try_bug, SIGABRT);
}

static int try_nowhere(void *arg)
{
    signal(SIGSEGV, SIG_DFL); /* the test library catches it */
    return *(volatile int *)arg;
}

static void a_wild_pointer_shows_as_one(void **state)
{
    (void)state;
    dies(try_nowhere, SIGSEGV);
}

static int try_channel(void *arg)
{
    const int *fd = arg;
    char c = 0;
    return write(fd[1], "x", 1) == 1 && read(fd[0], &c, 1) == 1 && c == 'x' ? 0 : 1;
}

static void pipes_and_sockets_still_carry(void **state)
{
    (void)state;
    int fd[2];
    assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
    struct attempt t = { { .keep_fds = fd, .n_keep = 2 }, try_channel, fd };
    lives(t);
    close(fd[0]);
    close(fd[1]);
}

/* ------------------------------------------------------------------ what /proc says */

static int wait_for_end(void *arg)
{
    char c;
    int *fd = arg;
    if (write(fd[1], "r", 1) != 1)
        return 1;
    return read(fd[0], &c, 1) == 1 ? 0 : 1;
}

static bool says(const char *text, const char *line)
{
    return strstr(text, line) != NULL;
}

static void read_proc(pid_t pid, const char *what, char *out, size_t n)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, what);
    pl_auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd >= 0 ? read(fd, out, n - 1) : -1;
    out[got > 0 ? got : 0] = 0;
}

static void the_kernel_confirms_it(void **state)
{
    (void)state;
    int up[2], down[2];
    char text[8192];
    assert_int_equal(pipe2(up, O_CLOEXEC), 0);
    assert_int_equal(pipe2(down, O_CLOEXEC), 0);
    pid_t pid = fork();
    if (pid == 0) {
        int ends[] = { down[0], up[1] }, keep[] = { up[1], down[0] };
        struct pl_sandbox_opts o = { .mode = PL_SANDBOX_REQUIRE, .keep_fds = keep, .n_keep = 2 };
        _exit(pl_sandbox_enter(&o, NULL) < 0 ? 99 : wait_for_end(ends));
    }
    assert_int_equal(read(up[0], text, 1), 1);
    read_proc(pid, "status", text, sizeof text);
    assert_true(says(text, "NoNewPrivs:\t1"));
    assert_true(says(text, "Seccomp:\t2"));
    assert_true(says(text, "Threads:\t1"));
    read_proc(pid, "limits", text, sizeof text);
    assert_true(says(text, "Max core file size        0 "));
    assert_true(says(text, "Max processes             0 "));
    assert_true(says(text, "Max open files            16 "));
    int status;
    assert_int_equal(write(down[1], "x", 1), 1);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    for (int i = 0; i < 2; i++) {
        close(up[i]);
        close(down[i]);
    }
}

/* ------------------------------------------------------------------ Landlock alone */

static int try_landlock(void *arg)
{
    int version = *(int *)arg;
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9) };
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) < 0 ||
        pl_landlock_enter(version, NULL, 0, NULL) < 0)
        return 90;
    if (open("/etc/passwd", O_RDONLY | O_CLOEXEC) != -1 || errno != EACCES)
        return 1;
    if (mkdir("/tmp/pl-landlock-test", 0700) != -1 || errno != EACCES)
        return 2;
    if (version >= 4 && (connect(s, (struct sockaddr *)&to, sizeof to) != -1 || errno != EACCES))
        return 3;
    if (version >= 6 && (kill(getppid(), 0) != -1 || errno != EPERM))
        return 4;
    return 0;
}

static void landlock_alone_denies_files_tcp_and_signals(void **state)
{
    (void)state;
    int newest = pl_landlock_version();
    if (newest == 0)
        skip();
    for (int version = 1; version <= newest; version++) {
        int status;
        fflush(stdout);
        pid_t pid = fork();
        if (pid == 0)
            _exit(try_landlock(&version));
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
    }
}

static void doors_that_cannot_be_shut_are_errors(void **state)
{
    (void)state;
    int status;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) { /* as nobody and without no_new_privs neither is allowed */
        struct pl_err err = { 0 };
        if (getuid() == 0 && setuid(65534) < 0)
            _exit(1);
        int landlock = pl_landlock_version();
        if (landlock && pl_landlock_enter(landlock, NULL, 0, &err) != PL_E_UNSUP)
            _exit(2);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

/* ------------------------------------------------------------------ modes */

static int try_open(void *arg)
{
    (void)arg;
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    return fd >= 0 && getenv("PATH") ? 0 : 1;
}

static void off_only_closes_descriptors(void **state)
{
    (void)state;
    struct attempt t = { { .mode = PL_SANDBOX_OFF, .address_space = 1 }, try_open, NULL };
    assert_int_equal(status_of(&t), 0);
}

static void the_probe_names_what_is_missing(void **state)
{
    (void)state;
    char what[64];
    int n = pl_sandbox_probe(what, sizeof what);
    assert_int_equal(n == 0, what[0] == 0);
    assert_int_equal(strstr(what, "landlock") != NULL, pl_landlock_version() == 0);
    assert_int_equal(strstr(what, "seccomp") != NULL, !pl_seccomp_available());
    assert_int_equal(pl_sandbox_probe(NULL, 0), n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(landlock_alone_denies_files_tcp_and_signals),
        cmocka_unit_test(doors_that_cannot_be_shut_are_errors),
        cmocka_unit_test(off_only_closes_descriptors),
        cmocka_unit_test(old_kernels_close_them_one_by_one),
        cmocka_unit_test(the_probe_names_what_is_missing),
        /* the rest needs a closed child */
        cmocka_unit_test(opening_a_file_to_read),
        cmocka_unit_test(opening_a_file_to_write),
        cmocka_unit_test(opening_a_path_in_a_new_way),
        cmocka_unit_test(asking_for_a_file),
        cmocka_unit_test(removing_a_file),
        cmocka_unit_test(renaming_a_file),
        cmocka_unit_test(making_a_socket),
        cmocka_unit_test(making_a_local_socket),
        cmocka_unit_test(making_a_memory_file),
        cmocka_unit_test(making_a_process),
        cmocka_unit_test(making_a_thread),
        cmocka_unit_test(running_a_program),
        cmocka_unit_test(mapping_executable_memory),
        cmocka_unit_test(making_memory_executable),
        cmocka_unit_test(signalling_the_parent),
        cmocka_unit_test(signalling_the_parent_by_thread),
        cmocka_unit_test(tracing_the_parent),
        cmocka_unit_test(raising_a_limit),
        cmocka_unit_test(changing_the_process),
        cmocka_unit_test(changing_the_user),
        cmocka_unit_test(controlling_a_device),
        cmocka_unit_test(a_call_nobody_knows),
        cmocka_unit_test(other_descriptors_are_closed),
        cmocka_unit_test(kept_descriptors_stay_open),
        cmocka_unit_test(the_environment_is_wiped),
        cmocka_unit_test(files_cannot_grow),
        cmocka_unit_test(address_space_is_limited),
        cmocka_unit_test(processor_time_is_limited),
        cmocka_unit_test(an_abort_shows_as_one),
        cmocka_unit_test(a_wild_pointer_shows_as_one),
        cmocka_unit_test(pipes_and_sockets_still_carry),
        cmocka_unit_test(the_kernel_confirms_it),
    };
    size_t n = PL_COUNT(tests);
    if (SANITIZED || kernel_lacks_something()) {
        n = 5;
        printf("skip: sandbox: %s\n", SANITIZED ? "sanitizer build" : "this kernel cannot do it");
    }
    return _cmocka_run_group_tests("sandbox", tests, n, NULL, NULL);
}
