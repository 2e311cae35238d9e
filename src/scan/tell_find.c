/* A hit becomes a finding: who brought it, who hid it, what it is called where it lies.
 * forensics.md section 4. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "scan/scan_int.h"
#include "scan/tell_int.h"

static struct pl_names dup_names(struct pl_arena *a, const struct pl_names *n, struct pl_str first)
{
    struct pl_names out = { pl_alloc_n(a, n->n + 1, sizeof *out.p), 0 };
    if (first.n)
        out.p[out.n++] = pl_dup(a, first);
    for (size_t i = 0; i < n->n; i++)
        out.p[out.n++] = pl_dup(a, n->p[i]);
    return out;
}

/* A finding with everything that does not depend on where it is. NULL when the record lies. */
static struct pl_found *begin(struct pl_tell *k, const struct pl_hit *h)
{
    struct pl_found x = { .ordinal = h->ordinal };
    if (!pl_hit_finding(k->u->scan->ctx.rules, k->a, h, &x.f))
        return NULL;
    pl_vec_push(&k->found, x);
    return &k->found.p[k->found.n - 1];
}

static void more_why(struct pl_tell *k, struct pl_finding *f, const char *label, struct pl_str what)
{
    if (what.n)
        f->why = pl_printf(k->a, "%.*s %s %.*s.", PL_FMT(f->why), label,
                           PL_FMT(pl_str_sub(what, 0, 300)));
}

static const struct pl_entry_hash *entry_hash(const struct pl_record *r, uint32_t ordinal)
{
    for (size_t i = 0; i < r->hashes.n; i++)
        if (r->hashes.p[i].ordinal == ordinal)
            return &r->hashes.p[i];
    return NULL;
}

/* Row 9: a copy under another name. */
static void same_bytes(struct pl_tell *k, struct pl_found *x)
{
    const struct pl_version *v = x->v;
    struct pl_finding *f = &x->f;
    if (!x->sums)
        return;
    void **at = pl_map_put(&k->by_hash, pl_str_n(x->sums->sum, sizeof x->sums->sum));
    struct pl_str *path = *at;
    if (!path) {
        path = PL_NEW(k->a, struct pl_str);
        *path = pl_dup(k->a, v->path);
        *at = path;
    } else if (!pl_str_eq(*path, v->path)) {
        more_why(k, f, "Same bytes as", *path);
    }
}

/* The same secret seen at several depths of one file, since members are stored or the file is one
 * compressed stream of another: what is innermost is told. Not so a compiled constant, whose place
 * in the bytes around it says more. */
enum seen { SEEN_HERE = 1, SEEN_DEEPER = 2 };

/* Names the secret at the first `depth` names of its place. */
static struct pl_str seen_key(struct pl_buf *b, const struct pl_hit *h, size_t depth)
{
    pl_buf_clear(b);
    pl_buf_putn(b, &h->rule, sizeof h->rule);
    pl_buf_putn(b, &h->ordinal, sizeof h->ordinal);
    pl_buf_putn(b, h->hash, sizeof h->hash);
    for (size_t i = 0; i < depth; i++) {
        pl_put_var(b, h->where.nested.p[i].n);
        pl_buf_putn(b, h->where.nested.p[i].p, h->where.nested.p[i].n);
    }
    return pl_buf_str(b);
}

static bool of_file(const struct pl_hit *h)
{
    return h->where.surface == PL_SURF_FILE && h->ordinal != PL_NEVER;
}

static void see_hits(struct pl_map *seen, const struct pl_record *r)
{
    pl_auto_buf struct pl_buf key = { 0 };
    for (size_t i = 0; i < r->hits.n; i++) {
        const struct pl_hit *h = &r->hits.p[i];
        if (!of_file(h) || h->raw_too)
            continue;
        for (size_t depth = 0; depth <= h->where.nested.n; depth++) {
            void **at = pl_map_put(seen, seen_key(&key, h, depth));
            uintptr_t bit = depth == h->where.nested.n ? SEEN_HERE : SEEN_DEEPER;
            *at = (void *)((uintptr_t)*at | bit);
        }
    }
}

static bool told_better(const struct pl_map *seen, const struct pl_hit *h)
{
    pl_auto_buf struct pl_buf key = { 0 };
    size_t n = h->where.nested.n;
    uintptr_t bits = 0;
    if (!of_file(h))
        return false;
    if (!h->raw_too)
        return (uintptr_t)pl_map_get(seen, seen_key(&key, h, n)) & SEEN_DEEPER;
    for (size_t depth = 0; depth < n; depth++)
        bits |= (uintptr_t)pl_map_get(seen, seen_key(&key, h, depth));
    return bits & SEEN_HERE;
}

static void layer_hit(struct pl_tell *k, size_t i, const struct pl_record *r,
                      const struct pl_hit *h)
{
    struct pl_found *x = begin(k, h);
    if (!x)
        return;
    struct pl_finding *f = &x->f;
    f->span.introduced = (uint32_t)i;
    bool of_entry = h->ordinal != PL_NEVER &&
                    (f->where.surface == PL_SURF_FILE || f->where.surface == PL_SURF_TAR_HEADER);
    const struct pl_version *v = of_entry ? pl_tree_find(k->tree, (uint32_t)i, h->ordinal) : NULL;
    if (!v)
        return;
    x->v = v;
    if (!f->where.path.n || f->where.surface == PL_SURF_FILE)
        f->where.path = pl_dup(k->a, v->path);
    f->span.hidden = v->hidden;
    f->span.how = v->how;
    f->span.visible = v->placed && v->hidden == PL_NEVER;
    if (f->span.visible && v->other.n && !pl_str_eq(v->other, v->place))
        more_why(k, f, "The same bytes are also reachable as", v->other);
    if (f->where.surface != PL_SURF_FILE)
        return;
    x->sums = entry_hash(r, v->ordinal);
    same_bytes(k, x);
}

void pl_tell_layer_hits(struct pl_tell *k, size_t i, const struct pl_record *r)
{
    struct pl_map seen = { .a = k->a };
    see_hits(&seen, r);
    for (size_t h = 0; h < r->hits.n; h++)
        if (!told_better(&seen, &r->hits.p[h]))
            layer_hit(k, i, r, &r->hits.p[h]);
    pl_map_release(&seen);
}

void pl_tell_slice_hits(struct pl_tell *k, const struct pl_record *r, const struct pl_str *paths)
{
    struct pl_map seen = { .a = k->a };
    see_hits(&seen, r);
    for (size_t i = 0; i < r->hits.n; i++) {
        const struct pl_hit *h = &r->hits.p[i];
        struct pl_found *x = told_better(&seen, h) ? NULL : begin(k, h);
        if (!x)
            continue;
        if (h->ordinal < r->n_entries)
            x->f.where.path = paths[h->ordinal];
        x->f.span.visible = true;
        x->sums = of_file(h) ? entry_hash(r, h->ordinal) : NULL;
    }
    pl_map_release(&seen);
}

static bool same_secret(const struct pl_found *a, const struct pl_found *b)
{
    if (!pl_str_eq(a->f.rule, b->f.rule) || memcmp(a->f.secret_hash, b->f.secret_hash, 32) != 0 ||
        a->f.where.surface != b->f.where.surface || a->f.where.nested.n != b->f.where.nested.n)
        return false;
    for (size_t i = 0; i < a->f.where.nested.n; i++)
        if (!pl_str_eq(a->f.where.nested.p[i], b->f.where.nested.p[i]))
            return false;
    return true;
}

static uint64_t version_id(const struct pl_version *v)
{
    return (uint64_t)v->layer << 32 | v->ordinal;
}

void pl_tell_merge(struct pl_tell *k)
{
    struct pl_map first = { .a = k->a }; /* version -> 1 + index of its first finding */
    for (size_t i = 0; i < k->found.n; i++) {
        struct pl_found *x = &k->found.p[i];
        if (!x->v)
            continue;
        uint64_t id = version_id(x->v);
        void **at = pl_map_put(&first, pl_str_n(&id, sizeof id));
        if (!*at)
            *at = (void *)(uintptr_t)(i + 1);
        x->life = id;
    }
    for (size_t i = 0; i < k->found.n; i++) {
        struct pl_found *x = &k->found.p[i];
        const struct pl_version *next = x->v && x->v->adjoins ? x->v->next : NULL;
        if (!next || x->v->hidden != next->layer)
            continue;
        uint64_t id = version_id(next);
        size_t at = (uintptr_t)pl_map_get(&first, pl_str_n(&id, sizeof id));
        for (; at && at <= k->found.n && k->found.p[at - 1].v == next; at++) {
            struct pl_found *y = &k->found.p[at - 1];
            if (y->seen || !same_secret(x, y))
                continue;
            y->seen = 1;
            y->life = x->life;
            y->f.span.introduced = x->f.span.introduced;
            x->merged = true;
            break;
        }
    }
    pl_map_release(&first);
}

static void doc_hit(struct pl_tell *k, const struct pl_part *p, const struct pl_hit *h)
{
    struct pl_found *x = begin(k, h);
    const struct pl_doc *config = pl_tell_config(k->im);
    if (!x)
        return;
    struct pl_finding *f = &x->f;
    f->span.visible = h->visible;
    if (!config || p != k->im->config || h->history >= config->n_history)
        return;
    const struct pl_history *e = &config->history[h->history];
    if (k->align.fit == PL_HISTORY_ALIGNED && k->align.layer_of &&
        k->align.layer_of[h->history] < k->im->n_layers)
        f->span.introduced = k->align.layer_of[h->history];
    else if (f->where.surface != PL_SURF_HISTORY)
        f->origin = pl_dup(k->a, e->created_by);
}

/* What no image reaches, or hangs beside it: the blob's name is the path. */
static void outer_hit(struct pl_tell *k, const struct pl_part *p, const struct pl_hit *h,
                      enum pl_surface surface, struct pl_str entry)
{
    struct pl_found *x = begin(k, h);
    if (!x)
        return;
    struct pl_finding *f = &x->f;
    bool own = f->where.surface == PL_SURF_ANNOTATION || f->where.surface == PL_SURF_DESCRIPTOR;
    if (own && surface != PL_SURF_ORPHAN_BLOB)
        return;
    struct pl_str inner = entry.n ? entry : f->where.path;
    if (p->rec->done.kind == PL_BLOB_DOC && surface != PL_SURF_ORPHAN_BLOB) {
        f->where.path = inner;
    } else {
        f->where.nested = dup_names(k->a, &h->where.nested, inner);
        f->where.path = pl_dup(k->a, p->blob->name);
    }
    f->where.surface = surface;
    more_why(k, f, surface == PL_SURF_ATTESTATION ? "It is attached to" : "It belongs to",
             p->holder);
}

struct pl_str *pl_tell_paths(struct pl_tell *k, const struct pl_record *r)
{
    struct pl_str *paths = pl_alloc_n(k->a, r->n_entries, sizeof *paths);
    struct pl_entries it;
    struct pl_entry e;
    pl_entries_begin(&it, r);
    while (pl_entries_next(&it, &e))
        paths[e.ordinal] = pl_dup(k->a, e.path);
    pl_entries_end(&it);
    return paths;
}

static enum pl_surface outer_surface(enum pl_role role)
{
    switch (role) {
    case PL_ROLE_ATTESTATION:
        return PL_SURF_ATTESTATION;
    case PL_ROLE_REFERRER:
        return PL_SURF_REFERRER;
    case PL_ROLE_LEGACY:
    case PL_ROLE_CONFIG:
        return PL_SURF_CONFIG;
    case PL_ROLE_INDEX:
    case PL_ROLE_MARKER:
        return PL_SURF_INDEX;
    default:
        return PL_SURF_ORPHAN_BLOB;
    }
}

void pl_tell_part(struct pl_tell *k, const struct pl_part *p)
{
    const struct pl_record *r = p->rec;
    if (!r)
        return;
    bool doc = r->has_doc && (p->role == PL_ROLE_INDEX || p->role == PL_ROLE_MANIFEST ||
                              p->role == PL_ROLE_CONFIG || !p->blob);
    struct pl_str *paths = r->n_entries && r->hits.n ? pl_tell_paths(k, r) : NULL;
    for (size_t i = 0; i < r->hits.n; i++) {
        const struct pl_hit *h = &r->hits.p[i];
        if (doc || !p->blob)
            doc_hit(k, p, h);
        else
            outer_hit(k, p, h, outer_surface(p->role),
                      paths && h->ordinal < r->n_entries ? paths[h->ordinal] : PL_S(""));
    }
    pl_tell_notes(k, r, p->blob ? p->blob->name : PL_S("archive"));
}
