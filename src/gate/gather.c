/* Evidence about an image: its manifest, the children of an index that may run, signatures and
 * attestations on either, content. Each object is fetched once. gates.md section 1. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/limits.h"
#include "fmt/json.h"
#include "gate/gate_int.h"
#include "oci/doc.h"
#include "oci/platform.h"

int pl_gather_open(struct pl_gathering *w, struct pl_err *err)
{
    const char *beside = getenv("COSIGN_REPOSITORY");
    w->registry = w->g->registry;
    w->registry.deadline_ms = w->deadline_ms;
    if (w->ask->cancel)
        w->registry.cancel = w->ask->cancel;
    if (w->ask->layout)
        return pl_sign_layout_new(w->ask->layout, &w->store, err);
    return pl_sign_remote_new(&w->registry, &w->ref, pl_str_c(beside ? beside : ""), &w->store,
                              err);
}

void pl_gather_close(struct pl_gathering *w)
{
    pl_sign_store_free(w->store);
    w->store = NULL;
}

/* The manifest that the reference names: its bytes, its digest. */
static int find(struct pl_gathering *w, struct pl_buf *b, struct pl_named *ret, struct pl_err *err)
{
    struct pl_limits lim;
    pl_limits_init(&lim);
    if (w->found.p) { /* each object is fetched once */
        *ret = w->named;
        return pl_buf_add(b, w->found.p, w->found.n, err);
    }
    if (!w->ask->layout)
        return pl_sign_remote_find(w->store, &w->ref, PL_LOOK_NOTHING, w->a, ret, b, err);
    int r = pl_sign_layout_find(w->store, w->ref.digest.set ? (struct pl_str){ 0 } : w->ref.tag,
                                &w->ref.digest, w->a, ret, err);
    if (r < 0)
        r = err ? (err->code = PL_E_NOENT) : PL_E_NOENT;
    return r < 0 ? r : w->store->fetch(w->store, &ret->digest, true, lim.manifest, b, err);
}

int pl_gather_resolve(struct pl_gathering *w, struct pl_err *err)
{
    struct pl_named named = { 0 };
    pl_auto_buf struct pl_buf b = { 0 };
    int r = find(w, &b, &named, err);
    if (r < 0)
        return r;
    w->ref.digest = named.digest;
    w->named = named;
    w->found = pl_dup(w->a, pl_buf_str(&b));
    return 0;
}

/* ---- children ---- */

/* What is only there to be looked at. An annotation that says so is no reason: runtimes go by the
 * platform alone. */
static bool never_runs(const struct pl_descriptor *d)
{
    return pl_str_is(d->platform.os, "unknown") && pl_str_is(d->platform.arch, "unknown");
}

static bool allowed(const struct pl_gathering *w, const struct pl_platform *p)
{
    const struct pl_names *allow = &w->scope->platforms;
    struct pl_platform want;
    for (size_t i = 0; i < allow->n; i++)
        if (pl_platform_parse(allow->p[i], &want, NULL) == 0 && pl_platform_match(&want, p))
            return true;
    return allow->n == 0;
}

/* Allowed platforms for which the index has nothing: they take what their processor runs as well.
 */
static struct pl_names lacking(const struct pl_gathering *w, const struct pl_doc *doc)
{
    const struct pl_names *allow = &w->scope->platforms;
    struct pl_names ret = { pl_alloc_n(w->a, allow->n, sizeof *ret.p), 0 };
    struct pl_platform want;
    for (size_t i = 0; i < allow->n; i++) {
        bool there = pl_platform_parse(allow->p[i], &want, NULL) < 0;
        for (size_t k = 0; k < doc->n_items && !there; k++)
            there = pl_platform_match(&want, &doc->items[k].platform);
        if (!there)
            ret.p[ret.n++] = allow->p[i];
    }
    return ret;
}

static bool stands_in(const struct pl_names *lacking, const struct pl_platform *p)
{
    struct pl_platform want;
    for (size_t i = 0; i < lacking->n; i++)
        if (pl_platform_parse(lacking->p[i], &want, NULL) == 0 && pl_platform_stands_in(&want, p))
            return true;
    return false;
}

static void refuse(struct pl_gathering *w, struct pl_evidence *e, const char *why,
                   struct pl_str what)
{
    if (!e->refused.n)
        e->refused = pl_printf(w->a, "%s: %.*s", why, PL_FMT(pl_str_sub(what, 0, 120)));
}

/* Does this child have to be judged? Refuses what may run and cannot be. */
static bool judged(struct pl_gathering *w, struct pl_evidence *e, const struct pl_names *lacks,
                   const struct pl_descriptor *d)
{
    struct pl_platform have = pl_platform_settle(d->platform), want;
    struct pl_str text = pl_platform_text(w->a, &have), digest = pl_digest_text(w->a, &d->digest);
    bool door = w->ask->platform.n && pl_platform_parse(w->ask->platform, &want, NULL) == 0;
    if (never_runs(d))
        return false;
    if (pl_doc_kind_of(d->media_type) == PL_DOC_INDEX) {
        refuse(w, e, "an index in the index may run, and is not judged", digest);
        return false;
    }
    if (!have.os.n || !have.arch.n)
        return true; /* a runtime may take it for any platform, or for its own system's */
    if (w->scope->all_children) {
        if (!allowed(w, &have))
            refuse(w, e, "a platform that is not allowed", text);
        return true;
    }
    if (!door)
        return allowed(w, &have) || stands_in(lacks, &have);
    if (!pl_platform_match(&want, &have))
        return false;
    if (!allowed(w, &have))
        refuse(w, e, "a platform that is not allowed", text);
    return true;
}

static int take_child(struct pl_gathering *w, const struct pl_descriptor *d, struct pl_facts *f,
                      struct pl_str *ret_text, struct pl_err *err)
{
    struct pl_limits lim;
    pl_auto_buf struct pl_buf b = { 0 };
    pl_limits_init(&lim);
    struct pl_platform p = pl_platform_settle(d->platform);
    *f = (struct pl_facts){ .digest = pl_digest_text(w->a, &d->digest),
                            .platform = pl_platform_text(w->a, &p),
                            .created_s = PL_POLICY_NEVER,
                            .db_s = PL_POLICY_NEVER };
    int r = w->store->child(w->store, &d->digest, lim.manifest, &b, err);
    if (r == 0)
        *ret_text = pl_dup(w->a, pl_buf_str(&b));
    return r;
}

/* Do the index's own signatures carry all its children? Then theirs need not be fetched. */
static bool carried(struct pl_gathering *w, const struct pl_evidence *e)
{
    struct pl_arena a = { 0 };
    struct pl_judgement j = { .a = &a };
    pl_policy_judge(&j, w->g->policy, w->scope, e, w->now_s, /* all= */ false);
    bool ok = !j.failed;
    pl_arena_release(&a);
    return ok;
}

static int take_index(struct pl_gathering *w, const struct pl_doc *doc, struct pl_evidence *e,
                      struct pl_err *err)
{
    struct pl_str *text = pl_alloc_n(w->a, doc->n_items, sizeof *text);
    const struct pl_descriptor **from = pl_alloc_n(w->a, doc->n_items, sizeof *from);
    const struct pl_names lacks = lacking(w, doc);
    int r = 0;
    e->index = true;
    e->children = pl_alloc_n(w->a, doc->n_items, sizeof *e->children);
    for (size_t i = 0; r == 0 && i < doc->n_items; i++) {
        if (!judged(w, e, &lacks, &doc->items[i]))
            continue;
        size_t n = e->n_children;
        from[n] = &doc->items[i];
        r = take_child(w, from[n], &e->children[n], &text[n], err);
        if (r == 0)
            r = pl_gather_content(w, &from[n]->digest, text[n], &e->children[n], err);
        e->n_children += r == 0;
    }
    bool own = r == 0 && e->n_children > 0 && pl_gather_signers(w) && !carried(w, e);
    for (size_t i = 0; r == 0 && own && i < e->n_children; i++)
        r = pl_gather_proofs(w, &from[i]->digest, text[i], &e->children[i], err);
    return r;
}

/* A single image runs wherever it is asked to: its config says for what it is. */
static void check_single(struct pl_gathering *w, struct pl_evidence *e)
{
    struct pl_platform have;
    if (!w->scope->platforms.n)
        return;
    if (!e->top.platform.n || pl_platform_parse(e->top.platform, &have, NULL) < 0)
        refuse(w, e, "the image does not say its platform", e->top.digest);
    else if (!allowed(w, &have))
        refuse(w, e, "a platform that is not allowed", e->top.platform);
}

static int take_doc(struct pl_gathering *w, struct pl_str text, struct pl_arena *a,
                    struct pl_doc *ret, struct pl_err *err)
{
    struct pl_limits lim;
    struct pl_json *root = NULL;
    pl_limits_init(&lim);
    (void)w;
    int r = pl_json_parse(text, (unsigned)lim.depth, &root, err);
    if (r == 0)
        r = pl_doc_read(root, PL_S(""), &lim, a, ret, err);
    if (r == 0 && ret->kind != PL_DOC_MANIFEST && ret->kind != PL_DOC_INDEX)
        r = pl_fail(err, PL_E_FORMAT, "no manifest of an image");
    pl_json_free(root);
    return r;
}

int pl_gather(struct pl_gathering *w, struct pl_evidence *e, struct pl_err *err)
{
    struct pl_named named = { 0 };
    struct pl_doc doc = { 0 };
    pl_auto_buf struct pl_buf b = { 0 };
    int r = find(w, &b, &named, err);
    if (r < 0)
        return r;
    struct pl_str text = pl_dup(w->a, pl_buf_str(&b));
    e->top = (struct pl_facts){ .digest = pl_digest_text(w->a, &named.digest),
                                .created_s = PL_POLICY_NEVER,
                                .db_s = PL_POLICY_NEVER };
    w->top = &e->top;
    r = take_doc(w, text, w->a, &doc, err);
    if (r == 0)
        r = pl_gather_proofs(w, &named.digest, text, &e->top, err);
    if (r == 0 && doc.kind == PL_DOC_INDEX)
        return take_index(w, &doc, e, err);
    if (r == 0)
        r = pl_gather_content(w, &named.digest, text, &e->top, err);
    if (r == 0)
        check_single(w, e);
    return r;
}
