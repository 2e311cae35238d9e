/* The view of an image: whiteouts, opaque directories, overwrites, links. Rule numbers are those of
 * forensics.md section 3. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/tree.h"

#include <stdlib.h>

#include "base/map.h"
#include "oci/whiteout.h"

#define LINK_HOPS 40u

struct node {
    struct node *parent, *child, *sibling, *prev;
    struct pl_str path;
    struct pl_version *v; /* watched version whose bytes this name shows, or NULL */
    uint32_t layer;       /* that put it here */
    enum pl_entry_kind kind;
    bool live;
    struct pl_str link; /* of a symlink */
};

struct pl_tree {
    struct pl_arena a;
    bool all;
    struct pl_map nodes;   /* path -> node */
    struct pl_map watched; /* "layer.ordinal" key -> version (or a marker until applied) */
    struct pl_map paths;   /* watched paths */
    struct pl_map last;    /* place -> last version there */
    struct pl_map targets; /* paths that hard links of any layer point to */
    struct node *root;
    PL_VEC(struct pl_version *) versions;
    uint32_t layer;
    struct pl_layer_change change;
    struct pl_record *rec;
    struct pl_buf parent_in, parent_out; /* the last parent that was resolved */
    bool parent_known;
};

struct pl_tree *pl_tree_new(bool all)
{
    struct pl_tree *t = calloc(1, sizeof *t);
    if (!t)
        pl_oom();
    t->all = all;
    t->nodes.a = t->watched.a = t->paths.a = t->last.a = t->targets.a = &t->a;
    t->root = PL_NEW(&t->a, struct node);
    t->root->kind = PL_ENTRY_DIR;
    t->root->live = true;
    t->root->layer = PL_NEVER;
    return t;
}

void pl_tree_free(struct pl_tree *t)
{
    if (!t)
        return;
    pl_map_release(&t->nodes);
    pl_map_release(&t->watched);
    pl_map_release(&t->paths);
    pl_map_release(&t->last);
    pl_map_release(&t->targets);
    pl_vec_release(&t->versions);
    pl_buf_release(&t->parent_in);
    pl_buf_release(&t->parent_out);
    pl_arena_release(&t->a);
    free(t);
}

struct key {
    uint32_t layer, ordinal;
};

static struct pl_str key_of(struct key *k, uint32_t layer, uint32_t ordinal)
{
    *k = (struct key){ layer, ordinal };
    return pl_str_n(k, sizeof *k);
}

void pl_tree_watch(struct pl_tree *t, uint32_t layer, uint32_t ordinal)
{
    struct key k;
    void **at = pl_map_put(&t->watched, key_of(&k, layer, ordinal));
    if (!*at)
        *at = PL_NEW(&t->a, struct pl_version);
}

void pl_tree_watch_path(struct pl_tree *t, struct pl_str path)
{
    *pl_map_put(&t->paths, path) = t;
}

const struct pl_version *pl_tree_find(const struct pl_tree *t, uint32_t layer, uint32_t ordinal)
{
    struct key k;
    return pl_map_get(&t->watched, key_of(&k, layer, ordinal));
}

static int by_place(const void *a, const void *b)
{
    const struct pl_version *x = *(struct pl_version *const *)a,
                            *y = *(struct pl_version *const *)b;
    if (x->layer != y->layer)
        return x->layer < y->layer ? -1 : 1;
    return x->ordinal < y->ordinal ? -1 : x->ordinal > y->ordinal;
}

struct pl_version *const *pl_tree_versions(const struct pl_tree *t, size_t *ret_n)
{
    *ret_n = t->versions.n;
    if (t->versions.n)
        qsort(t->versions.p, t->versions.n, sizeof *t->versions.p, by_place);
    return t->versions.p;
}

static struct pl_str dirname_of(struct pl_str path)
{
    const char *slash = path.n ? memrchr(path.p, '/', path.n) : NULL;
    return pl_str_n(path.p, slash ? (size_t)(slash - path.p) : 0);
}

static struct pl_str basename_of(struct pl_str path)
{
    struct pl_str dir = dirname_of(path);
    return dir.n ? pl_str_sub(path, dir.n + 1, path.n) : path;
}

/* Rule 10: `dir` with its symbolic links followed, inside the image only, into `out`. */
static void follow(struct pl_tree *t, struct pl_str dir, struct pl_buf *out)
{
    struct pl_str rest = dir, part;
    pl_auto_buf struct pl_buf pending = { 0 };
    unsigned hops = 0;
    pl_buf_clear(out);
    while (rest.p && pl_str_split(&rest, '/', &part)) {
        if (part.n == 0 || pl_str_is(part, "."))
            continue;
        if (pl_str_is(part, "..")) {
            out->n = dirname_of(pl_buf_str(out)).n;
            continue;
        }
        size_t before = out->n;
        if (out->n)
            pl_buf_putc(out, '/');
        pl_buf_putn(out, part.p, part.n);
        struct node *n = pl_map_get(&t->nodes, pl_buf_str(out));
        if (!n || !n->live || n->kind != PL_ENTRY_SYMLINK || ++hops > LINK_HOPS)
            continue;
        struct pl_buf next = { 0 };
        pl_buf_putn(&next, n->link.p, n->link.n);
        if (rest.p) {
            pl_buf_putc(&next, '/');
            pl_buf_putn(&next, rest.p, rest.n);
        }
        out->n = n->link.n && n->link.p[0] == '/' ? 0 : before;
        pl_buf_release(&pending);
        pending = next;
        rest = pl_buf_str(&pending);
    }
}

/* Where `path` stands in the view. In the arena when a link was followed, else `path` itself. */
static struct pl_str resolve(struct pl_tree *t, struct pl_str path)
{
    struct pl_str dir = dirname_of(path);
    if (!dir.n)
        return path;
    if (!t->parent_known || !pl_str_eq(pl_buf_str(&t->parent_in), dir)) {
        pl_buf_clear(&t->parent_in);
        pl_buf_putn(&t->parent_in, dir.p, dir.n);
        follow(t, dir, &t->parent_out);
        t->parent_known = true;
    }
    struct pl_str to = pl_buf_str(&t->parent_out);
    if (pl_str_eq(to, dir))
        return path;
    return pl_printf(&t->a, "%.*s%s%.*s", PL_FMT(to), to.n ? "/" : "", PL_FMT(basename_of(path)));
}

static struct node *lookup(struct pl_tree *t, struct pl_str place)
{
    return place.n ? pl_map_get(&t->nodes, place) : t->root;
}

static void version_ends(struct pl_tree *t, struct node *n, enum pl_how how)
{
    struct pl_version *v = n->v;
    n->v = NULL;
    if (!v)
        return;
    if (--v->names == 0) {
        v->hidden = t->layer;
        v->how = how;
    } else if (!v->other.n || pl_str_eq(v->other, n->path)) {
        v->other = PL_S("");
    }
}

/* The name goes. */
static void kill_node(struct pl_tree *t, struct node *n, enum pl_how how)
{
    if (!n->live)
        return;
    version_ends(t, n, how);
    n->live = false;
    if (n->kind != PL_ENTRY_DIR)
        t->change.removed++;
    if (n->kind == PL_ENTRY_SYMLINK)
        t->parent_known = false;
}

/* Everything below `top` goes. Iterative, post-order: trees may be as deep as a path has
 * components. */
static void kill_below(struct pl_tree *t, struct node *top, enum pl_how how)
{
    struct node *n = top->child;
    while (n && n != top) {
        if (n->child) {
            n = n->child;
            continue;
        }
        kill_node(t, n, how);
        struct node *up = n->parent, *next = n->sibling;
        if (n->prev)
            n->prev->sibling = next;
        else
            up->child = next;
        if (next)
            next->prev = n->prev;
        n->sibling = n->prev = NULL;
        n->parent = NULL;
        n = next ? next : up;
    }
}

/* The node of `place`, made when it is not there. */
static struct node *ensure(struct pl_tree *t, struct pl_str place)
{
    void **at = pl_map_put(&t->nodes, place);
    struct node *n = *at;
    if (!n) {
        n = PL_NEW(&t->a, struct node);
        n->path = pl_dup(&t->a, place);
        *at = n;
    }
    return n;
}

/* The live directory that holds `place`; what stands there and is none gives way. */
static struct node *ensure_dir(struct pl_tree *t, struct pl_str dir)
{
    if (!dir.n)
        return t->root;
    struct node *n = ensure(t, dir);
    if (!n->live) {
        n->live = true;
        n->kind = PL_ENTRY_DIR;
        n->layer = t->layer;
    } else if (n->kind != PL_ENTRY_DIR) {
        version_ends(t, n, PL_HOW_REPLACED);
        n->kind = PL_ENTRY_DIR;
        n->layer = t->layer;
    }
    return n;
}

static void attach(struct pl_tree *t, struct node *n)
{
    struct pl_str dir = dirname_of(n->path);
    while (!n->parent && n != t->root) {
        struct node *up = ensure_dir(t, dir);
        n->parent = up;
        n->prev = NULL;
        n->sibling = up->child;
        if (up->child)
            up->child->prev = n;
        up->child = n;
        n = up;
        dir = dirname_of(n->path);
    }
}

static struct pl_version *version_of(struct pl_tree *t, const struct pl_entry *e,
                                     struct pl_str place)
{
    struct key k;
    struct pl_version *v = pl_map_get(&t->watched, key_of(&k, t->layer, e->ordinal));
    if (!v && t->paths.n && (pl_map_get(&t->paths, e->path) || pl_map_get(&t->paths, place))) {
        pl_tree_watch(t, t->layer, e->ordinal);
        v = pl_map_get(&t->watched, key_of(&k, t->layer, e->ordinal));
    }
    if (!v)
        return NULL;
    *v = (struct pl_version){ .layer = t->layer,
                              .ordinal = e->ordinal,
                              .path = pl_dup(&t->a, e->path),
                              .place = pl_dup(&t->a, place),
                              .kind = e->kind,
                              .mode = e->mode,
                              .uid = e->uid,
                              .gid = e->gid,
                              .size = e->size,
                              .at = e->at,
                              .mtime_ns = e->mtime_ns,
                              .link = pl_dup(&t->a, e->link),
                              .hidden = PL_NEVER };
    pl_vec_push(&t->versions, v);
    return v;
}

/* Chains the versions of one place. */
static void chain(struct pl_tree *t, struct pl_version *v, bool adjoins)
{
    void **at = pl_map_put(&t->last, v->place);
    struct pl_version *before = *at;
    if (before) {
        before->next = v;
        before->adjoins = adjoins;
        if (before->layer == v->layer)
            v->copy = before->copy + 1;
    }
    *at = v;
}

/* Rule 9: the version whose bytes a hard link shares: same layer first, then the view below. */
static struct pl_version *link_target(struct pl_tree *t, const struct pl_entry *e, bool *ret_found)
{
    struct node *n = lookup(t, resolve(t, e->link));
    *ret_found = n && n->live;
    return *ret_found ? n->v : NULL;
}

static void note_dangling(struct pl_tree *t, const struct pl_entry *e)
{
    pl_record_note(t->rec, PL_SCOPE_ENTRY, false, "dangling-link", e->path,
                   "hard link to '%.*s', which is not there", PL_FMT(pl_str_sub(e->link, 0, 200)));
}

/* Rule 7 and 8: what an entry does to the name that stands at its place. */
static void supersede(struct pl_tree *t, struct node *n, const struct pl_entry *e)
{
    bool dir = e->kind == PL_ENTRY_DIR, was_dir = n->kind == PL_ENTRY_DIR;
    enum pl_how how = n->layer == t->layer && n->layer != PL_NEVER          ? PL_HOW_DUPLICATE
                      : dir == was_dir && (dir || e->kind == PL_ENTRY_FILE) ? PL_HOW_OVERWRITE
                                                                            : PL_HOW_REPLACED;
    if (was_dir && !dir)
        kill_below(t, n, PL_HOW_REPLACED);
    if (n->kind == PL_ENTRY_SYMLINK || e->kind == PL_ENTRY_SYMLINK)
        t->parent_known = false;
    version_ends(t, n, how);
    if (!(dir && was_dir))
        t->change.changed++;
}

static void apply_entry(struct pl_tree *t, const struct pl_entry *e)
{
    struct pl_str place = resolve(t, e->path);
    struct pl_version *v = version_of(t, e, place), *shared = NULL;
    struct node *n = lookup(t, place);
    bool found = true;
    if (e->flags & PL_ENTRY_UNSAFE)
        return;
    if (e->kind == PL_ENTRY_HARDLINK) {
        shared = link_target(t, e, &found);
        if (!found)
            note_dangling(t, e);
    }
    bool stood = n && n->live;
    if (!v && !shared && !stood && e->kind != PL_ENTRY_SYMLINK && !t->all &&
        !pl_map_get(&t->targets, e->path))
        return;
    if (stood && shared && n->v == shared)
        return; /* a link to itself changes nothing */
    if (shared)
        shared->names++; /* before its other name may end */
    if (stood)
        supersede(t, n, e);
    else
        t->change.added += e->kind != PL_ENTRY_DIR;
    n = place.n ? ensure(t, place) : t->root;
    n->live = true;
    attach(t, n);
    n->kind = e->kind == PL_ENTRY_HARDLINK ? PL_ENTRY_FILE : e->kind;
    n->layer = t->layer;
    if (e->kind == PL_ENTRY_SYMLINK) {
        n->link = pl_dup(&t->a, e->link);
        t->parent_known = false;
    }
    if (v) {
        v->placed = true;
        chain(t, v, stood);
    }
    if (shared) {
        n->v = shared;
        shared->other = n->path;
    } else if (v) {
        v->names++;
        n->v = v;
    }
}

static void apply_whiteout(struct pl_tree *t, enum pl_whiteout kind, struct pl_str target)
{
    struct pl_str place = resolve(t, target);
    struct node *n = lookup(t, place);
    uint64_t before = t->change.removed;
    bool hit = n && n->live && (kind == PL_WH_OPAQUE ? n->child != NULL : n != t->root);
    if (!hit) {
        t->change.no_effect++;
        return;
    }
    enum pl_how how = kind == PL_WH_OPAQUE ? PL_HOW_OPAQUE : PL_HOW_WHITEOUT;
    kill_below(t, n, how);
    if (kind == PL_WH_FILE)
        kill_node(t, n, how);
    t->change.no_effect += t->change.removed == before && kind == PL_WH_OPAQUE;
}

/* Calls `fn` for each entry of the record with its whiteout class. */
typedef void each_fn(struct pl_tree *t, const struct pl_entry *e, enum pl_whiteout kind,
                     struct pl_str target);

static int each(struct pl_tree *t, const struct pl_record *r, each_fn *fn, struct pl_err *err)
{
    struct pl_arena scratch = { 0 };
    struct pl_entries it;
    struct pl_entry e;
    pl_entries_begin(&it, r);
    while (pl_entries_next(&it, &e)) {
        struct pl_str base = basename_of(e.path), target = { "", 0 };
        enum pl_whiteout kind = PL_WH_NONE;
        if (base.n >= 4 && memcmp(base.p, ".wh.", 4) == 0)
            kind = pl_whiteout(e.path, &scratch, &target);
        fn(t, &e, kind, target);
        if (kind != PL_WH_NONE)
            pl_arena_reset(&scratch);
    }
    pl_arena_release(&scratch);
    pl_entries_end(&it);
    return it.bad ? pl_fail(err, PL_E_FORMAT, "malformed entry %u", it.next - 1) : 0;
}

/* First pass: markers act on the layers below, wherever they stand in the tar (rules 1 and 2). */
static void pass_markers(struct pl_tree *t, const struct pl_entry *e, enum pl_whiteout kind,
                         struct pl_str target)
{
    if (kind == PL_WH_NONE || (e->flags & PL_ENTRY_UNSAFE))
        return;
    if (kind == PL_WH_FILE || kind == PL_WH_OPAQUE)
        apply_whiteout(t, kind, target);
    if (kind == PL_WH_BAD)
        pl_record_note(t->rec, PL_SCOPE_ENTRY, false, "bad-whiteout", e->path,
                       "this whiteout names no file and has no effect");
}

static void pass_entries(struct pl_tree *t, const struct pl_entry *e, enum pl_whiteout kind,
                         struct pl_str target)
{
    (void)target;
    if (kind != PL_WH_NONE) { /* a marker takes no place, but its body is content */
        version_of(t, e, e->path);
        return;
    }
    apply_entry(t, e);
}

static void pass_targets(struct pl_tree *t, const struct pl_entry *e, enum pl_whiteout kind,
                         struct pl_str target)
{
    (void)kind;
    (void)target;
    if (e->kind == PL_ENTRY_HARDLINK)
        *pl_map_put(&t->targets, e->link) = t;
}

int pl_tree_survey(struct pl_tree *t, const struct pl_record *r, struct pl_err *err)
{
    return each(t, r, pass_targets, err);
}

static void pass_count(struct pl_tree *t, const struct pl_entry *e, enum pl_whiteout kind,
                       struct pl_str target)
{
    (void)target;
    t->change.added += kind == PL_WH_NONE && e->kind != PL_ENTRY_DIR;
}

int pl_tree_apply(struct pl_tree *t, uint32_t layer, const struct pl_record *r,
                  struct pl_record *notes, uint64_t *ret_files, struct pl_layer_change *ret_change,
                  struct pl_err *err)
{
    t->layer = layer;
    t->rec = notes;
    t->parent_known = false;
    t->change = (struct pl_layer_change){ 0 };
    int ret = each(t, r, pass_count, err);
    *ret_files = t->change.added;
    t->change = (struct pl_layer_change){ 0 };
    if (ret == 0)
        ret = each(t, r, pass_markers, err);
    if (ret == 0)
        ret = each(t, r, pass_entries, err);
    if (ret_change)
        *ret_change = t->change;
    return ret;
}
