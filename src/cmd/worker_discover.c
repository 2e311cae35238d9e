/* What a registry or a repository has, into the queue: each repository is work of its own; a tag is
 * queued when it is new or names another image than before. fleet.md section 3. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/vec.h"
#include "cmd/fleet_opt.h"
#include "cmd/worker_cmd.h"
#include "source/docker.h"

#define BATCH 100u /* tags that are written at once */

struct finding {
    struct pl_store *s;
    const struct pl_work *w;
    struct pl_registry *reg;
    struct pl_str name;        /* the worker's */
    struct pl_reference place; /* repo empty: a registry */
    struct pl_str note;        /* under which the beginning of the listing is kept */
    int64_t began, most;
    struct pl_arena a, one;
    PL_VEC(struct pl_str) names; /* of tags or repositories */
    PL_VEC(struct pl_ref) refs;  /* seen, to be written; those with `since` name another image */
    bool again, store, held;
};

/* A failure of the store rather than of the registry. */
static int stored(struct finding *x, int r)
{
    x->store |= r < 0;
    return r;
}

static int on_name(void *arg, struct pl_str name, struct pl_err *err)
{
    struct finding *x = arg;
    (void)err;
    pl_vec_push(&x->names, pl_dup(&x->a, name));
    return 0;
}

/* ---- the end, with what belongs to it ---- */

static int end(struct finding *x, const struct pl_work_new *w, size_t n, struct pl_err *err)
{
    const struct pl_store_ops *ops = x->s->ops;
    int r = ops->share(x->s, err);
    if (r == 0 && n)
        r = ops->work_add(x->s, w, n, err);
    if (r == 0 && x->place.repo.n)
        r = ops->ref_lost(x->s, x->place.host, x->place.repo, x->began, err);
    if (r == 0)
        r = ops->note_put(x->s, x->note, PL_S(""), err);
    if (r == 0)
        r = ops->work_done(x->s, x->w->id, x->name, &x->held, err);
    if (r == 0 && x->held)
        return stored(x, ops->commit(x->s, err));
    ops->rollback(x->s);
    return stored(x, r);
}

/* ---- a registry ---- */

static int find_repositories(struct finding *x, struct pl_err *err)
{
    PL_VEC(struct pl_work_new) work = { 0 };
    int r = pl_registry_catalog(x->reg, on_name, x, err);
    for (size_t i = 0; i < x->names.n && r == 0; i++) {
        struct pl_work_new w;
        r = pl_fleet_work(
            PL_WORK_DISCOVER,
            pl_printf(&x->a, "docker://%.*s/%.*s", PL_FMT(x->place.host), PL_FMT(x->names.p[i])),
            x->w->priority, &x->a, &w, err);
        if (r == 0)
            pl_vec_push(&work, w);
    }
    if (r == 0)
        r = end(x, work.p, work.n, err);
    pl_vec_release(&work);
    return r;
}

/* ---- a repository ---- */

/* What the tag names; *ret stays empty when it is gone meanwhile. */
static int image_of(struct finding *x, struct pl_str tag, struct pl_str *ret, struct pl_err *err)
{
    struct pl_digest d;
    struct pl_manifest m;
    int r = pl_registry_digest(x->reg, x->place.repo, tag, &d, err);
    if ((r == 0 && !d.set) || r == PL_E_AUTH) { /* some answer no HEAD */
        r = pl_registry_manifest(x->reg, x->place.repo, tag, /* origin= */ true, &x->one, &m, err);
        d = r == 0 ? m.digest : d;
    }
    *ret = r == 0 ? pl_digest_text(&x->a, &d) : PL_S("");
    return r == PL_E_NOENT ? 0 : r;
}

/* The tags so far, and those of them that are to be read, at once. */
static int flush(struct finding *x, struct pl_err *err)
{
    const struct pl_store_ops *ops = x->s->ops;
    PL_VEC(struct pl_work_new) work = { 0 };
    int r = x->refs.n ? ops->share(x->s, err) : 0;
    for (size_t i = 0; i < x->refs.n && r == 0; i++) {
        const struct pl_ref *ref = &x->refs.p[i];
        struct pl_work_new w;
        bool runs = false;
        r = ops->ref_put(x->s, ref, err);
        if (r == 0 && ref->since)
            r = ops->runs(x->s, ref->image, &runs, err);
        int64_t priority =
            runs && x->w->priority < PL_FLEET_RUNNING ? PL_FLEET_RUNNING : x->w->priority;
        if (r == 0 && ref->since &&
            (r = pl_fleet_work(PL_WORK_IMAGE, ref->name, priority, &x->one, &w, err)) == 0)
            pl_vec_push(&work, w);
    }
    if (r == 0 && work.n)
        r = ops->work_add(x->s, work.p, work.n, err);
    if (r == 0 && x->refs.n)
        r = ops->commit(x->s, err);
    if (r < 0)
        ops->rollback(x->s);
    pl_vec_release(&work);
    x->refs.n = 0;
    pl_arena_reset(&x->one);
    return stored(x, r);
}

static int see_tag(struct finding *x, struct pl_str tag, size_t *moved, struct pl_err *err)
{
    struct pl_ref old = { .seen = 0 };
    struct pl_ref now = { .registry = x->place.host, .repository = x->place.repo, .tag = tag };
    bool there;
    now.name = pl_printf(&x->a, "docker://%.*s/%.*s:%.*s", PL_FMT(x->place.host),
                         PL_FMT(x->place.repo), PL_FMT(tag));
    int r = stored(x, x->s->ops->ref(x->s, now.name, &x->one, &old, &there, err));
    if (r < 0 || (there && old.seen > x->began)) /* seen before this listing was interrupted */
        return r;
    r = image_of(x, tag, &now.image, err);
    if (r < 0 || !now.image.n)
        return r;
    now.since = !there || !pl_str_eq(old.image, now.image);
    *moved += now.since != 0;
    pl_vec_push(&x->refs, now);
    return 0;
}

/* How many images may still be added. */
static int room(struct finding *x, size_t *ret, struct pl_err *err)
{
    int64_t n = 0;
    int r = stored(x, x->s->ops->depth(x->s, x->most, &n, err));
    *ret = n < x->most ? (size_t)(x->most - n) : 0;
    return r;
}

static int find_tags(struct finding *x, struct pl_err *err)
{
    size_t left = 0, moved = 0;
    int r = room(x, &left, err);
    x->again = r == 0 && !left;
    if (r == 0 && left)
        r = pl_registry_tags(x->reg, x->place.repo, on_name, x, err);
    for (size_t i = 0; i < x->names.n && r == 0 && !x->again; i++) {
        r = see_tag(x, x->names.p[i], &moved, err);
        bool full = moved >= left;
        if (r == 0 && (x->refs.n == BATCH || full)) {
            r = flush(x, err);
            moved = 0;
            if (r == 0)
                r = room(x, &left, err);
            x->again = r == 0 && !left && i + 1 < x->names.n;
        }
    }
    struct pl_err lost = { 0 };
    int kept = flush(x, r < 0 ? &lost : err); /* what was seen before a failure counts */
    r = r < 0 ? r : kept;
    return r == 0 && !x->again ? end(x, NULL, 0, err) : r;
}

/* A listing that was interrupted goes on where it was: it began when it was begun first. */
static int begin(struct finding *x, struct pl_err *err)
{
    const struct pl_store_ops *ops = x->s->ops;
    struct pl_str text;
    uint64_t at = 0;
    x->note = pl_printf(&x->a, "listing %.*s", PL_FMT(x->w->target));
    int r = ops->note(x->s, x->note, &x->a, &text, err);
    if (r == 0 && text.n && pl_str_u64(text, &at) && at < INT64_MAX) {
        x->began = (int64_t)at;
        return 0;
    }
    if (r == 0)
        r = ops->now(x->s, &x->began, err);
    return r == 0 ? ops->note_put(x->s, x->note, pl_printf(&x->a, "%" PRId64, x->began), err) : r;
}

int pl_worker_discover(struct pl_store *s, const struct pl_registry_opts *ro,
                       const struct pl_work *w, struct pl_str name, int64_t most,
                       struct pl_discovered *ret, struct pl_err *err)
{
    struct finding x = { .s = s, .w = w, .name = name, .most = most };
    struct pl_str target;
    int r = ro->offline
                ? pl_fail(err, PL_E_USAGE, "--offline: '%.*s' is a registry", PL_FMT(w->target))
                : pl_fleet_place(w->target, &x.a, &target, &x.place, err);
    if (r == 0)
        r = stored(&x, begin(&x, err));
    if (r == 0)
        r = pl_registry_new(ro, x.place.host, &x.reg, err);
    if (r == 0)
        r = x.place.repo.n ? find_tags(&x, err) : find_repositories(&x, err);
    pl_registry_free(x.reg);
    pl_vec_release(&x.names);
    pl_vec_release(&x.refs);
    pl_arena_release(&x.one);
    pl_arena_release(&x.a);
    *ret = (struct pl_discovered){ .again = x.again, .store = x.store, .held = x.held };
    return r;
}
