/* `history`: layers as a timeline, and the life of one path. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "oci/history.h"
#include "scan/scan_int.h"

static const char *const kinds[] = {
    "file", "directory", "symlink", "hardlink", "device", "other"
};

struct telling {
    struct pl_arena *a;
    const struct pl_image *im;
    struct pl_history_image *out;
    struct pl_tree *tree;
    struct pl_layer_change *changes;
    uint64_t *files;
    struct pl_report report; /* layers, notes: told once, by the report */
};

static void layer_row(struct telling *t, size_t layer, struct pl_history_row *row)
{
    const struct pl_layer_info *l = &t->out->layers[layer];
    const struct pl_layer_change *c = &t->changes[layer];
    *row = (struct pl_history_row){ .index = (uint32_t)layer,
                                    .created_by = l->created_by,
                                    .has_created_by = l->has_created_by,
                                    .digest = l->digest,
                                    .diff_id = l->diff_id,
                                    .bytes = l->bytes,
                                    .added = c->added,
                                    .changed = c->changed,
                                    .removed = c->removed,
                                    .no_effect = c->no_effect };
}

/* Entries that made no layer stand between those that did, where the two lists are aligned. */
static void rows(struct telling *t)
{
    const struct pl_image *im = t->im;
    const struct pl_doc *config =
        im->config && im->config->rec && im->config->rec->has_doc ? &im->config->rec->doc : NULL;
    struct pl_history_map map = { 0 };
    if (config)
        pl_history_align(config, im->n_layers, t->a, &map);
    bool aligned = map.fit == PL_HISTORY_ALIGNED;
    size_t n = aligned ? config->n_history : im->n_layers;
    t->out->rows = pl_alloc_n(t->a, n, sizeof *t->out->rows);
    t->out->n_rows = n;
    for (size_t i = 0; i < n; i++) {
        struct pl_history_row *row = &t->out->rows[i];
        if (!aligned) {
            layer_row(t, i, row);
            continue;
        }
        const struct pl_history *h = &config->history[i];
        if (map.layer_of[i] < im->n_layers)
            layer_row(t, map.layer_of[i], row);
        else
            row->index = PL_NEVER;
        row->created_by = pl_dup(t->a, h->created_by);
        row->has_created_by = h->has_created_by;
        row->created = pl_dup(t->a, h->created);
    }
}

static void life_hash(const struct pl_image *im, const struct pl_version *v,
                      struct pl_life_row *row)
{
    const struct pl_record *r = im->layers[v->layer]->rec;
    for (size_t i = 0; i < r->hashes.n; i++) {
        if (r->hashes.p[i].ordinal == v->ordinal) {
            memcpy(row->sha256, r->hashes.p[i].sum, 32);
            row->has_sha256 = true;
        }
    }
}

static void lives(struct telling *t, struct pl_str path)
{
    size_t n;
    struct pl_version *const *v = pl_tree_versions(t->tree, &n);
    t->out->lives = pl_alloc_n(t->a, n, sizeof *t->out->lives);
    for (size_t i = 0; i < n; i++) {
        if (!pl_str_eq(v[i]->path, path) && !pl_str_eq(v[i]->place, path))
            continue;
        struct pl_life_row *row = &t->out->lives[t->out->n_lives++];
        *row = (struct pl_life_row){ .layer = v[i]->layer,
                                     .copy = v[i]->copy,
                                     .path = pl_dup(t->a, v[i]->path),
                                     .kind = pl_str_c(kinds[v[i]->kind]),
                                     .link = pl_dup(t->a, v[i]->link),
                                     .size = v[i]->size,
                                     .at = v[i]->at,
                                     .mode = v[i]->mode,
                                     .uid = v[i]->uid,
                                     .gid = v[i]->gid,
                                     .mtime_ns = v[i]->mtime_ns };
        row->span = (struct pl_span){ v[i]->layer, v[i]->hidden, v[i]->how,
                                      v[i]->placed && v[i]->hidden == PL_NEVER };
        if (v[i]->kind != PL_ENTRY_DIR)
            life_hash(t->im, v[i], row);
    }
}

static void tell(struct pl_unit *u, size_t index, struct pl_str path, struct pl_report *report,
                 struct pl_arena *a, struct pl_history_image *out)
{
    const struct pl_target *target = &report->targets[index];
    struct telling t = { .a = a, .im = &u->images.p[index], .out = out };
    struct pl_record *notes = calloc(1, sizeof *notes);
    if (!notes)
        pl_oom();
    *out = (struct pl_history_image){ .name = target->name,
                                      .digest = target->digest,
                                      .platform = target->platform,
                                      .complete = target->complete,
                                      .notes = target->notes,
                                      .n_notes = target->n_notes,
                                      .layers = target->layers,
                                      .n_layers = target->n_layers };
    t.files = pl_alloc_n(a, t.im->n_layers, sizeof *t.files);
    t.changes = pl_alloc_n(a, t.im->n_layers, sizeof *t.changes);
    t.tree = pl_unit_tree(t.im, true, path, notes, t.files, t.changes);
    rows(&t);
    if (path.n)
        lives(&t, path);
    pl_tree_free(t.tree);
    pl_record_free(notes);
}

int pl_scan_history(struct pl_scan *s, const char *target, struct pl_str path, struct pl_arena *a,
                    struct pl_history_image **ret, size_t *ret_n, struct pl_err *err)
{
    struct pl_unit *u = NULL;
    const struct pl_scan_opts whole = s->o;
    s->hash_path = path;
    s->o.packages = false;
    int r = pl_unit_read(s, target, &u, err);
    s->o = whole;
    s->hash_path = PL_S("");
    if (r < 0)
        return r;
    if (u->src->form == PL_SRC_TREE || !u->images.n) {
        pl_unit_free(u);
        return pl_fail(err, PL_E_USAGE, "'%s' has no layers", target);
    }
    struct pl_report report = { .a = a };
    pl_unit_report(u, &report);
    *ret = pl_alloc_n(a, u->images.n, sizeof **ret);
    *ret_n = u->images.n;
    for (size_t i = 0; i < u->images.n; i++)
        tell(u, i, path, &report, a, &(*ret)[i]);
    pl_unit_free(u);
    return 0;
}
