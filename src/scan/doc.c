/* Child: JSON documents. forensics.md rows 17 to 28; hazards H5, H6. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/doc.h"

#include "fmt/json.h"
#include "oci/doc.h"
#include "oci/history.h"
#include "oci/place.h"
#include "scan/content.h"
#include "scan/keepfeed.h"

struct walk {
    struct pl_worker *w;
    struct pl_doc *doc;          /* NULL when it could not be read as one */
    struct pl_history_map align; /* of a config: history against layers */
};

static void grab_string(struct pl_worker *w, struct pl_str say, struct pl_str value)
{
    if (w->job.grab != PL_GRAB_STRING || !w->matched || w->grabbed || !pl_str_eq(say, w->job.path))
        return;
    w->grabbed = true;
    pl_worker_bytes(w, value.p, value.n);
}

/* "/history/3/created_by": which of the texts that reports repeat is it? */
static struct pl_str *printed_text(struct pl_doc *d, struct pl_str pointer, uint32_t *ret_index)
{
    struct pl_str rest = pointer, part;
    uint64_t i;
    if (!d || !pl_str_starts(pointer, PL_S("/history/")))
        return NULL;
    pl_str_split(&rest, '/', &part);
    pl_str_split(&rest, '/', &part);
    pl_str_split(&rest, '/', &part);
    if (!pl_str_u64(part, &i) || i >= d->n_history)
        return NULL;
    *ret_index = (uint32_t)i;
    return pl_str_is(rest, "created_by") ? &d->history[i].created_by
           : pl_str_is(rest, "comment")  ? &d->history[i].comment
           : pl_str_is(rest, "author")   ? &d->history[i].author
                                         : NULL;
}

/* The history entry that set a variable or label: 1 + index, or 0. */
static uint32_t setter(const struct walk *k, enum pl_surface surface, struct pl_str name,
                       struct pl_str value)
{
    uint32_t entry, layer;
    enum pl_history_what what = surface == PL_SURF_ENV ? PL_HISTORY_ENV : PL_HISTORY_LABEL;
    if (!k->doc || (surface != PL_SURF_ENV && surface != PL_SURF_LABEL))
        return 0;
    if (surface == PL_SURF_ENV && value.n > name.n)
        value = pl_str_sub(value, name.n + 1, value.n);
    if (!pl_history_setter(k->doc, &k->align, what, name, value, &entry, &layer))
        return 0;
    return entry + 1;
}

static void on_string(void *arg, struct pl_str pointer, struct pl_str key, struct pl_str value,
                      bool is_key)
{
    struct walk *k = arg;
    struct pl_worker *w = k->w;
    enum pl_doc_kind kind = k->doc ? k->doc->kind : PL_DOC_UNKNOWN;
    struct pl_place place;
    uint32_t index = 0;
    if (is_key && value.n < 8)
        return;
    pl_doc_place(kind, pointer, value, is_key, &w->scratch, &place);
    if (k->doc && place.surface == PL_SURF_DESCRIPTOR && pl_str_ends(pointer, PL_S("/data")))
        return; /* scanned decoded */
    bool pair = place.surface == PL_SURF_ENV || place.surface == PL_SURF_HISTORY;
    pl_auto_buf struct pl_buf masked = { 0 };
    struct pl_str *printed = is_key ? NULL : printed_text(k->doc, pointer, &index);
    struct pl_spot at = { .surface = place.surface,
                          .ordinal = PL_NEVER,
                          .path = is_key || pair ? PL_S("") : key,
                          .say = place.path,
                          .value = !is_key && !pair && key.n,
                          .binary = true,
                          .visible = place.visible };
    at.history = printed ? index + 1 : setter(k, place.surface, place.path, value);
    if (printed && !(w->job.flags & PL_JOBF_REVEAL))
        at.masked = &masked;
    pl_auto_buf struct pl_buf name = { 0 };
    if (is_key) { /* the pointer repeats the key */
        const char *slash = memrchr(pointer.p, '/', pointer.n);
        size_t parent = slash ? (size_t)(slash - pointer.p) + 1 : 0;
        pl_buf_putn(&name, pointer.p, parent);
        pl_auto_buf struct pl_buf plain = { 0 };
        pl_content_mask(w, value, &plain);
        for (size_t i = 0; i < plain.n; i++) { /* RFC 6901 section 3 */
            if (plain.p[i] == '/' || plain.p[i] == '~')
                pl_buf_puts(&name, plain.p[i] == '/' ? "~1" : "~0");
            else
                pl_buf_putc(&name, plain.p[i]);
        }
        if (pl_str_eq(place.path, pointer))
            at.say = pl_buf_str(&name);
    }
    w->matched = false;
    pl_content_piece(w, &at, value);
    grab_string(w, at.say, value);
    if (masked.n) {
        pl_buf_putn(&masked, value.p + at.masked_to, value.n - at.masked_to);
        *printed = pl_dup(&w->job_arena, pl_buf_str(&masked));
    }
    pl_arena_reset(&w->scratch);
}

static void scan_data(struct pl_worker *w, const struct pl_descriptor *d, const char *where,
                      size_t i)
{
    struct pl_str pointer = pl_printf(&w->job_arena, "/%s/%zu/data", where, i);
    struct pl_spot at = { .surface = PL_SURF_DESCRIPTOR,
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
    struct pl_spot at = { .surface = PL_SURF_FILE, .ordinal = PL_NEVER, .path = w->job.name };
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

static void scan_root(struct pl_worker *w, const struct pl_json *root, struct pl_str text)
{
    size_t size = text.n;
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
        k.doc = &doc;
        pl_history_align(&doc, doc.n_diff_ids, &w->job_arena, &k.align);
        scan_descriptors(w, &doc);
    }
    w->done.kind = PL_BLOB_DOC;
    pl_json_strings(root, on_string, &k);
    if (k.doc && doc.kind == PL_DOC_CONFIG)
        pl_keep_fact(w, PL_FACT_CONFIG, PL_NEVER, 0, text);
    if (k.doc)
        send_doc(w, &doc); /* after the strings: what reports repeat has been masked by now */
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
        struct pl_spot at = { .surface = PL_SURF_FILE, .ordinal = PL_NEVER, .path = w->job.name };
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
    scan_root(w, root, pl_buf_str(&text));
    pl_json_free(root);
}
