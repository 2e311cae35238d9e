/* The list of pods of a cluster's API. fleet.md section 5. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/pods.h"

#include "base/cleanup.h"
#include "fmt/json.h"
#include "source/docker.h"

#define RUNS_MAX 1000000u
#define NAME_MAX_ 512u /* bytes of a name of Kubernetes; they are shorter */

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
    int r = pl_json_parse_within(json, 64, 16 * PL_PODS_PAGE, &doc, err);
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
