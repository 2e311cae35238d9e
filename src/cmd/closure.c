/* Which blobs an image is made of. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/hash.h"
#include "cmd/transfer.h"

static bool is_document(struct pl_str type)
{
    enum pl_doc_kind k = pl_doc_kind_of(type);
    return k == PL_DOC_INDEX || k == PL_DOC_MANIFEST;
}

int pl_transfer_doc(struct pl_scan *s, struct pl_str bytes, struct pl_str type,
                    struct pl_str expect, struct pl_arena *a, struct pl_doc *ret,
                    struct pl_str *ret_type, struct pl_err *err)
{
    bool known = is_document(type);
    int r = pl_scan_doc(s, bytes, expect.n ? expect : known ? type : PL_S(""), a, ret, err);
    if (r < 0)
        return r;
    if (ret->kind != PL_DOC_INDEX && ret->kind != PL_DOC_MANIFEST)
        return pl_fail(err, PL_E_FORMAT, "neither manifest nor index");
    bool agrees =
        !type.n || pl_str_is(type, "application/json") ||
        (ret->media_type.n ? pl_str_eq(type, ret->media_type) : pl_doc_kind_of(type) == ret->kind);
    if (!agrees)
        return pl_fail(err, PL_E_FORMAT, "Content-Type is not the document's own type");
    if (expect.n && type.n && known && !pl_str_eq(type, expect))
        return pl_fail(err, PL_E_FORMAT, "Content-Type is not the descriptor's media type");
    *ret_type = ret->media_type.n ? ret->media_type : expect.n ? expect : type;
    return 0;
}

static bool fits(const struct pl_digest *d, struct pl_str bytes)
{
    uint8_t sum[PL_HASH_MAX];
    struct pl_hash *h = pl_hash_new(d->alg);
    pl_hash_add(h, bytes.p, bytes.n);
    pl_hash_end(h, sum);
    pl_hash_free(h);
    return memcmp(sum, d->b, pl_hash_len(d->alg)) == 0;
}

/* True the first time. */
static bool mark(struct pl_closure *c, const struct pl_digest *d)
{
    c->seen.a = &c->a;
    void **at = pl_map_put(&c->seen, pl_digest_text(&c->a, d));
    bool fresh = !*at;
    *at = c;
    return fresh;
}

static void add_blob(struct pl_closure *c, const struct pl_descriptor *d)
{
    struct pl_item it = {
        .digest = d->digest, .size = d->size, .type = d->media_type, .url = d->url
    };
    if (d->digest.set && mark(c, &d->digest))
        pl_vec_push(&c->items, it);
}

static int add(struct pl_closure *c, const struct pl_descriptor *d, unsigned depth,
               struct pl_err *err);

static int add_children(struct pl_closure *c, const struct pl_doc *doc, unsigned depth,
                        struct pl_err *err)
{
    int r = 0;
    if (depth > c->limits.index_depth)
        return pl_fail(err, PL_E_LIMIT, "indexes nested deeper than %llu",
                       (unsigned long long)c->limits.index_depth);
    for (size_t i = 0; r == 0 && i < doc->n_items; i++) {
        const struct pl_descriptor *d = &doc->items[i];
        if (is_document(d->media_type) || !d->media_type.n)
            r = add(c, d, depth + 1, err);
        else
            add_blob(c, d); /* an index may point at anything */
    }
    return r;
}

static int add(struct pl_closure *c, const struct pl_descriptor *d, unsigned depth,
               struct pl_err *err)
{
    struct pl_item it = { .digest = d->digest, .manifest = true };
    struct pl_str served = { "", 0 };
    struct pl_doc *doc = PL_NEW(&c->a, struct pl_doc);
    if (!mark(c, &d->digest))
        return 0;
    int r = c->fetch(c->arg, d, &c->a, &it.bytes, &served, err);
    if (r < 0)
        return r;
    if (d->size && it.bytes.n != d->size)
        return pl_fail(err, PL_E_DIGEST, "a manifest of %zu bytes, its descriptor says %llu",
                       it.bytes.n, (unsigned long long)d->size);
    if (!fits(&d->digest, it.bytes))
        return pl_fail(err, PL_E_DIGEST, "a manifest is not what its digest says");
    r = pl_transfer_doc(c->scan, it.bytes, served, d->media_type, &c->a, doc, &it.type, err);
    if (r < 0)
        return pl_wrap(err, "%.*s", PL_FMT(pl_digest_text(&c->a, &d->digest)));
    it.size = it.bytes.n;
    it.doc = doc;
    if (doc->kind == PL_DOC_INDEX) {
        r = add_children(c, doc, depth, err);
    } else {
        for (size_t i = 0; i < doc->n_items; i++)
            add_blob(c, &doc->items[i]);
        add_blob(c, &doc->config);
    }
    if (r == 0)
        pl_vec_push(&c->items, it);
    return r;
}

int pl_closure_add(struct pl_closure *c, const struct pl_descriptor *d, struct pl_err *err)
{
    return add(c, d, 1, err);
}

void pl_closure_release(struct pl_closure *c)
{
    pl_vec_release(&c->items);
    pl_map_release(&c->seen);
    pl_arena_release(&c->a);
}

int pl_transfer_failed(const char *verb, const struct pl_err *err)
{
    struct pl_err e = *err;
    if (e.code == PL_E_NOENT)
        e.code = PL_E_NET;
    return pl_run_failed(verb, &e);
}
