/* Child: one blob. A layer (perhaps compressed tar), a JSON document, or anything else. Two digests
 * of a layer are taken in this pass: the parent has the blob's, here is that of the unpacked
 * stream. guide section 3, forensics.md sections 2 and 6. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/hash.h"
#include "base/vec.h"
#include "io/codec.h"
#include "io/tar.h"
#include "scan/content.h"
#include "scan/doc.h"
#include "scan/keepfeed.h"

struct name {
    uint32_t ordinal;
    size_t off, len; /* in layer.names */
    size_t
        path_len; /* a link target: its entry's path stands this far in front; 0 = it is the path */
};

/* One layer on its way. */
struct layer {
    struct pl_worker *w;
    struct pl_hash *diff;
    struct pl_view *in; /* unpacked stream */
    uint32_t ordinal;   /* of the entry being read */
    bool is_tar;
    struct pl_buf names; /* paths and link targets, one a line, looked at many at a time */
    PL_VEC(struct name) name;
};

static void fresh(void *arg, const void *p, size_t n)
{
    struct layer *l = arg;
    pl_hash_add(l->diff, p, n);
    l->w->done.bytes += n;
}

/* Name, comment and the like of the compressed framing. */
static void on_frame(void *arg, enum pl_frame_part part, struct pl_str bytes, uint64_t off)
{
    static const char *const names[] = { "name", "comment", "extra", "skippable", "trailer" };
    struct layer *l = arg;
    struct pl_spot at = { .surface = PL_SURF_GZIP_HEADER,
                          .ordinal = PL_NEVER,
                          .path = pl_str_c(names[part]),
                          .binary = true };
    (void)off;
    pl_content_piece(l->w, &at, bytes);
}

static void on_part(void *arg, enum pl_tar_part part, struct pl_str path, struct pl_str name,
                    struct pl_str bytes, uint64_t off)
{
    struct layer *l = arg;
    bool padding = part == PL_TAR_PADDING;
    struct pl_spot at = { .surface = padding ? PL_SURF_TAR_TRAILER : PL_SURF_TAR_HEADER,
                          .ordinal = l->ordinal,
                          .path = name.n ? name : path,
                          .say = path,
                          .value = name.n != 0,
                          .binary = true };
    (void)off;
    if (part == PL_TAR_XATTR && pl_str_is(name, "security.capability"))
        pl_keep_fact(l->w, PL_FACT_CAPS, l->ordinal, 0, pl_str_sub(bytes, 0, 24));
    pl_content_piece(l->w, &at, bytes);
    if (name.n && (part == PL_TAR_PAX || part == PL_TAR_XATTR) && name.n > 16) {
        at.value = false;
        pl_content_piece(l->w, &at, name); /* a keyword is text of the author's choice, too */
    }
}

static void on_tar_note(void *arg, const char *code, struct pl_str path, const char *message)
{
    struct layer *l = arg;
    pl_worker_note(l->w, PL_SCOPE_ENTRY, !pl_content_harmless(code), code, path, "%s", message);
}

static void on_name_secret(void *arg, const struct pl_secret *s)
{
    (void)s;
    *(bool *)arg = true;
}

/* A name that holds a secret is told with the secret masked. */
static void scan_name(struct layer *l, const struct name *n)
{
    struct pl_str text = pl_str_n(l->names.p + n->off, n->len);
    pl_auto_buf struct pl_buf masked = { 0 };
    struct pl_spot at = { .surface = PL_SURF_TAR_HEADER, .ordinal = n->ordinal, .binary = true };
    pl_content_mask(l->w, text, &masked);
    at.say = n->path_len ? pl_str_n(text.p - 1 - n->path_len, n->path_len) : pl_buf_str(&masked);
    pl_content_piece(l->w, &at, text);
}

static void scan_names(struct layer *l)
{
    bool any = false;
    struct pl_err err;
    struct pl_text t = {
        .p = (const uint8_t *)l->names.p, .n = l->names.n, .to = l->names.n, .last = true
    };
    if (l->names.n && (l->w->job.flags & PL_JOBF_SECRETS))
        pl_secret_scan(l->w->matcher, &t, on_name_secret, &any, &err);
    for (size_t i = 0; any && i < l->name.n; i++)
        scan_name(l, &l->name.p[i]);
    pl_buf_clear(&l->names);
    l->name.n = 0;
}

static void keep_name(struct layer *l, uint32_t ordinal, struct pl_str name, size_t path_len)
{
    struct name n = { ordinal, l->names.n, name.n, path_len };
    pl_buf_putn(&l->names, name.p, name.n);
    pl_buf_putc(&l->names, '\n');
    if (name.n >= 12) /* else shorter than any secret */
        pl_vec_push(&l->name, n);
}

static void keep_names(struct layer *l, const struct pl_entry *e)
{
    keep_name(l, e->ordinal, e->path, 0);
    if (e->link.n)
        keep_name(l, e->ordinal, e->link, e->path.n);
    if (l->names.n > 64u << 10)
        scan_names(l);
}

static bool want_hash(const struct pl_worker *w, const struct pl_entry *e)
{
    struct pl_str h = w->job.hash_path;
    return e->kind != PL_ENTRY_DIR && h.n && (pl_str_is(h, "*") || pl_str_eq(h, e->path));
}

/* A view that hashes what passes; for the few entries whose digest somebody asked for. */
struct hashing {
    struct pl_view v;
    struct pl_view *under;
    struct pl_hash *h;
    uint64_t hashed;
};

static int hashing_fill(struct pl_view *v, size_t want, struct pl_err *err)
{
    struct hashing *x = (struct hashing *)v;
    pl_view_consume(x->under, (size_t)(v->off - x->under->off));
    int r = pl_view_ahead(x->under, want, err);
    v->p = x->under->p;
    v->n = x->under->n;
    v->eof = x->under->eof;
    uint64_t end = v->off + v->n;
    if (end > x->hashed) {
        pl_hash_add(x->h, v->p + (x->hashed - v->off), (size_t)(end - x->hashed));
        x->hashed = end;
    }
    return r;
}

static void send_hash(struct pl_worker *w, uint32_t ordinal, struct pl_hash *h)
{
    struct pl_entry_hash e = { .ordinal = ordinal };
    size_t mark;
    pl_hash_end(h, e.sum);
    struct pl_buf *b = pl_chan_begin(&w->chan, PL_MSG_HASH, &mark);
    pl_put_entry_hash(b, &e);
    pl_chan_end(&w->chan, mark);
}

/* The body of one entry, through every analyzer. */
static int entry_body(struct pl_worker *w, const struct pl_entry *e, struct pl_err *err)
{
    struct pl_spot at = { .surface = PL_SURF_FILE,
                          .ordinal = e->ordinal,
                          .path = e->path,
                          .mode = e->mode,
                          .size = e->size };
    at.wanted = w->job.grab == PL_GRAB_ENTRY && w->job.ordinal == e->ordinal && !w->job.nested.n;
    if (at.wanted)
        w->grabbed = true;
    if (!want_hash(w, e))
        return e->body ? pl_content_scan(w, &at, e->body, err) : 0;
    struct pl_view empty;
    pl_view_mem_init(&empty, "", 0);
    struct hashing x = { .v = { .fill = hashing_fill }, .under = e->body ? e->body : &empty };
    x.h = pl_hash_new(PL_HASH_SHA256);
    int r = pl_content_scan(w, &at, &x.v, err);
    pl_view_consume(x.under, (size_t)(x.v.off - x.under->off));
    if (r == 0)
        send_hash(w, e->ordinal, x.h);
    pl_hash_free(x.h);
    return r;
}

static void entry_notes(struct pl_worker *w, const struct pl_entry *e)
{
    if (e->flags & PL_ENTRY_UNSAFE)
        pl_worker_note(w, PL_SCOPE_ENTRY, false, "unsafe-path", e->path,
                       "path leads upwards; it takes no place in the file system");
    if (e->flags & PL_ENTRY_LONG)
        pl_worker_note(w, PL_SCOPE_ENTRY, false, "long-path", pl_str_sub(e->path, 0, 256),
                       "path of %zu bytes", e->path.n);
    if (e->flags & (PL_ENTRY_DEV00 | PL_ENTRY_OVERLAY))
        pl_worker_note(w, PL_SCOPE_ENTRY, false, "overlay-whiteout", e->path,
                       "an overlay whiteout inside a layer has no effect");
}

/* Reads the tar; what follows its end mark, or where it broke, is content as well. */
static int read_tar(struct layer *l, struct pl_err *err)
{
    struct pl_worker *w = l->w;
    struct pl_tar_opts o = { &w->ctx->limits, on_part, on_tar_note, l };
    struct pl_tar *t = pl_tar_new(l->in, &o);
    struct pl_entry e;
    int r;
    while ((l->ordinal = pl_tar_count(t)), (r = pl_tar_next(t, &e, err)) > 0) {
        if (w->job.flags & PL_JOBF_ENTRIES)
            pl_worker_entry(w, &e);
        entry_notes(w, &e);
        keep_names(l, &e);
        if (e.body || w->job.hash_path.n) {
            l->ordinal = e.ordinal;
            r = entry_body(w, &e, err);
            if (r < 0)
                break;
        }
        pl_arena_reset(&w->scratch);
        if (pl_tar_count(t) >= w->ctx->limits.entries) {
            r = pl_fail(err, PL_E_LIMIT, "more than %llu entries; --limit entries=N",
                        (unsigned long long)w->ctx->limits.entries);
            break;
        }
    }
    scan_names(l);
    pl_buf_release(&l->names);
    pl_vec_release(&l->name);
    w->done.entries = pl_tar_count(t);
    pl_tar_free(t);
    return r;
}

/* Takes the zeros at the front of `v`; false when the stream broke. */
static bool skip_zeros(struct pl_view *v, struct pl_err *err)
{
    while (pl_view_ahead(v, 4096, err) == 0 && v->n) {
        size_t i = 0;
        while (i < v->n && v->p[i] == 0)
            i++;
        pl_view_consume(v, i);
        if (v->n)
            break;
    }
    return v->failed == 0;
}

static int read_rest(struct layer *l, enum pl_surface surface, struct pl_err *err)
{
    if (!skip_zeros(l->in, err))
        return err->code;
    if (l->in->eof && l->in->n == 0)
        return 0;
    struct pl_spot at = { .surface = surface, .ordinal = PL_NEVER };
    return pl_content_scan(l->w, &at, l->in, err);
}

static void note_broken(struct layer *l, const struct pl_err *err)
{
    const char *code = err->code == PL_E_LIMIT   ? "limit"
                       : err->code == PL_E_IO    ? "unreadable"
                       : err->code == PL_E_UNSUP ? "unsupported"
                                                 : "damaged";
    pl_worker_note(l->w, PL_SCOPE_LAYER, true, code, PL_S(""), "%s", err->msg);
}

static void no_tar(struct layer *l)
{
    struct pl_worker *w = l->w;
    if (!(w->job.flags & PL_JOBF_LAYER))
        return;
    const uint8_t *p = l->in->p;
    if (l->in->n == 0 && l->in->eof)
        pl_worker_note(w, PL_SCOPE_LAYER, true, "empty-layer", PL_S(""), "no bytes at all");
    else
        pl_worker_note(w, PL_SCOPE_LAYER, true, "not-a-tar", PL_S(""),
                       "neither tar nor a known codec (magic %02x %02x %02x %02x)",
                       l->in->n > 0 ? p[0] : 0u, l->in->n > 1 ? p[1] : 0u, l->in->n > 2 ? p[2] : 0u,
                       l->in->n > 3 ? p[3] : 0u);
}

/* All zero, or no bytes: an empty tar if a layer was expected. */
static bool zero_block(const struct pl_view *v)
{
    size_t n = v->n < 512 ? v->n : 512;
    for (size_t i = 0; i < n; i++)
        if (v->p[i])
            return false;
    return n == 512;
}

static void read_unpacked(struct layer *l)
{
    struct pl_worker *w = l->w;
    struct pl_err err = { 0 };
    int r = pl_view_ahead(l->in, 512, &err);
    l->is_tar = pl_tar_bid(l->in->p, l->in->n < 512 ? l->in->n : 512) > 0 ||
                ((w->job.flags & PL_JOBF_LAYER) && zero_block(l->in));
    if (l->is_tar) {
        w->done.kind = PL_BLOB_LAYER;
        r = read_tar(l, &err);
        if (r < 0)
            note_broken(l, &err);
        struct pl_err again = { 0 };
        int r2 = read_rest(l, PL_SURF_TAR_TRAILER, &again);
        if (r2 < 0 && r >= 0)
            note_broken(l, &again);
        if (r2 < 0)
            r = r2;
    } else {
        if (r < 0)
            note_broken(l, &err);
        no_tar(l);
        w->done.kind = l->in->n || w->done.bytes ? PL_BLOB_RAW : PL_BLOB_EMPTY;
        struct pl_spot at = { .surface = PL_SURF_FILE, .ordinal = PL_NEVER, .path = w->job.name };
        at.wanted = w->job.grab == PL_GRAB_RAW && !w->job.nested.n;
        if (r == 0 && (r = pl_content_scan(w, &at, l->in, &err)) < 0)
            note_broken(l, &err);
    }
    w->done.has_diff = l->in->failed == 0 && l->in->eof && l->in->n == 0;
    w->done.seen = l->in->off;
    if (!w->done.has_diff && w->done.complete)
        pl_worker_note(w, PL_SCOPE_LAYER, true, "unread", PL_S(""),
                       "reading stopped at byte %llu of the unpacked stream",
                       (unsigned long long)l->in->off);
}

/* A document is known by its first byte that is no blank. */
static bool looks_json(const struct pl_view *v)
{
    size_t i = 0;
    while (i < v->n && (v->p[i] == ' ' || v->p[i] == '\t' || v->p[i] == '\n' || v->p[i] == '\r'))
        i++;
    return i < v->n && (v->p[i] == '{' || v->p[i] == '[');
}

static void read_layer(struct pl_worker *w, struct pl_view *in, const struct pl_codec *codec)
{
    struct layer l = { .w = w, .diff = pl_hash_new(PL_HASH_SHA256), .ordinal = PL_NEVER };
    struct pl_codec_opts o = { .limits = &w->ctx->limits,
                               .out_base = w->ctx->limits.layer_out,
                               .out_ratio = w->ctx->limits.layer_ratio,
                               .limit_name = "layer-out",
                               .frame = on_frame,
                               .fresh = fresh,
                               .arg = &l };
    uint8_t sum[PL_HASH_MAX];
    l.in = codec ? codec->open(in, &o) : pl_codec_open_plain(in, &o);
    read_unpacked(&l);
    pl_hash_end(l.diff, sum);
    memcpy(w->done.diff_id, sum, sizeof w->done.diff_id);
    pl_view_close(l.in);
    pl_hash_free(l.diff);
}

void pl_job_blob(struct pl_worker *w, struct pl_view *in)
{
    const struct pl_codec *codec = NULL;
    struct pl_err err = { 0 };
    int r = pl_codec_probe(in, &codec, &err);
    if (r == 0 && codec && !codec->open) {
        pl_worker_note(w, PL_SCOPE_LAYER, true, "unknown-codec", PL_S(""),
                       "unknown codec: %s (magic %02x %02x %02x %02x)", codec->id, in->p[0],
                       in->p[1], in->p[2], in->p[3]);
        codec = NULL;
        w->job.flags &= ~(uint32_t)PL_JOBF_LAYER;
    }
    bool doc = (w->job.flags & PL_JOBF_DOC) ||
               (!codec && !(w->job.flags & PL_JOBF_LAYER) && looks_json(in));
    if (doc)
        pl_doc_scan(w, in);
    else
        read_layer(w, in, codec);
}
