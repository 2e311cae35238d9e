/* Pod specifications by kind, and their images: containers of three sorts, and volumes. Kubernetes
 * API reference, "Workload Resources". */
/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/podspec.h"

#include <stdlib.h>

#include "base/map.h"
#include "base/vec.h"

#define STEPS_MAX 5u

static const struct place {
    const char *group, *kind;
    const char *step[STEPS_MAX]; /* keys down to the specification, NULL at the end */
} places[] = {
    { "", "Pod", { "spec" } },
    { "", "EphemeralContainers", { NULL } }, /* the subresource, before 1.23 */
    { "", "PodTemplate", { "template", "spec" } },
    { "", "ReplicationController", { "spec", "template", "spec" } },
    { "apps", "Deployment", { "spec", "template", "spec" } },
    { "apps", "ReplicaSet", { "spec", "template", "spec" } },
    { "apps", "StatefulSet", { "spec", "template", "spec" } },
    { "apps", "DaemonSet", { "spec", "template", "spec" } },
    { "batch", "Job", { "spec", "template", "spec" } },
    { "batch", "CronJob", { "spec", "jobTemplate", "spec", "template", "spec" } },
    /* the groups of old, which servers up to 1.15 still name */
    { "extensions", "Deployment", { "spec", "template", "spec" } },
    { "extensions", "ReplicaSet", { "spec", "template", "spec" } },
    { "extensions", "DaemonSet", { "spec", "template", "spec" } },
};

static const struct list {
    const char *key;
    bool volume; /* items have image.reference, and only some are images */
} lists[] = {
    { "initContainers", false },
    { "containers", false },
    { "ephemeralContainers", false },
    { "volumes", true },
};

static const struct place *place_of(struct pl_str group, struct pl_str kind)
{
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (pl_str_is(group, places[i].group) && pl_str_is(kind, places[i].kind))
            return &places[i];
    return NULL;
}

bool pl_podspec_known(struct pl_str group, struct pl_str kind)
{
    return place_of(group, kind) != NULL;
}

static bool is(const struct pl_json *j, enum pl_json_type type)
{
    return j && pl_json_type(j) == type;
}

/* What an item names, and under which name; false: a volume of another sort. */
static int item_image(const struct pl_json *item, const struct list *l, struct pl_str *ret_name,
                      struct pl_str *ret_ref, struct pl_err *err)
{
    if (!is(item, PL_JSON_OBJECT))
        return pl_fail(err, PL_E_FORMAT, "an item of '%s' is no object", l->key);
    const struct pl_json *name = pl_json_get(item, "name"), *ref = pl_json_get(item, "image");
    if (l->volume && (!ref || is(ref, PL_JSON_NULL)))
        return 0;
    if (l->volume) {
        if (!is(ref, PL_JSON_OBJECT))
            return pl_fail(err, PL_E_FORMAT, "'image' of a volume is no object");
        ref = pl_json_get(ref, "reference");
    }
    if (ref && !is(ref, PL_JSON_STRING) && !is(ref, PL_JSON_NULL))
        return pl_fail(err, PL_E_FORMAT, "an image of '%s' is no text", l->key);
    *ret_name = is(name, PL_JSON_STRING) ? pl_json_str(name) : PL_S("");
    *ret_ref = is(ref, PL_JSON_STRING) ? pl_json_str(ref) : PL_S("");
    return 1;
}

struct gather {
    struct pl_arena *a;
    struct pl_map old; /* "list NUL name NUL image" */
    bool collect;      /* the old object: only the map is filled */
    struct pl_str prefix;
    PL_VEC(struct pl_review_image) found;
};

static int one_image(struct gather *g, const struct list *l, size_t i, struct pl_str name,
                     struct pl_str ref, struct pl_err *err)
{
    if (name.n > PL_REVIEW_NAME_MAX || ref.n > PL_REVIEW_NAME_MAX)
        return pl_fail(err, PL_E_LIMIT, "an image or a name in '%s' is longer than %u bytes",
                       l->key, PL_REVIEW_NAME_MAX);
    pl_auto_buf struct pl_buf key = { 0 };
    pl_buf_printf(&key, "%s", l->key);
    pl_buf_putn(&key, "", 1);
    pl_buf_putn(&key, name.p, name.n);
    pl_buf_putn(&key, "", 1);
    pl_buf_putn(&key, ref.p, ref.n);
    if (g->collect) {
        *pl_map_put(&g->old, pl_buf_str(&key)) = g;
        return 0;
    }
    if (ref.n && pl_map_get(&g->old, pl_buf_str(&key)))
        return 0;
    if (g->found.n == PL_REVIEW_IMAGES_MAX)
        return pl_fail(err, PL_E_LIMIT, "more than %u images", PL_REVIEW_IMAGES_MAX);
    struct pl_review_image image = {
        .ref = pl_dup(g->a, ref),
        .pointer = pl_printf(g->a, "%.*s/%s/%zu/image%s", PL_FMT(g->prefix), l->key, i,
                             l->volume ? "/reference" : ""),
    };
    pl_vec_push(&g->found, image);
    return 0;
}

static int one_list(struct gather *g, const struct pl_json *spec, const struct list *l,
                    struct pl_err *err)
{
    const struct pl_json *items = pl_json_get(spec, l->key);
    if (!items || is(items, PL_JSON_NULL))
        return 0;
    if (!is(items, PL_JSON_ARRAY))
        return pl_fail(err, PL_E_FORMAT, "'%s' is no list", l->key);
    for (size_t i = 0; i < pl_json_len(items); i++) {
        struct pl_str name = { 0 }, ref = { 0 };
        int r = item_image(pl_json_at(items, i), l, &name, &ref, err);
        if (r > 0)
            r = one_image(g, l, i, name, ref, err);
        if (r < 0)
            return r;
    }
    return 0;
}

static int gather(struct gather *g, const struct place *p, const struct pl_json *object,
                  struct pl_err *err)
{
    struct pl_str at = PL_S("");
    const struct pl_json *spec = object;
    for (size_t i = 0; i < STEPS_MAX && p->step[i] && is(spec, PL_JSON_OBJECT); i++) {
        spec = pl_json_get(spec, p->step[i]);
        at = pl_printf(g->a, "%.*s/%s", PL_FMT(at), p->step[i]);
    }
    if (!is(spec, PL_JSON_OBJECT))
        return pl_fail(err, PL_E_FORMAT, "the %s has no pod specification", p->kind);
    g->prefix = at;
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        int r = one_list(g, spec, &lists[i], err);
        if (r < 0)
            return r;
    }
    return 0;
}

int pl_podspec_images(struct pl_str group, struct pl_str kind, const struct pl_json *object,
                      const struct pl_json *old, struct pl_arena *a, struct pl_review_image **ret,
                      size_t *ret_n, struct pl_err *err)
{
    const struct place *p = place_of(group, kind);
    struct gather g = { .a = a, .old = { .a = a }, .collect = true };
    int r = 0;
    /* what cannot be read of the old object only makes more images new */
    if (is(old, PL_JSON_OBJECT))
        (void)gather(&g, p, old, /* err= */ NULL);
    g.collect = false;
    r = gather(&g, p, object, err);
    if (r == 0) {
        *ret = pl_alloc_n(a, g.found.n + 1, sizeof **ret);
        *ret_n = g.found.n;
        for (size_t i = 0; i < g.found.n; i++)
            (*ret)[i] = g.found.p[i];
    }
    pl_vec_release(&g.found);
    pl_map_release(&g.old);
    return r;
}
