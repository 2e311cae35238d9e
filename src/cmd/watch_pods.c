/* What a cluster runs, by the list of pods of its API: into `exposure`, and into the queue before
 * everything else. Needs leave to list pods and nothing more. fleet.md section 5. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cmd/fetch.h"
#include "cmd/fleet_opt.h"
#include "cmd/pods.h"
#include "cmd/watch.h"
#include "io/file.h"
#include "io/http.h"

#define ACCOUNT "/var/run/secrets/kubernetes.io/serviceaccount/"
#define PAGES_MAX 2000u

/* ---- asking for it ---- */

static int begin(void *arg, struct pl_err *err)
{
    (void)err;
    pl_buf_clear(arg);
    return 0;
}

static int data(void *arg, const void *p, size_t n, struct pl_err *err)
{
    return pl_buf_add(arg, p, n, err);
}

/* A token of the account, of which a new one is written now and then. */
static int token(struct pl_watch *w, struct pl_buf *ret, struct pl_err *err)
{
    const char *path = w->o->pods_token ? w->o->pods_token : ACCOUNT "token";
    if (!w->o->pods_token && access(path, R_OK) != 0)
        return 0;
    pl_buf_puts(ret, "Bearer ");
    int r = pl_file_read(path, ret, err);
    while (r == 0 && ret->n && (ret->p[ret->n - 1] == '\n' || ret->p[ret->n - 1] == '\r'))
        ret->n--;
    return r;
}

/* "=" and "+" of a mark stand for themselves nowhere. */
static struct pl_str escaped(struct pl_arena *a, struct pl_str s)
{
    pl_auto_buf struct pl_buf b = { 0 };
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                     c == '-' || c == '_' || c == '.';
        if (plain)
            pl_buf_putc(&b, c);
        else
            pl_buf_printf(&b, "%%%02X", (unsigned char)c);
    }
    return pl_dup(a, pl_buf_str(&b));
}

static int fetch(struct pl_watch *w, struct pl_pods *x, struct pl_err *err)
{
    pl_auto_buf struct pl_buf body = { .max = PL_PODS_PAGE }, bearer = { .max = 1u << 16 };
    const char *ca = w->o->pods_ca ? w->o->pods_ca : ACCOUNT "ca.crt";
    struct pl_http_field field = { PL_S("Authorization"), PL_S("") };
    struct pl_fetch f = { .method = "GET",
                          .ca_file = w->o->pods_ca || access(ca, R_OK) == 0 ? ca : NULL,
                          .connect_s = 10,
                          .stall_s = 30,
                          .max_gib = 1,
                          .fields = &field,
                          .begin = begin,
                          .data = data,
                          .arg = &body };
    struct pl_str base = pl_str_c(w->o->pods);
    if (w->o->offline)
        return pl_fail(err, PL_E_USAGE, "--offline: '%s' is an address", w->o->pods);
    int r = token(w, &bearer, err);
    field.value = pl_buf_str(&bearer);
    f.n_fields = bearer.n > 0;
    while (pl_str_ends(base, PL_S("/")))
        base.n--;
    const char *path = pl_str_find(base, PL_S("/api/"), 0) == SIZE_MAX ? "/api/v1/pods" : "";
    for (unsigned i = 0; r == 0; i++) {
        struct pl_str url =
            pl_printf(x->a, "%.*s%s?limit=500%s%.*s", PL_FMT(base), path,
                      x->more.n ? "&continue=" : "", PL_FMT(escaped(x->a, x->more)));
        r = i < PAGES_MAX ? pl_fetch(url, &f, err)
                          : pl_fail(err, PL_E_LIMIT, "more than %u pages", PAGES_MAX);
        if (r == 0)
            r = pl_pods_read(x, pl_buf_str(&body), err);
        if (r < 0 || !x->more.n)
            break;
    }
    return r;
}

/* ---- what follows ---- */

/* What runs is read first: by the tag that names it, where one does. */
static int queue(struct pl_watch *w, const struct pl_exposure *e, struct pl_arena *a,
                 struct pl_err *err)
{
    const struct pl_store_ops *ops = w->s->ops;
    struct pl_work_new n;
    struct pl_work before;
    struct pl_str name;
    bool there = false;
    int r = ops->ref_of(w->s, e->image, a, &name, err);
    if (r < 0 || (!name.n && !e->name.n))
        return r;
    r = pl_fleet_work(PL_WORK_IMAGE, name.n ? name : e->name, PL_FLEET_RUNNING, a, &n, err);
    if (r == 0)
        r = ops->work_find(w->s, n.key, a, &before, &there, err);
    if (r < 0 || (there && before.state != PL_WORK_READY))
        return r;
    return there && before.priority >= PL_FLEET_RUNNING ? 0 : ops->work_add(w->s, &n, 1, err);
}

static int keep(struct pl_watch *w, struct pl_pods *x, struct pl_err *err)
{
    struct pl_map seen = { .a = x->a };
    struct pl_arena a = { 0 };
    int r = pl_watch_store(w, err);
    if (r == 0)
        r = w->s->ops->runs_put(w->s, x->cluster, x->list.p, x->list.n, err);
    for (size_t i = 0; i < x->list.n && r == 0; i++) {
        void **at = pl_map_put(&seen, x->list.p[i].image);
        if (!*at)
            r = queue(w, &x->list.p[i], &a, err);
        *at = x;
        pl_arena_reset(&a);
    }
    pl_map_release(&seen);
    pl_arena_release(&a);
    return r;
}

int pl_watch_pods(struct pl_watch *w, struct pl_err *err)
{
    struct pl_arena a = { 0 };
    struct pl_pods x = { .a = &a, .cluster = pl_str_c(w->o->cluster ? w->o->cluster : "default") };
    pl_auto_buf struct pl_buf text = { .max = PL_PODS_PAGE };
    struct pl_str where = pl_str_c(w->o->pods);
    bool url = pl_str_starts(where, PL_S("https://")) || pl_str_starts(where, PL_S("http://"));
    int r = url ? fetch(w, &x, err) : pl_file_read(w->o->pods, &text, err);
    if (r == 0 && !url)
        r = pl_pods_read(&x, pl_buf_str(&text), err);
    if (r == 0 && !url && x.more.n)
        r = pl_fail(err, PL_E_FORMAT, "'%s' is one page of several", w->o->pods);
    if (r == 0)
        r = keep(w, &x, err);
    pl_vec_release(&x.list);
    pl_arena_release(&a);
    return r;
}
