/* --listen of worker and watch: a process beside them that says how they are. It has a connection
 * of its own to the store; what it answers is what it learnt last, so that a store that hangs keeps
 * nobody waiting. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/fleet_door.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "cmd/common.h"
#include "cmd/fleet_opt.h"
#include "cmd/version.h"
#include "serve/http.h"
#include "serve/listen.h"
#include "store/store.h"

#define TEXT "text/plain; charset=utf-8"
#define PROMETHEUS "text/plain; version=0.0.4; charset=utf-8"
#define CONNECTIONS 32u
#define PING_MS 2000   /* between looks at the store */
#define COUNT_MS 15000 /* between counts of the queue, while somebody asks */
#define AGAIN_MS 1000  /* between its processes */
#define FRESH_MS 8000  /* a store reached so long ago is reached */

struct door {
    const struct pl_fleet_door *o;
    struct pl_store *s;
    atomic_int_least64_t up_ms, asked_ms; /* when the store was reached, numbers were asked for */
    int64_t pinged_ms, counted_ms;
    pthread_mutex_t lock;
    struct pl_fleet_queue queue; /* under `lock` */
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
    struct pl_fleet_queue q = d->queue;
    pthread_mutex_unlock(&d->lock);
    q.up = within(&d->up_ms, FRESH_MS);
    q.counted = q.counted && q.up; /* an old depth would keep a cluster growing */
    atomic_store(&d->asked_ms, pl_clock_ms());
    d->o->write(d->o->arg, &q, &b);
    pl_fleet_queue_write(&q, &b);
    pl_httpd_answer(req, 200, PROMETHEUS, pl_buf_str(&b));
}

static void on_request(void *arg, struct pl_httpd_req *req, const struct pl_httpd_ask *ask)
{
    struct door *d = arg;
    if (ask->post)
        pl_httpd_answer(req, 405, TEXT, PL_S("method not allowed\n"));
    else if (pl_str_is(ask->path, "/healthz"))
        say(req, !atomic_load(d->o->tick_ms) || within(d->o->tick_ms, d->o->alive_ms),
            "it is stuck\n");
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
        struct pl_fleet_queue q = { .counted = true };
        r = d->s->ops->work_open(d->s, q.n, err);
        if (r == 0 && d->o->messages)
            r = d->s->ops->out_counts(d->s, q.out, err);
        q.messages = d->o->messages;
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
    if (!d->s && pl_store_open(d->o->where, PL_STORE_READ, &d->s, &err) < 0) {
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

/* In a process of its own. */
static int serve(const struct pl_fleet_door *o, struct pl_err *err)
{
    const volatile sig_atomic_t *cancel = pl_common_cancel();
    struct door d = { .o = o };
    struct pl_httpd *h = NULL;
    pthread_mutex_init(&d.lock, NULL);
    struct pl_httpd_opts opts = { .fd = o->fd,
                                  .threads = 1,
                                  .max_connections = CONNECTIONS,
                                  .max_body = 1024,
                                  .max_bodies = (size_t)64 << 10,
                                  .fn = on_request,
                                  .arg = &d };
    int r = pl_httpd_new(&opts, &h, err);
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

/* ---- for who keeps it ---- */

static void say_so(const struct pl_fleet_log *log, enum pl_log_level level, const char *what,
                   const char *error)
{
    pl_fleet_log(log,
                 &(struct pl_fleet_line){ .level = level, .what = what, .error = pl_str_c(error) });
}

int pl_fleet_door_open(struct pl_fleet_door *d, const char *spec, const struct pl_fleet_log *log,
                       struct pl_err *err)
{
    char text[32];
    unsigned port;
    int r = pl_listen_tcp(spec, &d->fd, &port, err);
    d->log = log;
    if (r < 0)
        return r;
    snprintf(text, sizeof text, "port %u", port);
    if (log->json)
        say_so(log, PL_LOG_INFO, "listening", text);
    else if (!log->quiet)
        fprintf(stderr, "plimsoll %s: listening on %s\n", log->verb, text);
    return 0;
}

bool pl_fleet_door_lacks(struct pl_fleet_door *d)
{
    if (d->pid > 0 && waitpid(d->pid, NULL, WNOHANG) == d->pid)
        d->pid = 0;
    return d->fd >= 0 && d->pid <= 0 && (!d->began_ms || pl_clock_ms() - d->began_ms >= AGAIN_MS);
}

void pl_fleet_door_keep(struct pl_fleet_door *d)
{
    struct pl_err err = { 0 };
    if (!pl_fleet_door_lacks(d))
        return;
    d->began_ms = pl_clock_ms();
    fflush(NULL);
    pid_t parent = getpid();
    d->pid = fork();
    if (d->pid)
        return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(PL_EXIT_INTERRUPTED);
    if (serve(d, &err) < 0)
        say_so(d->log, PL_LOG_ERROR, "--listen", err.msg);
    fflush(NULL);
    _exit(PL_EXIT_CLEAN);
}

void pl_fleet_door_end(struct pl_fleet_door *d)
{
    if (d->pid > 0) {
        kill(d->pid, SIGKILL);
        waitpid(d->pid, NULL, 0);
    }
    pl_cleanup_fd(&d->fd);
}

/* ---- text ---- */

void pl_fleet_metric_head(struct pl_buf *b, const char *name, const char *type, const char *help)
{
    pl_buf_printf(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void pl_fleet_metric(struct pl_buf *b, const char *name, const char *type, const char *help,
                     uint64_t v)
{
    pl_fleet_metric_head(b, name, type, help);
    pl_buf_printf(b, "%s %llu\n", name, (unsigned long long)v);
}

void pl_fleet_queue_write(const struct pl_fleet_queue *q, struct pl_buf *b)
{
    static const char *const states[PL_OUT_STATES] = { "waiting", "sent", "given_up" };
    const char *name = "plimsoll_queue_depth", *out = "plimsoll_messages";
    pl_fleet_metric(b, "plimsoll_store_up", "gauge", "1: the store was reached a moment ago.",
                    q->up);
    pl_fleet_metric_head(b, "plimsoll_build_info", "gauge", "The program.");
    pl_buf_printf(b, "plimsoll_build_info{version=\"%s\",rules=\"%s\"} 1\n", PL_VERSION,
                  PL_RULES_VERSION);
    if (!q->counted)
        return;
    pl_fleet_metric_head(b, name, "gauge", "Pieces of work in the store that are not done.");
    for (size_t i = 0; i < PL_WORK_STATES; i++)
        if (i != PL_WORK_DONE)
            pl_buf_printf(b, "%s{state=\"%s\"} %llu\n", name, pl_fleet_state((enum pl_work_state)i),
                          (unsigned long long)q->n[i]);
    if (!q->messages)
        return;
    pl_fleet_metric_head(b, out, "gauge", "Messages in the store, until they are collected.");
    for (size_t i = 0; i < PL_OUT_STATES; i++)
        pl_buf_printf(b, "%s{state=\"%s\"} %llu\n", out, states[i], (unsigned long long)q->out[i]);
}
