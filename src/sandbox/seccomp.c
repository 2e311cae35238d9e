/* The system calls a parser may make, by libseccomp; any other kills the process. */
/* SPDX-License-Identifier: Apache-2.0 */
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

int pl_seccomp_enter(struct pl_err *err)
{
    PL_AUTO(scmp_filter_ctx, ctx, release) = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (!ctx)
        return pl_fail(err, PL_E_NOMEM, "out of memory");
    int r = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    if (r == 0)
        r = add_rules(ctx);
    if (r == 0)
        r = seccomp_load(ctx);
    return r < 0 ? pl_fail_errno(err, PL_E_UNSUP, -r, "cannot enter seccomp") : 0;
}
