/* What stands in a file that is byte for byte as a package of the distribution brought it is known
 * to everybody: told, but low. The digest of the file must be the one in the package's own record.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/map.h"
#include "pkg/pkg.h"
#include "scan/tell_int.h"

struct own {
    struct pl_arena a;
    struct pl_map roots;  /* that have such records */
    struct pl_map makers; /* root, 0, package -> it is the distribution's */
    struct pl_map wanted; /* root, hash of a path below it -> 1 + index of a finding there */
    size_t *next;         /* the next finding at the same place: 1 + index */
};

static struct pl_str name_key(struct pl_buf *b, struct pl_str root, struct pl_str name)
{
    pl_buf_clear(b);
    pl_buf_putn(b, root.p, root.n);
    pl_buf_putc(b, 0);
    pl_buf_putn(b, name.p, name.n);
    return pl_buf_str(b);
}

static struct pl_str file_key(struct pl_buf *b, struct pl_str root, uint64_t hash)
{
    pl_buf_clear(b);
    pl_buf_putn(b, &hash, sizeof hash);
    pl_buf_putn(b, root.p, root.n);
    return pl_buf_str(b);
}

static void learn_makers(struct own *o, const struct pl_tellpkg *p)
{
    pl_auto_buf struct pl_buf key = { 0 };
    struct pl_str root;
    for (size_t i = 0; i < p->seen.n; i++) {
        const struct pl_seen_pkg *x = &p->seen.p[i];
        if ((x->pkg.flags & PL_PKG_VENDOR) && !x->pkg.nested.n &&
            pl_pkg_list_root(x->path, &root)) {
            *pl_map_put(&o->makers, name_key(&key, root, x->pkg.name)) = o;
            *pl_map_put(&o->roots, root) = o;
        }
    }
}

/* Puts the finding at each root that holds its path. */
static void want(struct own *o, size_t i, struct pl_str path)
{
    pl_auto_buf struct pl_buf key = { 0 };
    for (size_t at = 0; at < path.n; at++) {
        struct pl_str root = pl_str_sub(path, 0, at), below = pl_str_sub(path, at, path.n);
        if ((at && path.p[at - 1] != '/') || !pl_map_get(&o->roots, root))
            continue;
        uint64_t hash = pl_claim_hash(pl_pkg_own_path(below));
        void **to = pl_map_put(&o->wanted, file_key(&key, root, hash));
        o->next[i] = (size_t)(uintptr_t)*to;
        *to = (void *)(uintptr_t)(i + 1);
        return; /* the outermost root: an inner one is a system of its own, seldom */
    }
}

static void lower(struct pl_tell *k, struct pl_finding *f, struct pl_str owner)
{
    f->severity = PL_SEV_LOW;
    f->why =
        pl_printf(k->a, "%.*s Lowered: the file is unchanged from the distribution's package %.*s.",
                  PL_FMT(f->why), PL_FMT(owner));
}

static void look_up(struct pl_tell *k, struct own *o, const struct pl_claim *c)
{
    pl_auto_buf struct pl_buf key = { 0 };
    if (!c->alg || !pl_map_get(&o->makers, name_key(&key, c->root, c->owner)))
        return;
    for (size_t n = 0; n < c->n; n++) {
        size_t i = (size_t)(uintptr_t)pl_map_get(&o->wanted, file_key(&key, c->root, c->file[n]));
        for (; i; i = o->next[i - 1]) {
            struct pl_found *x = &k->found.p[i - 1];
            if (x->f.severity > PL_SEV_LOW && x->sums->head[c->alg] &&
                x->sums->head[c->alg] == c->sum[n])
                lower(k, &x->f, c->owner);
        }
    }
}

void pl_tell_own(struct pl_tell *k, const struct pl_tellpkg *p)
{
    struct own o = { .roots = { .a = &o.a }, .makers = { .a = &o.a }, .wanted = { .a = &o.a } };
    learn_makers(&o, p);
    o.next = pl_alloc_n(&o.a, k->found.n + 1, sizeof *o.next);
    for (size_t i = 0; o.roots.n && i < k->found.n; i++) {
        const struct pl_found *x = &k->found.p[i];
        if (x->sums && x->f.where.surface == PL_SURF_FILE && x->f.severity > PL_SEV_LOW)
            want(&o, i, x->f.where.path);
    }
    for (size_t r = 0; o.wanted.n && r < p->records.n; r++)
        for (size_t c = 0; c < p->records.p[r]->claims.n; c++)
            look_up(k, &o, &p->records.p[r]->claims.p[c]);
    pl_map_release(&o.roots);
    pl_map_release(&o.makers);
    pl_map_release(&o.wanted);
    pl_arena_release(&o.a);
}
