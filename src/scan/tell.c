/* From records to a report: spans, texts, fingerprints, order. forensics.md sections 4 to 6. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "oci/history.h"
#include "oci/platform.h"
#include "scan/git.h"
#include "scan/scan_int.h"
#include "scan/tellpkg.h"

/* One image being told. */
struct tell {
    struct pl_unit *u;
    const struct pl_image *im;
    struct pl_arena *a; /* the report's */
    struct pl_target *t;
    struct pl_history_map align;
    struct pl_tree *tree;
    struct pl_record *notes; /* of the merge */
    PL_VEC(struct found {
        struct pl_finding f;
        const struct pl_version *v;
        uint32_t ordinal;
        uint32_t seen;
        uint64_t life;
        bool merged;
    })
    found;
    PL_VEC(struct pl_note) out_notes;
    struct pl_map by_hash; /* content digest -> struct pl_str * path, for renamed copies */
    struct pl_map lives;   /* key -> struct life_list * */
    bool several;          /* the target holds several images */
};

struct life_list {
    PL_VEC(uint64_t) id;
};

struct pl_str pl_image_platform(const struct pl_image *im, struct pl_arena *a)
{
    struct pl_platform p = im->platform;
    if (!p.os.n && !p.arch.n && im->config && im->config->rec && im->config->rec->has_doc)
        p = im->config->rec->doc.platform;
    return pl_platform_text(a, &p);
}

static const struct pl_doc *config_of(const struct pl_image *im)
{
    return im->config && im->config->rec && im->config->rec->has_doc &&
                   im->config->rec->doc.kind == PL_DOC_CONFIG
               ? &im->config->rec->doc
               : NULL;
}

static void add_note(struct tell *k, struct pl_note n)
{
    n.where = pl_dup(k->a, n.where);
    n.code = pl_dup(k->a, n.code);
    n.message = pl_dup(k->a, n.message);
    if (n.incomplete)
        k->t->complete = false;
    pl_vec_push(&k->out_notes, n);
}

/* Notes of a part, each with where it is: "layer 3 (sha256:…): etc/x". */
static void part_notes(struct tell *k, const struct pl_record *r, struct pl_str where)
{
    for (size_t i = 0; r && i < r->notes.n; i++) {
        struct pl_note n = r->notes.p[i];
        if (where.n)
            n.where = n.where.n && !pl_str_eq(n.where, where)
                          ? pl_printf(k->a, "%.*s: %.*s", PL_FMT(where), PL_FMT(n.where))
                          : where;
        add_note(k, n);
    }
    if (r && !r->done.complete)
        k->t->complete = false;
}

static void lost(struct tell *k, const char *code, struct pl_str where, const char *message)
{
    struct pl_note n = { PL_SCOPE_LAYER, where, pl_str_c(code), pl_str_c(message), true };
    add_note(k, n);
}

/* ---- layers ---- */

static struct pl_str digest_text(struct tell *k, const uint8_t *sum)
{
    struct pl_digest d = { .set = true, .alg = PL_HASH_SHA256 };
    memcpy(d.b, sum, 32);
    return pl_digest_text(k->a, &d);
}

static void tell_layer(struct tell *k, size_t i, uint64_t files)
{
    const struct pl_image *im = k->im;
    const struct pl_part *p = im->layers[i];
    const struct pl_doc *config = config_of(im);
    struct pl_layer_info *l = &k->t->layers[i];
    *l = (struct pl_layer_info){ .index = (uint32_t)i, .files = files };
    if (im->layer_desc)
        l->digest = pl_digest_text(k->a, &im->layer_desc[i].digest);
    else if (p && p->rec)
        l->digest = digest_text(k, p->rec->sha256);
    if (config && i < config->n_diff_ids)
        l->diff_id = pl_digest_text(k->a, &config->diff_ids[i]);
    else if (p && p->rec && p->rec->done.has_diff)
        l->diff_id = digest_text(k, p->rec->done.diff_id);
    if (k->align.fit == PL_HISTORY_ALIGNED && k->align.of_layer) {
        const struct pl_history *h = &config->history[k->align.of_layer[i]];
        l->created_by = pl_dup(k->a, h->created_by);
        l->has_created_by = h->has_created_by;
    }
    struct pl_str where = pl_printf(k->a, "layer %zu (%.*s)", i, PL_FMT(l->digest));
    if (!p || !p->rec) {
        k->t->complete = false;
        if (!p)
            lost(k, "missing-blob", where, "this layer is not in the image");
        return;
    }
    l->bytes = p->rec->done.bytes;
    l->blob_bytes = p->rec->fed;
    k->t->bytes_claimed += p->rec->done.bytes;
    k->t->bytes_read += p->rec->done.seen;
    k->t->layers_read += p->rec->done.complete;
    part_notes(k, p->rec, where);
    if (config && i < config->n_diff_ids && p->rec->done.kind == PL_BLOB_LAYER &&
        p->rec->done.has_diff) {
        const struct pl_digest *want = &config->diff_ids[i];
        if (want->alg != PL_HASH_SHA256)
            lost(k, "digest-unchecked", where,
                 "its diff_id is of an algorithm that is not computed");
        else if (memcmp(want->b, p->rec->done.diff_id, 32) != 0)
            lost(k, "diff-id-mismatch", where, "unpacked content is not what diff_ids says");
    }
}

static void tell_layers(struct tell *k)
{
    const struct pl_image *im = k->im;
    const struct pl_doc *config = config_of(im);
    uint64_t *files = pl_alloc_n(k->a, im->n_layers, sizeof *files);
    if (config)
        pl_history_align(config, im->n_layers, k->a, &k->align);
    k->tree = pl_unit_tree(im, false, PL_S(""), k->notes, files, NULL);
    k->t->layers = pl_alloc_n(k->a, im->n_layers, sizeof *k->t->layers);
    k->t->n_layers = im->n_layers;
    for (size_t i = 0; i < im->n_layers; i++)
        tell_layer(k, i, files[i]);
    part_notes(k, k->notes, PL_S(""));
    if (!config) {
        lost(k, "no-config", PL_S("config"), "the image's configuration could not be read");
        return;
    }
    if (config->n_diff_ids != im->n_layers) {
        struct pl_note n = { PL_SCOPE_UNIT, PL_S("config"), PL_S("layer-count"), { 0 }, true };
        n.message =
            pl_printf(k->a, "%zu layers, but %zu diff_ids", im->n_layers, config->n_diff_ids);
        add_note(k, n);
    }
    if (k->align.fit == PL_HISTORY_MISMATCH) {
        struct pl_note n = {
            PL_SCOPE_UNIT, PL_S("config"), PL_S("history-mismatch"), { 0 }, false
        };
        n.message = pl_printf(k->a, "%zu layers, but %zu history entries that brought one",
                              k->align.n_layers, k->align.n_filled);
        add_note(k, n);
    }
}

struct pl_tree *pl_unit_tree(const struct pl_image *im, bool all, struct pl_str watch_path,
                             struct pl_record *notes, uint64_t *ret_files,
                             struct pl_layer_change *ret_changes)
{
    struct pl_tree *t = pl_tree_new(all);
    struct pl_err err = { 0 };
    if (watch_path.n)
        pl_tree_watch_path(t, watch_path);
    for (size_t i = 0; i < im->n_layers; i++) {
        const struct pl_record *r = im->layers[i] ? im->layers[i]->rec : NULL;
        if (!r)
            continue;
        for (size_t h = 0; h < r->hits.n; h++)
            if (r->hits.p[h].ordinal != PL_NEVER)
                pl_tree_watch(t, (uint32_t)i, r->hits.p[h].ordinal);
        for (size_t h = 0; h < r->packages.n; h++)
            if (r->packages.p[h].ordinal != PL_NEVER)
                pl_tree_watch(t, (uint32_t)i, r->packages.p[h].ordinal);
        pl_tree_survey(t, r, &err);
    }
    for (size_t i = 0; i < im->n_layers; i++) {
        const struct pl_record *r = im->layers[i] ? im->layers[i]->rec : NULL;
        if (r && pl_tree_apply(t, (uint32_t)i, r, notes, &ret_files[i],
                               ret_changes ? &ret_changes[i] : NULL, &err) < 0)
            pl_record_note(notes, PL_SCOPE_LAYER, true, "worker-died", PL_S(""), "layer %zu: %s", i,
                           err.msg);
    }
    return t;
}

/* ---- findings ---- */

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
static struct found *begin(struct tell *k, const struct pl_hit *h)
{
    struct found x = { .ordinal = h->ordinal };
    if (!pl_hit_finding(k->u->scan->ctx.rules, k->a, h, &x.f))
        return NULL;
    pl_vec_push(&k->found, x);
    return &k->found.p[k->found.n - 1];
}

static void more_why(struct tell *k, struct pl_finding *f, const char *label, struct pl_str what)
{
    if (what.n)
        f->why = pl_printf(k->a, "%.*s %s %.*s.", PL_FMT(f->why), label,
                           PL_FMT(pl_str_sub(what, 0, 300)));
}

static const uint8_t *entry_hash(const struct pl_record *r, uint32_t ordinal)
{
    for (size_t i = 0; i < r->hashes.n; i++)
        if (r->hashes.p[i].ordinal == ordinal)
            return r->hashes.p[i].sum;
    return NULL;
}

/* Row 9: a copy under another name. */
static void same_bytes(struct tell *k, struct pl_finding *f, const struct pl_record *r,
                       const struct pl_version *v)
{
    const uint8_t *sum = entry_hash(r, v->ordinal);
    if (!sum)
        return;
    void **at = pl_map_put(&k->by_hash, pl_str_n(sum, 32));
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

static void layer_hit(struct tell *k, size_t i, const struct pl_record *r, const struct pl_hit *h)
{
    struct found *x = begin(k, h);
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
    if (f->where.surface == PL_SURF_FILE)
        same_bytes(k, f, r, v);
}

/* Adjoining versions of a path that carry the same secret are one life (section 4). */
static bool same_secret(const struct found *a, const struct found *b)
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

static void merge_lives(struct tell *k)
{
    struct pl_map first = { .a = k->a }; /* version -> 1 + index of its first finding */
    for (size_t i = 0; i < k->found.n; i++) {
        struct found *x = &k->found.p[i];
        if (!x->v)
            continue;
        uint64_t id = version_id(x->v);
        void **at = pl_map_put(&first, pl_str_n(&id, sizeof id));
        if (!*at)
            *at = (void *)(uintptr_t)(i + 1);
        x->life = id;
    }
    for (size_t i = 0; i < k->found.n; i++) {
        struct found *x = &k->found.p[i];
        const struct pl_version *next = x->v && x->v->adjoins ? x->v->next : NULL;
        if (!next || x->v->hidden != next->layer)
            continue;
        uint64_t id = version_id(next);
        size_t at = (uintptr_t)pl_map_get(&first, pl_str_n(&id, sizeof id));
        for (; at && at <= k->found.n && k->found.p[at - 1].v == next; at++) {
            struct found *y = &k->found.p[at - 1];
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

static void doc_hit(struct tell *k, const struct pl_part *p, const struct pl_hit *h)
{
    struct found *x = begin(k, h);
    const struct pl_doc *config = config_of(k->im);
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
static void outer_hit(struct tell *k, const struct pl_part *p, const struct pl_hit *h,
                      enum pl_surface surface, struct pl_str entry)
{
    struct found *x = begin(k, h);
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

/* Entry paths of a record, for layers that no image has. */
static struct pl_str *entry_paths(struct tell *k, const struct pl_record *r)
{
    struct pl_str *paths = pl_alloc_n(k->a, r->n_entries, sizeof *paths);
    struct pl_entry_coder coder = { { 0 } };
    struct pl_rd rd = pl_rd_buf(&r->entries);
    for (uint32_t i = 0; i < r->n_entries; i++) {
        struct pl_str msg = pl_get_str(&rd);
        struct pl_rd one = { (const uint8_t *)msg.p, (const uint8_t *)msg.p + msg.n, rd.bad };
        struct pl_entry e;
        if (!pl_get_entry(&one, &coder, &e))
            break;
        paths[i] = pl_dup(k->a, e.path);
    }
    pl_buf_release(&coder.last);
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

/* A part that is no layer of an image: its hits and notes. */
static void tell_part(struct tell *k, const struct pl_part *p)
{
    const struct pl_record *r = p->rec;
    if (!r)
        return;
    bool doc = r->has_doc && (p->role == PL_ROLE_INDEX || p->role == PL_ROLE_MANIFEST ||
                              p->role == PL_ROLE_CONFIG || !p->blob);
    struct pl_str *paths = r->n_entries && r->hits.n ? entry_paths(k, r) : NULL;
    for (size_t i = 0; i < r->hits.n; i++) {
        const struct pl_hit *h = &r->hits.p[i];
        if (doc || !p->blob)
            doc_hit(k, p, h);
        else
            outer_hit(k, p, h, outer_surface(p->role),
                      paths && h->ordinal < r->n_entries ? paths[h->ordinal] : PL_S(""));
    }
    part_notes(k, r, p->blob ? p->blob->name : PL_S("archive"));
}

/* ---- texts ---- */

struct pl_str pl_quote(struct pl_arena *a, struct pl_str s)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-_./:@%+=,";
    bool safe = s.n > 0;
    for (size_t i = 0; i < s.n; i++)
        safe &= memchr(plain, s.p[i], sizeof plain - 1) != NULL;
    if (safe)
        return s;
    struct pl_buf b = { 0 };
    pl_buf_putc(&b, '\'');
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\'')
            pl_buf_puts(&b, "'\\''");
        else
            pl_buf_putc(&b, s.p[i]);
    }
    pl_buf_putc(&b, '\'');
    struct pl_str r = pl_dup(a, pl_buf_str(&b));
    pl_buf_release(&b);
    return r;
}

static bool printable(struct pl_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < 0x20 || (unsigned char)s.p[i] >= 0x7f)
            return false;
    return s.n > 0 && s.p[0] != '-';
}

static void say_recover(struct tell *k, struct found *x)
{
    struct pl_finding *f = &x->f;
    struct pl_str target = pl_quote(k->a, k->t->name);
    struct pl_str platform = { "", 0 };
    if (k->u->src->form == PL_SRC_STREAM || k->u->src->form == PL_SRC_TREE ||
        pl_str_is(k->u->src->typed, "-"))
        return; /* cannot be read again, or the file is there as it is */
    if (k->several && k->t->platform.n)
        platform = pl_printf(k->a, " --platform %.*s", PL_FMT(k->t->platform));
    if (f->where.surface == PL_SURF_FILE && x->v && printable(x->v->path)) {
        struct pl_str copy = { "", 0 };
        const char *slash = memrchr(x->v->path.p, '/', x->v->path.n);
        struct pl_str base =
            slash ? pl_str_n(slash + 1, (size_t)(x->v->path.p + x->v->path.n - slash - 1))
                  : x->v->path;
        if (x->v->copy || f->span.how == PL_HOW_DUPLICATE)
            copy = pl_printf(k->a, " --copy %u", x->v->copy);
        f->recover = pl_printf(
            k->a, "plimsoll recover %.*s %.*s --layer %u%.*s%.*s -o %.*s", PL_FMT(target),
            PL_FMT(pl_quote(k->a, x->v->path)), x->v->layer, PL_FMT(copy), PL_FMT(platform),
            PL_FMT(pl_quote(k->a, pl_printf(k->a, "recovered-%.*s", PL_FMT(base)))));
        return;
    }
    f->recover = pl_printf(k->a, "plimsoll recover %.*s %.*s%.*s -o recovered-%.*s", PL_FMT(target),
                           PL_FMT(pl_str_sub(f->print, 0, 12)), PL_FMT(platform),
                           PL_FMT(pl_str_sub(f->print, 0, 12)));
}

/* From rule, surface, path and secret, and a counter for a further life there. */
static void say_print(struct tell *k, struct found *x)
{
    struct pl_finding *f = &x->f;
    struct pl_str key = pl_printf(k->a, "%.*s%c%s%c%.*s%c", PL_FMT(f->rule), 0,
                                  pl_surface_name(f->where.surface), 0, PL_FMT(f->where.path), 0);
    struct pl_hash *h = pl_hash_new(PL_HASH_SHA256);
    uint8_t sum[PL_HASH_MAX];
    pl_hash_add(h, "plimsoll place 1", 17);
    pl_hash_add(h, key.p, key.n);
    pl_hash_add(h, f->secret_hash, 32);
    pl_hash_end(h, sum);
    void **at = pl_map_put(&k->lives, pl_str_n(sum, 32));
    if (!*at)
        *at = PL_NEW(k->a, struct life_list);
    struct life_list *list = *at;
    size_t n = 0;
    while (n < list->id.n && list->id.p[n] != x->life)
        n++;
    if (n == list->id.n)
        pl_vec_push(&list->id, x->life);
    if (n) {
        pl_hash_reset(h);
        pl_hash_add(h, sum, 32);
        pl_hash_add(h, &n, sizeof n);
        pl_hash_end(h, sum);
    }
    pl_hash_free(h);
    char *hex = pl_alloc(k->a, 41);
    pl_hex(sum, 20, hex);
    f->print = pl_str_n(hex, 40);
}

static struct pl_str source_print(struct tell *k, const struct pl_finding *f)
{
    const struct pl_rule *rule = pl_rules_find(k->u->scan->ctx.rules, f->rule);
    return pl_source_print(k->a, k->u->scan->o.salt, f->rule, f->secret_hash,
                           rule && rule->generic);
}

static int by_order(const void *pa, const void *pb)
{
    const struct pl_finding *a = pa, *b = pb;
#define CMP(x, y)   \
    if ((x) != (y)) \
        return (x) < (y) ? -1 : 1;
    int c;
    CMP(a->span.introduced, b->span.introduced)
    CMP(a->where.surface, b->where.surface)
    if ((c = pl_str_cmp(a->where.path, b->where.path)))
        return c;
    for (size_t i = 0; i < a->where.nested.n && i < b->where.nested.n; i++)
        if ((c = pl_str_cmp(a->where.nested.p[i], b->where.nested.p[i])))
            return c;
    CMP(a->where.nested.n, b->where.nested.n)
    CMP(a->where.off, b->where.off)
    if ((c = pl_str_cmp(a->rule, b->rule)))
        return c;
    if ((c = memcmp(a->secret_hash, b->secret_hash, 32)))
        return c;
    if ((c = memcmp(&a->span, &b->span, sizeof a->span)))
        return c;
    return pl_str_cmp(a->evidence, b->evidence);
#undef CMP
}

static int note_order(const void *pa, const void *pb)
{
    const struct pl_note *a = pa, *b = pb;
    int c = pl_str_cmp(a->where, b->where);
    if (!c)
        c = pl_str_cmp(a->code, b->code);
    return c ? c : pl_str_cmp(a->message, b->message);
}

static void finish(struct tell *k)
{
    size_t n = 0;
    merge_lives(k);
    k->t->findings = pl_alloc_n(k->a, k->found.n, sizeof *k->t->findings);
    for (size_t i = 0; i < k->found.n; i++) {
        struct found *x = &k->found.p[i];
        if (x->merged)
            continue;
        if (k->u->src->form == PL_SRC_TREE && !pl_str_is(k->u->src->kind, "rootfs"))
            x->f.print = source_print(k, &x->f);
        else
            say_print(k, x);
        say_recover(k, x);
        k->t->findings[n++] = x->f;
    }
    k->t->n_findings = n;
    if (n)
        qsort(k->t->findings, n, sizeof *k->t->findings, by_order);
    k->t->n_notes = k->out_notes.n;
    k->t->notes = pl_alloc_n(k->a, k->out_notes.n, sizeof *k->t->notes);
    if (k->out_notes.n) {
        memcpy(k->t->notes, k->out_notes.p, k->out_notes.n * sizeof *k->t->notes);
        qsort(k->t->notes, k->t->n_notes, sizeof *k->t->notes, note_order);
    }
    for (size_t i = 0; i < k->lives.cap; i++)
        if (k->lives.slot[i].value)
            pl_vec_release(&((struct life_list *)k->lives.slot[i].value)->id);
    pl_map_release(&k->lives);
    pl_map_release(&k->by_hash);
    pl_vec_release(&k->found);
    pl_vec_release(&k->out_notes);
    pl_tree_free(k->tree);
    pl_record_free(k->notes);
}

static void start(struct tell *k, struct pl_unit *u, struct pl_report *r, const struct pl_image *im)
{
    *k = (struct tell){ .u = u, .im = im, .a = r->a, .several = u->images.n > 1 };
    k->by_hash.a = k->lives.a = r->a;
    k->t = pl_report_target(r);
    k->t->name = pl_dup(r->a, im->name.n ? im->name : u->src->typed);
    k->t->kind = u->src->kind;
    k->t->complete = true;
    k->notes = calloc(1, sizeof *k->notes);
    if (!k->notes)
        pl_oom();
    k->notes->done.complete = true;
}

/* Attestations go with the image they speak of, everything else beside an image with the first. */
static bool belongs(const struct pl_unit *u, const struct pl_part *p, const struct pl_image *im,
                    bool first)
{
    if (p->role == PL_ROLE_LAYER || p->role == PL_ROLE_SKIPPED)
        return false;
    if (p->role == PL_ROLE_CONFIG || p->role == PL_ROLE_MANIFEST) {
        for (size_t i = 0; i < u->images.n; i++)
            if (p == u->images.p[i].config || p == u->images.p[i].manifest)
                return false; /* told with each image that has it */
    }
    if (p->role == PL_ROLE_ATTESTATION)
        for (size_t i = 0; i < u->images.n; i++)
            if (pl_str_eq(u->images.p[i].digest, p->holder))
                return pl_str_eq(im->digest, p->holder);
    return first;
}

static void tell_image(struct pl_unit *u, struct pl_report *r, const struct pl_image *im,
                       bool first)
{
    struct tell k;
    start(&k, u, r, im);
    k.t->digest = pl_dup(r->a, im->digest);
    k.t->platform = pl_image_platform(im, r->a);
    tell_layers(&k);
    struct pl_tellpkg packages = { .a = r->a, .t = k.t };
    for (size_t i = 0; i < im->n_layers; i++) {
        const struct pl_record *rec = im->layers[i] ? im->layers[i]->rec : NULL;
        struct pl_map seen = { .a = r->a };
        if (rec)
            see_hits(&seen, rec);
        for (size_t h = 0; rec && h < rec->hits.n; h++)
            if (!told_better(&seen, &rec->hits.p[h]))
                layer_hit(&k, i, rec, &rec->hits.p[h]);
        pl_map_release(&seen);
        if (rec)
            pl_tellpkg_layer(&packages, (uint32_t)i, rec, k.tree);
    }
    pl_tellpkg_end(&packages);
    if (im->manifest)
        tell_part(&k, im->manifest);
    if (im->config)
        tell_part(&k, im->config);
    for (size_t i = 0; i < u->parts.n; i++)
        if (belongs(u, u->parts.p[i], im, first))
            tell_part(&k, u->parts.p[i]);
    if (first)
        part_notes(&k, u->own, PL_S(""));
    finish(&k);
}

static void tell_slice(struct tell *k, const struct pl_record *r, struct pl_tellpkg *packages)
{
    struct pl_str *paths = r->hits.n || r->packages.n ? entry_paths(k, r) : NULL;
    struct pl_map seen = { .a = k->a };
    see_hits(&seen, r);
    for (size_t i = 0; i < r->hits.n; i++) {
        const struct pl_hit *h = &r->hits.p[i];
        struct found *x = told_better(&seen, h) ? NULL : begin(k, h);
        if (!x)
            continue;
        if (h->ordinal < r->n_entries)
            x->f.where.path = paths[h->ordinal];
        x->f.span.visible = true;
    }
    pl_map_release(&seen);
    pl_tellpkg_slice(packages, r, paths);
    part_notes(k, r, PL_S(""));
    k->t->bytes_claimed += r->done.bytes;
    k->t->bytes_read += r->done.seen;
}

static void tell_tree(struct pl_unit *u, struct pl_report *r)
{
    static const struct pl_image none;
    struct tell k;
    start(&k, u, r, &none);
    struct pl_tellpkg packages = { .a = r->a, .t = k.t };
    packages.locks = pl_str_is(u->src->kind, "dir") || pl_str_is(u->src->kind, "git");
    for (size_t i = 0; i < u->slices.n; i++)
        if (u->slices.p[i]->rec)
            tell_slice(&k, u->slices.p[i]->rec, &packages);
    pl_tellpkg_end(&packages);
    part_notes(&k, u->own, PL_S(""));
    finish(&k);
}

void pl_unit_report(struct pl_unit *u, struct pl_report *r)
{
    static const struct pl_image none;
    if (u->src->form == PL_SRC_TREE) {
        tell_tree(u, r);
        return;
    }
    for (size_t i = 0; i < u->images.n; i++)
        tell_image(u, r, &u->images.p[i], i == 0);
    if (u->images.n)
        return;
    struct tell k; /* no image in it: what there is belongs to the target itself */
    start(&k, u, r, &none);
    for (size_t i = 0; i < u->parts.n; i++)
        tell_part(&k, u->parts.p[i]);
    part_notes(&k, u->own, PL_S(""));
    finish(&k);
}
