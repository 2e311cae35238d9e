/* The system calls a parser may make, by libseccomp; any other kills the process. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <seccomp.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "sandbox/sandbox_int.h"

#define GET_ACTION_AVAIL 2u /* seccomp(2), SECCOMP_GET_ACTION_AVAIL */

bool pl_seccomp_available(void)
{
    uint32_t action = SCMP_ACT_KILL_PROCESS;
    return syscall(SYS_seccomp, GET_ACTION_AVAIL, 0u, &action) == 0;
}

/* Calls with any arguments. Numbers below zero do not exist on this architecture. */
static const int plain[] = {
    /* the channel and the ring, on descriptors that were kept */
    SCMP_SYS(read),
    SCMP_SYS(write),
    SCMP_SYS(readv),
    SCMP_SYS(writev),
    SCMP_SYS(recvmsg),
    SCMP_SYS(sendmsg),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(ppoll_time64),
    SCMP_SYS(close),
    SCMP_SYS(futex),
    SCMP_SYS(futex_time64),
    /* memory */
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(brk),
    SCMP_SYS(madvise),
    /* time, and what the C library asks of it */
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_gettime64),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(getrandom),
    SCMP_SYS(sched_yield),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(restart_syscall),
    /* qsort() asks for the size of memory before it sorts more than a page */
    SCMP_SYS(sysinfo),
    /* the end, by exit or by abort */
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
};

/* What reading files below the roots takes; which ones those are is Landlock's to say. */
static const int reading[] = {
    SCMP_SYS(fstat),     SCMP_SYS(fstat64),    SCMP_SYS(newfstatat), SCMP_SYS(fstatat64),
    SCMP_SYS(stat),      SCMP_SYS(stat64),     SCMP_SYS(lstat),      SCMP_SYS(lstat64),
    SCMP_SYS(statx),     SCMP_SYS(lseek),      SCMP_SYS(_llseek),    SCMP_SYS(pread64),
    SCMP_SYS(getdents),  SCMP_SYS(getdents64), SCMP_SYS(readlink),   SCMP_SYS(readlinkat),
    SCMP_SYS(access),    SCMP_SYS(faccessat),  SCMP_SYS(faccessat2), SCMP_SYS(fcntl),
    SCMP_SYS(fcntl64),   SCMP_SYS(getcwd),     SCMP_SYS(getuid),     SCMP_SYS(geteuid),
    SCMP_SYS(fadvise64),
};

static int add_reading(scmp_filter_ctx ctx)
{
    const uint64_t write = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC;
    const struct scmp_arg_cmp open_read = SCMP_A1_64(SCMP_CMP_MASKED_EQ, write, 0);
    const struct scmp_arg_cmp openat_read = SCMP_A2_64(SCMP_CMP_MASKED_EQ, write, 0);
    int r = 0;
    if (SCMP_SYS(open) >= 0)
        r = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, SCMP_SYS(open), 1, &open_read);
    if (r == 0)
        r = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1, &openat_read);
    for (size_t i = 0; r == 0 && i < PL_COUNT(reading); i++)
        if (reading[i] >= 0)
            r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, reading[i], 0);
    return r;
}

static void release(scmp_filter_ctx *ctx)
{
    if (*ctx)
        seccomp_release(*ctx);
}

static int add_rules(scmp_filter_ctx ctx)
{
    /* memory that can be executed is where injected code would live */
    const struct scmp_arg_cmp no_exec = SCMP_A2_64(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
    /* abort() signals its own thread; nobody else may be signalled */
    const struct scmp_arg_cmp self = SCMP_A0_64(SCMP_CMP_EQ, (uint64_t)getpid(), 0);
    const struct {
        int number;
        struct scmp_arg_cmp arg;
    } checked[] = { { SCMP_SYS(mmap), no_exec },
                    { SCMP_SYS(mmap2), no_exec },
                    { SCMP_SYS(mprotect), no_exec },
                    { SCMP_SYS(tgkill), self } };
    int r = 0;
    for (size_t i = 0; r == 0 && i < PL_COUNT(checked); i++)
        if (checked[i].number >= 0)
            r = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, checked[i].number, 1, &checked[i].arg);
    for (size_t i = 0; r == 0 && i < PL_COUNT(plain); i++)
        if (plain[i] >= 0)
            r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, plain[i], 0);
    return r;
}

int pl_seccomp_enter(bool files, struct pl_err *err)
{
    PL_AUTO(scmp_filter_ctx, ctx, release) = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (!ctx)
        return pl_fail(err, PL_E_NOMEM, "out of memory");
    int r = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    if (r == 0)
        r = add_rules(ctx);
    if (r == 0 && files)
        r = add_reading(ctx);
    if (r == 0)
        r = seccomp_load(ctx);
    return r < 0 ? pl_fail_errno(err, PL_E_UNSUP, -r, "cannot enter seccomp") : 0;
}
