/* Who put a file there: what package lists claim, against what was seen. packages.md 2.5. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/map.h"
#include "pkg/pkg.h"
#include "scan/tellpkg.h"

/* Below /usr/local, /opt and the like nothing is the distribution's. */
static bool system_folder(struct pl_str path)
{
    static const char *const folders[] = { "bin/",     "sbin/",     "lib",
                                           "usr/bin/", "usr/sbin/", "usr/lib" };
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        if (pl_str_starts(path, pl_str_c(folders[i])))
            return true;
    return false;
}

/* Roots with package lists; their values say whether those name files. */
struct owners {
    struct pl_arena a;
    struct pl_map roots; /* root -> struct root_facts */
    struct pl_map files; /* root, hash of a path below it -> 1 + index of what was seen there */
    struct pl_map names; /* root, 0, package -> 1 + layer that brought it at last */
    size_t *next;        /* the next one seen at the same place: 1 + index */
};
struct root_facts {
    bool lists_files;
};

static struct pl_str file_key(struct pl_buf *b, struct pl_str root, uint64_t hash)
{
    pl_buf_clear(b);
    pl_buf_putn(b, &hash, sizeof hash);
    pl_buf_putn(b, root.p, root.n);
    return pl_buf_str(b);
}

static struct pl_str name_key(struct pl_buf *b, struct pl_str root, struct pl_str name)
{
    pl_buf_clear(b);
    pl_buf_putn(b, root.p, root.n);
    pl_buf_putc(b, 0);
    pl_buf_putn(b, name.p, name.n);
    return pl_buf_str(b);
}

static struct root_facts *facts_of(struct owners *o, struct pl_str root)
{
    void **at = pl_map_put(&o->roots, root);
    if (!*at)
        *at = PL_NEW(&o->a, struct root_facts);
    return *at;
}

/* Calls `fn` for each root that holds the path. */
static void each_root(struct owners *o, struct pl_seen_pkg *x, size_t i,
                      void (*fn)(struct owners *, struct pl_seen_pkg *, size_t, struct pl_str,
                                 struct pl_str))
{
    for (size_t at = 0; at < x->path.n; at++)
        if ((at == 0 || x->path.p[at - 1] == '/') &&
            pl_map_get(&o->roots, pl_str_sub(x->path, 0, at)))
            fn(o, x, i, pl_str_sub(x->path, 0, at), pl_str_sub(x->path, at, x->path.n));
}

static void expect_owner(struct owners *o, struct pl_seen_pkg *x, size_t i, struct pl_str root,
                         struct pl_str below)
{
    pl_auto_buf struct pl_buf key = { 0 };
    (void)x;
    void **at = pl_map_put(&o->files, file_key(&key, root, pl_claim_hash(pl_pkg_own_path(below))));
    o->next[i] = (size_t)(uintptr_t)*at;
    *at = (void *)(uintptr_t)(i + 1);
}

/* Without lists of files what lies in the system's folders is taken for the system's. */
static void guess_owner(struct owners *o, struct pl_seen_pkg *x, size_t i, struct pl_str root,
                        struct pl_str below)
{
    (void)i;
    if (!facts_of(o, root)->lists_files && system_folder(below))
        x->merged = true;
}

/* A package is older than the file when something else wrote over what it had put there. */
static void claim(struct pl_tellpkg *k, struct owners *o, const struct pl_claim *c)
{
    pl_auto_buf struct pl_buf key = { 0 };
    uintptr_t brought = (uintptr_t)pl_map_get(&o->names, name_key(&key, c->root, c->owner));
    for (size_t f = 0; brought && f < c->n; f++) {
        size_t i = (size_t)(uintptr_t)pl_map_get(&o->files, file_key(&key, c->root, c->file[f]));
        for (; i; i = o->next[i - 1]) {
            struct pl_seen_pkg *x = &k->seen.p[i - 1];
            if (!x->v || x->v->layer <= brought - 1)
                x->owner = c->owner;
        }
    }
}

static void learn_names(struct pl_tellpkg *k, struct owners *o)
{
    pl_auto_buf struct pl_buf key = { 0 };
    struct pl_str root;
    for (size_t i = 0; i < k->seen.n; i++) {
        const struct pl_seen_pkg *x = &k->seen.p[i];
        if (x->merged || !pl_pkg_is_system(&x->pkg) || !pl_pkg_list_root(x->path, &root))
            continue;
        uintptr_t layer = x->span.introduced == PL_NEVER ? 1 : (uintptr_t)x->span.introduced + 1;
        void **at = pl_map_put(&o->names, name_key(&key, root, x->pkg.name));
        if ((uintptr_t)*at < layer)
            *at = (void *)layer;
        facts_of(o, root);
    }
}

/* Names the owners; a program that a package owns is told by that package. */
void pl_tellpkg_owners(struct pl_tellpkg *k)
{
    struct owners o = { .roots = { .a = &o.a }, .files = { .a = &o.a }, .names = { .a = &o.a } };
    learn_names(k, &o);
    o.next = pl_alloc_n(&o.a, k->seen.n + 1, sizeof *o.next);
    for (size_t r = 0; r < k->records.n; r++)
        for (size_t c = 0; c < k->records.p[r]->claims.n; c++)
            if (!k->records.p[r]->claims.p[c].partial &&
                pl_map_get(&o.roots, k->records.p[r]->claims.p[c].root))
                facts_of(&o, k->records.p[r]->claims.p[c].root)->lists_files = true;
    for (size_t i = 0; o.roots.n && i < k->seen.n; i++)
        if (!k->seen.p[i].merged && !pl_pkg_is_system(&k->seen.p[i].pkg))
            each_root(&o, &k->seen.p[i], i, expect_owner);
    for (size_t r = 0; r < k->records.n; r++)
        for (size_t c = 0; c < k->records.p[r]->claims.n; c++)
            claim(k, &o, &k->records.p[r]->claims.p[c]);
    for (size_t i = 0; o.roots.n && i < k->seen.n; i++) {
        struct pl_seen_pkg *x = &k->seen.p[i];
        if (!(x->pkg.flags & PL_PKG_FILE) || x->pkg.nested.n)
            continue;
        x->merged |= x->owner.n > 0;
        each_root(&o, x, i, guess_owner);
    }
    pl_map_release(&o.roots);
    pl_map_release(&o.files);
    pl_map_release(&o.names);
    pl_arena_release(&o.a);
}
