/* Parent: facts of an image from records and view; the verb `harden`. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/facts.h"

#include <stdlib.h>
#include <time.h>

#include "oci/history.h"
#include "scan/scan_int.h"

/* Plain files without a fact of their own that one layer may have among the facts. */
#define PLAIN_MAX 20000u

/* The first fact of entry `ordinal`: facts come in the order of entries. */
static size_t fact_of(const struct pl_record *r, uint32_t ordinal)
{
    size_t lo = 0, hi = r->facts.n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (r->facts.p[mid].ordinal < ordinal)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static bool has_fact(const struct pl_record *r, uint32_t ordinal)
{
    size_t i = fact_of(r, ordinal);
    return i < r->facts.n && r->facts.p[i].ordinal == ordinal;
}

static enum pl_img_kind kind_of(enum pl_entry_kind k)
{
    switch (k) {
    case PL_ENTRY_DIR:
        return PL_IMG_DIR;
    case PL_ENTRY_SYMLINK:
        return PL_IMG_LINK;
    case PL_ENTRY_DEVICE:
        return PL_IMG_DEVICE;
    case PL_ENTRY_FILE:
    case PL_ENTRY_HARDLINK:
    case PL_ENTRY_OTHER:
        break;
    }
    return PL_IMG_FILE;
}

void pl_facts_watch(struct pl_tree *t, uint32_t layer, const struct pl_record *r)
{
    struct pl_entries it;
    struct pl_entry e;
    size_t plain = 0;
    if (!r->facts_asked)
        return;
    pl_entries_begin(&it, r);
    while (pl_entries_next(&it, &e)) {
        enum pl_img_kind kind = kind_of(e.kind);
        bool fact = has_fact(r, e.ordinal);
        if (!fact && !pl_img_matters(e.path, kind, e.mode, e.uid))
            continue;
        if (!fact && kind == PL_IMG_FILE && !(e.mode & 07002) && ++plain > PLAIN_MAX)
            continue;
        pl_tree_watch(t, layer, e.ordinal);
    }
    pl_entries_end(&it);
}

static void put_version(struct pl_buf *b, const struct pl_image *im, const struct pl_version *v)
{
    const struct pl_record *r = im->layers[v->layer]->rec;
    struct pl_img_file f = { .path = v->place,
                             .kind = kind_of(v->kind),
                             .mode = v->mode,
                             .uid = v->uid,
                             .gid = v->gid,
                             .layer = v->layer,
                             .size = v->size,
                             .mtime_ns = v->mtime_ns,
                             .link = v->link };
    for (size_t i = fact_of(r, v->ordinal); i < r->facts.n; i++) {
        const struct pl_fact *x = &r->facts.p[i];
        if (x->ordinal != v->ordinal)
            break;
        f.traits |= x->traits;
        if (x->kind == PL_FACT_TEXT) {
            f.has_body = true;
            f.body = x->body;
        } else if (x->kind == PL_FACT_STRINGS) {
            f.strings = x->body;
        } else if (x->kind == PL_FACT_CAPS) {
            f.caps = x->body;
        }
    }
    pl_img_put_file(b, &f);
}

static struct pl_str config_text(const struct pl_image *im)
{
    const struct pl_record *r = im->config ? im->config->rec : NULL;
    for (size_t i = 0; r && i < r->facts.n; i++)
        if (r->facts.p[i].kind == PL_FACT_CONFIG)
            return r->facts.p[i].body;
    return PL_S("");
}

static void gather(const struct pl_image *im, const struct pl_tree *tree, struct pl_arena *a,
                   struct pl_buf *b)
{
    const struct pl_record *config = im->config ? im->config->rec : NULL;
    struct pl_history_map map = { 0 };
    size_t n, n_history = 0;
    if (config && config->has_doc && config->doc.kind == PL_DOC_CONFIG) {
        pl_history_align(&config->doc, im->n_layers, a, &map);
        n_history = config->doc.n_history;
    }
    pl_img_put_head(b, config_text(im), (uint32_t)im->n_layers, time(NULL) / 86400,
                    map.fit == PL_HISTORY_ALIGNED ? map.layer_of : NULL, n_history);
    struct pl_version *const *v = pl_tree_versions(tree, &n);
    for (size_t i = 0; i < n; i++)
        if (v[i]->placed && v[i]->hidden == PL_NEVER && v[i]->layer < im->n_layers &&
            im->layers[v[i]->layer] && im->layers[v[i]->layer]->rec)
            put_version(b, im, v[i]);
}

struct answer {
    struct pl_buf bytes;
    struct pl_record *rec;
};

static void on_bytes(struct pl_task *t, const void *p, size_t n)
{
    struct answer *x = t->bytes_arg;
    struct pl_err err;
    pl_buf_add(&x->bytes, p, n, &err); /* what is cut short does not read back */
}

static void on_done(struct pl_task *t, struct pl_record *r)
{
    struct answer *x = t->bytes_arg;
    x->rec = r;
}

static int read_answer(const struct answer *x, struct pl_arena *a, struct pl_verdict *ret,
                       struct pl_err *err)
{
    struct pl_rd rd = pl_rd_buf(&x->bytes);
    for (size_t i = 0; x->rec && i < x->rec->notes.n; i++)
        if (x->rec->notes.p[i].incomplete)
            return pl_fail(err, PL_E_LIMIT, "how the image runs: %.*s",
                           PL_FMT(pl_str_sub(x->rec->notes.p[i].message, 0, 300)));
    if (!pl_verdict_get(&rd, a, ret))
        return pl_fail(err, PL_E_FORMAT, "how the image runs could not be worked out");
    return 0;
}

int pl_facts_judge(struct pl_unit *u, const struct pl_image *im, const struct pl_tree *tree,
                   struct pl_arena *a, struct pl_verdict *ret, struct pl_err *err)
{
    pl_auto_buf struct pl_buf facts = { 0 };
    struct answer x = { .bytes = { .max = 16u << 20 } };
    struct pl_task *t = calloc(1, sizeof *t);
    if (!t)
        pl_oom();
    gather(im, tree, a, &facts);
    t->params = (struct pl_job_params){ .kind = PL_JOB_JUDGE, .name = PL_S("facts") };
    t->feed = pl_feed_memory(pl_buf_str(&facts));
    t->bytes = on_bytes;
    t->bytes_arg = &x;
    t->done = on_done;
    pl_pool_submit(u->scan->pool, t);
    int r = pl_pool_run(u->scan->pool, err);
    if (r == 0)
        r = read_answer(&x, a, ret, err);
    pl_record_free(x.rec);
    pl_buf_release(&x.bytes);
    return r;
}

/* ---- harden ---- */

static int harden_one(struct pl_unit *u, size_t index, const struct pl_report *report,
                      struct pl_arena *a, struct pl_hardened *out, struct pl_err *err)
{
    const struct pl_image *im = &u->images.p[index];
    const struct pl_target *t = &report->targets[index];
    struct pl_record *notes = calloc(1, sizeof *notes);
    uint64_t *files = pl_alloc_n(a, im->n_layers + 1, sizeof *files);
    if (!notes)
        pl_oom();
    *out = (struct pl_hardened){ .name = t->name,
                                 .digest = t->digest,
                                 .platform = t->platform,
                                 .complete = t->complete,
                                 .notes = t->notes,
                                 .n_notes = t->n_notes };
    struct pl_tree *tree = pl_unit_tree(im, false, PL_S(""), notes, files, NULL);
    int r = pl_facts_judge(u, im, tree, a, &out->verdict, err);
    pl_tree_free(tree);
    pl_record_free(notes);
    return r;
}

int pl_scan_harden(struct pl_scan *s, const char *target, struct pl_arena *a,
                   struct pl_hardened **ret, size_t *ret_n, struct pl_err *err)
{
    struct pl_unit *u = NULL;
    s->o.facts = true;
    int r = pl_unit_read(s, target, &u, err);
    if (r < 0)
        return r;
    if (u->src->form == PL_SRC_TREE || !u->images.n) {
        pl_unit_free(u);
        return pl_fail(err, PL_E_USAGE, "'%s' is no image", target);
    }
    struct pl_report report = { .a = a };
    pl_unit_report(u, &report);
    *ret = pl_alloc_n(a, u->images.n, sizeof **ret);
    *ret_n = u->images.n;
    for (size_t i = 0; i < u->images.n && r == 0; i++)
        r = harden_one(u, i, &report, a, &(*ret)[i], err);
    pl_unit_free(u);
    return r;
}
