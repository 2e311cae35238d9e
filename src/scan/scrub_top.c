/* What names the images: the index of a layout or one made for an archive or a registry's tags, the
 * list that docker reads; then what came of it all. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "fmt/jsonw.h"
#include "scan/scrub_int.h"

static const char config_type[] = "application/vnd.oci.image.config.v1+json";

static void add_top(struct pl_scrub *x, const struct pl_digest *d, struct pl_str tag, bool beside)
{
    struct pl_scrub_top top = { *d, tag, beside };
    pl_vec_push(&x->tops, top);
}

/* Names the one image of the index; `bare`: its descriptor has no annotations. */
static int edit_tag(struct pl_scrub *x, const struct pl_doc *d, struct pl_edits *k, bool bare,
                    struct pl_err *err)
{
    static const char key[] = "org.opencontainers.image.ref.name";
    size_t kept = 0, one = 0;
    for (size_t i = 0; i < d->n_items; i++) {
        struct pl_part *q = pl_scrub_part(x, &d->items[i].digest);
        if (q && !pl_scrub_beside(q, &d->items[i]) && !pl_scrub_work(x, q)->out) {
            kept++;
            one = i;
        }
    }
    if (kept != 1)
        return pl_fail(err, PL_E_USAGE, "one tag for %zu images; leave it out or name one image",
                       kept);
    struct pl_str name = x->o.tag;
    struct pl_str at_one = pl_printf(&x->a, "/manifests/%zu", one);
    if (d->items[one].ref_name.n)
        pl_scrub_edit(k, PL_JSONEDIT_STRING,
                      pl_printf(&x->a, "%.*s/annotations/%s", PL_FMT(at_one), key), name);
    else if (bare)
        pl_scrub_edit(k, PL_JSONEDIT_INSERT, at_one,
                      pl_printf(&x->a, "\"annotations\":{\"%s\":\"%.*s\"}", key, PL_FMT(name)));
    else
        pl_scrub_edit(k, PL_JSONEDIT_INSERT, pl_printf(&x->a, "%.*s/annotations", PL_FMT(at_one)),
                      pl_printf(&x->a, "\"%s\":\"%.*s\"", key, PL_FMT(name)));
    return 0;
}

/* What a layout's index lists. */
static void tell_items(struct pl_scrub *x, const struct pl_doc *d)
{
    for (size_t i = 0; i < d->n_items; i++) {
        const struct pl_part *q = pl_scrub_part(x, &d->items[i].digest);
        const struct pl_work *w =
            q ? pl_scrub_work(x, pl_scrub_part(x, &d->items[i].digest)) : NULL;
        if (w && w->written)
            add_top(x, &w->digest,
                    pl_scrub_beside(q, &d->items[i]) || !x->o.tag.n ? d->items[i].ref_name
                                                                    : x->o.tag,
                    pl_scrub_beside(q, &d->items[i]));
    }
}

static int write_layout(struct pl_scrub *x, struct pl_part *top, struct pl_err *err)
{
    pl_auto_buf struct pl_buf text = { 0 };
    struct pl_edits k = { .x = x };
    struct pl_work *w = pl_scrub_work(x, top);
    int r = pl_scrub_put_items(x, top, &k, 0, err);
    size_t n = k.e.n;
    if (r == 0 && x->o.tag.n)
        r = edit_tag(x, &top->rec->doc, &k, false, err);
    if (r == 0)
        r = pl_scrub_edited(x, w, &k, &text, err); /* without edits the very bytes come back */
    if (r < 0 && k.e.n > n && k.e.p[n].op == PL_JSONEDIT_INSERT) {
        pl_buf_clear(&text);
        k.e.n = n;
        r = edit_tag(x, &top->rec->doc, &k, true, err);
        if (r == 0)
            r = pl_scrub_edited(x, w, &k, &text, err);
    }
    pl_vec_release(&k.e);
    if (r == 0)
        tell_items(x, &top->rec->doc);
    return r < 0 ? r : x->sink->file(x->sink->arg, PL_S("index.json"), pl_buf_str(&text), err);
}

static void put_descriptor(struct pl_jsonw *j, struct pl_str type, struct pl_arena *a,
                           const struct pl_work *w)
{
    pl_jw_kstr(j, "mediaType", type);
    pl_jw_kstr(j, "digest", pl_digest_text(a, &w->digest));
    pl_jw_ku64(j, "size", w->size);
}

static void put_tag(struct pl_jsonw *j, struct pl_str tag)
{
    if (!tag.n)
        return;
    pl_jw_key(j, "annotations");
    pl_jw_obj(j);
    pl_jw_kstr(j, "org.opencontainers.image.ref.name", tag);
    pl_jw_obj_end(j);
}

/* The media type of a layer that came without one, by its first bytes. */
static struct pl_str layer_type(struct pl_scrub *x, const struct pl_part *p)
{
    uint8_t b[4] = { 0 };
    size_t got = 0;
    struct pl_feed *f = pl_source_feed(x->u->src, p->blob, NULL);
    if (f) {
        f->read(f, b, sizeof b, &got, NULL);
        f->close(f);
    }
    return b[0] == 0x1f && b[1] == 0x8b   ? PL_S("application/vnd.oci.image.layer.v1.tar+gzip")
           : b[0] == 0x28 && b[1] == 0xb5 ? PL_S("application/vnd.oci.image.layer.v1.tar+zstd")
                                          : PL_S("application/vnd.oci.image.layer.v1.tar");
}

static void begin_index(struct pl_jsonw *j)
{
    pl_jw_obj(j);
    pl_jw_ku64(j, "schemaVersion", 2);
    pl_jw_kcstr(j, "mediaType", PL_SCRUB_INDEX);
    pl_jw_key(j, "manifests");
    pl_jw_arr(j);
}

/* An image of a docker-archive gets a manifest of its own. */
static int write_bare(struct pl_scrub *x, const struct pl_image *im, struct pl_work *ret,
                      struct pl_err *err)
{
    pl_auto_buf struct pl_buf text = { 0 };
    struct pl_jsonw j = { .out = &text };
    int r = 0;
    for (size_t i = 0; r == 0 && i < im->n_layers; i++)
        r = pl_scrub_put_layer(x, pl_scrub_work(x, im->layers[i]), err);
    if (r == 0)
        r = pl_scrub_put_config(x, im->config, im->layers, im->n_layers, err);
    if (r < 0)
        return r;
    pl_jw_obj(&j);
    pl_jw_ku64(&j, "schemaVersion", 2);
    pl_jw_kcstr(&j, "mediaType", PL_SCRUB_MANIFEST);
    pl_jw_key(&j, "config");
    pl_jw_obj(&j);
    put_descriptor(&j, pl_str_c(config_type), &x->a, pl_scrub_work(x, im->config));
    pl_jw_obj_end(&j);
    pl_jw_key(&j, "layers");
    pl_jw_arr(&j);
    for (size_t i = 0; i < im->n_layers; i++) {
        pl_jw_obj(&j);
        put_descriptor(&j, layer_type(x, im->layers[i]), &x->a, pl_scrub_work(x, im->layers[i]));
        pl_jw_obj_end(&j);
    }
    pl_jw_arr_end(&j);
    pl_jw_obj_end(&j);
    ret->size = text.n;
    const struct pl_doc as = { .kind = PL_DOC_MANIFEST };
    return pl_scrub_put(x, pl_buf_str(&text), &as, PL_S(""), &ret->digest, err);
}

/* The names a docker-archive gives image `i`. */
static const struct pl_archive_image *archive_image(const struct pl_scrub *x, size_t i)
{
    struct pl_blob *b = pl_source_find(x->u->src, PL_S("manifest.json"));
    const struct pl_part *p = b ? b->user : NULL;
    return p && p->rec && p->rec->has_doc && i < p->rec->doc.n_images ? &p->rec->doc.images[i]
                                                                      : NULL;
}

static struct pl_str tag_of(const struct pl_scrub *x, const struct pl_str *tags, size_t n)
{
    return x->o.tag.n ? x->o.tag : n ? tags[0] : PL_S("");
}

static int write_archive(struct pl_scrub *x, struct pl_err *err)
{
    pl_auto_buf struct pl_buf text = { 0 };
    struct pl_jsonw j = { .out = &text };
    int r = 0;
    if (x->o.tag.n && x->u->images.n != 1)
        return pl_fail(err, PL_E_USAGE, "one tag for %zu images", x->u->images.n);
    begin_index(&j);
    for (size_t i = 0; r == 0 && i < x->u->images.n; i++) {
        struct pl_work w = { 0 };
        const struct pl_archive_image *from = archive_image(x, i);
        r = write_bare(x, &x->u->images.p[i], &w, err);
        pl_jw_obj(&j);
        put_descriptor(&j, PL_S(PL_SCRUB_MANIFEST), &x->a, &w);
        put_tag(&j, tag_of(x, from ? from->tags : NULL, from ? from->n_tags : 0));
        pl_jw_obj_end(&j);
        add_top(x, &w.digest, tag_of(x, from ? from->tags : NULL, from ? from->n_tags : 0), false);
        x->r.images[i].new_digest = pl_digest_text(&x->a, &w.digest);
    }
    pl_jw_arr_end(&j);
    pl_jw_obj_end(&j);
    return r < 0 ? r : x->sink->file(x->sink->arg, PL_S("index.json"), pl_buf_str(&text), err);
}

/* What the registry lists as referring to an image, with its new subject. */
static int write_referrers(struct pl_scrub *x, struct pl_jsonw *j, struct pl_err *err)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < x->u->parts.n; i++) {
        struct pl_part *p = x->u->parts.p[i];
        const struct pl_doc *d = p->rec && p->rec->has_doc ? &p->rec->doc : NULL;
        struct pl_work *w = pl_scrub_work(x, p);
        if (!d || d->kind != PL_DOC_MANIFEST || !pl_scrub_beside(p, p->desc) ||
            !d->subject.digest.set || w->out || w->written || !w->judged)
            continue;
        r = pl_scrub_put_any(x, p, 0, err);
        if (r < 0)
            break;
        pl_jw_obj(j);
        put_descriptor(j, d->media_type.n ? d->media_type : PL_S(PL_SCRUB_MANIFEST), &x->a, w);
        pl_jw_obj_end(j);
        add_top(x, &w->digest, PL_S(""), true);
    }
    return r;
}

static int write_tops(struct pl_scrub *x, struct pl_err *err)
{
    pl_auto_buf struct pl_buf text = { 0 };
    struct pl_jsonw j = { .out = &text };
    int r = 0;
    begin_index(&j);
    for (size_t i = 0; r == 0 && i < x->u->src->tops.n; i++) {
        const struct pl_top *t = &x->u->src->tops.p[i];
        struct pl_part *p = t->blob ? t->blob->user : NULL;
        if (!p || pl_scrub_work(x, p)->out)
            continue;
        r = pl_scrub_put_any(x, p, 0, err);
        struct pl_str type = p->rec->doc.media_type.n           ? p->rec->doc.media_type
                             : p->rec->doc.kind == PL_DOC_INDEX ? PL_S(PL_SCRUB_INDEX)
                                                                : PL_S(PL_SCRUB_MANIFEST);
        pl_jw_obj(&j);
        put_descriptor(&j, type, &x->a, pl_scrub_work(x, p));
        put_tag(&j, tag_of(x, &t->tag, 1));
        pl_jw_obj_end(&j);
        add_top(x, &pl_scrub_work(x, p)->digest, tag_of(x, &t->tag, 1), false);
    }
    if (r == 0)
        r = write_referrers(x, &j, err);
    pl_jw_arr_end(&j);
    pl_jw_obj_end(&j);
    return r < 0 ? r : x->sink->file(x->sink->arg, PL_S("index.json"), pl_buf_str(&text), err);
}

/* ---- what was done ---- */

static const char *kind_of(const struct pl_part *p)
{
    if (p->rec->has_doc && p->rec->doc.kind == PL_DOC_INDEX)
        return "index";
    if (p->rec->has_doc && p->rec->doc.kind == PL_DOC_MANIFEST)
        return "manifest";
    return p->role == PL_ROLE_CONFIG ? "config" : p->role == PL_ROLE_LAYER ? "layer" : "blob";
}

/* What the new image has no more, and a registry may still have. */
static void tell_old(struct pl_scrub *x)
{
    PL_VEC(struct pl_scrub_asked) old = { 0 };
    for (size_t i = 0; i < x->order.n; i++) {
        const struct pl_work *w = x->order.p[i];
        if (!w->part->blob || !w->part->rec || w->part->role == PL_ROLE_SKIPPED)
            continue;
        struct pl_scrub_asked o = { .digest = pl_scrub_digest(w->part), .kind = kind_of(w->part) };
        if ((w->written && !pl_digest_eq(&o.digest, &w->digest)) || (w->out && w->judged))
            pl_vec_push(&old, o);
    }
    x->r.old = pl_alloc_n(&x->a, old.n, sizeof *x->r.old);
    if (old.n)
        memcpy(x->r.old, old.p, old.n * sizeof *old.p);
    x->r.n_old = old.n;
    pl_vec_release(&old);
}

static void tell_written(struct pl_scrub *x)
{
    for (size_t i = 0; i < x->u->images.n; i++) {
        const struct pl_image *im = &x->u->images.p[i];
        struct pl_scrub_image *o = &x->r.images[i];
        if (im->manifest)
            o->new_digest = pl_digest_text(&x->a, &pl_scrub_work(x, im->manifest)->digest);
        if (im->config)
            o->new_config = pl_digest_text(&x->a, &pl_scrub_work(x, im->config)->digest);
        for (size_t k = 0; k < im->n_layers; k++) {
            const struct pl_work *w = im->layers[k] ? pl_scrub_work(x, im->layers[k]) : NULL;
            if (!w)
                continue;
            o->layers[k].new_digest = pl_digest_text(&x->a, &w->digest);
            o->layers[k].new_diff_id =
                w->rewrite ? pl_digest_text(&x->a, &w->diff_id) : o->layers[k].diff_id;
        }
    }
    tell_old(x);
    x->r.tops = x->tops.p;
    x->r.n_tops = x->tops.n;
}

/* manifest.json beside the index, for those that read only it: {Config, RepoTags, Layers}. */
static int write_names(struct pl_scrub *x, struct pl_err *err)
{
    pl_auto_buf struct pl_buf text = { 0 };
    struct pl_jsonw j = { .out = &text };
    pl_jw_arr(&j);
    for (size_t i = 0; i < x->u->images.n; i++) {
        const struct pl_image *im = &x->u->images.p[i];
        const struct pl_archive_image *from = archive_image(x, i);
        const struct pl_descriptor *d = im->manifest ? im->manifest->desc : NULL;
        if (!im->config)
            continue;
        pl_jw_obj(&j);
        pl_jw_kstr(&j, "Config", pl_digest_path(&x->a, &pl_scrub_work(x, im->config)->digest));
        pl_jw_key(&j, "RepoTags");
        pl_jw_arr(&j);
        if (x->o.tag.n)
            pl_jw_str(&j, x->o.tag);
        for (size_t k = 0; !x->o.tag.n && from && k < from->n_tags; k++)
            pl_jw_str(&j, from->tags[k]);
        if (!x->o.tag.n && !from && d && pl_str_find(d->ref_name, PL_S(":"), 0) != SIZE_MAX)
            pl_jw_str(&j, d->ref_name);
        pl_jw_arr_end(&j);
        pl_jw_key(&j, "Layers");
        pl_jw_arr(&j);
        for (size_t k = 0; k < im->n_layers; k++)
            if (im->layers[k])
                pl_jw_str(&j, pl_digest_path(&x->a, &pl_scrub_work(x, im->layers[k])->digest));
        pl_jw_arr_end(&j);
        pl_jw_obj_end(&j);
    }
    pl_jw_arr_end(&j);
    return x->sink->file(x->sink->arg, PL_S("manifest.json"), pl_buf_str(&text), err);
}

int pl_scrub_write(struct pl_scrub *x, const struct pl_scrub_sink *sink, struct pl_err *err)
{
    struct pl_blob *b = pl_source_find(x->u->src, PL_S("index.json"));
    struct pl_part *top = b ? b->user : NULL;
    x->sink = sink;
    int r = top && top->rec && top->rec->has_doc ? write_layout(x, top, err)
            : x->u->src->form == PL_SRC_REMOTE   ? write_tops(x, err)
                                                 : write_archive(x, err);
    if (r == 0)
        r = write_names(x, err);
    if (r == 0)
        r = sink->file(sink->arg, PL_S("oci-layout"), PL_S("{\"imageLayoutVersion\":\"1.0.0\"}"),
                       err);
    if (r == 0)
        tell_written(x);
    return r;
}
