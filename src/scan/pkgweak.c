/* What counts only where nothing better is beside it: what a manifest and a file name say of an
 * archive, the version an assembly bears, and go.sum. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/map.h"
#include "base/wire.h"
#include "scan/tellpkg.h"

#define LOOKED_AT 256u /* packages of one archive that a name is compared with */

/* The archive that a member is in. */
static struct pl_str archive_key(struct pl_buf *b, const struct pl_seen_pkg *x)
{
    pl_buf_clear(b);
    pl_put_u32(b, x->v ? x->v->layer : PL_NEVER);
    pl_put_u32(b, x->v ? x->v->ordinal : PL_NEVER);
    pl_put_str(b, x->path);
    for (size_t i = 0; i + 1 < x->pkg.nested.n; i++)
        pl_put_str(b, x->pkg.nested.p[i]);
    return pl_buf_str(b);
}

/* One name begins or ends with the other: "org.example.thing" and thing, "thing-all" and thing. */
static bool related(struct pl_str a, struct pl_str b)
{
    struct pl_str shorter = a.n < b.n ? a : b, longer = a.n < b.n ? b : a;
    return pl_str_iends(longer, shorter) || pl_str_ieq(pl_str_sub(longer, 0, shorter.n), shorter);
}

/* Other artifacts may have been packed into the archive: they do not name it. */
static bool named_by(const struct pl_pkg *weak, const struct pl_pkg *strong)
{
    return related(weak->name, strong->name) || pl_str_eq(weak->version, strong->version);
}

/* ---- go.sum ---- */

/* The folder of a file, in its layer, and the module's path behind. */
static struct pl_str folder_key(struct pl_buf *b, const struct pl_seen_pkg *x, const char *ns,
                                struct pl_str name)
{
    const char *slash = x->path.n ? memrchr(x->path.p, '/', x->path.n) : NULL;
    pl_buf_clear(b);
    pl_put_u32(b, x->v ? x->v->layer : PL_NEVER);
    pl_put_str(b, pl_str_sub(x->path, 0, slash ? (size_t)(slash - x->path.p) : 0));
    pl_put_str(b, pl_str_c(ns));
    pl_put_str(b, ns[0] ? x->pkg.ns : PL_S(""));
    pl_put_str(b, name);
    return pl_buf_str(b);
}

/* "1.17", "1.21rc2" and later name all modules in go.mod. */
static bool names_all(struct pl_str go)
{
    struct pl_str major;
    uint64_t a = 0, b = 0;
    size_t n = 0;
    pl_str_split(&go, '.', &major);
    while (n < go.n && go.p[n] >= '0' && go.p[n] <= '9')
        n++;
    return pl_str_u64(major, &a) &&
           (a > 1 || (a == 1 && pl_str_u64(pl_str_sub(go, 0, n), &b) && b >= 17));
}

static void go_sums(struct pl_tellpkg *k)
{
    struct pl_arena scratch = { 0 };
    struct pl_map known = { .a = &scratch }; /* folders whose go.mod counts alone, and modules */
    struct pl_map mods = { .a = &scratch };  /* folders with a go.mod */
    pl_auto_buf struct pl_buf key = { 0 };
    for (size_t i = 0; i < k->seen.n; i++) {
        const struct pl_seen_pkg *x = &k->seen.p[i];
        if (!pl_str_is(x->pkg.by, "go-mod"))
            continue;
        *pl_map_put(&mods, folder_key(&key, x, "", PL_S(""))) = k;
        *pl_map_put(&known, folder_key(&key, x, "m", x->pkg.name)) = k;
        if (pl_str_is(x->pkg.name, "stdlib") && !x->pkg.ns.n && names_all(x->pkg.version))
            *pl_map_put(&known, folder_key(&key, x, "", PL_S(""))) = k;
    }
    for (size_t i = 0; i < k->seen.n; i++) {
        struct pl_seen_pkg *x = &k->seen.p[i];
        if (!pl_str_is(x->pkg.by, "go-sum"))
            continue;
        x->merged |= !pl_map_get(&mods, folder_key(&key, x, "", PL_S(""))) ||
                     pl_map_get(&known, pl_buf_str(&key)) ||
                     pl_map_get(&known, folder_key(&key, x, "m", x->pkg.name));
        x->pkg.flags &= ~(uint32_t)PL_PKG_WEAK;
    }
    pl_map_release(&known);
    pl_map_release(&mods);
    pl_arena_release(&scratch);
}

/* ---- assemblies ---- */

/* A deps.json names what is in its folder. */
static void assemblies(struct pl_tellpkg *k)
{
    struct pl_arena scratch = { 0 };
    struct pl_map named = { .a = &scratch };
    pl_auto_buf struct pl_buf key = { 0 };
    for (size_t i = 0; i < k->seen.n; i++)
        if (pl_str_is(k->seen.p[i].pkg.by, "dotnet-deps"))
            *pl_map_put(&named, folder_key(&key, &k->seen.p[i], "", PL_S(""))) = k;
    for (size_t i = 0; i < k->seen.n; i++) {
        struct pl_seen_pkg *x = &k->seen.p[i];
        if (pl_str_is(x->pkg.by, "dotnet-pe"))
            x->merged |= pl_map_get(&named, folder_key(&key, x, "", PL_S(""))) != NULL;
    }
    pl_map_release(&named);
    pl_arena_release(&scratch);
}

/* ---- archives ---- */

static void archives(struct pl_tellpkg *k)
{
    struct pl_arena scratch = { 0 };
    struct pl_map strong = { .a = &scratch }; /* archive -> 1 + index of its last package */
    pl_auto_buf struct pl_buf key = { 0 };
    size_t *next = pl_alloc_n(&scratch, k->seen.n + 1, sizeof *next);
    for (size_t i = 0; i < k->seen.n; i++) {
        if ((k->seen.p[i].pkg.flags & PL_PKG_WEAK) || !k->seen.p[i].pkg.nested.n)
            continue;
        void **at = pl_map_put(&strong, archive_key(&key, &k->seen.p[i]));
        next[i] = (size_t)(uintptr_t)*at;
        *at = (void *)(uintptr_t)(i + 1);
    }
    for (size_t i = 0; i < k->seen.n; i++) {
        struct pl_seen_pkg *x = &k->seen.p[i];
        if (!(x->pkg.flags & PL_PKG_WEAK))
            continue;
        size_t at = (size_t)(uintptr_t)pl_map_get(&strong, archive_key(&key, x));
        for (unsigned n = 0; at && !x->merged; at = next[at - 1])
            x->merged = ++n > LOOKED_AT || named_by(&x->pkg, &k->seen.p[at - 1].pkg);
    }
    pl_map_release(&strong);
    pl_arena_release(&scratch);
}

void pl_tellpkg_weak(struct pl_tellpkg *k)
{
    archives(k);
    go_sums(k);
    assemblies(k);
}
