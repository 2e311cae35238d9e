/* From index to manifest to config and layers: what each blob is, and whether it is what the
 * document that names it says. image-spec, image-index.md and manifest.md. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "oci/platform.h"
#include "scan/scan_int.h"
#include "scan/unit_int.h"
#include "source/docker.h"

static bool is_index_type(struct pl_str t)
{
    return pl_str_is(t, "application/vnd.oci.image.index.v1+json") ||
           pl_str_is(t, "application/vnd.docker.distribution.manifest.list.v2+json");
}

static bool is_manifest_type(struct pl_str t)
{
    return pl_str_is(t, "application/vnd.oci.image.manifest.v1+json") ||
           pl_str_is(t, "application/vnd.docker.distribution.manifest.v2+json") ||
           pl_str_is(t, "application/vnd.oci.artifact.manifest.v1+json");
}

static bool is_config_type(struct pl_str t)
{
    return pl_str_is(t, "application/vnd.oci.image.config.v1+json") ||
           pl_str_is(t, "application/vnd.docker.container.image.v1+json");
}

/* Is what a registry called a document what it is? registry.md section 6, "Type confusion". */
static void check_served(struct pl_part *p)
{
    struct pl_record *r = p->rec;
    struct pl_str type = p->blob->type;
    if (!type.n || !r->has_doc || pl_str_is(type, "application/json"))
        return;
    if (r->doc.media_type.n ? !pl_str_eq(type, r->doc.media_type)
                            : pl_doc_kind_of(type) != r->doc.kind)
        pl_record_note(r, PL_SCOPE_UNIT, true, "bad-document", p->blob->name,
                       "Content-Type is not the document's own type");
}

/* Size and digests against what led here; once per part. */
void pl_part_check(struct pl_part *p)
{
    struct pl_record *r = p->rec;
    const struct pl_digest *named = p->blob && p->blob->digest.set ? &p->blob->digest : NULL;
    const struct pl_digest *want = p->desc && p->desc->digest.set ? &p->desc->digest : named;
    if (!r || !p->blob || p->checked)
        return;
    p->checked = true;
    if (!r->fed_all)
        return; /* its notes say why */
    check_served(p);
    if (p->desc && p->desc->size != r->fed)
        pl_record_note(r, PL_SCOPE_LAYER, true, "size-mismatch", p->blob->name,
                       "%llu bytes, but the descriptor says %llu", (unsigned long long)r->fed,
                       (unsigned long long)p->desc->size);
    if (!want)
        return;
    const uint8_t *have = want->alg == PL_HASH_SHA256                    ? r->sha256
                          : r->has_sha512 && want->alg == PL_HASH_SHA512 ? r->sha512
                                                                         : NULL;
    if (!have)
        pl_record_note(r, PL_SCOPE_LAYER, true, "digest-unchecked", p->blob->name,
                       "its digest's algorithm was not computed");
    else if (memcmp(have, want->b, pl_hash_len(want->alg)) != 0)
        pl_record_note(r, PL_SCOPE_LAYER, true, "digest-mismatch", p->blob->name,
                       "content is not what its digest says");
    if (r->has_doc && p->desc && p->desc->media_type.n && r->doc.media_type.n &&
        !pl_str_eq(p->desc->media_type, r->doc.media_type))
        pl_record_note(r, PL_SCOPE_UNIT, true, "bad-document", p->blob->name,
                       "media type inside is not the descriptor's");
}

/* A registry shows what it has only when asked: what a document names is made a part. */
static struct pl_part *remote_part(struct pl_unit *u, const struct pl_descriptor *d,
                                   enum pl_role role)
{
    bool manifest = role == PL_ROLE_MANIFEST && (!d->media_type.n || is_index_type(d->media_type) ||
                                                 is_manifest_type(d->media_type));
    struct pl_blob *b = pl_docker_blob(u->src, u->repo, d, manifest);
    return b && !b->user ? pl_part_new(u, b) : pl_part_of(b);
}

/* The part of a descriptor; a missing blob is noted. */
static struct pl_part *reach(struct pl_unit *u, const struct pl_descriptor *d, const char *what,
                             enum pl_role role)
{
    struct pl_part *p = pl_part_of(pl_source_blob(u->src, &d->digest));
    if (!p && u->src->form == PL_SRC_REMOTE)
        p = remote_part(u, d, role);
    if (!p) {
        pl_unit_note(u, true, "missing-blob", pl_digest_text(&u->a, &d->digest),
                     "%s is not in the image", what);
        return NULL;
    }
    if (p->role == PL_ROLE_ORPHAN)
        p->role = role;
    if (!p->desc) {
        p->desc = d;
        if (p->rec && d->digest.alg == PL_HASH_SHA512 && !p->rec->has_sha512)
            p->checked = false;
    }
    return p;
}

static bool tag_of_signature(struct pl_str tag)
{
    return pl_str_starts(tag, PL_S("sha256-")) &&
           (pl_str_ends(tag, PL_S(".sig")) || pl_str_ends(tag, PL_S(".att")) ||
            pl_str_ends(tag, PL_S(".sbom")));
}

/* What kind of thing a manifest is the manifest of. */
static enum pl_role role_of(const struct pl_doc *d, const struct pl_descriptor *desc)
{
    if (desc && pl_str_is(desc->reference_type, "attestation-manifest"))
        return PL_ROLE_ATTESTATION;
    if (d->subject.digest.set || (desc && tag_of_signature(desc->ref_name)) ||
        (d->config.media_type.n && !is_config_type(d->config.media_type)))
        return PL_ROLE_REFERRER;
    return PL_ROLE_LAYER;
}

static bool platform_wanted(const struct pl_unit *u, const struct pl_platform *have)
{
    const struct pl_scan_opts *o = &u->scan->o;
    for (size_t i = 0; i < o->n_platforms; i++)
        if (pl_platform_match(&o->platforms[i], have))
            return true;
    return o->n_platforms == 0;
}

static void add_image(struct pl_unit *u, struct pl_part *manifest, const struct pl_level *l)
{
    const struct pl_doc *d = &manifest->rec->doc;
    struct pl_image im = { .manifest = manifest, .layer_desc = d->items, .n_layers = d->n_items };
    bool wanted = l->selected;
    if (l->desc) {
        im.platform = l->desc->platform;
        if (im.platform.os.n || im.platform.arch.n)
            wanted &= platform_wanted(u, &im.platform);
    }
    im.digest = pl_str_c(NULL);
    if (l->top && (u->src->o->all_tags || u->src->o->all_repos))
        im.name = l->top->name;
    if (manifest->blob->digest.set)
        im.digest = pl_digest_text(&u->a, &manifest->blob->digest);
    im.layers = pl_alloc_n(&u->a, d->n_items, sizeof *im.layers);
    enum pl_role role = wanted ? PL_ROLE_LAYER : PL_ROLE_SKIPPED;
    im.config = reach(u, &d->config, "the config", wanted ? PL_ROLE_CONFIG : PL_ROLE_SKIPPED);
    for (size_t i = 0; i < d->n_items; i++) {
        im.layers[i] = reach(u, &d->items[i], "a layer", role);
        if (wanted && im.layers[i] && im.layers[i]->role == PL_ROLE_SKIPPED)
            im.layers[i]->role = role;
    }
    if (wanted && im.config && im.config->role == PL_ROLE_SKIPPED)
        im.config->role = PL_ROLE_CONFIG;
    if (wanted)
        pl_vec_push(&u->images, im);
}

static void add_artifact(struct pl_unit *u, struct pl_part *manifest, enum pl_role role,
                         const struct pl_descriptor *desc)
{
    const struct pl_doc *d = &manifest->rec->doc;
    struct pl_str holder = role == PL_ROLE_ATTESTATION && desc ? desc->reference_digest
                           : d->artifact_type.n                ? d->artifact_type
                                                               : d->config.media_type;
    manifest->holder = holder;
    if (d->config.digest.set) {
        struct pl_part *p = reach(u, &d->config, "the config of an artifact", role);
        if (p)
            p->holder = holder;
    }
    for (size_t i = 0; i < d->n_items; i++) {
        struct pl_part *p = reach(u, &d->items[i], "a blob of an artifact", role);
        if (p)
            p->holder = holder;
    }
}

static void visit_index(struct pl_walk *w, const struct pl_doc *d, unsigned depth, bool selected)
{
    struct pl_unit *u = w->u;
    if (depth > u->scan->o.limits.index_depth) {
        pl_unit_note(u, true, "limit", PL_S("index"),
                     "indexes nested deeper than %llu; --limit "
                     "index-depth=N",
                     (unsigned long long)u->scan->o.limits.index_depth);
        return;
    }
    for (size_t i = 0; i < d->n_items; i++) {
        const struct pl_descriptor *item = &d->items[i];
        bool sel = selected;
        if (depth == 1 && u->src->tag.n)
            sel = pl_str_eq(item->ref_name, u->src->tag);
        if (depth == 1 && u->src->want.set)
            sel = pl_digest_eq(&item->digest, &u->src->want);
        struct pl_part *p = reach(u, item, "a manifest", PL_ROLE_MANIFEST);
        if (!p)
            continue;
        struct pl_level next = { p, item, depth, sel, w->at->top, w->at->referrer };
        if (!is_index_type(item->media_type) && !is_manifest_type(item->media_type) &&
            item->media_type.n)
            p->role = PL_ROLE_REFERRER; /* an index may point at anything */
        else
            pl_vec_push(&w->next, next);
    }
}

static void visit(struct pl_walk *w, const struct pl_level *l)
{
    struct pl_unit *u = w->u;
    struct pl_part *p = l->part;
    if (!p->rec || !p->rec->has_doc)
        return; /* its notes say why */
    const struct pl_doc *d = &p->rec->doc;
    w->at = l;
    if (l->top)
        u->repo = l->top->repo;
    if (l->top && !l->referrer && l->selected &&
        (d->kind == PL_DOC_INDEX ||
         (d->kind == PL_DOC_MANIFEST && role_of(d, l->desc) == PL_ROLE_LAYER)))
        pl_vec_push(&w->subjects, *l);
    if (d->kind == PL_DOC_INDEX) {
        p->role = PL_ROLE_INDEX;
        visit_index(w, d, l->depth + 1, l->selected);
    } else if (d->kind == PL_DOC_MANIFEST) {
        enum pl_role role = role_of(d, l->desc);
        if (l->referrer && role == PL_ROLE_LAYER)
            role = PL_ROLE_REFERRER;
        if (role == PL_ROLE_LAYER)
            add_image(u, p, l);
        else
            add_artifact(u, p, role, l->desc);
    } else {
        pl_record_note(p->rec, PL_SCOPE_UNIT, true, "bad-document", p->blob->name,
                       "neither index nor manifest");
    }
}

/* Reads level after level of documents, from w->now on. */
int pl_walk_levels(struct pl_walk *w, struct pl_err *err)
{
    struct pl_unit *u = w->u;
    int r = 0;
    while (w->now.n && r == 0) {
        for (size_t i = 0; i < w->now.n; i++)
            pl_unit_submit(u, w->now.p[i].part, PL_JOBF_DOC);
        r = pl_unit_run(u, err);
        for (size_t i = 0; r == 0 && i < w->now.n; i++) {
            pl_part_check(w->now.p[i].part);
            visit(w, &w->now.p[i]);
        }
        w->now.n = 0;
        for (size_t i = 0; i < w->next.n; i++)
            pl_vec_push(&w->now, w->next.p[i]);
        w->next.n = 0;
    }
    return r;
}

int pl_unit_read_layout(struct pl_unit *u, struct pl_part *index, struct pl_err *err)
{
    struct pl_walk w = { .u = u };
    struct pl_level top = { .part = index, .depth = 0, .selected = true };
    index->role = PL_ROLE_INDEX;
    pl_vec_push(&w.now, top);
    int r = pl_walk_levels(&w, err);
    pl_vec_release(&w.now);
    pl_vec_release(&w.next);
    return r;
}
