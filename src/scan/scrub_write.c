/* Writing the new image: layers first, then what repeats their digests, the index last. Blobs that
 * held nothing pass as they are, hashed once more on the way. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/hash.h"
#include "fmt/jsonw.h"
#include "scan/scrub_int.h"

#define COPY ((size_t)128 << 10)

static const char index_type[] = "application/vnd.oci.image.index.v1+json";
static const char manifest_type[] = "application/vnd.oci.image.manifest.v1+json";
static const char config_type[] = "application/vnd.oci.image.config.v1+json";

static struct pl_digest sha256_of(struct pl_str s)
{
    struct pl_digest d = { .set = true, .alg = PL_HASH_SHA256 };
    pl_sha256(s.p, s.n, d.b);
    return d;
}

/* ---- one blob ---- */

static int copy_bytes(struct pl_scrub *x, struct pl_feed *f, struct pl_hash *h, uint64_t *ret_n,
                      struct pl_err *err)
{
    pl_auto_free uint8_t *buf = malloc(COPY);
    size_t got = 1;
    int r = 0;
    if (!buf)
        pl_oom();
    while (r >= 0 && got) {
        if (x->scan->o.cancel && *x->scan->o.cancel)
            return pl_fail(err, PL_E_CANCEL, "interrupted");
        r = f->read(f, buf, COPY, &got, err);
        if (r > 0) /* a network that has nothing yet */
            got = 1;
        if (r != 0 || !got)
            continue;
        pl_hash_add(h, buf, got);
        *ret_n += got;
        r = x->sink->write(x->sink->arg, buf, got, err);
    }
    return r < 0 ? r : 0;
}

static int copy_blob(struct pl_scrub *x, struct pl_work *w, struct pl_err *err)
{
    struct pl_digest d = pl_scrub_digest(w->part);
    uint8_t sum[PL_HASH_MAX];
    if (w->written)
        return 0;
    struct pl_feed *f = pl_source_feed(x->u->src, w->part->blob, err);
    if (!f)
        return err->code;
    struct pl_hash *h = pl_hash_new(PL_HASH_SHA256);
    int r = x->sink->begin(x->sink->arg, err);
    if (r == 0)
        r = copy_bytes(x, f, h, &w->size, err);
    pl_hash_end(h, sum);
    pl_hash_free(h);
    f->close(f);
    if (r == 0 && memcmp(sum, w->part->rec->sha256, 32) != 0)
        r = pl_fail(err, PL_E_DIGEST, "the image changed while it was read");
    if (r == 0)
        r = x->sink->end(x->sink->arg, &d, w->size, err);
    w->digest = d;
    w->written = r == 0;
    return r;
}

static int put_bytes(struct pl_scrub *x, struct pl_str bytes, struct pl_digest *ret,
                     struct pl_err *err)
{
    *ret = sha256_of(bytes);
    int r = x->sink->begin(x->sink->arg, err);
    if (r == 0)
        r = x->sink->write(x->sink->arg, bytes.p, bytes.n, err);
    return r < 0 ? r : x->sink->end(x->sink->arg, ret, bytes.n, err);
}

/* A blob's bytes behind the edits. */
struct led {
    struct pl_feed f;
    struct pl_feed *in;
    struct pl_buf head;
    size_t given;
    struct pl_hash *h;
};

static int led_read(struct pl_feed *f, void *buf, size_t n, size_t *ret_got, struct pl_err *err)
{
    struct led *l = (struct led *)f;
    if (l->given < l->head.n) {
        *ret_got = n < l->head.n - l->given ? n : l->head.n - l->given;
        memcpy(buf, l->head.p + l->given, *ret_got);
        l->given += *ret_got;
        return 0;
    }
    int r = l->in->read(l->in, buf, n, ret_got, err);
    if (r == 0)
        pl_hash_add(l->h, buf, *ret_got);
    return r;
}

static void led_close(struct pl_feed *f)
{
    struct led *l = (struct led *)f;
    l->in->close(l->in); /* the rest is whose it was */
}

struct job {
    struct pl_scrub *x;
    struct pl_hash *h;
    struct pl_buf *text; /* documents: kept here rather than written */
    uint64_t size;
    struct pl_record *rec;
    int failed;
    struct pl_err err;
};

static void job_bytes(struct pl_task *t, const void *p, size_t n)
{
    struct job *j = t->bytes_arg;
    if (j->text) {
        pl_buf_putn(j->text, p, n);
        return;
    }
    pl_hash_add(j->h, p, n);
    j->size += n;
    if (!j->failed)
        j->failed = j->x->sink->write(j->x->sink->arg, p, n, &j->err);
}

static void job_done(struct pl_task *t, struct pl_record *r)
{
    struct job *j = t->bytes_arg;
    j->rec = r;
}

/* Runs a REWRITE job over the bytes of `p`, which must be those of the first reading. */
static int run_job(struct pl_scrub *x, const struct pl_part *p, const struct pl_rewrite *rw,
                   struct job *j, struct pl_err *err)
{
    struct led l = { .f = { led_read, led_close } };
    uint8_t sum[PL_HASH_MAX];
    struct pl_task *t = calloc(1, sizeof *t);
    if (!t)
        pl_oom();
    l.in = pl_source_feed(x->u->src, p->blob, err);
    if (!l.in) {
        free(t);
        return err->code;
    }
    pl_put_u64(&l.head, 0);
    pl_put_rewrite(&l.head, rw);
    uint64_t n = l.head.n - 8;
    memcpy(l.head.p, &n, sizeof n);
    l.h = pl_hash_new(PL_HASH_SHA256);
    t->params = (struct pl_job_params){ .kind = PL_JOB_REWRITE, .name = p->blob->name };
    t->params.media_type = p->desc ? p->desc->media_type : PL_S("");
    t->feed = &l.f;
    t->bytes = job_bytes;
    t->bytes_arg = j;
    t->done = job_done;
    pl_pool_submit(x->scan->pool, t);
    int r = pl_pool_run(x->scan->pool, err);
    pl_hash_end(l.h, sum);
    pl_hash_free(l.h);
    explicit_bzero(l.head.p, l.head.n);
    pl_buf_release(&l.head);
    if (r == 0 && j->failed) {
        *err = j->err;
        r = j->failed;
    }
    if (r == 0 && !j->rec->done.complete)
        r = pl_fail(err, PL_E_IO, "%.*s could not be written anew: %.*s", PL_FMT(p->blob->name),
                    PL_FMT(j->rec->notes.n ? pl_str_sub(j->rec->notes.p[0].message, 0, 300)
                                           : PL_S("unknown")));
    if (r == 0 && memcmp(sum, p->rec->sha256, 32) != 0)
        r = pl_fail(err, PL_E_DIGEST, "the image changed while it was read");
    return r;
}

static int blank_order(const void *pa, const void *pb)
{
    const struct pl_tar_blank *a = pa, *b = pb;
    return a->off < b->off ? -1 : a->off > b->off;
}

/* Sorted, and what overlaps joined. */
static void settle_blanks(struct pl_fate *f)
{
    size_t n = 0;
    if (!f->blanks.n)
        return;
    qsort(f->blanks.p, f->blanks.n, sizeof *f->blanks.p, blank_order);
    for (size_t i = 1; i < f->blanks.n; i++) {
        struct pl_tar_blank *last = &f->blanks.p[n], *b = &f->blanks.p[i];
        if (b->off > last->off + last->n)
            f->blanks.p[++n] = *b;
        else if (b->off + b->n > last->off + last->n)
            last->n = b->off + b->n - last->off;
    }
    f->blanks.n = n + 1;
    f->e.blanks = f->blanks.p;
    f->e.n_blanks = f->blanks.n;
}

static int edit_order(const void *pa, const void *pb)
{
    const struct pl_tar_edit *a = pa, *b = pb;
    return a->ordinal < b->ordinal ? -1 : a->ordinal > b->ordinal;
}

static int write_layer(struct pl_scrub *x, struct pl_work *w, struct pl_err *err)
{
    if (w->written || !w->rewrite)
        return copy_blob(x, w, err);
    struct pl_tar_edit *e = pl_alloc_n(&x->a, w->fates.n, sizeof *e);
    for (size_t i = 0; i < w->fates.n; i++) {
        settle_blanks(&w->fates.p[i]);
        e[i] = w->fates.p[i].e;
    }
    if (w->fates.n)
        qsort(e, w->fates.n, sizeof *e, edit_order);
    struct pl_rewrite rw = { .values = x->values.p, .n_values = x->values.n };
    rw.tar = (struct pl_tar_edits){
        .p = e, .n = w->fates.n, .all_headers = w->headers, .tail = w->tail
    };
    struct job j = { .x = x, .h = pl_hash_new(PL_HASH_SHA256) };
    int r = x->sink->begin(x->sink->arg, err);
    if (r == 0)
        r = run_job(x, w->part, &rw, &j, err);
    uint8_t sum[PL_HASH_MAX];
    pl_hash_end(j.h, sum);
    pl_hash_free(j.h);
    w->digest = w->diff_id = (struct pl_digest){ .set = true, .alg = PL_HASH_SHA256 };
    memcpy(w->digest.b, sum, 32);
    if (j.rec)
        memcpy(w->diff_id.b, j.rec->done.diff_id, 32);
    w->size = j.size;
    pl_record_free(j.rec);
    if (r == 0)
        r = x->sink->end(x->sink->arg, &w->digest, w->size, err);
    w->written = r == 0;
    return r;
}

/* ---- documents ---- */

struct edits {
    struct pl_scrub *x;
    PL_VEC(struct pl_jsonedit) e;
};

static void edit(struct edits *k, enum pl_jsonedit_op op, struct pl_str pointer, struct pl_str text)
{
    struct pl_jsonedit e = { op, pointer, text };
    pl_vec_push(&k->e, e);
}

static struct pl_str at(struct edits *k, struct pl_str base, const char *key)
{
    return pl_printf(&k->x->a, "%.*s/%s", PL_FMT(base), key);
}

/* A descriptor at `base` whose blob is another now. What else it says of the old bytes goes. */
static void edit_descriptor(struct edits *k, struct pl_str base, const struct pl_descriptor *d,
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
    edit(k, PL_JSONEDIT_STRING, at(k, base, "digest"), pl_digest_text(&k->x->a, &w->digest));
    edit(k, PL_JSONEDIT_RAW, at(k, base, "size"),
         pl_printf(&k->x->a, "%llu", (unsigned long long)w->size));
    if (d->has_data)
        edit(k, PL_JSONEDIT_DELETE, at(k, base, "data"), PL_S(""));
    if (d->has_urls)
        edit(k, PL_JSONEDIT_DELETE, at(k, base, "urls"), PL_S(""));
    for (size_t i = 0; i < sizeof stale / sizeof *stale; i++)
        edit(k, PL_JSONEDIT_DELETE,
             pl_printf(&k->x->a, "%.*s/annotations/%s", PL_FMT(base), stale[i]), PL_S(""));
}

/* Data of a descriptor that repeats a secret. */
static void edit_data(struct edits *k, const struct pl_work *w)
{
    for (size_t i = 0; i < w->places.n; i++) {
        struct pl_str p = w->places.p[i].path;
        bool twice = false;
        for (size_t j = 0; j < k->e.n; j++)
            twice |= pl_str_eq(k->e.p[j].pointer, p);
        if (!twice && w->places.p[i].surface == PL_SURF_DESCRIPTOR && pl_str_ends(p, PL_S("/data")))
            edit(k, PL_JSONEDIT_DELETE, p, PL_S(""));
    }
}

/* The new text of a document, in `out`. */
static int edited(struct pl_scrub *x, struct pl_work *w, struct edits *k, struct pl_buf *out,
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
    struct job j = { .x = x, .text = out };
    int r = run_job(x, w->part, &rw, &j, err);
    pl_record_free(j.rec);
    return r;
}

static int write_doc(struct pl_scrub *x, struct pl_work *w, struct edits *k, struct pl_err *err)
{
    pl_auto_buf struct pl_buf text = { 0 };
    int r = 0;
    if (!k->e.n && !w->places.n) {
        r = copy_blob(x, w, err);
    } else {
        r = edited(x, w, k, &text, err);
        if (r == 0)
            r = put_bytes(x, pl_buf_str(&text), &w->digest, err);
        w->size = text.n;
        w->written = r == 0;
    }
    pl_vec_release(&k->e);
    return r;
}

static int write_config(struct pl_scrub *x, struct pl_part *p, struct pl_part *const *layers,
                        size_t n, struct pl_err *err)
{
    struct pl_work *w = pl_scrub_work(x, p);
    struct edits k = { .x = x };
    if (w->written)
        return 0;
    for (size_t i = 0; i < n && p->rec->has_doc && i < p->rec->doc.n_diff_ids; i++) {
        const struct pl_work *l = layers[i] ? pl_scrub_work(x, layers[i]) : NULL;
        if (l && l->rewrite)
            edit(&k, PL_JSONEDIT_STRING, pl_printf(&x->a, "/rootfs/diff_ids/%zu", i),
                 pl_digest_text(&x->a, &l->diff_id));
    }
    return write_doc(x, w, &k, err);
}

/* What an artifact refers to. */
static void edit_subject(struct edits *k, const struct pl_doc *d)
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
    struct edits k = { .x = x };
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
        r = write_layer(x, l, err);
        if (l->rewrite)
            edit_descriptor(&k, pl_printf(&x->a, "/layers/%zu", i), &d->items[i], l);
    }
    struct pl_part *c = d->config.digest.set ? pl_scrub_part(x, &d->config.digest) : NULL;
    if (r == 0 && c) {
        struct pl_work *cw = pl_scrub_work(x, c);
        r = write_config(x, c, layers, d->n_items, err);
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

static int write_any(struct pl_scrub *x, struct pl_part *p, unsigned depth, struct pl_err *err);

static int index_items(struct pl_scrub *x, struct pl_part *p, struct edits *k, unsigned depth,
                       struct pl_err *err)
{
    const struct pl_doc *d = &p->rec->doc;
    int r = 0;
    for (int pass = 0; pass < 2; pass++) { /* first what has no subject */
        for (size_t i = 0; r == 0 && i < d->n_items; i++) {
            struct pl_part *q = pl_scrub_part(x, &d->items[i].digest);
            struct pl_str base = pl_printf(&x->a, "/manifests/%zu", i);
            bool beside = q && (q->role == PL_ROLE_ATTESTATION || q->role == PL_ROLE_REFERRER);
            if (!q || beside != (pass == 1))
                continue;
            struct pl_work *w = pl_scrub_work(x, q);
            if (w->out) {
                edit(k, PL_JSONEDIT_DELETE, base, PL_S(""));
                continue;
            }
            r = write_any(x, q, depth + 1, err);
            struct pl_digest old = pl_scrub_digest(q);
            if (r == 0 && !pl_digest_eq(&w->digest, &old))
                edit_descriptor(k, base, &d->items[i], w);
        }
    }
    return r;
}

static int write_any(struct pl_scrub *x, struct pl_part *p, unsigned depth, struct pl_err *err)
{
    struct pl_work *w = pl_scrub_work(x, p);
    struct edits k = { .x = x };
    if (w->written)
        return 0;
    if (depth > 16)
        return pl_fail(err, PL_E_LIMIT, "indexes nested too deep");
    if (!p->rec->has_doc)
        return copy_blob(x, w, err);
    if (p->rec->doc.kind == PL_DOC_MANIFEST)
        return write_manifest(x, p, err);
    if (p->rec->doc.kind != PL_DOC_INDEX)
        return copy_blob(x, w, err);
    int r = index_items(x, p, &k, depth, err);
    if (r == 0)
        return write_doc(x, w, &k, err);
    pl_vec_release(&k.e);
    return r;
}

/* ---- the top ---- */

/* Names the one image of the index; `bare`: its descriptor has no annotations. */
static int edit_tag(struct pl_scrub *x, const struct pl_doc *d, struct edits *k, bool bare,
                    struct pl_err *err)
{
    static const char key[] = "org.opencontainers.image.ref.name";
    size_t kept = 0, one = 0;
    for (size_t i = 0; i < d->n_items; i++) {
        struct pl_part *q = pl_scrub_part(x, &d->items[i].digest);
        bool beside = q && (q->role == PL_ROLE_ATTESTATION || q->role == PL_ROLE_REFERRER);
        if (q && !beside && !pl_scrub_work(x, q)->out) {
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
        edit(k, PL_JSONEDIT_STRING, pl_printf(&x->a, "%.*s/annotations/%s", PL_FMT(at_one), key),
             name);
    else if (bare)
        edit(k, PL_JSONEDIT_INSERT, at_one,
             pl_printf(&x->a, "\"annotations\":{\"%s\":\"%.*s\"}", key, PL_FMT(name)));
    else
        edit(k, PL_JSONEDIT_INSERT, pl_printf(&x->a, "%.*s/annotations", PL_FMT(at_one)),
             pl_printf(&x->a, "\"%s\":\"%.*s\"", key, PL_FMT(name)));
    return 0;
}

static int write_layout(struct pl_scrub *x, struct pl_part *top, struct pl_err *err)
{
    pl_auto_buf struct pl_buf text = { 0 };
    struct edits k = { .x = x };
    struct pl_work *w = pl_scrub_work(x, top);
    int r = index_items(x, top, &k, 0, err);
    size_t n = k.e.n;
    if (r == 0 && x->o.tag.n)
        r = edit_tag(x, &top->rec->doc, &k, false, err);
    if (r == 0)
        r = edited(x, w, &k, &text, err); /* without edits the very bytes come back */
    if (r < 0 && k.e.n > n && k.e.p[n].op == PL_JSONEDIT_INSERT) {
        pl_buf_clear(&text);
        k.e.n = n;
        r = edit_tag(x, &top->rec->doc, &k, true, err);
        if (r == 0)
            r = edited(x, w, &k, &text, err);
    }
    pl_vec_release(&k.e);
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
    pl_jw_kcstr(j, "mediaType", index_type);
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
        r = write_layer(x, pl_scrub_work(x, im->layers[i]), err);
    if (r == 0)
        r = write_config(x, im->config, im->layers, im->n_layers, err);
    if (r < 0)
        return r;
    pl_jw_obj(&j);
    pl_jw_ku64(&j, "schemaVersion", 2);
    pl_jw_kcstr(&j, "mediaType", manifest_type);
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
    return put_bytes(x, pl_buf_str(&text), &ret->digest, err);
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
        put_descriptor(&j, pl_str_c(manifest_type), &x->a, &w);
        put_tag(&j, tag_of(x, from ? from->tags : NULL, from ? from->n_tags : 0));
        pl_jw_obj_end(&j);
        x->r.images[i].new_digest = pl_digest_text(&x->a, &w.digest);
    }
    pl_jw_arr_end(&j);
    pl_jw_obj_end(&j);
    return r < 0 ? r : x->sink->file(x->sink->arg, PL_S("index.json"), pl_buf_str(&text), err);
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
        r = write_any(x, p, 0, err);
        struct pl_str type = p->rec->doc.media_type.n           ? p->rec->doc.media_type
                             : p->rec->doc.kind == PL_DOC_INDEX ? pl_str_c(index_type)
                                                                : pl_str_c(manifest_type);
        pl_jw_obj(&j);
        put_descriptor(&j, type, &x->a, pl_scrub_work(x, p));
        put_tag(&j, tag_of(x, &t->tag, 1));
        pl_jw_obj_end(&j);
    }
    pl_jw_arr_end(&j);
    pl_jw_obj_end(&j);
    return r < 0 ? r : x->sink->file(x->sink->arg, PL_S("index.json"), pl_buf_str(&text), err);
}

/* ---- what was done ---- */

static void tell_written(struct pl_scrub *x)
{
    PL_VEC(struct pl_digest) old = { 0 };
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
    for (size_t i = 0; i < x->order.n; i++) {
        const struct pl_work *w = x->order.p[i];
        struct pl_digest d = { 0 };
        if (!w->part->blob || !w->part->rec)
            continue;
        d = pl_scrub_digest(w->part);
        if ((w->written && !pl_digest_eq(&d, &w->digest)) || (w->out && w->judged))
            pl_vec_push(&old, d);
    }
    x->r.old = pl_alloc_n(&x->a, old.n, sizeof *x->r.old);
    if (old.n)
        memcpy(x->r.old, old.p, old.n * sizeof *old.p);
    x->r.n_old = old.n;
    pl_vec_release(&old);
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
