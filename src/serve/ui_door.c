/* Pages on threads of their own. A store that hangs takes such a thread with it for as long as it
 * hangs, and no more than that: the clock answers. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/ui_door.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/clock.h"
#include "serve/ui_auth.h"
#include "serve/work.h"
#include "store/store.h"
#include "ui/ui.h"

#define THREADS 2u
#define QUEUE 64u
#define LATE_MS 500 /* after its deadline a page is not waited for any more */

struct page {
    struct page *prev, *next; /* under the door's lock */
    struct pl_ui_door *door;
    struct pl_httpd_req *req; /* NULL: answered; under the door's lock */
    struct pl_arena a;
    struct pl_ui_ask ask;
};

struct pl_ui_door {
    struct pl_ui_door_opts o;
    struct pl_ui_auth *auth; /* NULL: no tokens */
    struct pl_work *pool;
    pthread_mutex_t lock;
    struct page *first;
    struct pl_store *idle[THREADS]; /* connections that nobody uses; under the lock */
    unsigned n_idle;
    bool broken; /* as it was last told; under the lock */
    atomic_bool ending;
};

static void say(struct pl_ui_door *d, const char *line)
{
    if (d->o.say)
        d->o.say(d->o.say_arg, line);
}

/* ---- answers ---- */

/* The request, for whoever answers it; NULL: another has. */
static struct pl_httpd_req *claim(struct page *p)
{
    pthread_mutex_lock(&p->door->lock);
    struct pl_httpd_req *req = p->req;
    p->req = NULL;
    pthread_mutex_unlock(&p->door->lock);
    return req;
}

static void answer(struct page *p, const struct pl_ui_answer *x)
{
    struct pl_httpd_req *req = claim(p);
    if (req)
        pl_httpd_answer(req, x->status, x->type, pl_buf_str(&x->body));
}

static void refuse(struct pl_httpd_req *req, unsigned status, const char *title, const char *why)
{
    struct pl_ui_answer x = { .status = status };
    pl_ui_trouble(status, title, pl_str_c(why), &x);
    pl_httpd_answer(req, x.status, x.type, pl_buf_str(&x.body));
    pl_buf_release(&x.body);
}

static void too_late(struct pl_httpd_req *req)
{
    refuse(req, 503, "That took too long",
           "The store did not answer in time. Ask for less, or "
           "later.");
}

/* ---- the store ---- */

static struct pl_store *take(struct pl_ui_door *d)
{
    pthread_mutex_lock(&d->lock);
    struct pl_store *s = d->n_idle ? d->idle[--d->n_idle] : NULL;
    pthread_mutex_unlock(&d->lock);
    return s;
}

static void give(struct pl_ui_door *d, struct pl_store *s)
{
    pthread_mutex_lock(&d->lock);
    bool kept = d->n_idle < THREADS;
    if (kept)
        d->idle[d->n_idle++] = s;
    pthread_mutex_unlock(&d->lock);
    if (!kept)
        s->ops->close(s);
}

static void tell(struct pl_ui_door *d, const struct pl_err *err)
{
    char line[640];
    pthread_mutex_lock(&d->lock);
    bool news = d->broken != (err != NULL);
    d->broken = err != NULL;
    pthread_mutex_unlock(&d->lock);
    if (news && err)
        snprintf(line, sizeof line, "pages: the store does not answer: %.500s", err->msg);
    if (news)
        say(d, err ? line : "pages: the store answers again");
}

/* One attempt over a connection that is there, else over a new one. */
static int attempt(struct page *p, struct pl_store *s, struct pl_ui_answer *x, struct pl_err *err)
{
    int r = s ? 0 : pl_store_open(p->door->o.store, PL_STORE_READ, &s, err);
    if (r < 0)
        return r;
    r = pl_ui_page(s, &p->ask, x, err);
    if (r < 0 && err->code != PL_E_LIMIT)
        s->ops->close(s);
    else
        give(p->door, s);
    return r;
}

static void make(struct page *p, struct pl_ui_answer *x)
{
    struct pl_err err = { 0 };
    struct pl_store *s = take(p->door);
    int r = attempt(p, s, x, &err);
    if (r < 0 && s && err.code != PL_E_LIMIT) { /* it was gone while nobody asked */
        pl_buf_release(&x->body);
        err = (struct pl_err){ 0 };
        r = attempt(p, NULL, x, &err);
    }
    if (r < 0 && err.code == PL_E_LIMIT) {
        pl_ui_trouble(503, "That took too long", pl_str_c(err.msg), x);
        return;
    }
    tell(p->door, r < 0 ? &err : NULL);
    if (r < 0)
        pl_ui_trouble(503, "The store does not answer", pl_str_c(err.msg), x);
}

static void forget(struct page *p)
{
    struct pl_ui_door *d = p->door;
    pthread_mutex_lock(&d->lock);
    *(p->prev ? &p->prev->next : &d->first) = p->next;
    if (p->next)
        p->next->prev = p->prev;
    pthread_mutex_unlock(&d->lock);
    pl_arena_release(&p->a);
    free(p);
}

static bool wanted(struct page *p)
{
    pthread_mutex_lock(&p->door->lock);
    bool yes = p->req != NULL;
    pthread_mutex_unlock(&p->door->lock);
    return yes;
}

static void run(void *arg)
{
    struct page *p = arg;
    struct pl_ui_answer x = { .status = 0 };
    if (wanted(p)) { /* else the clock was faster than the queue */
        make(p, &x);
        answer(p, &x);
    }
    pl_buf_release(&x.body);
    forget(p);
}

/* ---- requests ---- */

/* May they? Answers when they may not. */
static bool admit(struct pl_ui_door *d, struct pl_httpd_req *req, const struct pl_httpd_ask *ask)
{
    enum pl_ui_admitted how = PL_UI_ADMIT;
    if (d->auth)
        how = pl_ui_auth_judge(d->auth, ask->authorization, ask->from, pl_clock_ms());
    if (how == PL_UI_ASK) {
        refuse(req, 401, "Who is asking?", "A token is needed: as password, with any user name.");
    } else if (how == PL_UI_WAIT) {
        refuse(req, 429, "Too many wrong tokens", "Wait half a minute.");
    } else if (!d->auth && d->o.certificates && !ask->client_ok) {
        how = PL_UI_ASK;
        refuse(req, 403, "Who is asking?", "A client certificate is needed.");
    } else if (!d->auth && !d->o.certificates && !pl_ui_host_is_local(ask->host)) {
        how = PL_UI_ASK;
        refuse(req, 403, "Not by this name",
               "Without a token the page is there for loopback "
               "names and addresses only.");
    }
    return how == PL_UI_ADMIT;
}

static void begin(struct pl_ui_door *d, struct pl_httpd_req *req, const struct pl_httpd_ask *ask)
{
    struct page *p = calloc(1, sizeof *p);
    if (!p)
        pl_oom();
    p->door = d;
    p->req = req;
    p->ask = (struct pl_ui_ask){ pl_dup(&p->a, ask->path), pl_dup(&p->a, ask->query),
                                 pl_clock_ms() + d->o.deadline_ms };
    pthread_mutex_lock(&d->lock);
    p->next = d->first;
    if (p->next)
        p->next->prev = p;
    d->first = p;
    pthread_mutex_unlock(&d->lock);
    bool ending =
        atomic_load(&d->ending); /* whoever ends it may have looked before this was there */
    if (!ending && pl_work_add(d->pool, run, p))
        return;
    req = claim(p);
    forget(p);
    if (req)
        refuse(req, 503, ending ? "The server is ending" : "Too much at once",
               "Ask again in a moment.");
}

void pl_ui_door_request(void *arg, struct pl_httpd_req *req, const struct pl_httpd_ask *ask)
{
    struct pl_ui_door *d = arg;
    if (pl_str_is(ask->path, "/healthz")) {
        pl_httpd_answer(req, 200, "text/plain; charset=utf-8", PL_S("ok\n"));
        return;
    }
    if (!admit(d, req, ask))
        return;
    if (!pl_ui_is_plain(ask->path)) {
        begin(d, req, ask);
        return;
    }
    struct pl_ui_ask plain = { ask->path, PL_S(""), INT64_MAX };
    struct pl_ui_answer x;
    struct pl_err err = { 0 };
    pl_ui_page(NULL, &plain, &x, &err);
    pl_httpd_answer(req, x.status, x.type, pl_buf_str(&x.body));
    pl_buf_release(&x.body);
}

/* ---- beginning, clock, end ---- */

static void expire(struct pl_ui_door *d, int64_t now_ms)
{
    for (;;) {
        struct pl_httpd_req *req = NULL;
        pthread_mutex_lock(&d->lock);
        for (struct page *p = d->first; p && !req; p = p->next)
            if (p->req && p->ask.deadline_ms + LATE_MS < now_ms) {
                req = p->req;
                p->req = NULL;
            }
        pthread_mutex_unlock(&d->lock);
        if (!req)
            return;
        too_late(req);
    }
}

void pl_ui_door_tick(struct pl_ui_door *d)
{
    expire(d, pl_clock_ms());
}

int pl_ui_door_reload(struct pl_ui_door *d, struct pl_err *err)
{
    return d->auth ? pl_ui_auth_reload(d->auth, err) : 0;
}

int pl_ui_door_new(const struct pl_ui_door_opts *o, struct pl_ui_door **ret, struct pl_err *err)
{
    struct pl_ui_door *d = calloc(1, sizeof *d);
    if (!d)
        pl_oom();
    d->o = *o;
    if (!d->o.deadline_ms)
        d->o.deadline_ms = PL_UI_DEADLINE_MS;
    pthread_mutex_init(&d->lock, NULL);
    d->pool = pl_work_new(THREADS, QUEUE);
    int r = o->token ? pl_ui_auth_new(o->token, &d->auth, err) : 0;
    if (r < 0)
        pl_ui_door_free(d);
    else
        *ret = d;
    return r;
}

void pl_ui_door_finish(struct pl_ui_door *d)
{
    atomic_store(&d->ending, true);
    expire(d, INT64_MAX);
}

void pl_ui_door_free(struct pl_ui_door *d)
{
    if (!d)
        return;
    pl_work_free(d->pool);
    while (d->n_idle) {
        struct pl_store *s = d->idle[--d->n_idle];
        s->ops->close(s);
    }
    pl_ui_auth_free(d->auth);
    pthread_mutex_destroy(&d->lock);
    free(d);
}
