/* Profiles: seccomp in the form of the OCI runtime-spec (linux.seccomp), AppArmor as text. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "check/image/advice_int.h"
#include "fmt/jsonw.h"

/* System calls that no ordinary program makes, by what would have to be held to use them. A name
 * that begins a family stands by itself. */
static const struct {
    const char *cap; /* "" = nobody */
    const char *calls;
} families[] = {
    { "SYS_ADMIN", "mount umount umount2 pivot_root move_mount open_tree fsopen fsconfig fsmount "
                   "fspick mount_setattr unshare setns quotactl quotactl_fd swapon swapoff "
                   "sethostname setdomainname lookup_dcookie" },
    { "SYS_PTRACE", "ptrace process_vm_readv process_vm_writev process_madvise kcmp pidfd_getfd" },
    { "BPF", "bpf" },
    { "PERFMON", "perf_event_open" },
    { "SYS_MODULE", "create_module delete_module finit_module get_kernel_syms init_module "
                    "query_module" },
    { "SYS_TIME", "settimeofday stime clock_settime clock_settime64 clock_adjtime clock_adjtime64 "
                  "adjtimex" },
    { "SYS_BOOT", "reboot kexec_load kexec_file_load" },
    { "SYS_RAWIO", "iopl ioperm" },
    { "SYS_PACCT", "acct" },
    { "SYSLOG", "syslog" },
    { "SYS_TTY_CONFIG", "vhangup" },
    { "SYS_NICE", "mbind set_mempolicy move_pages migrate_pages" },
    { "DAC_READ_SEARCH", "open_by_handle_at name_to_handle_at" },
    { "SYS_CHROOT", "chroot" },
    { "", "add_key request_key keyctl userfaultfd nfsservctl uselib ustat sysfs _sysctl vm86 "
          "vm86old modify_ldt personality_set io_uring_setup io_uring_enter io_uring_register" },
};

static bool holds(const struct pl_variant *v, const char *cap)
{
    for (size_t i = 0; i < v->n_cap; i++)
        if (pl_str_is(v->cap[i].cap, cap))
            return true;
    return false;
}

/* clone and clone3 with a flag that makes a namespace */
static void namespaces(struct pl_jsonw *w)
{
    pl_jw_obj(w);
    pl_jw_key(w, "names");
    pl_jw_arr(w);
    pl_jw_cstr(w, "clone");
    pl_jw_arr_end(w);
    pl_jw_kcstr(w, "action", "SCMP_ACT_ALLOW");
    pl_jw_key(w, "args");
    pl_jw_arr(w);
    pl_jw_obj(w);
    pl_jw_ku64(w, "index", 0);
    pl_jw_ku64(w, "value", 0x7e020000u);
    pl_jw_ku64(w, "valueTwo", 0);
    pl_jw_kcstr(w, "op", "SCMP_CMP_MASKED_EQ");
    pl_jw_obj_end(w);
    pl_jw_arr_end(w);
    pl_jw_obj_end(w);
    pl_jw_obj(w);
    pl_jw_key(w, "names");
    pl_jw_arr(w);
    pl_jw_cstr(w, "clone3"); /* its flags cannot be seen: the C library falls back to clone */
    pl_jw_arr_end(w);
    pl_jw_kcstr(w, "action", "SCMP_ACT_ERRNO");
    pl_jw_ku64(w, "errnoRet", 38);
    pl_jw_obj_end(w);
}

/* What ordinary programs call, less what the families take away. */
static const char common_calls[] =
    "accept accept4 access alarm arch_prctl bind brk cachestat capget capset chdir chmod chown "
    "chown32 clock_getres clock_getres_time64 clock_gettime clock_gettime64 clock_nanosleep "
    "clock_nanosleep_time64 close close_range connect copy_file_range creat dup dup2 dup3 "
    "epoll_create epoll_create1 epoll_ctl epoll_pwait epoll_pwait2 epoll_wait eventfd eventfd2 "
    "execve execveat exit exit_group faccessat faccessat2 fadvise64 fadvise64_64 fallocate "
    "fanotify_mark fchdir fchmod fchmodat fchmodat2 fchown fchown32 fchownat fcntl fcntl64 "
    "fdatasync fgetxattr flistxattr flock fork fremovexattr fsetxattr fstat fstat64 fstatat64 "
    "fstatfs fstatfs64 fsync ftruncate ftruncate64 futex futex_requeue futex_time64 futex_wait "
    "futex_waitv futex_wake futimesat getcpu getcwd getdents getdents64 getegid getegid32 geteuid "
    "geteuid32 getgid getgid32 getgroups getgroups32 getitimer getpeername getpgid getpgrp getpid "
    "getppid getpriority getrandom getresgid getresgid32 getresuid getresuid32 getrlimit "
    "get_robust_list getrusage getsid getsockname getsockopt get_thread_area gettid gettimeofday "
    "getuid getuid32 getxattr inotify_add_watch inotify_init inotify_init1 inotify_rm_watch "
    "io_cancel ioctl io_destroy io_getevents io_pgetevents io_pgetevents_time64 ioprio_get "
    "ioprio_set io_setup io_submit ipc kill landlock_add_rule landlock_create_ruleset "
    "landlock_restrict_self lchown lchown32 lgetxattr link linkat listen listxattr llistxattr "
    "_llseek lremovexattr lseek lsetxattr lstat lstat64 madvise map_shadow_stack membarrier "
    "memfd_create memfd_secret mincore mkdir mkdirat mknod mknodat mlock mlock2 mlockall mmap "
    "mmap2 "
    "mprotect mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedreceive_time64 mq_timedsend "
    "mq_timedsend_time64 mq_unlink mremap mseal msgctl msgget msgrcv msgsnd msync munlock "
    "munlockall munmap nanosleep newfstatat _newselect open openat openat2 pause pidfd_open "
    "pidfd_send_signal pipe pipe2 pkey_alloc pkey_free pkey_mprotect poll ppoll ppoll_time64 prctl "
    "pread64 preadv preadv2 prlimit64 process_mrelease pselect6 pselect6_time64 pwrite64 pwritev "
    "pwritev2 read readahead readlink readlinkat readv recv recvfrom recvmmsg recvmmsg_time64 "
    "recvmsg remap_file_pages removexattr rename renameat renameat2 restart_syscall rmdir rseq "
    "rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend "
    "rt_sigtimedwait rt_sigtimedwait_time64 rt_tgsigqueueinfo sched_getaffinity sched_getattr "
    "sched_getparam sched_get_priority_max sched_get_priority_min sched_getscheduler "
    "sched_rr_get_interval sched_rr_get_interval_time64 sched_setaffinity sched_setattr "
    "sched_setparam sched_setscheduler sched_yield seccomp select semctl semget semop semtimedop "
    "semtimedop_time64 send sendfile sendfile64 sendmmsg sendmsg sendto setfsgid setfsgid32 "
    "setfsuid setfsuid32 setgid setgid32 setgroups setgroups32 setitimer setpgid setpriority "
    "setregid setregid32 setresgid setresgid32 setresuid setresuid32 setreuid setreuid32 setrlimit "
    "set_robust_list setsid setsockopt set_thread_area set_tid_address setuid setuid32 setxattr "
    "shmat shmctl shmdt shmget shutdown sigaltstack signalfd signalfd4 sigprocmask sigreturn "
    "socket "
    "socketcall socketpair splice stat stat64 statfs statfs64 statx symlink symlinkat sync "
    "sync_file_range syncfs sysinfo tee tgkill time timer_create timer_delete timer_getoverrun "
    "timer_gettime timer_gettime64 timer_settime timer_settime64 timerfd_create timerfd_gettime "
    "timerfd_gettime64 timerfd_settime timerfd_settime64 times tkill truncate truncate64 "
    "ugetrlimit "
    "umask uname unlink unlinkat utime utimensat utimensat_time64 utimes vfork vmsplice wait4 "
    "waitid waitpid write writev";

/* Setters that only a capability makes useful. */
static bool useless(const struct pl_variant *v, struct pl_str call)
{
    bool root = v->kind == PL_VARIANT_ROOT;
    if (pl_str_starts(call, PL_S("mknod")))
        return !root && !holds(v, "MKNOD");
    return false;
}

static void names(struct pl_jsonw *w, const char *list, const struct pl_variant *v)
{
    struct pl_str rest = pl_str_c(list), word;
    while (pl_next_word(&rest, &word))
        if (!useless(v, word))
            pl_jw_str(w, word);
}

void pl_advice_seccomp(const struct pl_variant *v, struct pl_buf *out)
{
    static const char *const machines[] = { "SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32",
                                            "SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM" };
    struct pl_jsonw w = { .out = out, .indent = 2 };
    pl_jw_obj(&w);
    pl_jw_kcstr(&w, "defaultAction", "SCMP_ACT_ERRNO");
    pl_jw_ku64(&w, "defaultErrnoRet", 1);
    pl_jw_key(&w, "architectures");
    pl_jw_arr(&w);
    for (size_t i = 0; i < sizeof machines / sizeof *machines; i++)
        pl_jw_cstr(&w, machines[i]);
    pl_jw_arr_end(&w);
    pl_jw_key(&w, "syscalls");
    pl_jw_arr(&w);
    pl_jw_obj(&w);
    pl_jw_key(&w, "names");
    pl_jw_arr(&w);
    names(&w, common_calls, v);
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        if (*families[i].cap && holds(v, families[i].cap))
            names(&w, families[i].calls, v);
    pl_jw_arr_end(&w);
    pl_jw_kcstr(&w, "action", "SCMP_ACT_ALLOW");
    pl_jw_obj_end(&w);
    if (!holds(v, "SYS_ADMIN"))
        namespaces(&w);
    pl_jw_obj(&w);
    pl_jw_key(&w, "names");
    pl_jw_arr(&w);
    pl_jw_cstr(&w, "personality");
    pl_jw_arr_end(&w);
    pl_jw_kcstr(&w, "action", "SCMP_ACT_ALLOW");
    pl_jw_key(&w, "args");
    pl_jw_arr(&w);
    pl_jw_obj(&w);
    pl_jw_ku64(&w, "index", 0);
    pl_jw_ku64(&w, "value", 0xffffffffu); /* only asking */
    pl_jw_kcstr(&w, "op", "SCMP_CMP_EQ");
    pl_jw_obj_end(&w);
    pl_jw_arr_end(&w);
    pl_jw_obj_end(&w);
    pl_jw_arr_end(&w);
    pl_jw_obj_end(&w);
    pl_buf_putc(out, '\n');
}

static void quoted(struct pl_buf *out, struct pl_str path, const char *end)
{
    pl_buf_putc(out, '"');
    for (size_t i = 0; i < path.n; i++) {
        char c = path.p[i];
        if (c == '"' || c == '\\' || strchr("*?[]{}^", c))
            pl_buf_putc(out, '\\');
        if ((unsigned char)c >= 0x20)
            pl_buf_putc(out, c);
    }
    pl_buf_puts(out, end);
    pl_buf_putc(out, '"');
}

void pl_advice_apparmor(const struct pl_variant *v, struct pl_str name, struct pl_buf *out)
{
    pl_buf_puts(out, "#include <tunables/global>\n\nprofile plimsoll-");
    pl_advice_name(out, name);
    pl_buf_puts(out, " flags=(attach_disconnected,mediate_deleted) {\n"
                     "  #include <abstractions/base>\n\n"
                     "  network inet stream,\n  network inet dgram,\n  network inet6 stream,\n"
                     "  network inet6 dgram,\n  network unix,\n  network netlink raw,\n\n");
    for (size_t i = 0; i < v->n_cap; i++) {
        pl_buf_puts(out, "  capability ");
        for (size_t k = 0; k < v->cap[i].cap.n; k++) {
            char c = v->cap[i].cap.p[k];
            pl_buf_putc(out, c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c);
        }
        pl_buf_puts(out, ",\n");
    }
    pl_buf_puts(out, "  signal (send, receive) peer=@{profile_name},\n\n"
                     "  / r,\n  /** rixm,\n  /dev/{null,zero,full,random,urandom,tty} rw,\n"
                     "  /dev/{pts,shm,mqueue}/** rw,\n  /dev/std{in,out,err} rw,\n"
                     "  /proc/** r,\n  owner /proc/*/{fd,fdinfo,task}/** rw,\n\n");
    for (size_t i = 0; i < v->n_mount; i++) {
        pl_buf_puts(out, "  ");
        quoted(out, v->mount[i].path, "/");
        pl_buf_puts(out, " rw,\n  ");
        quoted(out, v->mount[i].path, "/**");
        pl_buf_puts(out, v->mount[i].exec ? " rwkl,\n" : " rwkl,\n");
    }
    pl_buf_puts(out, "\n  deny /sys/** wklx,\n  deny /proc/sys/** wklx,\n"
                     "  deny /proc/sysrq-trigger rwklx,\n  deny /proc/kcore rwklx,\n"
                     "  deny mount,\n  deny ptrace,\n}\n");
}
