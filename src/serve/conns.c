/* The table of connections. The library's own timeout counts from the last byte, which one byte a
 * minute keeps away for ever; here a phase has an end. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/conns.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "base/clock.h"
#include "base/err.h"

#define SECOND_NS 1000000000LL
#define READ_S 10  /* the webhook's own longest timeout is 30 s, and it sends at once */
#define WRITE_S 10 /* an answer is a few KiB */
#define IDLE_S 120 /* the API server keeps connections for 90 s */
#define YOUNG_NS (SECOND_NS / 2) /* not evicted before */

void pl_conns_init(struct pl_conns *c, unsigned soft_max)
{
    *c = (struct pl_conns){ .soft_max = soft_max,
                            .read_ns = READ_S * SECOND_NS,
                            .idle_ns = IDLE_S * SECOND_NS,
                            .write_ns = WRITE_S * SECOND_NS };
    pthread_mutex_init(&c->lock, NULL);
}

void pl_conns_release(struct pl_conns *c)
{
    while (c->first)
        pl_conns_drop(c, c->first);
    pthread_mutex_destroy(&c->lock);
}

static void shut(struct pl_conn *x)
{
    x->shut = true;
    shutdown(x->fd, SHUT_RDWR);
}

/* One that never asked anything goes before one that did. */
static void evict(struct pl_conns *c, int64_t now)
{
    struct pl_conn *victim = NULL;
    for (struct pl_conn *x = c->first; x; x = x->next) {
        bool may = x->phase == PL_CONN_READING || x->phase == PL_CONN_IDLE;
        if (!may || x->shut || now - x->since_ns < YOUNG_NS)
            continue;
        if (!x->served) {
            victim = x;
            break;
        }
        if (!victim || x->since_ns < victim->since_ns)
            victim = x;
    }
    if (victim) {
        shut(victim);
        c->evicted++;
    }
}

struct pl_conn *pl_conns_add(struct pl_conns *c, int fd)
{
    struct pl_conn *x = calloc(1, sizeof *x);
    if (!x)
        pl_oom();
    x->fd = fd;
    x->since_ns = pl_clock_ns();
    x->phase = PL_CONN_READING;
    pthread_mutex_lock(&c->lock);
    if (c->n >= c->soft_max)
        evict(c, x->since_ns);
    x->prev = c->last;
    *(c->last ? &c->last->next : &c->first) = x;
    c->last = x;
    c->n++;
    c->total++;
    pthread_mutex_unlock(&c->lock);
    return x;
}

void pl_conns_drop(struct pl_conns *c, struct pl_conn *x)
{
    if (!x)
        return;
    pthread_mutex_lock(&c->lock);
    *(x->prev ? &x->prev->next : &c->first) = x->next;
    *(x->next ? &x->next->prev : &c->last) = x->prev;
    c->n--;
    pthread_mutex_unlock(&c->lock);
    free(x->query);
    free(x);
}

void pl_conns_enter(struct pl_conns *c, struct pl_conn *x, enum pl_conn_phase phase)
{
    pthread_mutex_lock(&c->lock);
    /* the first request is timed from the connection on, handshake included */
    if (!(x->phase == PL_CONN_READING && phase == PL_CONN_READING))
        x->since_ns = pl_clock_ns();
    x->served |= phase == PL_CONN_WRITING;
    x->phase = phase;
    pthread_mutex_unlock(&c->lock);
}

void pl_conns_reap(struct pl_conns *c)
{
    int64_t now = pl_clock_ns();
    pthread_mutex_lock(&c->lock);
    for (struct pl_conn *x = c->first; x; x = x->next) {
        int64_t limit = x->phase == PL_CONN_IDLE      ? c->idle_ns
                        : x->phase == PL_CONN_READING ? c->read_ns
                        : x->phase == PL_CONN_WRITING ? c->write_ns
                                                      : INT64_MAX;
        if (x->shut || now - x->since_ns < limit)
            continue;
        shut(x);
        c->late += x->phase != PL_CONN_IDLE;
    }
    pthread_mutex_unlock(&c->lock);
}

struct pl_conns_stats pl_conns_stats(struct pl_conns *c)
{
    pthread_mutex_lock(&c->lock);
    struct pl_conns_stats s = { c->n, c->total, c->late, c->evicted };
    pthread_mutex_unlock(&c->lock);
    return s;
}
