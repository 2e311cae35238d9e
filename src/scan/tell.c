/* From records to a report, image by image: layers, notes, what belongs to which. forensics.md
 * sections 4 to 6. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "oci/platform.h"
#include "scan/facts.h"
#include "scan/git.h"
#include "scan/scan_int.h"
#include "scan/tell_int.h"
#include "scan/tellpkg.h"

struct pl_str pl_image_platform(const struct pl_image *im, struct pl_arena *a)
{
    struct pl_platform p = im->platform;
    if (!p.os.n && !p.arch.n && im->config && im->config->rec && im->config->rec->has_doc)
        p = im->config->rec->doc.platform;
    return pl_platform_text(a, &p);
}

const struct pl_doc *pl_tell_config(const struct pl_image *im)
{
    return im->config && im->config->rec && im->config->rec->has_doc &&
                   im->config->rec->doc.kind == PL_DOC_CONFIG
               ? &im->config->rec->doc
               : NULL;
}

void pl_tell_note(struct pl_tell *k, struct pl_note n)
{
    n.where = pl_dup(k->a, n.where);
    n.code = pl_dup(k->a, n.code);
    n.message = pl_dup(k->a, n.message);
    if (n.incomplete)
        k->t->complete = false;
    pl_vec_push(&k->out_notes, n);
}

void pl_tell_notes(struct pl_tell *k, const struct pl_record *r, struct pl_str where)
{
    for (size_t i = 0; r && i < r->notes.n; i++) {
        struct pl_note n = r->notes.p[i];
        if (where.n)
            n.where = n.where.n && !pl_str_eq(n.where, where)
                          ? pl_printf(k->a, "%.*s: %.*s", PL_FMT(where), PL_FMT(n.where))
                          : where;
        pl_tell_note(k, n);
    }
    if (r && !r->done.complete)
        k->t->complete = false;
}

static void lost(struct pl_tell *k, const char *code, struct pl_str where, const char *message)
{
    struct pl_note n = { PL_SCOPE_LAYER, where, pl_str_c(code), pl_str_c(message), true };
    pl_tell_note(k, n);
}

/* ---- layers ---- */

static struct pl_str digest_text(struct pl_tell *k, const uint8_t *sum)
{
    struct pl_digest d = { .set = true, .alg = PL_HASH_SHA256 };
    memcpy(d.b, sum, 32);
    return pl_digest_text(k->a, &d);
}

static void tell_layer(struct pl_tell *k, size_t i, uint64_t files)
{
    const struct pl_image *im = k->im;
    const struct pl_part *p = im->layers[i];
    const struct pl_doc *config = pl_tell_config(im);
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
    pl_tell_notes(k, p->rec, where);
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

static void tell_layers(struct pl_tell *k)
{
    const struct pl_image *im = k->im;
    const struct pl_doc *config = pl_tell_config(im);
    uint64_t *files = pl_alloc_n(k->a, im->n_layers, sizeof *files);
    if (config)
        pl_history_align(config, im->n_layers, k->a, &k->align);
    k->tree = pl_unit_tree(im, false, PL_S(""), k->notes, files, NULL);
    k->t->layers = pl_alloc_n(k->a, im->n_layers, sizeof *k->t->layers);
    k->t->n_layers = im->n_layers;
    for (size_t i = 0; i < im->n_layers; i++)
        tell_layer(k, i, files[i]);
    pl_tell_notes(k, k->notes, PL_S(""));
    if (!config) {
        lost(k, "no-config", PL_S("config"), "the image's configuration could not be read");
        return;
    }
    if (config->n_diff_ids != im->n_layers) {
        struct pl_note n = { PL_SCOPE_UNIT, PL_S("config"), PL_S("layer-count"), { 0 }, true };
        n.message =
            pl_printf(k->a, "%zu layers, but %zu diff_ids", im->n_layers, config->n_diff_ids);
        pl_tell_note(k, n);
    }
    if (k->align.fit == PL_HISTORY_MISMATCH) {
        struct pl_note n = {
            PL_SCOPE_UNIT, PL_S("config"), PL_S("history-mismatch"), { 0 }, false
        };
        n.message = pl_printf(k->a, "%zu layers, but %zu history entries that brought one",
                              k->align.n_layers, k->align.n_filled);
        pl_tell_note(k, n);
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
        pl_facts_watch(t, (uint32_t)i, r);
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

/* ---- targets ---- */

static void start(struct pl_tell *k, struct pl_unit *u, struct pl_report *r,
                  const struct pl_image *im)
{
    *k = (struct pl_tell){ .u = u, .im = im, .a = r->a, .several = u->images.n > 1 };
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

static void end_packages(struct pl_tell *k, struct pl_tellpkg *packages)
{
    struct pl_note n = { PL_SCOPE_UNIT, PL_S("packages"), PL_S("no-package-list"), { 0 }, true };
    pl_tell_own(k, packages);
    pl_tellpkg_end(packages);
    if (!packages->bare.n)
        return;
    n.message = pl_printf(k->a, "a system of %.*s without a readable list of its packages",
                          PL_FMT(packages->bare));
    pl_tell_note(k, n);
}

static void tell_image(struct pl_unit *u, struct pl_report *r, const struct pl_image *im,
                       bool first)
{
    struct pl_tell k;
    start(&k, u, r, im);
    k.t->digest = pl_dup(r->a, im->digest);
    k.t->platform = pl_image_platform(im, r->a);
    tell_layers(&k);
    struct pl_tellpkg packages = { .a = r->a, .t = k.t, .system = true };
    packages.locks = u->scan->o.lockfiles;
    for (size_t i = 0; i < im->n_layers; i++) {
        const struct pl_record *rec = im->layers[i] ? im->layers[i]->rec : NULL;
        if (!rec)
            continue;
        pl_tell_layer_hits(&k, i, rec);
        pl_tellpkg_layer(&packages, (uint32_t)i, rec, k.tree);
    }
    end_packages(&k, &packages);
    if (im->manifest)
        pl_tell_part(&k, im->manifest);
    if (im->config)
        pl_tell_part(&k, im->config);
    for (size_t i = 0; i < u->parts.n; i++)
        if (belongs(u, u->parts.p[i], im, first))
            pl_tell_part(&k, u->parts.p[i]);
    if (first)
        pl_tell_notes(&k, u->own, PL_S(""));
    pl_tell_config_findings(&k);
    pl_tell_finish(&k);
}

static void tell_slice(struct pl_tell *k, const struct pl_record *r, struct pl_tellpkg *packages)
{
    struct pl_str *paths = r->hits.n || r->packages.n ? pl_tell_paths(k, r) : NULL;
    pl_tell_slice_hits(k, r, paths);
    pl_tellpkg_slice(packages, r, paths);
    pl_tell_notes(k, r, PL_S(""));
    k->t->bytes_claimed += r->done.bytes;
    k->t->bytes_read += r->done.seen;
}

static void tell_tree(struct pl_unit *u, struct pl_report *r)
{
    static const struct pl_image none;
    struct pl_tell k;
    start(&k, u, r, &none);
    struct pl_tellpkg packages = { .a = r->a, .t = k.t };
    packages.system = pl_str_is(u->src->kind, "rootfs");
    packages.locks =
        u->scan->o.lockfiles || pl_str_is(u->src->kind, "dir") || pl_str_is(u->src->kind, "git");
    for (size_t i = 0; i < u->slices.n; i++)
        if (u->slices.p[i]->rec)
            tell_slice(&k, u->slices.p[i]->rec, &packages);
    end_packages(&k, &packages);
    pl_tell_notes(&k, u->own, PL_S(""));
    pl_tell_finish(&k);
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
    struct pl_tell k; /* no image in it: what there is belongs to the target itself */
    start(&k, u, r, &none);
    for (size_t i = 0; i < u->parts.n; i++)
        pl_tell_part(&k, u->parts.p[i]);
    pl_tell_notes(&k, u->own, PL_S(""));
    pl_tell_finish(&k);
}
