/* What a cluster runs, by the list of pods of its API: into `exposure`, and into the queue before
 * everything else. Needs leave to list pods and nothing more. fleet.md section 5. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cmd/fetch.h"
#include "cmd/fleet_opt.h"
#include "cmd/watch.h"
#include "fmt/json.h"
#include "io/file.h"
#include "io/http.h"
#include "source/docker.h"

#define ACCOUNT "/var/run/secrets/kubernetes.io/serviceaccount/"
#define PAGE_MAX PL_MIB(64)
#define PAGES_MAX 2000u
#define RUNS_MAX 1000000u
#define NAME_MAX_ 512u /* bytes of a name of Kubernetes; they are shorter */

/* ---- the list ---- */

static struct pl_str text_of(const struct pl_json *j, const char *key)
{
    struct pl_str s = pl_json_str(pl_json_get(j, key));
    return s.p && s.n <= NAME_MAX_ ? s : PL_S("");
}

/* Who keeps the pod: its Deployment rather than the ReplicaSet in between. */
static void owner_of(struct pl_pods *x, const struct pl_json *meta, struct pl_exposure *e)
{
    const struct pl_json *owner = pl_json_at(pl_json_get(meta, "ownerReferences"), 0);
    struct pl_str hash = text_of(pl_json_get(meta, "labels"), "pod-template-hash");
    e->kind = owner ? text_of(owner, "kind") : PL_S("Pod");
    e->owner = owner ? text_of(owner, "name") : text_of(meta, "name");
    if (!pl_str_is(e->kind, "ReplicaSet") || !hash.n || e->owner.n <= hash.n + 1)
        return;
    struct pl_str tail = pl_printf(x->a, "-%.*s", PL_FMT(hash));
    if (pl_str_ends(e->owner, tail)) {
        e->kind = PL_S("Deployment");
        e->owner.n -= tail.n;
    }
}

/* "docker-pullable://HOST/REPO@sha256:…", "HOST/REPO@sha256:…" or "sha256:…". */
static bool image_of(struct pl_pods *x, struct pl_str id, struct pl_exposure *e)
{
    struct pl_reference ref;
    struct pl_digest d;
    size_t scheme = pl_str_find(id, PL_S("://"), 0);
    if (scheme != SIZE_MAX)
        id = pl_str_sub(id, scheme + 3, id.n);
    e->name = PL_S("");
    if (pl_digest_parse(id, &d, NULL) == 0) {
        e->image = pl_digest_text(x->a, &d);
        return true;
    }
    if (!id.n || pl_docker_reference(id, x->a, &ref, NULL, NULL) < 0 || !ref.digest.set)
        return false;
    e->image = pl_digest_text(x->a, &ref.digest);
    e->name = pl_printf(x->a, "docker://%.*s/%.*s@%.*s", PL_FMT(ref.host), PL_FMT(ref.repo),
                        PL_FMT(e->image));
    return true;
}

static int add_containers(struct pl_pods *x, const struct pl_json *list,
                          const struct pl_exposure *pod, struct pl_err *err)
{
    for (size_t i = 0; i < pl_json_len(list); i++) {
        const struct pl_json *c = pl_json_at(list, i);
        struct pl_exposure e = *pod;
        if (!pl_json_get(pl_json_get(c, "state"), "running") ||
            !image_of(x, text_of(c, "imageID"), &e))
            continue;
        if (x->list.n == RUNS_MAX)
            return pl_fail(err, PL_E_LIMIT, "more than %u containers", RUNS_MAX);
        e.ns = pl_dup(x->a, e.ns);
        e.kind = pl_dup(x->a, e.kind);
        e.owner = pl_dup(x->a, e.owner);
        pl_vec_push(&x->list, e);
    }
    return 0;
}

int pl_pods_read(struct pl_pods *x, struct pl_str json, struct pl_err *err)
{
    static const char *const lists[] = { "containerStatuses", "initContainerStatuses",
                                         "ephemeralContainerStatuses" };
    struct pl_json *doc = NULL;
    x->more = PL_S("");
    int r = pl_json_parse_within(json, 64, 16 * PAGE_MAX, &doc, err);
    const struct pl_json *items = pl_json_get(doc, "items");
    if (r == 0 && (!items || pl_json_type(items) != PL_JSON_ARRAY))
        r = pl_fail(err, PL_E_FORMAT, "it is no list of pods");
    for (size_t i = 0; r == 0 && i < pl_json_len(items); i++) {
        const struct pl_json *pod = pl_json_at(items, i), *meta = pl_json_get(pod, "metadata"),
                             *status = pl_json_get(pod, "status");
        struct pl_exposure e = { .cluster = x->cluster, .ns = text_of(meta, "namespace") };
        owner_of(x, meta, &e);
        for (size_t k = 0; k < PL_COUNT(lists) && r == 0; k++)
            r = add_containers(x, pl_json_get(status, lists[k]), &e, err);
    }
    if (r == 0)
        x->more = pl_dup(x->a, pl_json_str(pl_json_get(pl_json_get(doc, "metadata"), "continue")));
    pl_json_free(doc);
    return r;
}

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
    pl_auto_buf struct pl_buf body = { .max = PAGE_MAX }, bearer = { .max = 1u << 16 };
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
    pl_auto_buf struct pl_buf text = { .max = PAGE_MAX };
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
