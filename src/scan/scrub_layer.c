/* What becomes of the entries of a layer. An entry that goes must not uncover what it covered, nor
 * take a directory with it, nor leave a link without its target. forensics.md sections 3 and 8. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "io/redact.h"
#include "scan/scrub_int.h"

typedef void each_fn(void *arg, const struct pl_entry *e);

static void each_entry(const struct pl_record *r, each_fn *fn, void *arg)
{
    struct pl_entries it;
    struct pl_entry e;
    pl_entries_begin(&it, r);
    while (pl_entries_next(&it, &e))
        fn(arg, &e);
    pl_entries_end(&it);
}

static const struct pl_record *record(const struct pl_image *im, size_t layer)
{
    return im->layers[layer] ? im->layers[layer]->rec : NULL;
}

static struct pl_fate *fate_of(struct pl_work *w, uint32_t ordinal)
{
    uintptr_t at = (uintptr_t)pl_map_get(&w->by_ordinal, pl_str_n(&ordinal, sizeof ordinal));
    return at ? &w->fates.p[at - 1] : NULL;
}

static struct pl_fate *fate_make(struct pl_work *w, uint32_t ordinal)
{
    struct pl_fate *f = fate_of(w, ordinal);
    if (f)
        return f;
    struct pl_fate fresh = { .e = { .ordinal = ordinal } };
    pl_vec_push(&w->fates, fresh);
    *pl_map_put(&w->by_ordinal, pl_str_n(&ordinal, sizeof ordinal)) = (void *)(uintptr_t)w->fates.n;
    w->rewrite = true;
    return &w->fates.p[w->fates.n - 1];
}

static bool goes(const struct pl_fate *f)
{
    return f && (f->e.fate == PL_TAR_DROP || f->e.fate == PL_TAR_HIDE);
}

/* ---- one hit ---- */

/* Facts of the entries that hits are in. */
struct fact {
    struct pl_str path, link;
    enum pl_entry_kind kind;
    uint32_t flags;
    uint64_t size;
};

struct facts {
    struct pl_scrub *x;
    struct pl_map by_ordinal; /* -> struct fact *, NULL inside until found */
};

static void on_fact(void *arg, const struct pl_entry *e)
{
    struct facts *k = arg;
    struct pl_str key = pl_str_n(&e->ordinal, sizeof e->ordinal);
    if (!pl_map_get(&k->by_ordinal, key))
        return;
    struct fact *f = PL_NEW(&k->x->a, struct fact);
    *f = (struct fact){ pl_dup(&k->x->a, e->path), pl_dup(&k->x->a, e->link), e->kind, e->flags,
                        e->size };
    *pl_map_put(&k->by_ordinal, key) = f;
}

static struct pl_str base_name(struct pl_str path)
{
    const char *slash = memrchr(path.p, '/', path.n);
    return slash ? pl_str_n(slash + 1, (size_t)(path.p + path.n - slash - 1)) : path;
}

static struct pl_str parent(struct pl_str path)
{
    const char *slash = memrchr(path.p, '/', path.n);
    return pl_str_sub(path, 0, slash ? (size_t)(slash - path.p) : 0);
}

static bool is_marker(struct pl_str path)
{
    struct pl_str b = base_name(path);
    return pl_str_starts(b, PL_S(".wh.")) && b.n > 4 && !pl_str_is(b, ".wh..") &&
           !pl_str_is(b, ".wh...");
}

static bool holds_value(struct pl_str text, const struct pl_hit *h)
{
    return h->has_value && h->value.n && pl_str_find(text, h->value, 0) != SIZE_MAX;
}

/* Overwrites the secret in the body, or says why not. */
static void redact(struct pl_scrub *x, struct pl_work *w, const struct pl_hit *h,
                   const struct fact *e)
{
    struct pl_str path = pl_scrub_mask(x, e->path);
    bool inside = h->where.nested.n != 0;
    const char *why = h->decoded.n || !h->has_value              ? "in another form"
                      : e->flags & PL_ENTRY_SPARSE               ? "in a file with holes"
                      : inside && e->size > PL_REDACT_MAX        ? "inside a file that is too large"
                      : inside && !pl_rules_can_search(h->value) ? "inside another file"
                                                                 : NULL;
    if (why) {
        pl_scrub_refuse(x, "%.*s: the secret stands there %s and cannot be overwritten; --remove",
                        PL_FMT(path), why);
        return;
    }
    struct pl_fate *f = fate_make(w, h->ordinal);
    if (goes(f))
        return;
    struct pl_tar_blank b = { h->where.off, h->value.n };
    f->e.fate = PL_TAR_REDACT;
    f->e.inside |= inside;
    if (!inside)
        pl_vec_push(&f->blanks, b);
    pl_scrub_change(x, w->part, e->path, PL_SURF_FILE, "redacted");
}

static void remove_entry(struct pl_work *w, uint32_t ordinal, const struct fact *e, bool visible)
{
    struct pl_fate *f = fate_make(w, ordinal);
    f->visible |= visible;
    if (is_marker(e->path)) { /* only its name counts: it stays, without a body */
        f->e.fate = PL_TAR_HIDE;
        f->e.name = e->path;
    } else if (f->e.fate != PL_TAR_HIDE) {
        f->e.fate = PL_TAR_DROP;
    }
}

static void blank_headers(struct pl_scrub *x, struct pl_work *w, uint32_t ordinal,
                          const struct fact *e)
{
    fate_make(w, ordinal)->e.headers = true;
    w->headers = true;
    pl_scrub_change(x, w->part, e->path, PL_SURF_TAR_HEADER, "blanked");
}

static void entry_hit(struct pl_scrub *x, struct pl_work *w, const struct pl_hit *h,
                      const struct fact *e, const struct pl_version *v)
{
    bool visible = v && v->placed && v->hidden == PL_NEVER;
    bool header = h->where.surface == PL_SURF_TAR_HEADER;
    bool name = header && (holds_value(e->path, h) || holds_value(e->link, h));
    if (visible && !x->o.remove && !x->o.redact) {
        pl_scrub_refuse(x, "%.*s is visible: --remove or --redact",
                        PL_FMT(pl_scrub_mask(x, e->path)));
        return;
    }
    if (header && (e->kind == PL_ENTRY_DIR || (visible && !(name && x->o.remove)) || !v))
        blank_headers(x, w, h->ordinal, e);
    else if (visible && x->o.redact)
        redact(x, w, h, e);
    else
        remove_entry(w, h->ordinal, e, visible);
}

static void layer_hit(struct pl_scrub *x, struct pl_work *w, const struct pl_hit *h,
                      const struct fact *e, const struct pl_version *v)
{
    switch (h->where.surface) {
    case PL_SURF_GZIP_HEADER:
        pl_scrub_change(x, w->part, h->where.path, h->where.surface, "left out");
        break;
    case PL_SURF_TAR_TRAILER:
        if (h->ordinal == PL_NEVER) {
            w->tail = true;
        } else { /* offered when the next header was looked for */
            if (h->ordinal > 0)
                fate_make(w, h->ordinal - 1)->e.padding = true;
            if (h->ordinal < w->part->rec->n_entries)
                fate_make(w, h->ordinal)->e.padding = true;
        }
        pl_scrub_change(x, w->part, h->where.path, h->where.surface, "left out");
        break;
    default:
        if (e) {
            entry_hit(x, w, h, e, v);
        } else { /* of a header that belongs to no entry */
            w->headers = true;
            pl_scrub_change(x, w->part, h->where.path, h->where.surface, "blanked");
        }
    }
    w->rewrite = true;
}

static void layer_hits(struct pl_scrub *x, struct pl_part *p, uint32_t layer,
                       const struct pl_tree *tree)
{
    struct facts k = { .x = x, .by_ordinal = { .a = &x->a } };
    const struct pl_record *r = p->rec;
    for (size_t i = 0; i < r->hits.n; i++)
        if (r->hits.p[i].ordinal != PL_NEVER && pl_scrub_named(x, &r->hits.p[i]))
            *pl_map_put(&k.by_ordinal, pl_str_n(&r->hits.p[i].ordinal, sizeof(uint32_t))) = &k;
    if (k.by_ordinal.n)
        each_entry(r, on_fact, &k);
    for (size_t i = 0; i < r->hits.n; i++) {
        const struct pl_hit *h = &r->hits.p[i];
        if (!pl_scrub_named(x, h))
            continue;
        const struct fact *e = pl_map_get(&k.by_ordinal, pl_str_n(&h->ordinal, sizeof h->ordinal));
        layer_hit(x, pl_scrub_work(x, p), h, (const void *)e == &k ? NULL : e,
                  h->ordinal == PL_NEVER ? NULL : pl_tree_find(tree, layer, h->ordinal));
    }
    pl_map_release(&k.by_ordinal);
}

/* ---- other names of what goes, and copies of it in the same layer ---- */

struct spread {
    struct pl_scrub *x;
    struct pl_work *w; /* of the layer being walked; NULL: nothing of it goes yet */
    struct pl_part *part;
    struct pl_map gone;    /* path -> non-NULL while its bytes are of an entry that goes */
    struct pl_map doubled; /* path -> non-NULL: all of them in this layer go */
    uint64_t added;
};

static void add(struct spread *k, const struct pl_entry *e, bool visible)
{
    k->w = pl_scrub_work(k->x, k->part);
    struct pl_fate *f = fate_make(k->w, e->ordinal);
    f->e.fate = PL_TAR_DROP;
    f->link = true;
    f->visible |= visible;
    k->added++;
}

static void on_visible(void *arg, const struct pl_entry *e)
{
    struct spread *k = arg;
    const struct pl_fate *f = fate_of(k->w, e->ordinal);
    if (goes(f) && f->visible)
        *pl_map_put(&k->doubled, e->path) = k;
}

static void on_spread(void *arg, const struct pl_entry *e)
{
    struct spread *k = arg;
    const struct pl_fate *f = k->w ? fate_of(k->w, e->ordinal) : NULL;
    bool plain = e->kind != PL_ENTRY_DIR && !is_marker(e->path);
    if (goes(f) && plain) {
        *pl_map_put(&k->gone, e->path) = k;
    } else if (e->kind == PL_ENTRY_HARDLINK && e->size == 0 && pl_map_get(&k->gone, e->link)) {
        add(k, e, false);
        *pl_map_put(&k->gone, e->path) = k;
    } else if (plain && pl_map_get(&k->doubled, e->path)) {
        add(k, e, true);
        *pl_map_put(&k->gone, e->path) = k;
    } else if (pl_map_get(&k->gone, e->path)) {
        *pl_map_put(&k->gone, e->path) = NULL;
    }
}

static void spread(struct pl_scrub *x, const struct pl_image *im)
{
    struct spread k = { .x = x, .gone = { .a = &x->a } };
    for (size_t i = 0; i < im->n_layers; i++) {
        if (!record(im, i))
            continue;
        k.part = im->layers[i];
        k.w = pl_scrub_work(x, k.part);
        k.doubled = (struct pl_map){ .a = &x->a };
        if (k.w->fates.n)
            each_entry(k.part->rec, on_visible, &k);
        if (k.w->fates.n || k.gone.n)
            each_entry(k.part->rec, on_spread, &k);
        pl_map_release(&k.doubled);
    }
    pl_map_release(&k.gone);
}

/* ---- what an entry that goes must leave behind ---- */

/* The lowest layer in which something of a path is that stays. */
struct below {
    uint32_t exact; /* the path itself, whatever it is */
    uint32_t dir;   /* it is a directory there, said or meant */
};

struct cover {
    struct pl_scrub *x;
    struct pl_work *w;
    uint32_t layer;
    struct pl_map paths; /* -> struct below * */
};

static struct below *below_make(struct cover *k, struct pl_str path)
{
    void **at = pl_map_put(&k->paths, path);
    if (!*at) {
        struct below *b = PL_NEW(&k->x->a, struct below);
        *b = (struct below){ PL_NEVER, PL_NEVER };
        *at = b;
    }
    return *at;
}

static void on_gone(void *arg, const struct pl_entry *e)
{
    struct cover *k = arg;
    if (!goes(fate_of(k->w, e->ordinal)))
        return;
    below_make(k, e->path);
    below_make(k, parent(e->path));
}

static void on_below(void *arg, const struct pl_entry *e)
{
    struct cover *k = arg;
    struct below *b;
    const struct pl_fate *f = fate_of(k->w, e->ordinal);
    if (goes(f) && f->e.fate != PL_TAR_HIDE)
        return;
    if (!is_marker(e->path) && (b = pl_map_get(&k->paths, e->path))) {
        if (b->exact == PL_NEVER)
            b->exact = k->layer;
        if (e->kind == PL_ENTRY_DIR && b->dir == PL_NEVER)
            b->dir = k->layer;
    }
    for (struct pl_str p = parent(e->path); p.n; p = parent(p))
        if ((b = pl_map_get(&k->paths, p)) && b->dir == PL_NEVER)
            b->dir = k->layer;
}

/* A directory that now stands in this layer, and those it is in. */
static void provide(struct cover *k, struct pl_str path)
{
    for (; path.n; path = parent(path)) {
        struct below *b = pl_map_get(&k->paths, path);
        if (b && b->dir > k->layer)
            b->dir = k->layer;
    }
}

static void on_cover(void *arg, const struct pl_entry *e)
{
    struct cover *k = arg;
    struct pl_fate *f = fate_of(k->w, e->ordinal);
    if (!f || !goes(f) || e->flags & PL_ENTRY_UNSAFE)
        return;
    const struct below *b = pl_map_get(&k->paths, e->path);
    struct pl_str up = parent(e->path);
    const struct below *d = up.n ? pl_map_get(&k->paths, up) : NULL;
    bool marker = is_marker(e->path);
    bool uncovers = b && (b->dir < k->layer || (f->visible && b->exact < k->layer));
    /* the directory would go with it, unless it, or a link in its place, is there by itself */
    bool orphans = d && d->dir > k->layer && d->exact > k->layer;
    if (!marker && f->e.fate == PL_TAR_DROP && orphans && !uncovers) {
        f->e.fate = PL_TAR_HIDE;
        f->e.name = pl_printf(&k->x->a, "%.*s/", PL_FMT(up));
        provide(k, up);
    } else if (!marker && f->e.fate == PL_TAR_DROP && uncovers) {
        f->e.fate = PL_TAR_HIDE;
        f->e.name = pl_printf(&k->x->a, "%.*s%s.wh.%.*s", PL_FMT(up), up.n ? "/" : "",
                              PL_FMT(base_name(e->path)));
    }
    pl_scrub_change(k->x, k->w->part, e->path, PL_SURF_FILE,
                    f->e.fate == PL_TAR_HIDE && !pl_str_ends(f->e.name, PL_S("/")) ? "hidden"
                                                                                   : "removed");
}

static void cover(struct pl_scrub *x, const struct pl_image *im)
{
    struct cover k = { .x = x, .paths = { .a = &x->a } };
    for (int pass = 0; pass < 3; pass++) {
        each_fn *fn[] = { on_gone, on_below, on_cover };
        for (size_t i = 0; i < im->n_layers; i++) {
            if (!record(im, i))
                continue;
            k.w = pl_scrub_work(x, im->layers[i]);
            k.layer = (uint32_t)i;
            if (pass == 1 ? k.paths.n > 0 : k.w->fates.n > 0)
                each_entry(im->layers[i]->rec, fn[pass], &k);
        }
    }
    pl_map_release(&k.paths);
}

void pl_scrub_layers(struct pl_scrub *x, const struct pl_image *im)
{
    struct pl_record *notes = calloc(1, sizeof *notes);
    uint64_t *files = pl_alloc_n(&x->a, im->n_layers, sizeof *files);
    if (!notes)
        pl_oom();
    struct pl_tree *tree = pl_unit_tree(im, false, PL_S(""), notes, files, NULL);
    for (size_t i = 0; i < im->n_layers; i++)
        if (record(im, i))
            layer_hits(x, im->layers[i], (uint32_t)i, tree);
    pl_tree_free(tree);
    pl_record_free(notes);
    spread(x, im);
    cover(x, im);
}
