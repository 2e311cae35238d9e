/* Where images stand in compose files and in every kind of Kubernetes that holds pods; writing
 * digests behind them without touching anything else. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/gate_images.h"

#include <stdlib.h>

#define LIST_DEPTH 4u

static void add(struct pl_deploy_images *x, const struct pl_yaml *node, struct pl_str where)
{
    struct pl_deploy_image i = { node, where };
    for (size_t k = 0; node && k < x->list.n; k++)
        if (x->list.p[k].node == node)
            return; /* an alias */
    pl_vec_push(&x->list, i);
}

/* ---- compose ---- */

static void compose(struct pl_deploy_images *x, const struct pl_yaml *services)
{
    for (size_t i = 0; services->kind == PL_YAML_MAP && i < services->n; i++) {
        const struct pl_yaml *s = services->item[2 * i + 1], *image = pl_yaml_get(s, "image");
        struct pl_str where =
            pl_printf(x->a, "services.%.*s", PL_FMT(pl_yaml_str(services->item[2 * i])));
        if (image || pl_yaml_get(s, "build"))
            add(x, pl_yaml_get(s, "build") ? NULL : image, where);
    }
    x->known = true;
}

/* ---- Kubernetes ---- */

static void containers(struct pl_deploy_images *x, const struct pl_yaml *list, struct pl_str where)
{
    for (size_t i = 0; list && list->kind == PL_YAML_LIST && i < list->n; i++) {
        const struct pl_yaml *image = pl_yaml_get(list->item[i], "image");
        if (image)
            add(x, image, where);
    }
}

static void pod_spec(struct pl_deploy_images *x, const struct pl_yaml *spec, struct pl_str where)
{
    const struct pl_yaml *volumes = pl_yaml_get(spec, "volumes");
    containers(x, pl_yaml_get(spec, "initContainers"), where);
    containers(x, pl_yaml_get(spec, "containers"), where);
    containers(x, pl_yaml_get(spec, "ephemeralContainers"), where);
    for (size_t i = 0; volumes && volumes->kind == PL_YAML_LIST && i < volumes->n; i++) {
        const struct pl_yaml *image = pl_yaml_get(volumes->item[i], "image");
        const struct pl_yaml *ref = pl_yaml_get(image, "reference");
        if (ref)
            add(x, ref, where);
    }
}

static const struct {
    const char *kind;
    unsigned depth; /* templates above the pod's spec */
} kinds[] = {
    { "Pod", 0 },       { "Deployment", 1 }, { "StatefulSet", 1 },
    { "DaemonSet", 1 }, { "ReplicaSet", 1 }, { "ReplicationController", 1 },
    { "Job", 1 },       { "CronJob", 2 },    { "PodTemplate", 9 },
};

static void object(struct pl_deploy_images *x, const struct pl_yaml *o, unsigned depth)
{
    struct pl_str kind = pl_yaml_str(pl_yaml_get(o, "kind"));
    const struct pl_yaml *items = pl_yaml_get(o, "items"), *spec = pl_yaml_get(o, "spec");
    if (!kind.n || !pl_yaml_get(o, "apiVersion"))
        return;
    x->known = true;
    for (size_t i = 0; depth && items && items->kind == PL_YAML_LIST && i < items->n; i++)
        object(x, items->item[i], depth - 1);
    struct pl_str name = pl_yaml_str(pl_yaml_get(pl_yaml_get(o, "metadata"), "name"));
    struct pl_str where = pl_printf(x->a, "%.*s/%.*s", PL_FMT(kind), PL_FMT(name));
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (!pl_str_is(kind, kinds[i].kind))
            continue;
        if (kinds[i].depth == 9)
            spec = pl_yaml_get(pl_yaml_get(o, "template"), "spec");
        if (kinds[i].depth == 2)
            spec = pl_yaml_get(pl_yaml_get(spec, "jobTemplate"), "spec");
        if (kinds[i].depth == 1 || kinds[i].depth == 2)
            spec = pl_yaml_get(pl_yaml_get(spec, "template"), "spec");
        pod_spec(x, spec, where);
    }
}

void pl_deploy_images(struct pl_deploy_images *x, const struct pl_yaml_stream *docs)
{
    for (size_t i = 0; i < docs->n; i++) {
        const struct pl_yaml *services = pl_yaml_get(docs->doc[i], "services");
        if (services && !pl_yaml_get(docs->doc[i], "kind"))
            compose(x, services);
        else
            object(x, docs->doc[i], LIST_DEPTH);
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
