/* What each commit brought in: its tree against those of its parents, equal subtrees left out.
 * Trees are read as they are stored: mode, name, id. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/buf.h"
#include "base/limits.h"
#include "source/git_int.h"

#define PARENTS_MAX 16u /* an octopus with more is compared with the first ones only */
#define WHOLE_TIMES 8u  /* a folder that stands at more places than that is told that often */

struct walk {
    struct pl_git *g;
    pl_git_intro_fn *fn;
    pl_git_note_fn *note;
    void *arg;
    uint32_t commit;
    struct pl_buf path;
    uint64_t missing;
};

/* One parent's side of a folder: the tree's text, taken off as the names go by. */
struct side {
    git_odb_object *o;
    struct pl_str rest;
    struct pl_git_item item;
    bool have;
};

static void note_tree(struct walk *w, const uint8_t *oid, const char *what)
{
    char hex[2 * PL_OID + 1];
    if (w->missing++ > 20)
        return;
    pl_hex(oid, PL_OID, hex);
    pl_buf_putc(&w->path, 0);
    w->path.n--;
    w->note(w->arg, true, "missing-object",
            w->path.n ? pl_buf_str(&w->path) : pl_str_n(hex, 2 * PL_OID), what);
}

/* git orders names as if those of folders ended with a slash. */
static int name_order(const struct pl_git_item *a, const struct pl_git_item *b)
{
    size_t n = a->name.n < b->name.n ? a->name.n : b->name.n;
    int c = memcmp(a->name.p, b->name.p, n);
    if (c)
        return c;
    unsigned char x = a->name.n > n                 ? (unsigned char)a->name.p[n]
                      : a->mode == PL_GIT_MODE_TREE ? '/'
                                                    : 0;
    unsigned char y = b->name.n > n                 ? (unsigned char)b->name.p[n]
                      : b->mode == PL_GIT_MODE_TREE ? '/'
                                                    : 0;
    return x < y ? -1 : x > y;
}

static void side_next(struct side *s)
{
    s->have = pl_git_item_next(&s->rest, &s->item) > 0;
}

/* Opens a tree; false when it is not there (noted when it is `ours`). */
static bool side_open(struct walk *w, const uint8_t *oid, bool ours, struct side *s)
{
    struct pl_err err = { 0 };
    *s = (struct side){ 0 };
    if (pl_git_raw(w->g, oid, &s->o, &err) < 0) {
        if (ours)
            note_tree(w, oid, err.msg);
        return false;
    }
    if (pl_git_lib()->git_odb_object_type(s->o) != GIT_OBJECT_TREE) {
        pl_git_lib()->git_odb_object_free(s->o);
        s->o = NULL;
        if (ours)
            note_tree(w, oid, "not a tree");
        return false;
    }
    s->rest =
        pl_str_n(pl_git_lib()->git_odb_object_data(s->o), pl_git_lib()->git_odb_object_size(s->o));
    side_next(s);
    return true;
}

/* Has this tree been told whole so often that once more tells nothing new? */
static bool told_enough(struct walk *w, const uint8_t *oid)
{
    bool fresh;
    uint32_t i = pl_oidmap_put(&w->g->whole, oid, &fresh);
    if (fresh)
        pl_vec_push(&w->g->times, 0);
    if (w->g->times.p[i] >= WHOLE_TIMES)
        return true;
    w->g->times.p[i]++;
    return false;
}

static void tell_submodule(struct walk *w)
{
    uint8_t key[PL_OID] = { 0 };
    bool fresh;
    uint64_t h = pl_str_hash(pl_buf_str(&w->path));
    memcpy(key, &h, sizeof h);
    memcpy(key + 12, &h, sizeof h);
    pl_oidmap_put(&w->g->submodules, key, &fresh);
    if (fresh)
        w->note(w->arg, false, "submodule", pl_buf_str(&w->path),
                "another repository's commit, not read here");
}

static void folder(struct walk *w, const uint8_t *tree, const uint8_t *const *old, size_t n_old,
                   unsigned depth);

/* One entry against the same name of the parents. */
static void entry(struct walk *w, const struct pl_git_item *e, const struct side *s, size_t n,
                  const bool *same, unsigned depth)
{
    const uint8_t *old[PARENTS_MAX];
    size_t n_old = 0, mark = w->path.n;
    uint32_t kind = e->mode & PL_GIT_MODE_KIND;
    for (size_t i = 0; i < n; i++) {
        if (!same[i])
            continue;
        if (memcmp(s[i].item.oid, e->oid, PL_OID) == 0)
            return;
        if ((s[i].item.mode & PL_GIT_MODE_KIND) == PL_GIT_MODE_TREE)
            old[n_old++] = s[i].item.oid;
    }
    if (mark)
        pl_buf_putc(&w->path, '/');
    pl_buf_putn(&w->path, e->name.p, e->name.n);
    if (kind == PL_GIT_MODE_TREE) {
        if (w->path.n > PL_KIB(64) || depth >= PL_GIT_TREE_DEPTH)
            w->note(w->arg, true, "limit", pl_str_sub(pl_buf_str(&w->path), 0, 200),
                    "folders nested too deep");
        else
            folder(w, e->oid, old, n_old, depth + 1);
    } else if (kind == PL_GIT_MODE_SUBMODULE) {
        tell_submodule(w);
    } else {
        struct pl_git_intro x = { w->commit, e->oid, pl_buf_str(&w->path),
                                  kind == PL_GIT_MODE_LINK };
        w->fn(w->arg, &x);
    }
    w->path.n = mark;
}

static void compare(struct walk *w, struct side *ours, struct side *s, size_t n, unsigned depth)
{
    bool same[PARENTS_MAX];
    for (; ours->have; side_next(ours)) {
        for (size_t i = 0; i < n; i++) {
            int c = -1;
            while (s[i].have && (c = name_order(&s[i].item, &ours->item)) < 0)
                side_next(&s[i]);
            same[i] = s[i].have && c == 0;
        }
        entry(w, &ours->item, s, n, same, depth);
    }
}

static void folder(struct walk *w, const uint8_t *tree, const uint8_t *const *old, size_t n_old,
                   unsigned depth)
{
    struct side ours, sides[PARENTS_MAX];
    size_t n = 0;
    if (!n_old && told_enough(w, tree))
        return;
    if (!side_open(w, tree, true, &ours))
        return;
    for (size_t i = 0; i < n_old; i++)
        n += side_open(w, old[i], false, &sides[n]);
    compare(w, &ours, sides, n, depth);
    if (ours.rest.n)
        note_tree(w, tree, "a malformed tree");
    pl_git_lib()->git_odb_object_free(ours.o);
    for (size_t i = 0; i < n; i++)
        pl_git_lib()->git_odb_object_free(sides[i].o);
}

static void one_commit(struct walk *w, const struct pl_git_commit *c)
{
    struct pl_git *g = w->g;
    const uint8_t *old[PARENTS_MAX];
    size_t n = 0;
    for (uint32_t k = 0; k < c->n_parents && n < PARENTS_MAX; k++) {
        const struct pl_git_commit *p = &g->info.p[g->parents.p[c->parents + k]];
        if (!p->known)
            continue;
        if (memcmp(p->tree, c->tree, PL_OID) == 0)
            return;
        old[n++] = p->tree;
    }
    folder(w, c->tree, old, n, 0);
}

void pl_git_walk(struct pl_git *g, size_t from, size_t to, pl_git_intro_fn *fn,
                 pl_git_note_fn *note, void *arg)
{
    struct walk w = { .g = g, .fn = fn, .note = note, .arg = arg };
    for (size_t i = from; i < to && i < g->list.n; i++) {
        w.commit = (uint32_t)i;
        one_commit(&w, &g->info.p[g->list.p[i]]);
    }
    pl_buf_release(&w.path);
}

/* ---- what is there at the heads ---- */

struct heads {
    struct walk w;
    void (*fn)(void *arg, const uint8_t *oid, struct pl_str path);
    void *arg;
};

static void head_intro(void *arg, const struct pl_git_intro *x)
{
    struct heads *h = arg;
    h->fn(h->arg, x->oid, x->path);
}

static void head_note(void *arg, bool incomplete, const char *code, struct pl_str where,
                      const char *message)
{
    (void)arg; /* the walk through the history has told it */
    (void)incomplete;
    (void)code;
    (void)where;
    (void)message;
}

static void one_head(struct heads *h, git_reference *ref)
{
    git_object *o = NULL;
    if (pl_git_lib()->git_reference_peel(&o, ref, GIT_OBJECT_TREE) == 0)
        folder(&h->w, pl_git_lib()->git_object_id(o)->id, NULL, 0, 0);
    pl_git_lib()->git_object_free(o);
}

void pl_git_heads(struct pl_git *g, void (*fn)(void *arg, const uint8_t *oid, struct pl_str path),
                  void *arg)
{
    struct heads h = { .fn = fn, .arg = arg };
    git_branch_iterator *it = NULL;
    git_reference *ref;
    git_branch_t kind;
    h.w = (struct walk){ .g = g, .fn = head_intro, .note = head_note, .arg = &h };
    pl_oidmap_release(&g->whole);
    g->times.n = 0;
    if (pl_git_lib()->git_repository_head(&ref, g->repo) == 0) {
        one_head(&h, ref);
        pl_git_lib()->git_reference_free(ref);
    }
    if (pl_git_lib()->git_branch_iterator_new(&it, g->repo, GIT_BRANCH_ALL) == 0)
        while (pl_git_lib()->git_branch_next(&ref, &kind, it) == 0) {
            one_head(&h, ref);
            pl_git_lib()->git_reference_free(ref);
        }
    pl_git_lib()->git_branch_iterator_free(it);
    pl_buf_release(&h.w.path);
}
