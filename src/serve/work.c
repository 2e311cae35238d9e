/* A pool of threads that grows with what waits and shrinks when nothing does. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/work.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/err.h"

#define STACK ((size_t)1 << 20)
#define IDLE_S 20 /* a thread without work ends after that */
#define KEPT 2u   /* but for these */

struct work {
    void (*fn)(void *arg);
    void *arg;
};

struct pl_work {
    pthread_mutex_t lock;
    pthread_cond_t wake, gone;
    struct work *ring;
    size_t size, head, n;
    unsigned threads, idle, max;
    bool closing;
};

/* Waits for work; false: this thread may go. */
static bool wait_for_work(struct pl_work *p)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += IDLE_S;
    while (p->n == 0 && !p->closing) {
        p->idle++;
        int r = pthread_cond_timedwait(&p->wake, &p->lock, &until);
        p->idle--;
        if (r == 0 || p->n)
            continue;
        if (p->threads > KEPT)
            return false;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += IDLE_S;
    }
    return p->n > 0;
}

static void *run(void *arg)
{
    struct pl_work *p = arg;
    pthread_mutex_lock(&p->lock);
    while (wait_for_work(p)) {
        struct work w = p->ring[p->head];
        p->head = (p->head + 1) % p->size;
        p->n--;
        pthread_mutex_unlock(&p->lock);
        w.fn(w.arg);
        pthread_mutex_lock(&p->lock);
    }
    p->threads--;
    pthread_cond_signal(&p->gone);
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

struct pl_work *pl_work_new(unsigned max_threads, size_t max_queue)
{
    struct pl_work *p = calloc(1, sizeof *p);
    struct work *ring = calloc(max_queue, sizeof *ring);
    pthread_condattr_t monotonic;
    if (!p || !ring)
        pl_oom();
    p->ring = ring;
    p->size = max_queue;
    p->max = max_threads;
    pthread_mutex_init(&p->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&p->wake, &monotonic);
    pthread_cond_init(&p->gone, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return p;
}

static void grow(struct pl_work *p)
{
    pthread_attr_t how;
    pthread_t id;
    if (p->n <= p->idle || p->threads >= p->max)
        return;
    pthread_attr_init(&how);
    pthread_attr_setstacksize(&how, STACK);
    pthread_attr_setdetachstate(&how, PTHREAD_CREATE_DETACHED);
    p->threads += pthread_create(&id, &how, run, p) == 0;
    pthread_attr_destroy(&how);
}

bool pl_work_add(struct pl_work *p, void (*fn)(void *arg), void *arg)
{
    pthread_mutex_lock(&p->lock);
    bool room = p->n < p->size && !p->closing;
    if (room) {
        p->ring[(p->head + p->n++) % p->size] = (struct work){ fn, arg };
        grow(p);
        if (p->threads == 0) {
            p->n--;
            room = false;
        }
        pthread_cond_signal(&p->wake);
    }
    pthread_mutex_unlock(&p->lock);
    return room;
}

size_t pl_work_waiting(struct pl_work *p)
{
    pthread_mutex_lock(&p->lock);
    size_t n = p->n;
    pthread_mutex_unlock(&p->lock);
    return n;
}

unsigned pl_work_threads(struct pl_work *p)
{
    pthread_mutex_lock(&p->lock);
    unsigned n = p->threads;
    pthread_mutex_unlock(&p->lock);
    return n;
}

void pl_work_free(struct pl_work *p)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->lock);
    p->closing = true;
    pthread_cond_broadcast(&p->wake);
    while (p->threads)
        pthread_cond_wait(&p->gone, &p->lock);
    pthread_mutex_unlock(&p->lock);
    pthread_cond_destroy(&p->wake);
    pthread_cond_destroy(&p->gone);
    pthread_mutex_destroy(&p->lock);
    free(p->ring);
    free(p);
}
