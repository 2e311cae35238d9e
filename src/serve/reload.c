/* Reading anew what operators change, and the loop that waits for it. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>

#include "base/clock.h"
#include "io/file.h"
#include "serve/server_int.h"

#define LOOK_NS 1000000000LL
#define AGAIN_NS 3000000000LL
#define TICK_NS 250000000L
#define DRAIN_MS 10000u

static void watch_one(void *arg, struct pl_str path)
{
    struct pl_serve *s = arg;
    struct pl_watched w = { .path = pl_dup(&s->watch_names, path).p };
    w.stamp = pl_file_stamp(w.path);
    pl_vec_push(&s->watched, w);
}

void pl_serve_watch(struct pl_serve *s)
{
    void *policy = pl_serve_policy(s);
    const char *const own[] = { s->o.cert, s->o.key, s->o.client_ca };
    s->watched.n = 0;
    pl_arena_reset(&s->watch_names);
    if (policy)
        s->o.ops.files(policy, watch_one, s);
    for (size_t i = 0; s->tls && i < sizeof own / sizeof *own; i++)
        if (own[i])
            watch_one(s, pl_str_c(own[i]));
    if (s->o.ui_token)
        watch_one(s, pl_str_c(s->o.ui_token));
    if (policy)
        s->o.ops.unref(policy);
}

static void use(struct pl_serve *s, void *policy)
{
    pthread_mutex_lock(&s->lock);
    void *old = s->policy;
    s->policy = policy;
    pthread_mutex_unlock(&s->lock);
    s->o.ops.unref(old);
}

int pl_serve_reload(struct pl_serve *s, struct pl_err *err)
{
    struct pl_err why[2] = { { 0 }, { 0 } };
    void *policy = NULL;
    int r = s->o.ops.load ? s->o.ops.load(s->o.ops.arg, &policy, &why[0]) : 0;
    int t = s->tls ? pl_tls_reload(s->tls, &why[1]) : 0;
    if (t == 0 && s->ui)
        t = pl_ui_door_reload(s->ui, &why[1]);
    if (policy)
        use(s, policy);
    pthread_mutex_lock(&s->lock);
    memcpy(s->trouble, r < 0 ? why[0].msg : why[1].msg, sizeof s->trouble);
    pthread_mutex_unlock(&s->lock);
    atomic_store(&s->metrics.reload_broken, r < 0 || t < 0);
    atomic_fetch_add(r < 0 || t < 0 ? &s->metrics.reload_failures : &s->metrics.reloads, 1);
    if (r < 0 && err)
        *err = why[0];
    else if (t < 0 && err)
        *err = why[1];
    return r < 0 ? r : t;
}

/* `again`: what is still wrong in the same way is not said once more. */
static void reload(struct pl_serve *s, bool again)
{
    struct pl_err err = { 0 };
    char before[sizeof s->trouble];
    memcpy(before, s->trouble, sizeof before);
    /* stamps first: what changes while it is read is seen at the next look */
    for (size_t i = 0; i < s->watched.n; i++)
        s->watched.p[i].stamp = pl_file_stamp(s->watched.p[i].path);
    if (pl_serve_reload(s, &err) < 0) {
        s->tried_ns = pl_clock_ns();
        if (!again || strcmp(before, s->trouble) != 0)
            pl_serve_say(s, "not reloaded, what was in force stays: %s", err.msg);
        return;
    }
    s->tried_ns = 0;
    pl_serve_watch(s);
    void *policy = pl_serve_policy(s);
    if (!policy) {
        pl_serve_say(s, "reloaded");
        return;
    }
    pl_serve_say(s, "reloaded: policy %.*s", PL_FMT(s->o.ops.hash(policy)));
    s->o.ops.unref(policy);
}

static bool look(struct pl_serve *s)
{
    bool changed = false;
    for (size_t i = 0; i < s->watched.n; i++) {
        uint64_t stamp = pl_file_stamp(s->watched.p[i].path);
        changed |= stamp != s->watched.p[i].stamp;
        s->watched.p[i].stamp = stamp;
    }
    return changed;
}

void pl_serve_tick(struct pl_serve *s)
{
    int64_t now = pl_clock_ns();
    if (s->https)
        pl_httpd_reap(s->https);
    if (s->plugin)
        pl_httpd_reap(s->plugin);
    if (s->pages)
        pl_httpd_reap(s->pages);
    if (s->ui)
        pl_ui_door_tick(s->ui);
    if (now - s->looked_ns < LOOK_NS)
        return;
    s->looked_ns = now;
    bool changed = look(s);
    /* what was wrong may be mended by a file that nobody watches yet, because it was not there */
    bool again = s->tried_ns && now - s->tried_ns >= AGAIN_NS;
    if (!changed && (s->changed || again))
        reload(s, !s->changed);
    s->changed = changed;
}

static int serve(struct pl_serve *s, const sigset_t *signals)
{
    const struct timespec tick = { 0, TICK_NS };
    for (;;) {
        int sig = sigtimedwait(signals, NULL, &tick);
        if (sig == SIGTERM || sig == SIGINT)
            return 0;
        if (sig == SIGHUP)
            reload(s, /* again= */ false);
        pl_serve_tick(s);
    }
}

int pl_serve_run(const struct pl_serve_opts *o, struct pl_err *err)
{
    struct pl_serve *s = NULL;
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    int r = pl_serve_new(o, &s, err);
    if (r < 0)
        return r;
    if (o->listen)
        pl_serve_say(s, "listening on %s, port %u", o->listen, s->port);
    if (o->authz)
        pl_serve_say(s, "listening on %s", o->authz);
    if (o->ui)
        pl_serve_say(s, "pages on %s, port %u", o->ui, s->ui_port);
    serve(s, &signals);
    pl_serve_say(s, "ending");
    pl_serve_free(s, DRAIN_MS);
    return 0;
}
