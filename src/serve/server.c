/* Routes, policy in force, reload, beginning and end of the server. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/server.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "serve/listen.h"
#include "serve/server_int.h"

#define MAX_BODIES ((size_t)24 << 20)
#define CONNECTIONS 128u
#define PAGE_CONNECTIONS 64u
#define THREADS 48u

void pl_serve_say(struct pl_serve *s, const char *format, ...)
{
    char line[1024];
    va_list ap;
    va_start(ap, format);
    vsnprintf(line, sizeof line, format, ap);
    va_end(ap);
    if (s->o.say)
        s->o.say(s->o.say_arg, line);
}

void *pl_serve_policy(struct pl_serve *s)
{
    pthread_mutex_lock(&s->lock);
    void *p = s->policy ? s->o.ops.ref(s->policy) : NULL;
    pthread_mutex_unlock(&s->lock);
    return p;
}

struct warm {
    struct pl_serve *s;
    struct pl_str ref;
    void *policy;
};

static void warm_one(void *arg)
{
    struct warm *w = arg;
    const struct pl_serve_ops *ops = &w->s->o.ops;
    struct pl_serve_ask ask = { .ref = w->ref,
                                .door = "validate",
                                .deadline_ms = ops->timeout_ms(w->policy) };
    struct pl_serve_ruling r = { .why = { .max = 4096 } };
    if (!atomic_load(&w->s->draining)) {
        ops->decide(ops->arg, w->policy, &ask, &r);
        ops->release(&r);
    }
    ops->unref(w->policy);
    free(w);
}

static void prewarm(struct pl_serve *s)
{
    for (size_t i = 0; i < s->o.n_prewarm && i < PL_SERVE_PREWARM_MAX; i++) {
        struct warm *w = calloc(1, sizeof *w);
        if (!w)
            pl_oom();
        *w = (struct warm){ s, pl_str_c(s->o.prewarm[i]), pl_serve_policy(s) };
        if (pl_work_add(s->jobs.pool, warm_one, w))
            continue;
        s->o.ops.unref(w->policy);
        free(w);
    }
}

static int open_door(struct pl_serve *s, int fd, bool local, struct pl_httpd **ret,
                     struct pl_err *err)
{
    unsigned max = s->o.max_connections ? s->o.max_connections : CONNECTIONS;
    unsigned threads = local ? 1 : s->o.io_threads ? s->o.io_threads : 2;
    struct pl_httpd_opts o = { .fd = fd,
                               .tls = local ? NULL : s->tls,
                               .threads = threads,
                               .max_connections = max,
                               .read_s = s->o.read_s,
                               .max_body = PL_REVIEW_MAX,
                               .max_bodies = MAX_BODIES,
                               .fn = local ? pl_serve_on_plugin : pl_serve_on_request,
                               .arg = s };
    int r = pl_httpd_new(&o, ret, err);
    if (r < 0)
        close(fd);
    return r;
}

int pl_serve_check_ui(const struct pl_serve_opts *o, struct pl_err *err)
{
    bool local = pl_listen_is_loopback(o->ui);
    if (!o->store)
        return pl_fail(err, PL_E_USAGE, "--ui needs --store, whose images it shows");
    if (!local && (!o->cert || !o->key))
        return pl_fail(err, PL_E_USAGE,
                       "--ui beyond loopback needs --tls-cert and --tls-key, and --ui-token or "
                       "--client-ca");
    if (!local && !o->ui_token && !o->client_ca)
        return pl_fail(err, PL_E_USAGE, "--ui beyond loopback needs --ui-token or --client-ca");
    return 0;
}

/* Plain on a loopback address, over TLS elsewhere. */
static int open_pages(struct pl_serve *s, struct pl_err *err)
{
    bool local = pl_listen_is_loopback(s->o.ui);
    struct pl_ui_door_opts d = { .store = s->o.store,
                                 .token = s->o.ui_token,
                                 .certificates = !local,
                                 .say = s->o.say,
                                 .say_arg = s->o.say_arg };
    struct pl_httpd_opts o = { .threads = 1,
                               .max_connections = PAGE_CONNECTIONS,
                               .read_s = s->o.read_s,
                               .pages = true,
                               .fn = pl_ui_door_request };
    int r = pl_serve_check_ui(&s->o, err);
    if (r == 0 && !local && !s->tls)
        r = pl_tls_new(s->o.cert, s->o.key, s->o.client_ca, &s->tls, err);
    if (r == 0)
        r = pl_ui_door_new(&d, &s->ui, err);
    if (r == 0)
        r = pl_listen_tcp(s->o.ui, &o.fd, &s->ui_port, err);
    if (r < 0)
        return r;
    o.arg = s->ui;
    o.tls = local ? NULL : s->tls;
    r = pl_httpd_new(&o, &s->pages, err);
    if (r < 0)
        close(o.fd);
    return r;
}

static int open_doors(struct pl_serve *s, struct pl_err *err)
{
    int fd, r = 0;
    if (s->o.listen) {
        r = pl_tls_new(s->o.cert, s->o.key, s->o.client_ca, &s->tls, err);
        if (r == 0)
            r = pl_listen_tcp(s->o.listen, &fd, &s->port, err);
        if (r == 0)
            r = open_door(s, fd, /* local= */ false, &s->https, err);
    }
    if (r == 0 && s->o.authz) {
        r = pl_listen_unix(s->o.authz, &fd, err);
        s->socket_made = r == 0;
        if (r == 0)
            r = open_door(s, fd, /* local= */ true, &s->plugin, err);
    }
    return r == 0 && s->o.ui ? open_pages(s, err) : r;
}

int pl_serve_new(const struct pl_serve_opts *o, struct pl_serve **ret, struct pl_err *err)
{
    struct pl_serve *s = calloc(1, sizeof *s);
    if (!s)
        pl_oom();
    s->o = *o;
    pthread_mutex_init(&s->lock, NULL);
    int r = o->ops.load ? o->ops.load(o->ops.arg, &s->policy, err) : 0;
    if (r == 0)
        r = pl_jobs_init(&s->jobs, &s->o.ops, &s->metrics,
                         o->max_threads ? o->max_threads : THREADS, err);
    s->jobs_made = r == 0;
    s->jobs.docker = o->docker;
    if (r == 0)
        r = open_doors(s, err);
    if (r < 0) {
        pl_serve_free(s, 0);
        return r;
    }
    pl_serve_watch(s);
    prewarm(s);
    *ret = s;
    return 0;
}

unsigned pl_serve_port(const struct pl_serve *s)
{
    return s->port;
}

void pl_serve_free(struct pl_serve *s, unsigned wait_ms)
{
    if (!s)
        return;
    atomic_store(&s->draining, true);
    if (s->https)
        pl_httpd_quiesce(s->https);
    if (s->plugin)
        pl_httpd_quiesce(s->plugin);
    if (s->pages)
        pl_httpd_quiesce(s->pages);
    if (s->ui)
        pl_ui_door_finish(s->ui);
    if (s->jobs_made)
        pl_jobs_finish(&s->jobs, wait_ms);
    /* the answers leave; connections that linger are not waited for */
    int64_t until = pl_clock_ns() + 1000000000;
    while (pl_clock_ns() < until &&
           ((s->https && pl_httpd_pending(s->https)) ||
            (s->plugin && pl_httpd_pending(s->plugin)) || (s->pages && pl_httpd_pending(s->pages))))
        usleep(5000);
    pl_httpd_free(s->https);
    pl_httpd_free(s->plugin);
    pl_httpd_free(s->pages);
    pl_ui_door_free(s->ui);
    if (s->jobs_made)
        pl_jobs_release(&s->jobs);
    pl_tls_free(s->tls);
    if (s->socket_made)
        unlink(s->o.authz);
    if (s->policy)
        s->o.ops.unref(s->policy);
    pl_vec_release(&s->watched);
    pl_arena_release(&s->watch_names);
    pthread_mutex_destroy(&s->lock);
    free(s);
}
