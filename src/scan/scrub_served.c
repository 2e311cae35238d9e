/* Who still serves what the secrets were in: old digests, the tags that lead to them, what refers
 * to them. Asked of the registry itself, never of a mirror. forensics.md section 8, (e). */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "scan/scrub_int.h"
#include "source/remote.h"

#define TAGS_MAX 1000u
#define FETCHES_MAX 4000u
#define DEPTH_MAX 4u

/* The questions to one repository. */
struct asking {
    struct pl_scrub *x;
    struct pl_remote *rm;
    struct pl_str repo;
    struct pl_scrub_served *to;
    struct pl_map old;    /* digest -> its text */
    struct pl_map known;  /* digest of a manifest -> what it leads to: text, or `none` */
    struct pl_arena page; /* of one manifest */
    unsigned fetches;
    bool over; /* the registry does not answer: no more questions */
    PL_VEC(struct pl_str) failed, names;
    PL_VEC(struct pl_scrub_tag) tags;
    PL_VEC(struct pl_scrub_referrer) referrers;
    struct pl_str subject;
};

static const char none[] = "";

static struct pl_str key_of(const struct pl_digest *d)
{
    return pl_str_n(d->b, pl_hash_len(d->alg));
}

/* A question without an answer. What will not pass by itself ends the asking. */
static void no_answer(struct asking *k, const char *what, struct pl_str of,
                      const struct pl_err *err)
{
    struct pl_str text = pl_printf(&k->x->a, "%s%.*s: %.*s", what, PL_FMT(pl_str_sub(of, 0, 150)),
                                   PL_FMT(pl_str_sub(pl_str_c(err->msg), 0, 300)));
    pl_vec_push(&k->failed, text);
    k->over |= err->code == PL_E_NET || err->code == PL_E_AUTH || err->code == PL_E_CANCEL ||
               err->code == PL_E_IO;
}

/* ---- digests ---- */

static bool is_document(const struct pl_scrub_asked *q)
{
    return strcmp(q->kind, "manifest") == 0 || strcmp(q->kind, "index") == 0;
}

static void ask_digest(struct asking *k, struct pl_scrub_asked *q)
{
    struct pl_err err = { 0 };
    struct pl_manifest m;
    struct pl_str name = pl_digest_text(&k->x->a, &q->digest);
    int r;
    q->unknown = k->over;
    if (k->over)
        return;
    if (is_document(q)) {
        r = pl_remote_origin(k->rm, k->repo, name, &k->page, &m, &err);
        q->served = r == 0;
        r = r == PL_E_NOENT ? 0 : r;
    } else {
        r = pl_remote_serves(k->rm, k->repo, &q->digest, &q->served, &err);
    }
    if (r < 0) {
        q->unknown = true;
        no_answer(k, q->kind, pl_printf(&k->x->a, " %.*s", PL_FMT(name)), &err);
    }
    pl_arena_reset(&k->page);
}

static void ask_digests(struct asking *k)
{
    const struct pl_scrub_result *r = &k->x->r;
    k->to->digests = pl_alloc_n(&k->x->a, r->n_old, sizeof *k->to->digests);
    k->to->n_digests = r->n_old;
    for (size_t i = 0; i < r->n_old; i++) {
        k->to->digests[i] = r->old[i];
        ask_digest(k, &k->to->digests[i]);
        struct pl_str text = pl_digest_text(&k->x->a, &r->old[i].digest);
        *pl_map_put(&k->old, key_of(&r->old[i].digest)) = (void *)(uintptr_t)text.p;
    }
}

/* ---- tags ---- */

static const char *leads(struct asking *k, struct pl_str ref, unsigned depth, struct pl_digest *ret,
                         struct pl_err *err);

static const char *item_leads(struct asking *k, const struct pl_digest *d)
{
    return d->set ? pl_map_get(&k->old, key_of(d)) : NULL;
}

/* What a manifest or index leads to, among what is old. */
static const char *doc_leads(struct asking *k, const struct pl_doc *d, unsigned depth,
                             struct pl_err *err)
{
    const char *to = item_leads(k, &d->config.digest);
    for (size_t i = 0; i < d->n_items && !to; i++)
        to = item_leads(k, &d->items[i].digest);
    for (size_t i = 0; i < d->n_items && !to && d->kind == PL_DOC_INDEX && !k->over; i++) {
        struct pl_digest got;
        struct pl_err one = { 0 };
        if (depth < DEPTH_MAX && d->items[i].digest.set)
            to = leads(k, pl_digest_text(&k->x->a, &d->items[i].digest), depth + 1, &got, &one);
        if (one.code && one.code != PL_E_NOENT) /* a child that is gone serves nothing */
            *err = one;
    }
    return to;
}

/* The old digest that `ref` leads to, or NULL; *ret is its own. */
static const char *leads(struct asking *k, struct pl_str ref, unsigned depth, struct pl_digest *ret,
                         struct pl_err *err)
{
    PL_AUTO(struct pl_arena, a, pl_arena_release) = { 0 };
    struct pl_manifest m;
    struct pl_doc doc = { 0 };
    const char *to = NULL;
    if (k->fetches++ > FETCHES_MAX) {
        pl_fail(err, PL_E_LIMIT, "more than %u manifests", FETCHES_MAX);
        return NULL;
    }
    if (pl_remote_origin(k->rm, k->repo, ref, &a, &m, err) < 0)
        return NULL;
    *ret = m.digest;
    if ((to = item_leads(k, &m.digest)))
        return to;
    if ((to = pl_map_get(&k->known, key_of(&m.digest))))
        return to == none ? NULL : to;
    if (pl_scan_doc(k->x->scan, m.bytes, PL_S(""), &a, &doc, err) == 0)
        to = doc_leads(k, &doc, depth, err);
    if (!err->code)
        *pl_map_put(&k->known, key_of(&m.digest)) = (void *)(uintptr_t)(to ? to : none);
    return to;
}

static int on_tag(void *arg, struct pl_str tag, struct pl_err *err)
{
    struct asking *k = arg;
    if (k->names.n >= TAGS_MAX)
        return pl_fail(err, PL_E_LIMIT, "more than %u tags; the others were not asked for",
                       TAGS_MAX);
    struct pl_str name = pl_dup(&k->x->a, tag);
    pl_vec_push(&k->names, name);
    return 0;
}

static void ask_tags(struct asking *k)
{
    struct pl_err err = { 0 };
    int r = k->over ? 0 : pl_remote_tags(k->rm, k->repo, on_tag, k, &err);
    if (r < 0 && r != PL_E_NOENT)
        no_answer(k, "the list of tags", PL_S(""), &err);
    for (size_t i = 0; i < k->names.n && !k->over; i++) {
        struct pl_digest d = { 0 };
        struct pl_err one = { 0 };
        const char *to = leads(k, k->names.p[i], 0, &d, &one);
        if (one.code && one.code != PL_E_NOENT)
            no_answer(k, "tag ", k->names.p[i], &one);
        if (!to)
            continue;
        struct pl_scrub_tag t = { k->names.p[i], pl_digest_text(&k->x->a, &d), pl_str_c(to) };
        pl_vec_push(&k->tags, t);
    }
}

/* ---- referrers ---- */

static int on_page(void *arg, const void *p, size_t n, struct pl_err *err)
{
    struct asking *k = arg;
    PL_AUTO(struct pl_arena, a, pl_arena_release) = { 0 };
    struct pl_doc d = { 0 };
    int r = pl_scan_doc(k->x->scan, pl_str_n(p, n), PL_S(PL_SCRUB_INDEX), &a, &d, err);
    for (size_t i = 0; r == 0 && i < d.n_items; i++) {
        struct pl_scrub_referrer one = { .subject = k->subject };
        one.digest = pl_digest_text(&k->x->a, &d.items[i].digest);
        one.type = pl_dup(&k->x->a, d.items[i].artifact_type);
        pl_vec_push(&k->referrers, one);
    }
    return r;
}

static void ask_referrers(struct asking *k)
{
    for (size_t i = 0; i < k->to->n_digests && !k->over; i++) {
        const struct pl_scrub_asked *q = &k->to->digests[i];
        struct pl_err err = { 0 };
        if (!is_document(q))
            continue;
        k->subject = pl_digest_text(&k->x->a, &q->digest);
        int r = pl_remote_referrers(k->rm, k->repo, &q->digest, on_page, k, &err);
        if (r < 0 && r != PL_E_NOENT)
            no_answer(k, "referrers of ", k->subject, &err);
    }
}

/* ---- places ---- */

/* The arena's own copy of a list. */
#define KEEP(k, list, field, count)                                                \
    do {                                                                           \
        (k)->to->field = pl_alloc_n(&(k)->x->a, (list).n, sizeof *(k)->to->field); \
        if ((list).n)                                                              \
            memcpy((k)->to->field, (list).p, (list).n * sizeof *(list).p);         \
        (k)->to->count = (list).n;                                                 \
        pl_vec_release(&(list));                                                   \
    } while (0)

static void ask_place(struct pl_scrub *x, struct pl_remote *rm, struct pl_str host,
                      struct pl_str repo, struct pl_scrub_served *to)
{
    struct asking k = { .x = x, .rm = rm, .repo = repo, .to = to };
    *to = (struct pl_scrub_served){ .host = pl_dup(&x->a, host), .repo = pl_dup(&x->a, repo) };
    k.old.a = k.known.a = &x->a;
    ask_digests(&k);
    ask_tags(&k);
    ask_referrers(&k);
    KEEP(&k, k.tags, tags, n_tags);
    KEEP(&k, k.referrers, referrers, n_referrers);
    KEEP(&k, k.failed, failed, n_failed);
    pl_vec_release(&k.names);
    pl_map_release(&k.old);
    pl_map_release(&k.known);
    pl_arena_release(&k.page);
}

int pl_scrub_ask(struct pl_scrub *x, struct pl_remote *rm, struct pl_str host, struct pl_str repo,
                 struct pl_err *err)
{
    const struct pl_source *src = x->u->src;
    bool from = src->form == PL_SRC_REMOTE && src->tops.n;
    bool same = from && rm && pl_str_eq(src->host, host) && pl_str_eq(src->tops.p[0].repo, repo);
    struct pl_scrub_served *to = pl_alloc_n(&x->a, 2, sizeof *to);
    x->r.served = to;
    if (from)
        ask_place(x, src->remote, src->host, src->tops.p[0].repo, &to[x->r.n_served++]);
    if (rm && !same)
        ask_place(x, rm, host, repo, &to[x->r.n_served++]);
    if (x->scan->o.cancel && *x->scan->o.cancel)
        return pl_fail(err, PL_E_CANCEL, "interrupted");
    return 0;
}
