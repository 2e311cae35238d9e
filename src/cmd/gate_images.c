/* Where images stand in compose files and in every kind of Kubernetes that holds pods; writing
 * digests behind them without touching anything else. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/gate_images.h"

#include <stdlib.h>

#define LIST_DEPTH 4u
#define MERGE_DEPTH 8u

static void add(struct pl_deploy_images *x, const struct pl_yaml *node, struct pl_str where,
                const char *why)
{
    struct pl_deploy_image i = { node, where, why };
    for (size_t k = 0; node && k < x->list.n; k++)
        if (x->list.p[k].node == node)
            return; /* an alias */
    if (x->list.n < PL_DEPLOY_IMAGES_MAX)
        pl_vec_push(&x->list, i);
    else
        x->full = true;
}

/* ---- maps with merge keys ---- */

static const struct pl_yaml *get_within(const struct pl_yaml *y, const char *key, unsigned depth)
{
    const struct pl_yaml *v = pl_yaml_get(y, key);
    if (v || !y || y->kind != PL_YAML_MAP || !depth)
        return v;
    for (size_t i = 0; i < y->n && !v; i++) {
        const struct pl_yaml *k = y->item[2 * i], *m = y->item[2 * i + 1];
        if (k->kind != PL_YAML_SCALAR || !k->plain || !pl_str_is(k->text, "<<"))
            continue;
        if (m->kind == PL_YAML_MAP)
            v = get_within(m, key, depth - 1);
        for (size_t n = 0; m->kind == PL_YAML_LIST && n < m->n && !v; n++)
            v = get_within(m->item[n], key, depth - 1);
    }
    return v;
}

static const struct pl_yaml *get(const struct pl_yaml *y, const char *key)
{
    return get_within(y, key, MERGE_DEPTH);
}

static size_t list_len(const struct pl_yaml *y)
{
    return y && y->kind == PL_YAML_LIST ? y->n : 0;
}

/* ---- compose ---- */

#define WRITE_OUT ": write the file with its values first (docker compose config)"

/* What is built may be pulled instead when it has a name, unless it says otherwise. */
static void service(struct pl_deploy_images *x, const struct pl_yaml *s, struct pl_str where)
{
    const struct pl_yaml *image = get(s, "image"), *build = get(s, "build"),
                         *volumes = get(s, "volumes");
    if (!image && get(get(s, "extends"), "file"))
        add(x, NULL, where, "it extends a service of another file" WRITE_OUT);
    if (build)
        add(x, NULL, where, NULL);
    if (image && !(build && pl_str_is(pl_yaml_str(get(s, "pull_policy")), "build")))
        add(x, image, where, NULL);
    for (size_t i = 0; i < list_len(volumes); i++)
        if (pl_str_is(pl_yaml_str(get(volumes->item[i], "type")), "image"))
            add(x, get(volumes->item[i], "source"), where, NULL);
}

static void compose(struct pl_deploy_images *x, const struct pl_yaml *doc,
                    const struct pl_yaml *services)
{
    for (size_t i = 0; services->kind == PL_YAML_MAP && i < services->n; i++)
        service(x, services->item[2 * i + 1],
                pl_printf(x->a, "services.%.*s", PL_FMT(pl_yaml_str(services->item[2 * i]))));
    if (get(doc, "include"))
        add(x, NULL, PL_S("include"), "it takes in other files" WRITE_OUT);
    x->known = true;
}

/* ---- Kubernetes ---- */

static void containers(struct pl_deploy_images *x, const struct pl_yaml *list, struct pl_str where)
{
    for (size_t i = 0; i < list_len(list); i++) {
        const struct pl_yaml *image = get(list->item[i], "image");
        if (image)
            add(x, image, where, NULL);
    }
}

static void pod_spec(struct pl_deploy_images *x, const struct pl_yaml *spec, struct pl_str where)
{
    const struct pl_yaml *volumes = get(spec, "volumes");
    containers(x, get(spec, "initContainers"), where);
    containers(x, get(spec, "containers"), where);
    containers(x, get(spec, "ephemeralContainers"), where);
    for (size_t i = 0; i < list_len(volumes); i++) {
        const struct pl_yaml *ref = get(get(volumes->item[i], "image"), "reference");
        if (ref)
            add(x, ref, where, NULL);
    }
}

/* A kind of somebody's own: pod specifications wherever they stand. The parser bounds the depth. */
static void search(struct pl_deploy_images *x, const struct pl_yaml *y, struct pl_str where)
{
    if (y->kind == PL_YAML_MAP)
        pod_spec(x, y, where);
    for (size_t i = 0; y->kind == PL_YAML_MAP && i < y->n; i++)
        search(x, y->item[2 * i + 1], where);
    for (size_t i = 0; i < list_len(y); i++)
        search(x, y->item[i], where);
}

static const struct {
    const char *kind;
    unsigned depth; /* templates above the pod's spec */
} kinds[] = {
    { "Pod", 0 },       { "Deployment", 1 }, { "StatefulSet", 1 },
    { "DaemonSet", 1 }, { "ReplicaSet", 1 }, { "ReplicationController", 1 },
    { "Job", 1 },       { "CronJob", 2 },    { "PodTemplate", 9 },
};

static void workload(struct pl_deploy_images *x, const struct pl_yaml *o, struct pl_str kind)
{
    const struct pl_yaml *spec = get(o, "spec");
    struct pl_str name = pl_yaml_str(get(get(o, "metadata"), "name"));
    struct pl_str where = pl_printf(x->a, "%.*s/%.*s", PL_FMT(kind), PL_FMT(name));
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (!pl_str_is(kind, kinds[i].kind))
            continue;
        if (kinds[i].depth == 9)
            spec = get(get(o, "template"), "spec");
        if (kinds[i].depth == 2)
            spec = get(get(spec, "jobTemplate"), "spec");
        if (kinds[i].depth == 1 || kinds[i].depth == 2)
            spec = get(get(spec, "template"), "spec");
        pod_spec(x, spec, where);
        return;
    }
    search(x, o, where);
}

/* `of` is the kind that a list's name gives to what it holds and does not say its own. */
static void object(struct pl_deploy_images *x, const struct pl_yaml *o, struct pl_str of,
                   unsigned depth)
{
    struct pl_str kind = pl_yaml_str(get(o, "kind"));
    const struct pl_yaml *items = get(o, "items");
    bool list = pl_str_ends(kind, PL_S("List")) && items && items->kind == PL_YAML_LIST;
    if (!kind.n)
        kind = of;
    if (!kind.n || (!of.n && !get(o, "apiVersion")))
        return;
    x->known = true;
    if (list && !depth)
        add(x, NULL, kind, "a list in lists, too deep");
    if (!list) {
        workload(x, o, kind);
        return;
    }
    struct pl_str held = pl_str_sub(kind, 0, kind.n - 4);
    for (size_t i = 0; depth && i < items->n; i++)
        object(x, items->item[i], held.n ? held : PL_S("List"), depth - 1);
}

void pl_deploy_images(struct pl_deploy_images *x, const struct pl_yaml_stream *docs)
{
    for (size_t i = 0; i < docs->n; i++) {
        const struct pl_yaml *doc = docs->doc[i], *services = get(doc, "services");
        if (services && !get(doc, "kind"))
            compose(x, doc, services);
        else
            object(x, doc, PL_S(""), LIST_DEPTH);
    }
}

void pl_deploy_images_release(struct pl_deploy_images *x)
{
    pl_vec_release(&x->list);
}

/* ---- pinning ---- */

/* Byte offset of a line and column, in characters. */
static size_t offset_of(struct pl_str s, uint32_t line, uint32_t col)
{
    size_t at = 0;
    for (uint32_t l = 1; l < line && at < s.n; at++)
        l += s.p[at] == '\n';
    for (uint32_t c = 1; c < col && at < s.n; c++) {
        at++;
        while (at < s.n && ((unsigned char)s.p[at] & 0xc0) == 0x80)
            at++;
    }
    return at;
}

struct edit {
    size_t at; /* where the digest goes */
    struct pl_str digest;
};

static int by_place(const void *x, const void *y)
{
    const struct edit *p = x, *q = y;
    return p->at < q->at ? -1 : p->at > q->at;
}

/* The end of the name itself, in front of a closing quote. */
static int place_of(const struct pl_yaml *node, struct pl_str text, size_t *ret, struct pl_err *err)
{
    size_t from = offset_of(text, node->line, node->col), n = node->text.n;
    char quote = from < text.n && (text.p[from] == '"' || text.p[from] == '\'') ? text.p[from] : 0;
    from += quote != 0;
    if (!pl_str_eq(pl_str_sub(text, from, n), node->text) ||
        (quote && (from + n >= text.n || text.p[from + n] != quote)))
        return pl_fail(err, PL_E_UNSUP, "line %u: the image is not written plainly", node->line);
    *ret = from + n;
    return 0;
}

int pl_deploy_pin(const struct pl_deploy_images *x, const struct pl_str *digest, struct pl_str text,
                  struct pl_buf *out, struct pl_err *err)
{
    struct edit *e = pl_alloc_n(x->a, x->list.n, sizeof *e);
    size_t n = 0, at = 0;
    for (size_t i = 0; i < x->list.n; i++) {
        if (!digest[i].n || !x->list.p[i].node)
            continue;
        int r = place_of(x->list.p[i].node, text, &e[n].at, err);
        if (r < 0)
            return r;
        e[n++].digest = digest[i];
    }
    if (n)
        qsort(e, n, sizeof *e, by_place);
    for (size_t i = 0; i < n; i++) {
        pl_buf_putn(out, text.p + at, e[i].at - at);
        pl_buf_printf(out, "@%.*s", PL_FMT(e[i].digest));
        at = e[i].at;
    }
    pl_buf_putn(out, text.p + at, text.n - at);
    return 0;
}
