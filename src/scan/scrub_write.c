/* Documents of the new image: what repeats the digests of blobs that are others now, from the
 * config up to an index. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "scan/scrub_int.h"

void pl_scrub_edit(struct pl_edits *k, enum pl_jsonedit_op op, struct pl_str pointer,
                   struct pl_str text)
{
    struct pl_jsonedit e = { op, pointer, text };
    pl_vec_push(&k->e, e);
}

static struct pl_str at(struct pl_edits *k, struct pl_str base, const char *key)
{
    return pl_printf(&k->x->a, "%.*s/%s", PL_FMT(base), key);
}

/* A descriptor at `base` whose blob is another now. What else it says of the old bytes goes. */
static void edit_descriptor(struct pl_edits *k, struct pl_str base, const struct pl_descriptor *d,
                            const struct pl_work *w)
{
    static const char *const stale[] = {
        "containerd.io~1snapshot~1stargz~1toc.digest",
        "io.containers.estargz.uncompressed-size",
        "io.github.containers.zstd-chunked.manifest-checksum",
        "io.github.containers.zstd-chunked.manifest-position",
        "io.github.containers.zstd-chunked.tarsplit-checksum",
        "io.github.containers.zstd-chunked.tarsplit-position",
    };
    pl_scrub_edit(k, PL_JSONEDIT_STRING, at(k, base, "digest"),
                  pl_digest_text(&k->x->a, &w->digest));
    pl_scrub_edit(k, PL_JSONEDIT_RAW, at(k, base, "size"),
                  pl_printf(&k->x->a, "%llu", (unsigned long long)w->size));
    if (d->has_data)
        pl_scrub_edit(k, PL_JSONEDIT_DELETE, at(k, base, "data"), PL_S(""));
    if (d->has_urls)
        pl_scrub_edit(k, PL_JSONEDIT_DELETE, at(k, base, "urls"), PL_S(""));
    for (size_t i = 0; i < sizeof stale / sizeof *stale; i++)
        pl_scrub_edit(k, PL_JSONEDIT_DELETE,
                      pl_printf(&k->x->a, "%.*s/annotations/%s", PL_FMT(base), stale[i]), PL_S(""));
}

/* Data of a descriptor that repeats a secret. */
static void edit_data(struct pl_edits *k, const struct pl_work *w)
{
    for (size_t i = 0; i < w->places.n; i++) {
        struct pl_str p = w->places.p[i].path;
        bool twice = false;
        for (size_t j = 0; j < k->e.n; j++)
            twice |= pl_str_eq(k->e.p[j].pointer, p);
        if (!twice && w->places.p[i].surface == PL_SURF_DESCRIPTOR && pl_str_ends(p, PL_S("/data")))
            pl_scrub_edit(k, PL_JSONEDIT_DELETE, p, PL_S(""));
    }
}

/* The new text of a document, in `out`. */
int pl_scrub_edited(struct pl_scrub *x, struct pl_work *w, struct pl_edits *k, struct pl_buf *out,
                    struct pl_err *err)
{
    edit_data(k, w);
    struct pl_rewrite rw = { .doc = true,
                             .redact = x->o.redact,
                             .values = x->values.p,
                             .n_values = x->values.n,
                             .places = w->places.p,
                             .n_places = w->places.n,
                             .edits = k->e.p,
                             .n_edits = k->e.n };
    struct pl_scrub_job j = { .x = x, .text = out };
    int r = pl_scrub_run(x, w->part, &rw, &j, err);
    pl_record_free(j.rec);
    return r;
}

static int write_doc(struct pl_scrub *x, struct pl_work *w, struct pl_edits *k, struct pl_err *err)
{
    pl_auto_buf struct pl_buf text = { 0 };
    int r = 0;
    if (!k->e.n && !w->places.n) {
        r = pl_scrub_copy(x, w, err);
    } else {
        r = pl_scrub_edited(x, w, k, &text, err);
        if (r == 0)
            r = pl_scrub_put(x, pl_buf_str(&text),
                             w->part->rec->has_doc ? &w->part->rec->doc : NULL,
                             w->part->desc ? w->part->desc->media_type : PL_S(""), &w->digest, err);
        w->size = text.n;
        w->written = r == 0;
    }
    pl_vec_release(&k->e);
    return r;
}

int pl_scrub_put_config(struct pl_scrub *x, struct pl_part *p, struct pl_part *const *layers,
                        size_t n, struct pl_err *err)
{
    struct pl_work *w = pl_scrub_work(x, p);
    struct pl_edits k = { .x = x };
    if (w->written)
        return 0;
    for (size_t i = 0; i < n && p->rec->has_doc && i < p->rec->doc.n_diff_ids; i++) {
        const struct pl_work *l = layers[i] ? pl_scrub_work(x, layers[i]) : NULL;
        if (l && l->rewrite)
            pl_scrub_edit(&k, PL_JSONEDIT_STRING, pl_printf(&x->a, "/rootfs/diff_ids/%zu", i),
                          pl_digest_text(&x->a, &l->diff_id));
    }
    return write_doc(x, w, &k, err);
}

/* What an artifact refers to. */
static void edit_subject(struct pl_edits *k, const struct pl_doc *d)
{
    struct pl_part *q = d->subject.digest.set ? pl_scrub_part(k->x, &d->subject.digest) : NULL;
    const struct pl_work *w = q ? pl_scrub_work(k->x, q) : NULL;
    if (w && w->written && w->changed)
        edit_descriptor(k, PL_S("/subject"), &d->subject, w);
}

static int write_manifest(struct pl_scrub *x, struct pl_part *p, struct pl_err *err)
{
    const struct pl_doc *d = &p->rec->doc;
    struct pl_work *w = pl_scrub_work(x, p);
    struct pl_edits k = { .x = x };
    int r = 0;
    if (w->written)
        return 0;
    pl_auto_free struct pl_part **layers = calloc(d->n_items + 1, sizeof *layers);
    if (!layers)
        pl_oom();
    for (size_t i = 0; r == 0 && i < d->n_items; i++) {
        layers[i] = pl_scrub_part(x, &d->items[i].digest);
        if (!layers[i])
            continue;
        struct pl_work *l = pl_scrub_work(x, layers[i]);
        r = pl_scrub_put_layer(x, l, err);
        if (l->rewrite)
            edit_descriptor(&k, pl_printf(&x->a, "/layers/%zu", i), &d->items[i], l);
    }
    struct pl_part *c = d->config.digest.set ? pl_scrub_part(x, &d->config.digest) : NULL;
    if (r == 0 && c) {
        struct pl_work *cw = pl_scrub_work(x, c);
        r = pl_scrub_put_config(x, c, layers, d->n_items, err);
        struct pl_digest old = pl_scrub_digest(c);
        if (r == 0 && !pl_digest_eq(&cw->digest, &old))
            edit_descriptor(&k, PL_S("/config"), &d->config, cw);
    }
    edit_subject(&k, d);
    if (r < 0) {
        pl_vec_release(&k.e);
        return r;
    }
    return write_doc(x, w, &k, err);
}

int pl_scrub_put_items(struct pl_scrub *x, struct pl_part *p, struct pl_edits *k, unsigned depth,
                       struct pl_err *err)
{
    const struct pl_doc *d = &p->rec->doc;
    int r = 0;
    for (int pass = 0; pass < 2; pass++) { /* first what has no subject */
        for (size_t i = 0; r == 0 && i < d->n_items; i++) {
            struct pl_part *q = pl_scrub_part(x, &d->items[i].digest);
            struct pl_str base = pl_printf(&x->a, "/manifests/%zu", i);
            bool beside = q && pl_scrub_beside(q, &d->items[i]);
            if (!q || beside != (pass == 1))
                continue;
            struct pl_work *w = pl_scrub_work(x, q);
            if (w->out) {
                pl_scrub_edit(k, PL_JSONEDIT_DELETE, base, PL_S(""));
                continue;
            }
            r = pl_scrub_put_any(x, q, depth + 1, err);
            struct pl_digest old = pl_scrub_digest(q);
            if (r == 0 && !pl_digest_eq(&w->digest, &old))
                edit_descriptor(k, base, &d->items[i], w);
        }
    }
    return r;
}

int pl_scrub_put_any(struct pl_scrub *x, struct pl_part *p, unsigned depth, struct pl_err *err)
{
    struct pl_work *w = pl_scrub_work(x, p);
    struct pl_edits k = { .x = x };
    if (w->written)
        return 0;
    if (depth > 16)
        return pl_fail(err, PL_E_LIMIT, "indexes nested too deep");
    if (!p->rec->has_doc)
        return pl_scrub_copy(x, w, err);
    if (p->rec->doc.kind == PL_DOC_MANIFEST)
        return write_manifest(x, p, err);
    if (p->rec->doc.kind != PL_DOC_INDEX)
        return pl_scrub_copy(x, w, err);
    int r = pl_scrub_put_items(x, p, &k, depth, err);
    if (r == 0)
        return write_doc(x, w, &k, err);
    pl_vec_release(&k.e);
    return r;
}
