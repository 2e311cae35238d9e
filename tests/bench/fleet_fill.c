/* Made-up inventories into a store: fleet_fill STORE IMAGES [FIRST [PACKAGES [DISTINCT]]]. Images
 * share base lists and base layers; versions of a package stand side by side. The advisories for
 * them are written by fleet_bench. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "store/store.h"

#define BASES 50u
#define BATCH 500u
#define LAYERS 5u
#define SECRET_EACH 200u /* images for one in which a secret was found */

struct world {
    struct pl_arena a;
    struct pl_package *package;
    uint32_t n, distinct;
    uint32_t *base; /* BASES lists of n/2 numbers */
    struct pl_store *s;
    uint64_t dice;
};

/* The same numbers everywhere (xorshift). */
static uint32_t dice(struct world *w, uint32_t below)
{
    w->dice ^= w->dice << 13;
    w->dice ^= w->dice >> 7;
    w->dice ^= w->dice << 17;
    return (uint32_t)(w->dice >> 33) % below;
}

static void make_package(struct world *w, uint32_t i)
{
    static const char *const types[] = { "deb", "npm", "pypi" };
    unsigned kind = i / 4 % 3;
    struct pl_package *p = &w->package[i];
    struct pl_str *path = PL_NEW(&w->a, struct pl_str);
    const char *tail = kind ? "" : "-1";
    p->pkg.type = pl_str_c(types[kind]);
    p->pkg.name = pl_printf(&w->a, "pkg%05u", i / 4);
    p->pkg.version = pl_printf(&w->a, "%u.%u.%u%s", 1 + i % 4, i * 7919 % 30, i % 7, tail);
    p->scheme = kind == 0 ? "deb" : kind == 1 ? "semver" : "pep440";
    if (kind == 0) {
        p->pkg.ns = PL_S("debian");
        p->pkg.arch = PL_S("amd64");
        p->distro = PL_S("debian-12");
        p->pkg.source = i % 8 < 4 ? pl_printf(&w->a, "src%05u", i / 8) : PL_S("");
        p->purl = pl_printf(&w->a, "pkg:deb/debian/%.*s@%.*s?arch=amd64&distro=debian-12",
                            PL_FMT(p->pkg.name), PL_FMT(p->pkg.version));
        *path = PL_S("var/lib/dpkg/status");
    } else {
        p->purl = pl_printf(&w->a, "pkg:%s/%.*s@%.*s", types[kind], PL_FMT(p->pkg.name),
                            PL_FMT(p->pkg.version));
        *path = pl_printf(&w->a, "app/lib/%.*s/package.json", PL_FMT(p->pkg.name));
    }
    p->pkg.by = PL_S("fleet");
    p->paths = (struct pl_names){ path, 1 };
}

static void make_world(struct world *w)
{
    w->dice = 20261122;
    w->package = pl_alloc_n(&w->a, w->distinct, sizeof *w->package);
    w->base = pl_alloc_n(&w->a, (size_t)BASES * (w->n / 2), sizeof *w->base);
    for (uint32_t i = 0; i < w->distinct; i++)
        make_package(w, i);
    for (uint32_t i = 0; i < BASES * (w->n / 2); i++)
        w->base[i] = dice(w, w->distinct);
}

static void make_layers(struct pl_arena *a, uint32_t base, uint32_t image,
                        struct pl_layer_info *ret)
{
    for (uint32_t i = 0; i < LAYERS; i++) {
        uint32_t who = i < 3 ? base : BASES + image; /* three of the base, two of its own */
        ret[i] = (struct pl_layer_info){ .index = i, .bytes = 1000000, .blob_bytes = 400000 };
        ret[i].digest = pl_printf(a, "sha256:%031x%x%032x", who, i, who * 77u);
        ret[i].diff_id = pl_printf(a, "sha256:%031x%x%032x", who, i, who * 99u);
        ret[i].created_by = PL_S("COPY --from=build /out /app # buildkit");
        ret[i].has_created_by = true;
        ret[i].files = 300;
    }
}

static int put(struct world *w, struct pl_arena *a, uint32_t image, struct pl_err *err)
{
    const struct pl_store_origin o = { 1700000000 + image, PL_S("bench"), PL_S("bench"), PL_S(""),
                                       PL_S("") };
    struct pl_package *p = pl_alloc_n(a, w->n, sizeof *p);
    struct pl_layer_info layer[LAYERS];
    struct pl_finding secret = { .kind = PL_KIND_SECRET,
                                 .rule = PL_S("secret/npm-token"),
                                 .evidence = PL_S("npm_…"),
                                 .print = PL_S("0123456789abcdef"),
                                 .where.path = PL_S("root/.npmrc") };
    int64_t id;
    w->dice = 0x9e3779b97f4a7c15u ^ ((uint64_t)image << 20);
    for (int i = 0; i < 4; i++)
        dice(w, 2);
    uint32_t base = dice(w, BASES);
    for (uint32_t i = 0; i < w->n; i++) {
        p[i] = w->package[i < w->n / 2 ? w->base[base * (w->n / 2) + i] : dice(w, w->distinct)];
        p[i].span = (struct pl_span){ i < w->n / 2 ? 0 : 3, PL_NEVER, PL_HOW_NONE, true };
    }
    make_layers(a, base, image, layer);
    struct pl_target t = { .name = pl_printf(a, "docker://registry.example/team-%02u/app-%06u:1",
                                             image % 97, image),
                           .kind = PL_S("image"),
                           .platform = PL_S("linux/amd64"),
                           .complete = true,
                           .layers = layer,
                           .n_layers = LAYERS,
                           .packages = p,
                           .n_packages = w->n,
                           .findings = &secret,
                           .n_findings = image % SECRET_EACH == 0 };
    t.digest = pl_printf(a, "sha256:%032x%032x", image, image * 7u + 1);
    return w->s->ops->put(w->s, &o, &t, &id, err);
}

static int fill(struct world *w, uint32_t from, uint32_t to, struct pl_err *err)
{
    struct pl_arena a = { 0 };
    int r = 0;
    for (uint32_t i = from; i < to && r == 0; i++) {
        if ((i - from) % BATCH == 0)
            r = w->s->ops->begin(w->s, err);
        pl_arena_reset(&a);
        if (r == 0)
            r = put(w, &a, i, err);
        if (r == 0 && ((i - from) % BATCH == BATCH - 1 || i + 1 == to))
            r = w->s->ops->commit(w->s, err);
    }
    pl_arena_release(&a);
    return r;
}

int main(int argc, char **argv)
{
    struct world w = { .n = 300, .distinct = 50000 };
    struct pl_err err = { 0 };
    if (argc < 3)
        return 2;
    uint32_t n = (uint32_t)strtoul(argv[2], NULL, 10);
    uint32_t first = argc > 3 ? (uint32_t)strtoul(argv[3], NULL, 10) : 0;
    w.n = argc > 4 ? (uint32_t)strtoul(argv[4], NULL, 10) : w.n;
    w.distinct = argc > 5 ? (uint32_t)strtoul(argv[5], NULL, 10) : w.distinct;
    if (w.n < 2 || !w.distinct)
        return 2;
    make_world(&w);
    int r = pl_store_open(argv[1], PL_STORE_MAKE, &w.s, &err);
    if (r == 0)
        r = fill(&w, first, first + n, &err);
    if (r == 0)
        r = w.s->ops->index(w.s, &err);
    if (r < 0)
        fprintf(stderr, "fleet_fill: %s\n", err.msg);
    if (w.s)
        w.s->ops->close(w.s);
    pl_arena_release(&w.a);
    return r < 0;
}
