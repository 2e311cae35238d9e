/* A few places, waited for with a limit. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "io/room.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/err.h"

struct pl_room {
    pthread_mutex_t lock;
    pthread_cond_t left;
    unsigned places;
};

struct pl_room *pl_room_new(unsigned places)
{
    struct pl_room *r = calloc(1, sizeof *r);
    pthread_condattr_t monotonic;
    if (!r)
        pl_oom();
    r->places = places;
    pthread_mutex_init(&r->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&r->left, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return r;
}

void pl_room_free(struct pl_room *r)
{
    if (!r)
        return;
    pthread_cond_destroy(&r->left);
    pthread_mutex_destroy(&r->lock);
    free(r);
}

bool pl_room_enter(struct pl_room *r, unsigned ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += (long)(ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&r->lock);
    int e = 0;
    while (r->places == 0 && e != ETIMEDOUT)
        e = pthread_cond_timedwait(&r->left, &r->lock, &until);
    bool have = r->places > 0;
    r->places -= have;
    pthread_mutex_unlock(&r->lock);
    return have;
}

void pl_room_leave(struct pl_room *r)
{
    pthread_mutex_lock(&r->lock);
    r->places++;
    pthread_mutex_unlock(&r->lock);
    pthread_cond_signal(&r->left);
}
