/* Child: a blob is read and written anew without what the edits name. A layer is packed by its own
 * codec, with none of the framing's texts; a document keeps its order, numbers and blanks. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/hash.h"
#include "fmt/json.h"
#include "io/codec.h"
#include "io/codec_pack.h"
#include "oci/place.h"
#include "scan/rewrite.h"
#include "scan/worker.h"

#define EDITS_MAX PL_MIB(256)

/* ---- the edits ---- */

static void put_tar(struct pl_buf *b, const struct pl_tar_edits *t)
{
    pl_put_u8(b, t->all_headers);
    pl_put_u8(b, t->tail);
    pl_put_var(b, t->n);
    for (size_t i = 0; i < t->n; i++) {
        const struct pl_tar_edit *e = &t->p[i];
        pl_put_u32(b, e->ordinal);
        pl_put_u8(b, (uint8_t)e->fate);
        pl_put_u8(b, e->padding);
        pl_put_u8(b, e->headers);
        pl_put_u8(b, e->inside);
        pl_put_str(b, e->name);
        pl_put_var(b, e->n_blanks);
        for (size_t k = 0; k < e->n_blanks; k++) {
            pl_put_u64(b, e->blanks[k].off);
            pl_put_u64(b, e->blanks[k].n);
        }
    }
}

void pl_put_rewrite(struct pl_buf *b, const struct pl_rewrite *x)
{
    pl_put_u8(b, x->doc);
    pl_put_u8(b, x->redact);
    pl_put_var(b, x->n_values);
    for (size_t i = 0; i < x->n_values; i++)
        pl_put_str(b, x->values[i]);
    put_tar(b, &x->tar);
    pl_put_var(b, x->n_places);
    for (size_t i = 0; i < x->n_places; i++) {
        pl_put_u8(b, (uint8_t)x->places[i].surface);
        pl_put_str(b, x->places[i].path);
    }
    pl_put_var(b, x->n_edits);
    for (size_t i = 0; i < x->n_edits; i++) {
        pl_put_u8(b, (uint8_t)x->edits[i].op);
        pl_put_str(b, x->edits[i].pointer);
        pl_put_str(b, x->edits[i].text);
    }
}

/* A count of things that take a byte each at least. */
static size_t count(struct pl_rd *r)
{
    uint64_t n = pl_get_var(r);
    if (n > (size_t)(r->end - r->p))
        r->bad = true;
    return r->bad ? 0 : (size_t)n;
}

static void get_tar(struct pl_rd *r, struct pl_arena *a, struct pl_tar_edits *t)
{
    t->all_headers = pl_get_u8(r);
    t->tail = pl_get_u8(r);
    t->n = count(r);
    struct pl_tar_edit *e = pl_alloc_n(a, t->n, sizeof *e);
    for (size_t i = 0; i < t->n && !r->bad; i++) {
        e[i].ordinal = pl_get_u32(r);
        e[i].fate = pl_get_u8(r);
        e[i].padding = pl_get_u8(r);
        e[i].headers = pl_get_u8(r);
        e[i].inside = pl_get_u8(r);
        e[i].name = pl_get_str(r);
        e[i].n_blanks = count(r);
        struct pl_tar_blank *k = pl_alloc_n(a, e[i].n_blanks, sizeof *k);
        for (size_t j = 0; j < e[i].n_blanks; j++) {
            k[j].off = pl_get_u64(r);
            k[j].n = pl_get_u64(r);
        }
        e[i].blanks = k;
    }
    t->p = e;
}

bool pl_get_rewrite(struct pl_rd *r, struct pl_arena *a, struct pl_rewrite *ret)
{
    *ret = (struct pl_rewrite){ .doc = pl_get_u8(r) };
    ret->redact = pl_get_u8(r);
    ret->n_values = count(r);
    ret->values = pl_alloc_n(a, ret->n_values, sizeof *ret->values);
    for (size_t i = 0; i < ret->n_values; i++)
        ret->values[i] = pl_get_str(r);
    get_tar(r, a, &ret->tar);
    ret->tar.values = ret->values;
    ret->tar.n_values = ret->n_values;
    ret->n_places = count(r);
    ret->places = pl_alloc_n(a, ret->n_places, sizeof *ret->places);
    for (size_t i = 0; i < ret->n_places; i++) {
        ret->places[i].surface = pl_get_u8(r);
        ret->places[i].path = pl_get_str(r);
    }
    ret->n_edits = count(r);
    ret->edits = pl_alloc_n(a, ret->n_edits, sizeof *ret->edits);
    for (size_t i = 0; i < ret->n_edits; i++) {
        ret->edits[i].op = pl_get_u8(r);
        ret->edits[i].pointer = pl_get_str(r);
        ret->edits[i].text = pl_get_str(r);
    }
    return !r->bad;
}

/* ---- layers ---- */

struct layer {
    struct pl_worker *w;
    struct pl_tar_rewrite *tar;
    struct pl_pack *pack;
    struct pl_hash *diff;
};

static void on_packed(void *arg, const void *p, size_t n)
{
    pl_worker_bytes(arg, p, n);
}

static void on_tar(void *arg, const void *p, size_t n)
{
    struct layer *l = arg;
    pl_hash_add(l->diff, p, n);
    l->w->done.bytes += n;
    pl_pack_add(l->pack, p, n);
}

static void failed(struct pl_worker *w, const struct pl_err *err)
{
    pl_worker_note(w, PL_SCOPE_LAYER, true, err->code == PL_E_UNSUP ? "forbidden" : "unwritten",
                   PL_S(""), "%s", err->msg);
}

static void rewrite_layer(struct pl_worker *w, struct pl_view *in, const struct pl_rewrite *x)
{
    struct layer l = { .w = w };
    const struct pl_codec *codec = NULL;
    struct pl_err err = { 0 };
    if (pl_codec_probe(in, &codec, &err) < 0) {
        failed(w, &err);
        return;
    }
    l.pack = pl_pack_new(codec ? codec->id : NULL, on_packed, w);
    if (!l.pack || (codec && !codec->open)) {
        pl_fail(&err, PL_E_UNSUP, "nothing here writes %s", codec->id);
        failed(w, &err);
        pl_pack_free(l.pack);
        return;
    }
    l.diff = pl_hash_new(PL_HASH_SHA256);
    l.tar = pl_tar_rewrite_new(&x->tar, &w->ctx->limits, on_tar, &l);
    struct pl_codec_opts o = { .limits = &w->ctx->limits,
                               .out_base = w->ctx->limits.layer_out,
                               .out_ratio = w->ctx->limits.layer_ratio,
                               .limit_name = "layer-out",
                               .fresh = pl_tar_rewrite_fresh,
                               .arg = l.tar };
    struct pl_view *v = codec ? codec->open(in, &o) : pl_codec_open_plain(in, &o);
    uint8_t sum[PL_HASH_MAX];
    if (pl_tar_rewrite_run(l.tar, v, &err) < 0)
        failed(w, &err);
    pl_pack_end(l.pack);
    pl_hash_end(l.diff, sum);
    memcpy(w->done.diff_id, sum, sizeof w->done.diff_id);
    w->done.has_diff = w->done.complete;
    pl_view_close(v);
    pl_tar_rewrite_free(l.tar);
    pl_pack_free(l.pack);
    pl_hash_free(l.diff);
}

/* ---- documents ---- */

struct document {
    struct pl_worker *w;
    const struct pl_rewrite *x;
    enum pl_doc_kind kind;
};

/* A value where it was found; elsewhere only one that stands nowhere by chance. */
static bool applies(struct pl_str value, bool found)
{
    return value.n && (found || value.n >= PL_TAR_VALUE_MIN);
}

/* `text` without the values; false when it has none. */
static bool without(const struct pl_rewrite *x, struct pl_str text, bool found, bool fill,
                    struct pl_buf *out)
{
    size_t kept = 0;
    bool any = false;
    for (size_t i = 0; i < text.n;) {
        size_t n = 0;
        for (size_t k = 0; k < x->n_values; k++)
            if (applies(x->values[k], found) && x->values[k].n > n &&
                x->values[k].p[0] == text.p[i] &&
                pl_str_starts(pl_str_sub(text, i, text.n), x->values[k]))
                n = x->values[k].n;
        if (!n) {
            i++;
            continue;
        }
        any = true;
        pl_buf_putn(out, text.p + kept, i - kept);
        for (size_t k = 0; fill && k < n; k++)
            pl_buf_putc(out, 'x');
        i += n;
        kept = i;
    }
    if (any)
        pl_buf_putn(out, text.p + kept, text.n - kept);
    return any;
}

static bool on_string(void *arg, struct pl_str pointer, struct pl_str value, bool is_key,
                      struct pl_buf *out)
{
    struct document *d = arg;
    const struct pl_rewrite *x = d->x;
    struct pl_place place;
    bool found = false;
    pl_doc_place(d->kind, pointer, value, is_key, &d->w->scratch, &place);
    for (size_t i = 0; i < x->n_places && !found; i++)
        found = x->places[i].surface == place.surface &&
                (pl_str_eq(x->places[i].path, place.path) || pl_str_eq(x->places[i].path, pointer));
    bool any = without(x, value, found, x->redact || is_key, out);
    if (!any && found && !is_key) { /* it stands there in another form: all of it goes */
        if (place.surface == PL_SURF_ENV && pl_str_starts(value, place.path))
            pl_buf_putn(out, value.p, place.path.n + (value.n > place.path.n));
        any = value.n > out->n;
    }
    pl_arena_reset(&d->w->scratch);
    return any;
}

static int rewrite_text(struct pl_worker *w, struct pl_str text, const struct pl_rewrite *x,
                        struct pl_buf *out, struct pl_err *err)
{
    struct pl_json *root = NULL;
    struct pl_doc doc = { 0 };
    struct document d = { .w = w, .x = x };
    int r = pl_json_parse(text, (unsigned)w->ctx->limits.depth, &root, err);
    if (r < 0)
        return r;
    if (pl_doc_read(root, w->job.media_type, &w->ctx->limits, &w->job_arena, &doc, err) == 0)
        d.kind = doc.kind;
    pl_json_free(root);
    return pl_jsonedit(text, x->edits, x->n_edits, on_string, &d, (unsigned)w->ctx->limits.depth,
                       out, err);
}

static void rewrite_doc(struct pl_worker *w, struct pl_view *in, const struct pl_rewrite *x)
{
    pl_auto_buf struct pl_buf text = { .max = w->ctx->limits.statement + 1 }, out = { 0 };
    struct pl_err err = { 0 };
    int r = pl_view_slurp(in, &text, w->ctx->limits.statement, &err);
    if (r == 0)
        r = rewrite_text(w, pl_buf_str(&text), x, &out, &err);
    if (r < 0)
        failed(w, &err);
    else
        pl_worker_bytes(w, out.p, out.n);
    w->done.bytes = out.n;
}

void pl_job_rewrite(struct pl_worker *w, struct pl_view *in)
{
    struct pl_rewrite x;
    pl_auto_buf struct pl_buf edits = { 0 };
    struct pl_err err = { 0 };
    uint64_t n = 0;
    if (pl_view_ahead(in, 8, &err) < 0 || in->n < 8) {
        failed(w, &err);
        return;
    }
    memcpy(&n, in->p, sizeof n); /* between two processes of one machine */
    pl_view_consume(in, 8);
    while (n <= EDITS_MAX && edits.n < n && pl_view_ahead(in, 1, &err) == 0 && in->n) {
        size_t now = in->n < n - edits.n ? in->n : (size_t)(n - edits.n);
        pl_buf_putn(&edits, in->p, now);
        pl_view_consume(in, now);
    }
    struct pl_rd rd = { (const uint8_t *)edits.p, (const uint8_t *)edits.p + edits.n, false };
    if (edits.n < n || !pl_get_rewrite(&rd, &w->job_arena, &x)) {
        pl_fail(&err, PL_E_LIMIT, "too much to change in one blob");
        failed(w, &err);
        return;
    }
    if (x.doc)
        rewrite_doc(w, in, &x);
    else
        rewrite_layer(w, in, &x);
}
