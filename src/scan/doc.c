/* Child: JSON documents. forensics.md rows 17 to 28; hazards H5, H6. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/doc.h"

#include "fmt/json.h"
#include "oci/doc.h"
#include "oci/place.h"
#include "scan/content.h"

struct walk {
    struct pl_worker *w;
    enum pl_doc_kind kind;
    bool decoded_data; /* `data` of descriptors is scanned decoded, not as base64 */
};

static void grab_string(struct pl_worker *w, struct pl_str say, struct pl_str value)
{
    if (w->job.grab != PL_GRAB_STRING || !w->matched || w->grabbed ||
        !pl_str_eq(say, w->job.path))
        return;
    w->grabbed = true;
    pl_worker_bytes(w, value.p, value.n);
}

static void on_string(void *arg, struct pl_str pointer, struct pl_str key, struct pl_str value,
                      bool is_key)
{
    struct walk *k = arg;
    struct pl_doc_place place;
    if (is_key && value.n < 8)
        return;
    pl_doc_place(k->kind, pointer, value, is_key, &place);
    if (k->decoded_data && place.surface == PL_SURF_DESCRIPTOR &&
        pl_str_ends(pointer, PL_S("/data")))
        return;
    bool pair = place.surface == PL_SURF_ENV || place.surface == PL_SURF_HISTORY;
    struct pl_place at = { .surface = place.surface,
                           .ordinal = PL_NEVER,
                           .path = is_key || pair ? PL_S("") : key,
                           .say = place.path,
                           .value = !is_key && !pair && key.n,
                           .binary = true };
    k->w->matched = false;
    pl_content_piece(k->w, &at, value);
    grab_string(k->w, place.path, value);
    pl_arena_reset(&k->w->scratch);
}

static void scan_data(struct pl_worker *w, const struct pl_descriptor *d, const char *where,
                      size_t i)
{
    struct pl_str pointer = pl_printf(&w->job_arena, "/%s/%zu/data", where, i);
    struct pl_place at = { .surface = PL_SURF_DESCRIPTOR,
                           .ordinal = PL_NEVER,
                           .path = PL_S("data"),
                           .say = i == SIZE_MAX ? pl_printf(&w->job_arena, "/%s/data", where)
                                                : pointer };
    if (!d->has_data)
        return;
    w->matched = false;
    pl_content_piece(w, &at, d->data);
    grab_string(w, at.say, d->data);
}

static void scan_descriptors(struct pl_worker *w, const struct pl_doc *d)
{
    const char *where = d->kind == PL_DOC_INDEX ? "manifests" : "layers";
    for (size_t i = 0; i < d->n_items; i++)
        scan_data(w, &d->items[i], where, i);
    scan_data(w, &d->config, "config", SIZE_MAX);
    scan_data(w, &d->subject, "subject", SIZE_MAX);
}

static uint64_t kind_limit(const struct pl_limits *l, enum pl_doc_kind kind, const char **ret_name)
{
    switch (kind) {
    case PL_DOC_INDEX:
    case PL_DOC_MANIFEST:
    case PL_DOC_ARCHIVE:
        *ret_name = "manifest";
        return l->manifest;
    case PL_DOC_CONFIG:
        *ret_name = "config";
        return l->config;
    case PL_DOC_UNKNOWN:
        break;
    }
    *ret_name = "statement";
    return l->statement;
}

static void raw(struct pl_worker *w, struct pl_str bytes)
{
    struct pl_place at = { .surface = PL_SURF_FILE, .ordinal = PL_NEVER, .path = w->job.name };
    at.wanted = w->job.grab == PL_GRAB_RAW && !w->job.nested.n;
    w->done.kind = PL_BLOB_RAW;
    pl_content_piece(w, &at, bytes);
}

static void send_doc(struct pl_worker *w, const struct pl_doc *doc)
{
    size_t mark;
    struct pl_buf *b = pl_chan_begin(&w->chan, PL_MSG_DOC, &mark);
    pl_put_doc(b, doc);
    pl_chan_end(&w->chan, mark);
}

static void scan_root(struct pl_worker *w, const struct pl_json *root, size_t size)
{
    struct pl_err err = { 0 };
    struct pl_doc doc = { 0 };
    const char *name;
    struct walk k = { .w = w };
    if (pl_doc_read(root, w->job.media_type, &w->ctx->limits, &w->job_arena, &doc, &err) < 0) {
        pl_worker_note(w, PL_SCOPE_UNIT, true, err.code == PL_E_LIMIT ? "limit" : "bad-document",
                       w->job.name, "%s", err.msg);
    } else {
        uint64_t max = kind_limit(&w->ctx->limits, doc.kind, &name);
        if (size > max)
            pl_worker_note(w, PL_SCOPE_UNIT, true, "limit", w->job.name,
                           "%zu bytes; --limit %s=N allows %llu", size, name,
                           (unsigned long long)max);
        k.kind = doc.kind;
        k.decoded_data = true;
        scan_descriptors(w, &doc);
        send_doc(w, &doc);
    }
    w->done.kind = PL_BLOB_DOC;
    pl_json_strings(root, on_string, &k);
}

void pl_doc_scan(struct pl_worker *w, struct pl_view *in)
{
    pl_auto_buf struct pl_buf text = { .max = w->ctx->limits.statement + 1 };
    struct pl_err err = { 0 };
    struct pl_json *root = NULL;
    int r = pl_view_slurp(in, &text, w->ctx->limits.statement, &err);
    w->done.bytes = w->done.seen = text.n;
    if (r < 0) {
        pl_worker_note(w, PL_SCOPE_UNIT, true, r == PL_E_LIMIT ? "limit" : "unreadable",
                       w->job.name, "%s", err.msg);
        raw(w, pl_buf_str(&text));
        struct pl_place at = { .surface = PL_SURF_FILE, .ordinal = PL_NEVER, .path = w->job.name };
        if (r == PL_E_LIMIT)
            pl_content_scan(w, &at, in, &err);
        return;
    }
    if (pl_json_parse(pl_buf_str(&text), (unsigned)w->ctx->limits.depth, &root, &err) < 0) {
        pl_worker_note(w, PL_SCOPE_UNIT, true, text.n ? "malformed-json" : "empty-document",
                       w->job.name, "%s", err.msg);
        raw(w, pl_buf_str(&text));
        return;
    }
    if (w->job.grab == PL_GRAB_RAW && !w->job.nested.n) {
        w->grabbed = true;
        pl_worker_bytes(w, text.p, text.n);
    }
    scan_root(w, root, text.n);
    pl_json_free(root);
}
