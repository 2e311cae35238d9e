/* plimsoll worker --listen: a process beside the slots that says how they are. It has a connection
 * of its own to the store; what it answers is what it learnt last, so that a store that hangs keeps
 * nobody waiting. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "cmd/worker_cmd.h"
#include "serve/http.h"
#include "serve/listen.h"
#include "store/store.h"

#define TEXT "text/plain; charset=utf-8"
#define PROMETHEUS "text/plain; version=0.0.4; charset=utf-8"
#define CONNECTIONS 32u
#define PING_MS 2000   /* between looks at the store */
#define COUNT_MS 15000 /* between counts of the queue, while somebody asks */
#define FRESH_MS 8000  /* a store reached so long ago is reached */
#define ALIVE_MS 30000 /* the same of the supervising process */

struct door {
    struct pl_worker_stats *stats;
    const char *where;
    struct pl_store *s;
    atomic_int_least64_t up_ms, asked_ms; /* when the store was reached, numbers were asked for */
    int64_t pinged_ms, counted_ms;
    pthread_mutex_t lock;
    struct pl_worker_queue queue; /* under `lock` */
};

static bool within(atomic_int_least64_t *at, int64_t ms)
{
    int64_t t = atomic_load(at);
    return t && pl_clock_ms() - t <= ms;
}

static void say(struct pl_httpd_req *req, bool good, const char *bad)
{
    pl_httpd_answer(req, good ? 200 : 503, TEXT, pl_str_c(good ? "ok\n" : bad));
}

static void metrics(struct door *d, struct pl_httpd_req *req)
{
    pl_auto_buf struct pl_buf b = { 0 };
    pthread_mutex_lock(&d->lock);
    struct pl_worker_queue q = d->queue;
    pthread_mutex_unlock(&d->lock);
    q.up = within(&d->up_ms, FRESH_MS);
    q.counted = q.counted && q.up; /* an old depth would keep a cluster growing */
    atomic_store(&d->asked_ms, pl_clock_ms());
    pl_worker_stats_write(d->stats, &q, &b);
    pl_httpd_answer(req, 200, PROMETHEUS, pl_buf_str(&b));
}

static void on_request(void *arg, struct pl_httpd_req *req, const struct pl_httpd_ask *ask)
{
    struct door *d = arg;
    if (ask->post)
        pl_httpd_answer(req, 405, TEXT, PL_S("method not allowed\n"));
    else if (pl_str_is(ask->path, "/healthz"))
        say(req, !atomic_load(&d->stats->tick_ms) || within(&d->stats->tick_ms, ALIVE_MS),
            "the worker is stuck\n");
    else if (pl_str_is(ask->path, "/readyz"))
        say(req, within(&d->up_ms, FRESH_MS), "the store is not reached\n");
    else if (pl_str_is(ask->path, "/metrics"))
        metrics(d, req);
    else
        pl_httpd_answer(req, 404, TEXT, PL_S("not found\n"));
}

/* Looks whether the store answers; counts only while somebody wants to know. */
static int ask_store(struct door *d, int64_t now, struct pl_err *err)
{
    static const uint8_t none[PL_WORK_KEY];
    struct pl_arena a = { 0 };
    struct pl_work w;
    bool there;
    int r = d->s->ops->work_find(d->s, none, &a, &w, &there, err);
    pl_arena_release(&a);
    bool asked = within(&d->asked_ms, 4 * COUNT_MS) || !d->counted_ms;
    if (r == 0 && asked && (!d->counted_ms || now - d->counted_ms >= COUNT_MS)) {
        struct pl_worker_queue q = { .counted = true };
        r = d->s->ops->work_open(d->s, q.n, err);
        pthread_mutex_lock(&d->lock);
        if (r == 0)
            d->queue = q;
        pthread_mutex_unlock(&d->lock);
        d->counted_ms = now;
    }
    return r;
}

static void look(struct door *d)
{
    struct pl_err err = { 0 };
    int64_t now = pl_clock_ms();
    if (d->pinged_ms && now - d->pinged_ms < PING_MS)
        return;
    d->pinged_ms = now;
    if (!d->s && pl_store_open(d->where, PL_STORE_READ, &d->s, &err) < 0) {
        d->s = NULL;
        return;
    }
    if (ask_store(d, now, &err) == 0) {
        atomic_store(&d->up_ms, pl_clock_ms());
        return;
    }
    d->s->ops->close(d->s);
    d->s = NULL;
}

int pl_worker_listen(const char *spec, int *ret_fd, unsigned *ret_port, struct pl_err *err)
{
    return pl_listen_tcp(spec, ret_fd, ret_port, err);
}

int pl_worker_door(struct pl_worker_stats *stats, const char *where, int fd, struct pl_err *err)
{
    const volatile sig_atomic_t *cancel = pl_common_cancel();
    struct door d = { .stats = stats, .where = where };
    struct pl_httpd *h = NULL;
    pthread_mutex_init(&d.lock, NULL);
    struct pl_httpd_opts o = { .fd = fd,
                               .threads = 1,
                               .max_connections = CONNECTIONS,
                               .max_body = 1024,
                               .max_bodies = (size_t)64 << 10,
                               .fn = on_request,
                               .arg = &d };
    int r = pl_httpd_new(&o, &h, err);
    while (r == 0 && !*cancel) {
        look(&d);
        pl_httpd_reap(h);
        usleep(250000);
    }
    if (d.s)
        d.s->ops->close(d.s);
    pl_httpd_free(h);
    return r;
}
