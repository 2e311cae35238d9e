/* Parent: one worker process, its pipes and its ring. guide section 9, hazards.md section 4. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "io/nested.h"
#include "scan/pool_int.h"
#include "source/git.h"

#define RING_BYTES ((size_t)PL_RING_SLOTS * PL_RING_SLOT)

void pl_proc_close(struct pl_proc *w)
{
    if (w->to >= 0)
        close(w->to);
    if (w->from >= 0)
        close(w->from);
    if (w->ring)
        munmap(w->ring, RING_BYTES);
    w->to = w->from = -1;
    w->ring = NULL;
    w->pid = 0;
    pl_buf_clear(&w->in);
}

/* A ring that the parent can write and the child can only read: the seal keeps a child that has
 * been taken over from changing what the parent has hashed. */
static int ring_new(uint8_t **ret_map)
{
    int fd = memfd_create("plimsoll-ring", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return -1;
    void *map = MAP_FAILED;
    if (ftruncate(fd, (off_t)RING_BYTES) == 0)
        map = mmap(NULL, RING_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED) {
        close(fd);
        return -1;
    }
    madvise(map, RING_BYTES, MADV_DONTFORK);
    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE);
    *ret_map = map;
    return fd;
}

int pl_proc_start(struct pl_pool *p, struct pl_proc *w, struct pl_err *err)
{
    int down[2] = { -1, -1 }, up[2] = { -1, -1 };
    int ring = ring_new(&w->ring);
    if (ring < 0 || pipe2(down, O_CLOEXEC) < 0 || pipe2(up, O_CLOEXEC) < 0) {
        int e = errno;
        for (int i = 0; i < 2; i++) {
            if (down[i] >= 0)
                close(down[i]);
            if (up[i] >= 0)
                close(up[i]);
        }
        if (ring >= 0)
            close(ring);
        pl_proc_close(w);
        return pl_fail_errno(err, PL_E_IO, e, "cannot start a worker");
    }
    pl_nested_load();
    if (p->ctx->n_roots)
        pl_git_load(NULL); /* the child says so where it fails */
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        for (unsigned i = 0; i < p->threads + PL_POOL_EXTRA;
             i++) { /* no other worker's pipes stay open here */
            if (p->proc[i].to >= 0)
                close(p->proc[i].to);
            if (p->proc[i].from >= 0)
                close(p->proc[i].from);
        }
        close(down[1]);
        close(up[0]);
        pl_worker_main(p->ctx, down[0], up[1], ring);
    }
    int e = errno;
    close(ring);
    close(down[0]);
    close(up[1]);
    w->to = down[1];
    w->from = up[0];
    if (pid < 0) {
        pl_proc_close(w);
        return pl_fail_errno(err, PL_E_IO, e, "cannot start a worker");
    }
    w->pid = pid;
    memset(w->used, 0, sizeof w->used);
    return 0;
}

bool pl_proc_send(struct pl_proc *w, const void *p, size_t n)
{
    return pl_fd_write(w->to, p, n) == 0;
}

bool pl_proc_cmd(struct pl_proc *w, uint32_t type, uint32_t a, uint64_t b)
{
    struct pl_cmd cmd = { type, a, b };
    return pl_proc_send(w, &cmd, sizeof cmd);
}

struct timespec pl_proc_cpu(const struct pl_proc *w)
{
    struct timespec t = { 0 };
    clockid_t clock;
    if (clock_getcpuclockid(w->pid, &clock) == 0)
        clock_gettime(clock, &t);
    return t;
}

void pl_proc_reap(pid_t pid, bool at_once, int *ret_status)
{
    const struct timespec step = { .tv_nsec = 5000000 };
    for (unsigned i = 0; !at_once && i < 40; i++) {
        if (waitpid(pid, ret_status, WNOHANG) == pid)
            return;
        nanosleep(&step, NULL);
    }
    kill(pid, SIGKILL);
    while (waitpid(pid, ret_status, 0) < 0 && errno == EINTR)
        ;
}
