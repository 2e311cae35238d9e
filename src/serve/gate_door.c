/* Questions of the server put to the gate. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/gate_door.h"

#include <stdlib.h>

#define WHY_MAX 2048u

static int load(void *arg, void **ret_policy, struct pl_err *err)
{
    struct pl_gate_door *d = arg;
    struct pl_gate *g = NULL;
    struct pl_gate_opts o = {
        .policy = d->policy, .registry = d->registry, .cache = d->cache, .reader = d->reader
    };
    int r = pl_gate_new(&o, &g, err);
    if (r < 0)
        return r;
    pl_gate_cache_only(d->cache, g);
    *ret_policy = g;
    return 0;
}

static void *ref(void *policy)
{
    return pl_gate_ref(policy);
}

static void unref(void *policy)
{
    pl_gate_unref(policy);
}

static struct pl_gate_ask gate_ask(const struct pl_serve_ask *ask)
{
    return (struct pl_gate_ask){ .ref = ask->ref,
                                 .digest = ask->digest,
                                 .platform = ask->platform,
                                 .door = ask->door,
                                 .user = ask->user,
                                 .need_digest = ask->need_digest,
                                 .dry_run = ask->dry_run,
                                 .deadline_ms = ask->deadline_ms };
}

static void show(struct pl_serve_ruling *x)
{
    const struct pl_gate_answer *a = x->own;
    x->passes = a->passes;
    x->audit = a->ruling == PL_RULING_AUDIT;
    x->cached = a->cached;
    pl_buf_clear(&x->why);
    pl_gate_answer_reason(a, WHY_MAX, &x->why);
}

static void decide(void *arg, void *policy, const struct pl_serve_ask *ask,
                   struct pl_serve_ruling *ret)
{
    struct pl_gate_ask q = gate_ask(ask);
    struct pl_gate_answer *a = calloc(1, sizeof *a);
    (void)arg;
    if (!a)
        pl_oom();
    pl_gate_decide(policy, &q, a);
    ret->own = a;
    show(ret);
}

static bool known(void *arg, void *policy, const struct pl_serve_ask *ask,
                  struct pl_serve_ruling *ret)
{
    struct pl_gate_ask q = gate_ask(ask);
    struct pl_gate_answer *a = calloc(1, sizeof *a);
    (void)arg;
    if (!a)
        pl_oom();
    if (!pl_gate_decide_known(policy, &q, a)) {
        free(a);
        return false;
    }
    ret->own = a;
    show(ret);
    return true;
}

struct posted {
    struct pl_gate_door *door;
    struct pl_serve_ruling *ruling;
    void (*fn)(void *fn_arg);
    void *fn_arg;
};

static void refuse(struct pl_gate_door *d, struct pl_serve_ruling *x, const struct pl_err *why)
{
    if (d->best_effort)
        return;
    pl_gate_answer_refuse(x->own, why->msg);
    show(x);
}

static void written(void *arg, const struct pl_err *why)
{
    struct posted *p = arg;
    if (why)
        refuse(p->door, p->ruling, why);
    p->fn(p->fn_arg);
    free(p);
}

static bool post(void *arg, void *policy, const struct pl_serve_ask *ask, struct pl_serve_ruling *x,
                 void (*fn)(void *fn_arg), void *fn_arg)
{
    struct pl_gate_door *d = arg;
    struct pl_gate_ask q = gate_ask(ask);
    struct pl_err err = { 0 };
    if (!d->log)
        return false;
    struct posted *p = calloc(1, sizeof *p);
    if (!p)
        pl_oom();
    *p = (struct posted){ d, x, fn, fn_arg };
    if (pl_gate_log_post(d->log, policy, &q, x->own, written, p, &err) == 0)
        return true;
    free(p);
    refuse(d, x, &err);
    return false;
}

static void record(void *arg, void *policy, const struct pl_serve_ask *ask,
                   struct pl_serve_ruling *x, bool late)
{
    struct pl_gate_door *d = arg;
    struct pl_gate_ask q = gate_ask(ask);
    struct pl_gate_answer *a = x->own;
    struct pl_err err = { 0 };
    if (late)
        pl_gate_answer_refuse(a, "not decided in time");
    if (d->log && pl_gate_log_add(d->log, policy, &q, a, &err) < 0 && !d->best_effort)
        pl_gate_answer_refuse(a, err.msg);
    show(x);
}

static void release(struct pl_serve_ruling *x)
{
    if (x->own)
        pl_gate_answer_release(x->own);
    free(x->own);
    x->own = NULL;
    pl_buf_release(&x->why);
}

static int resolve(void *arg, void *policy, struct pl_str name, uint32_t deadline_ms,
                   struct pl_arena *a, struct pl_str *ret, struct pl_err *err)
{
    (void)arg;
    return pl_gate_resolve(policy, name, deadline_ms, a, ret, err);
}

static bool docker_build(void *policy)
{
    return pl_gate_policy(policy)->docker_build;
}

static uint32_t timeout_ms(void *policy)
{
    return pl_gate_policy(policy)->timeout_ms;
}

static struct pl_str hash(void *policy)
{
    return pl_gate_policy_hash(policy);
}

static void files(void *policy, void (*fn)(void *fn_arg, struct pl_str path), void *fn_arg)
{
    const struct pl_names *f = pl_gate_files(policy);
    for (size_t i = 0; i < f->n; i++)
        fn(fn_arg, f->p[i]);
}

static void refresh(void *arg)
{
    struct pl_gate_door *d = arg;
    pl_gate_cache_clear(d->cache);
}

static struct pl_serve_numbers numbers(void *arg)
{
    struct pl_gate_door *d = arg;
    struct pl_gate_cache_stats s = pl_gate_cache_stats(d->cache);
    return (struct pl_serve_numbers){ s.entries, s.bytes, s.hits, s.misses,
                                      d->log ? pl_gate_log_lines(d->log) : 0 };
}

struct pl_serve_ops pl_gate_door_ops(struct pl_gate_door *door)
{
    return (struct pl_serve_ops){ .arg = door,
                                  .load = load,
                                  .ref = ref,
                                  .unref = unref,
                                  .decide = decide,
                                  .known = known,
                                  .post = post,
                                  .record = record,
                                  .release = release,
                                  .resolve = resolve,
                                  .docker_build = docker_build,
                                  .timeout_ms = timeout_ms,
                                  .hash = hash,
                                  .files = files,
                                  .refresh = refresh,
                                  .numbers = numbers };
}
