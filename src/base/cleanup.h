/* Scope-bound release (GNU cleanup attribute) and ownership transfer. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_BASE_CLEANUP_H
#define PL_BASE_CLEANUP_H

#include <stdlib.h>
#include <unistd.h>

/* Declares `var` of `type`, released by `fn(&var)` at scope end. */
#define PL_AUTO(type, var, fn) __attribute__((cleanup(fn))) type var

/* Frees the pointer that `p` points to; for pl_auto_free. */
static inline void pl_cleanup_free(void *p)
{
    free(*(void **)p);
}

/* Closes the descriptor at `fd` when it is >= 0; for pl_auto_fd. */
static inline void pl_cleanup_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

#define pl_auto_free __attribute__((cleanup(pl_cleanup_free)))
#define pl_auto_fd __attribute__((cleanup(pl_cleanup_fd)))

/* Gives ownership of *pp away: returns it and leaves NULL behind. */
#define pl_steal(pp)                  \
    __extension__({                   \
        __typeof__(*(pp)) s_ = *(pp); \
        *(pp) = NULL;                 \
        s_;                           \
    })

/* Gives ownership of *fd away: returns it and leaves -1 behind. */
static inline int pl_steal_fd(int *fd)
{
    int r = *fd;
    *fd = -1;
    return r;
}

#define PL_COUNT(a) (sizeof(a) / sizeof((a)[0]))

#endif
