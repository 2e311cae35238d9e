/* Fault injection by LD_PRELOAD: numbers every allocation, mapping, read, message, opening and
 * child start of a process tree and breaks one of them. A point is (process in order of birth,
 * kind, n-th call of it); counting begins at main. Driven by tests/fault/run; hazards.md section 3.
 *   PL_FAULT_FILE   page shared with the runner: counts come back in it
 *   PL_FAULT_POINT  PROCESS:KIND:N:MODE, or unset to count only */
/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { ALLOC, MAP, READ, SEND, OPEN, START, LIST, KINDS };
enum mode { FAIL, SHORT, END, KILL };
enum { PROCESSES = 64, MAGIC = 0x706c6674 };

/* Layout known to tests/fault/run. */
struct shared {
    uint32_t magic, born; /* processes so far */
    uint32_t broken, pad; /* 1 when the point was reached */
    uint64_t where;       /* offset of the call in the program, 0 when in a library */
    uint64_t count[PROCESSES][KINDS];
};

static struct shared *shared; /* NULL: not armed */
static uint32_t self;         /* number of this process */
static struct {
    uint32_t process;
    enum kind kind;
    uint64_t n;
    enum mode mode;
    bool set;
} point;
static uintptr_t base, limit; /* of the program's own code */

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

/* Counts a call; true when it is the one to break. */
static bool hit(enum kind kind, void *caller)
{
    if (!shared || self >= PROCESSES)
        return false;
    uint64_t n = __atomic_fetch_add(&shared->count[self][kind], 1, __ATOMIC_RELAXED);
    if (!point.set || point.process != self || point.kind != kind || point.n != n)
        return false;
    uintptr_t at = (uintptr_t)caller;
    shared->where = at >= base && at < limit ? at - base : 0;
    shared->broken = 1;
    if (point.mode == KILL)
        __builtin_trap();
    return true;
}

#define CALLER __builtin_return_address(0)

/* The C library's syscall(); ours below is for the program. */
static long (*next_syscall)(long, ...);

static long raw(long number, long a, long b, long c, long d, long e, long f)
{
    if (!next_syscall)
        *(void **)&next_syscall = dlsym(RTLD_NEXT, "syscall");
    return next_syscall(number, a, b, c, d, e, f);
}

/* Six arguments, whatever is meant. */
#define RAW6(n, a, b, c, d, e, f, ...) \
    raw((n), (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
#define RAW(...) RAW6(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)

/* openat2 has no wrapper in the C library. */
long syscall(long number, ...)
{
    va_list ap;
    long v[6];
    va_start(ap, number);
    for (int i = 0; i < 6; i++)
        v[i] = va_arg(ap, long);
    va_end(ap);
    if (number == SYS_openat2 && hit(OPEN, CALLER)) {
        errno = point.mode == SHORT ? EMFILE : EIO;
        return -1;
    }
    return RAW(number, v[0], v[1], v[2], v[3], v[4], v[5]);
}

/* What a broken read or write does: -1 with errno, or a shorter length to use in *n. */
static bool cut(size_t *n)
{
    if (point.mode == SHORT && *n > 1) {
        *n = *n > 64 ? *n / 3 : 1;
        return false;
    }
    errno = EIO;
    return true;
}

void *malloc(size_t n)
{
    if (hit(ALLOC, CALLER)) {
        errno = ENOMEM;
        return NULL;
    }
    return __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
    if (hit(ALLOC, CALLER)) {
        errno = ENOMEM;
        return NULL;
    }
    return __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
    if (hit(ALLOC, CALLER)) {
        errno = ENOMEM;
        return NULL;
    }
    return __libc_realloc(p, n);
}

void *memalign(size_t align, size_t n)
{
    return hit(ALLOC, CALLER) ? NULL : __libc_memalign(align, n);
}

void *aligned_alloc(size_t align, size_t n)
{
    return hit(ALLOC, CALLER) ? NULL : __libc_memalign(align, n);
}

int posix_memalign(void **ret, size_t align, size_t n)
{
    void *p = hit(ALLOC, CALLER) ? NULL : __libc_memalign(align, n);
    if (!p)
        return ENOMEM;
    *ret = p;
    return 0;
}

void *mmap(void *at, size_t n, int prot, int flags, int fd, off_t off)
{
    if (hit(MAP, CALLER)) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    return (void *)RAW(SYS_mmap, at, n, prot, flags, fd, off);
}

void *mmap64(void *at, size_t n, int prot, int flags, int fd, off64_t off)
{
    return mmap(at, n, prot, flags, fd, off);
}

/* One name of a reading call: `ARGS` its parameters, `CALL` the system call on `n` bytes. */
#define READER(name, params, CALL) \
    ssize_t name params            \
    {                              \
        if (hit(READ, CALLER)) {   \
            if (point.mode == END) \
                return 0;          \
            if (cut(&n))           \
                return -1;         \
        }                          \
        return CALL;               \
    }
#define WRITER(name, params, CALL)        \
    ssize_t name params                   \
    {                                     \
        if (hit(SEND, CALLER) && cut(&n)) \
            return -1;                    \
        return CALL;                      \
    }

READER(read, (int fd, void *p, size_t n), RAW(SYS_read, fd, p, n))
READER(__read_chk, (int fd, void *p, size_t n, size_t z), ((void)z, RAW(SYS_read, fd, p, n)))
READER(pread, (int fd, void *p, size_t n, off_t o), RAW(SYS_pread64, fd, p, n, o))
READER(pread64, (int fd, void *p, size_t n, off64_t o), RAW(SYS_pread64, fd, p, n, o))
READER(__pread64_chk, (int fd, void *p, size_t n, off64_t o, size_t z),
       ((void)z, RAW(SYS_pread64, fd, p, n, o)))
READER(recv, (int fd, void *p, size_t n, int f), RAW(SYS_recvfrom, fd, p, n, f, NULL, NULL))
READER(__recv_chk, (int fd, void *p, size_t n, size_t z, int f),
       ((void)z, RAW(SYS_recvfrom, fd, p, n, f, NULL, NULL)))
WRITER(write, (int fd, const void *p, size_t n), RAW(SYS_write, fd, p, n))
WRITER(send, (int fd, const void *p, size_t n, int f), RAW(SYS_sendto, fd, p, n, f, NULL, 0))

static bool broken_vector(enum kind kind, void *caller, ssize_t *ret)
{
    if (!hit(kind, caller))
        return false;
    *ret = kind == READ && point.mode == END ? 0 : -1;
    errno = EIO;
    return true;
}

ssize_t readv(int fd, const struct iovec *v, int n)
{
    ssize_t r;
    return broken_vector(READ, CALLER, &r) ? r : RAW(SYS_readv, fd, v, n);
}

ssize_t recvmsg(int fd, struct msghdr *m, int f)
{
    ssize_t r;
    return broken_vector(READ, CALLER, &r) ? r : RAW(SYS_recvmsg, fd, m, f);
}

ssize_t writev(int fd, const struct iovec *v, int n)
{
    ssize_t r;
    return broken_vector(SEND, CALLER, &r) ? r : RAW(SYS_writev, fd, v, n);
}

ssize_t sendmsg(int fd, const struct msghdr *m, int f)
{
    ssize_t r;
    return broken_vector(SEND, CALLER, &r) ? r : RAW(SYS_sendmsg, fd, m, f);
}

static int open_at(int dir, const char *path, int flags, mode_t mode, void *caller)
{
    if (hit(OPEN, caller)) {
        errno = point.mode == SHORT ? EMFILE : EIO;
        return -1;
    }
    return (int)RAW(SYS_openat, dir, path, flags, mode);
}

static mode_t mode_of(int flags, va_list ap)
{
    return flags & (O_CREAT | O_TMPFILE) ? (mode_t)va_arg(ap, int) : 0;
}

#define OPENER(name, params, dir)                    \
    int name params                                  \
    {                                                \
        va_list ap;                                  \
        va_start(ap, flags);                         \
        mode_t m = mode_of(flags, ap);               \
        va_end(ap);                                  \
        return open_at(dir, path, flags, m, CALLER); \
    }
OPENER(open, (const char *path, int flags, ...), AT_FDCWD)
OPENER(open64, (const char *path, int flags, ...), AT_FDCWD)
OPENER(openat, (int dir, const char *path, int flags, ...), dir)
OPENER(openat64, (int dir, const char *path, int flags, ...), dir)

int __open_2(const char *path, int flags)
{
    return open_at(AT_FDCWD, path, flags, 0, CALLER);
}

int __open64_2(const char *path, int flags)
{
    return open_at(AT_FDCWD, path, flags, 0, CALLER);
}

int __openat_2(int dir, const char *path, int flags)
{
    return open_at(dir, path, flags, 0, CALLER);
}

int __openat64_2(int dir, const char *path, int flags)
{
    return open_at(dir, path, flags, 0, CALLER);
}

/* The next definition of `name`, asked for before main. */
static pid_t (*next_fork)(void);
static struct dirent *(*next_readdir)(DIR *);
static struct dirent64 *(*next_readdir64)(DIR *);

struct dirent *readdir(DIR *d)
{
    if (hit(LIST, CALLER)) {
        errno = EIO;
        return NULL;
    }
    return next_readdir(d);
}

struct dirent64 *readdir64(DIR *d)
{
    if (hit(LIST, CALLER)) {
        errno = EIO;
        return NULL;
    }
    return next_readdir64(d);
}

pid_t fork(void)
{
    if (hit(START, CALLER)) {
        errno = EAGAIN;
        return -1;
    }
    uint32_t number = shared ? __atomic_fetch_add(&shared->born, 1, __ATOMIC_SEQ_CST) : 0;
    pid_t pid = next_fork();
    if (pid == 0)
        self = number;
    return pid;
}

static void find_program(void)
{
    /* the first mapping of the program's file begins at its load address */
    char line[512], name[512] = "", exe[512];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
    FILE *f = fopen("/proc/self/maps", "re");
    exe[n > 0 ? n : 0] = '\0';
    while (f && fgets(line, sizeof(line), f)) {
        unsigned long from, to;
        name[0] = '\0';
        if (sscanf(line, "%lx-%lx %*s %*s %*s %*s %511s", &from, &to, name) >= 2 &&
            strcmp(name, exe) == 0) {
            base = base ? base : from;
            limit = to;
        }
    }
    if (f)
        fclose(f);
}

static void read_point(const char *text)
{
    unsigned process, kind, mode;
    unsigned long n;
    if (text && sscanf(text, "%u:%u:%lu:%u", &process, &kind, &n, &mode) == 4) {
        point.process = process;
        point.kind = (enum kind)kind;
        point.n = n;
        point.mode = (enum mode)mode;
        point.set = true;
    }
}

static void arm(void)
{
    const char *path = getenv("PL_FAULT_FILE");
    int fd = path ? (int)RAW(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0) : -1;
    if (fd < 0)
        return;
    void *p = (void *)RAW(SYS_mmap, NULL, sizeof(struct shared), PROT_READ | PROT_WRITE, MAP_SHARED,
                          fd, 0);
    close(fd);
    if (p == MAP_FAILED)
        return;
    find_program();
    read_point(getenv("PL_FAULT_POINT"));
    unsetenv("LD_PRELOAD");
    struct shared *s = p;
    s->magic = MAGIC;
    self = __atomic_fetch_add(&s->born, 1, __ATOMIC_SEQ_CST);
    shared = s;
}

static int (*real_main)(int, char **, char **);

static int armed_main(int argc, char **argv, char **env)
{
    next_fork = (pid_t(*)(void))dlsym(RTLD_NEXT, "fork");
    next_readdir = (struct dirent * (*)(DIR *)) dlsym(RTLD_NEXT, "readdir");
    next_readdir64 = (struct dirent64 * (*)(DIR *)) dlsym(RTLD_NEXT, "readdir64");
    arm();
    return real_main(argc, argv, env);
}

/* Constructors of libraries are not ours to break: the counting begins when main does. */
int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv, void (*init)(void),
                      void (*fini)(void), void (*rtld_fini)(void), void *stack_end)
{
    int (*next)(int (*)(int, char **, char **), int, char **, void (*)(void), void (*)(void),
                void (*)(void), void *) = NULL;
    *(void **)&next = dlsym(RTLD_NEXT, "__libc_start_main");
    real_main = main;
    return next(armed_main, argc, argv, init, fini, rtld_fini, stack_end);
}
