/* A package list is a snapshot: a later version of the same file replaces it. What goes on from one
 * version to the next keeps the layer that brought it. packages.md section 2. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/tellpkg.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/map.h"
#include "base/wire.h"
#include "pkg/distro.h"
#include "ver/purl.h"
#include "ver/scheme.h"

static void add(struct pl_tellpkg *k, const struct pl_pkg *p, struct pl_str path,
                const struct pl_version *v, struct pl_span span)
{
    if ((p->flags & PL_PKG_LOCK) && !k->locks)
        return;
    struct pl_seen_pkg x = { .pkg = *p, .v = v, .path = path, .span = span };
    pl_vec_push(&k->seen, x);
}

void pl_tellpkg_layer(struct pl_tellpkg *k, uint32_t layer, const struct pl_record *r,
                      const struct pl_tree *tree)
{
    pl_vec_push(&k->records, r);
    for (size_t i = 0; i < r->packages.n; i++) {
        const struct pl_pkg *p = &r->packages.p[i];
        const struct pl_version *v = pl_tree_find(tree, layer, p->ordinal);
        if (!v)
            continue;
        struct pl_span span = { layer, v->hidden, v->how, v->placed && v->hidden == PL_NEVER };
        add(k, p, v->path, v, span);
    }
}

void pl_tellpkg_slice(struct pl_tellpkg *k, const struct pl_record *r, const struct pl_str *paths)
{
    const struct pl_span span = { PL_NEVER, PL_NEVER, PL_HOW_NONE, true };
    pl_vec_push(&k->records, r);
    for (size_t i = 0; i < r->packages.n; i++)
        if (r->packages.p[i].ordinal < r->n_entries)
            add(k, &r->packages.p[i], paths[r->packages.p[i].ordinal], NULL, span);
}

static void put(struct pl_buf *b, struct pl_str s)
{
    pl_put_str(b, s);
}

static void put_members(struct pl_buf *b, const struct pl_names *n, size_t count)
{
    for (size_t i = 0; i < count; i++)
        put(b, n->p[i]);
}

static void put_version(struct pl_buf *b, const struct pl_version *v)
{
    pl_put_u32(b, v ? v->layer : PL_NEVER);
    pl_put_u32(b, v ? v->ordinal : PL_NEVER);
}

/* What it is, in which version of which file. */
static struct pl_str life_key(struct pl_buf *b, const struct pl_seen_pkg *x,
                              const struct pl_version *v)
{
    pl_buf_clear(b);
    put_version(b, v);
    put(b, x->pkg.type);
    put(b, x->pkg.ns);
    put(b, x->pkg.name);
    put(b, x->pkg.version);
    put(b, x->pkg.arch);
    put_members(b, &x->pkg.nested, x->pkg.nested.n);
    return pl_buf_str(b);
}

static void join_lives(struct pl_tellpkg *k)
{
    struct pl_arena scratch = { 0 };
    struct pl_map at = { .a = &scratch };
    pl_auto_buf struct pl_buf key = { 0 };
    for (size_t i = 0; i < k->seen.n; i++)
        if (k->seen.p[i].v)
            *pl_map_put(&at, life_key(&key, &k->seen.p[i], k->seen.p[i].v)) =
                (void *)(uintptr_t)(i + 1);
    for (size_t i = 0; i < k->seen.n; i++) {
        struct pl_seen_pkg *x = &k->seen.p[i];
        const struct pl_version *next = x->v && x->v->adjoins ? x->v->next : NULL;
        if (!next || x->v->hidden != next->layer)
            continue;
        size_t n = (uintptr_t)pl_map_get(&at, life_key(&key, x, next));
        if (!n || n - 1 <= i)
            continue;
        k->seen.p[n - 1].span.introduced = x->span.introduced;
        x->merged = true;
    }
    pl_map_release(&at);
    pl_arena_release(&scratch);
}

/* An inventory that came along tells only what nothing else does. */
static void drop_listed(struct pl_tellpkg *k)
{
    struct pl_arena scratch = { 0 };
    struct pl_map known = { .a = &scratch };
    pl_auto_buf struct pl_buf key = { 0 };
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < k->seen.n; i++) {
            struct pl_seen_pkg *x = &k->seen.p[i];
            bool listed = x->pkg.flags & PL_PKG_LISTED;
            if (x->merged || listed != (pass == 1))
                continue;
            pl_buf_clear(&key);
            put(&key, x->pkg.type);
            put(&key, pl_purl_fold(&scratch, x->pkg.type, x->pkg.name));
            put(&key, x->pkg.version);
            if (!listed)
                *pl_map_put(&known, pl_buf_str(&key)) = k;
            else
                x->merged = pl_map_get(&known, pl_buf_str(&key)) != NULL;
        }
    pl_map_release(&known);
    pl_arena_release(&scratch);
}

/* ---- package URLs ---- */

static struct pl_str upstream(struct pl_arena *a, const struct pl_pkg *p)
{
    bool version = p->source_version.n && !pl_str_eq(p->source_version, p->version);
    if (!p->source.n || (pl_str_eq(p->source, p->name) && !version))
        return PL_S("");
    return version ? pl_printf(a, "%.*s@%.*s", PL_FMT(p->source), PL_FMT(p->source_version))
                   : p->source;
}

static struct pl_str namespace_of(const struct pl_pkg *p, const struct pl_pkg *os)
{
    if (p->ns.n || !pl_pkg_is_system(p))
        return p->ns;
    if (os && os->name.n)
        return os->name;
    return pl_str_is(p->type, "apk")    ? PL_S("alpine")
           : pl_str_is(p->type, "deb")  ? PL_S("debian")
           : pl_str_is(p->type, "alpm") ? PL_S("arch")
                                        : PL_S("");
}

static void say_purl(struct pl_tellpkg *k, struct pl_package *out, const struct pl_pkg *os)
{
    const struct pl_pkg *p = &out->pkg;
    struct pl_purl u = { .type = p->type, .name = p->name, .version = p->version };
    struct pl_str pair, quals = p->quals, key, epoch;
    u.ns = namespace_of(p, os);
    size_t colon = pl_str_find(p->version, PL_S(":"), 0);
    if (pl_str_is(p->type, "rpm") && colon != SIZE_MAX) {
        epoch = pl_str_sub(p->version, 0, colon);
        u.version = pl_str_sub(p->version, colon + 1, p->version.n);
        pl_purl_set(&u, "epoch", epoch);
    }
    pl_purl_set(&u, "arch", p->arch);
    pl_purl_set(&u, "distro", out->distro);
    pl_purl_set(&u, "upstream", upstream(k->a, p));
    while (quals.n && pl_str_split(&quals, '&', &pair))
        if (pl_str_split(&pair, '=', &key) && pair.p)
            pl_purl_set(&u, pl_dup(k->a, key).p, pair);
    u.name = pl_purl_fold(k->a, p->type, u.name);
    out->purl = pl_purl_print(k->a, &u);
}

/* ---- the list ---- */

static struct pl_str copy_of(struct pl_arena *a, struct pl_str s)
{
    return s.n ? pl_dup(a, s) : PL_S("");
}

static struct pl_str place(struct pl_arena *a, const struct pl_seen_pkg *x)
{
    pl_auto_buf struct pl_buf b = { 0 };
    pl_buf_putn(&b, x->path.p, x->path.n);
    for (size_t i = 0; i < x->pkg.nested.n; i++) {
        pl_buf_putc(&b, '!');
        pl_buf_putn(&b, x->pkg.nested.p[i].p, x->pkg.nested.p[i].n);
    }
    return pl_dup(a, pl_buf_str(&b));
}

static void copy(struct pl_tellpkg *k, const struct pl_seen_pkg *x, struct pl_package *out)
{
    struct pl_arena *a = k->a;
    const struct pl_seen_pkg *os =
        pl_pkg_is_system(&x->pkg) ? pl_tellpkg_release(k, x->path) : NULL;
    const struct pl_scheme *s = pl_scheme_of_purl(x->pkg.type);
    *out = (struct pl_package){ .pkg = x->pkg, .span = x->span, .scheme = s ? s->name : NULL };
    struct pl_pkg *p = &out->pkg;
    struct pl_str *text[] = { &p->type,  &p->ns,     &p->name,           &p->version,
                              &p->arch,  &p->source, &p->source_version, &p->licence,
                              &p->quals, &p->by };
    for (size_t i = 0; i < sizeof text / sizeof *text; i++)
        *text[i] = copy_of(a, *text[i]);
    p->nested = (struct pl_names){ NULL, 0 };
    p->flags &= ~(uint32_t)PL_PKG_VENDOR;
    out->paths.p = PL_NEW(a, struct pl_str);
    out->paths.p[0] = place(a, x);
    out->paths.n = 1;
    out->owned_by = copy_of(a, x->owner);
    if (os)
        out->distro = pl_distro_text(a, os->pkg.name, os->pkg.version);
    say_purl(k, out, os ? &os->pkg : NULL);
}

static int order(const void *pa, const void *pb)
{
    const struct pl_package *a = pa, *b = pb;
    int c = pl_str_cmp(a->purl, b->purl);
    if (!c && a->span.visible != b->span.visible)
        c = b->span.visible - a->span.visible;
    if (!c && a->span.introduced != b->span.introduced)
        c = a->span.introduced < b->span.introduced ? -1 : 1;
    if (!c && a->span.hidden != b->span.hidden)
        c = a->span.hidden < b->span.hidden ? -1 : 1;
    if (!c)
        c = (int)(a->pkg.flags & PL_PKG_DEV) - (int)(b->pkg.flags & PL_PKG_DEV);
    if (c || !a->paths.n || !b->paths.n)
        return c ? c : (int)(a->paths.n > 0) - (int)(b->paths.n > 0);
    return pl_str_cmp(a->paths.p[0], b->paths.p[0]);
}

void pl_packages_sort(struct pl_package *p, size_t n)
{
    if (n)
        qsort(p, n, sizeof *p, order);
}

static bool same(const struct pl_package *a, const struct pl_package *b)
{
    return pl_str_eq(a->purl, b->purl) && a->span.visible == b->span.visible &&
           a->span.introduced == b->span.introduced && a->span.hidden == b->span.hidden;
}

/* One package for the same thing at several places. The array is sorted. */
static size_t fold_places(struct pl_arena *a, struct pl_package *p, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n;) {
        size_t end = i + 1;
        while (end < n && same(&p[i], &p[end]))
            end++;
        struct pl_str *paths = pl_alloc_n(a, end - i, sizeof *paths);
        size_t m = 0;
        for (size_t j = i; j < end; j++)
            if (!m || !pl_str_eq(paths[m - 1], p[j].paths.p[0]))
                paths[m++] = p[j].paths.p[0];
        p[kept] = p[i];
        p[kept++].paths = (struct pl_names){ paths, m };
        i = end;
    }
    return kept;
}

void pl_tellpkg_end(struct pl_tellpkg *k)
{
    size_t n = 0;
    join_lives(k);
    pl_tellpkg_weak(k);
    drop_listed(k);
    pl_tellpkg_releases(k);
    pl_tellpkg_owners(k);
    if (k->system)
        pl_tellpkg_bare(k);
    struct pl_package *p = pl_alloc_n(k->a, k->seen.n, sizeof *p);
    for (size_t i = 0; i < k->seen.n; i++)
        if (!k->seen.p[i].merged)
            copy(k, &k->seen.p[i], &p[n++]);
    pl_packages_sort(p, n);
    k->t->packages = p;
    k->t->n_packages = fold_places(k->a, p, n);
    pl_vec_release(&k->seen);
    pl_vec_release(&k->records);
}
