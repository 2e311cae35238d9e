/* From blobs up to the index: what changes since something below it does, and what is left out.
 * forensics.md section 8, (g). */
/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/scrub_int.h"

static bool judge(struct pl_scrub *x, struct pl_part *p);

static bool mentions(struct pl_str s)
{
    static const char *const words[] = { "cosign",  "sigstore", "notary",
                                         "in-toto", "dsse",     "signature" };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (pl_str_find(s, pl_str_c(words[i]), 0) != SIZE_MAX)
            return true;
    return false;
}

static bool speaks_of_trust(const struct pl_doc *d)
{
    bool yes = mentions(d->artifact_type) || mentions(d->config.media_type);
    for (size_t i = 0; i < d->n_items && !yes; i++)
        yes = mentions(d->items[i].media_type) || mentions(d->items[i].artifact_type);
    return yes;
}

/* "sha256-HEX", "sha256-HEX.sig": a tag that is bound to a digest. */
static bool bound_tag(struct pl_str tag, struct pl_digest *ret)
{
    char text[72] = "sha256:";
    if (!pl_str_starts(tag, PL_S("sha256-")) || tag.n < 71 || (tag.n > 71 && tag.p[71] != '.'))
        return false;
    memcpy(text + 7, tag.p + 7, 64);
    return pl_digest_parse(pl_str_n(text, 71), ret, NULL) == 0;
}

bool pl_scrub_artifact(const struct pl_scrub *x, const struct pl_descriptor *d,
                       const struct pl_part *p, struct pl_digest *ret_subject)
{
    const struct pl_doc *doc = p->rec && p->rec->has_doc ? &p->rec->doc : NULL;
    (void)x;
    *ret_subject = (struct pl_digest){ 0 };
    bool tagged = bound_tag(d->ref_name, ret_subject);
    bool attests = pl_str_is(d->reference_type, "attestation-manifest");
    if (attests && pl_digest_parse(d->reference_digest, ret_subject, NULL) < 0)
        *ret_subject = (struct pl_digest){ 0 };
    if (!ret_subject->set && doc && doc->subject.digest.set)
        *ret_subject = doc->subject.digest;
    return tagged || attests || mentions(d->artifact_type) || (doc && speaks_of_trust(doc));
}

/* No image: something about one. */
static bool is_artifact(const struct pl_doc *d)
{
    struct pl_str config = d->config.media_type;
    return d->kind == PL_DOC_MANIFEST &&
           (d->subject.digest.set ||
            (config.n && !pl_str_is(config, "application/vnd.oci.image.config.v1+json") &&
             !pl_str_is(config, "application/vnd.docker.container.image.v1+json")));
}

bool pl_scrub_beside(const struct pl_part *p, const struct pl_descriptor *d)
{
    struct pl_digest bound;
    return p->role == PL_ROLE_ATTESTATION || p->role == PL_ROLE_REFERRER ||
           (d && (bound_tag(d->ref_name, &bound) ||
                  pl_str_is(d->reference_type, "attestation-manifest"))) ||
           (p->rec && p->rec->has_doc && is_artifact(&p->rec->doc));
}

/* Does an artifact, or an index of artifacts, hold one of the secrets? */
static bool artifact_holds(struct pl_scrub *x, const struct pl_part *p, unsigned depth)
{
    if (pl_scrub_holds(x, p))
        return true;
    if (!p->rec || !p->rec->has_doc || depth > 4)
        return false;
    const struct pl_doc *d = &p->rec->doc;
    const struct pl_part *q = d->config.digest.set ? pl_scrub_part(x, &d->config.digest) : NULL;
    if (q && pl_scrub_holds(x, q))
        return true;
    for (size_t i = 0; i < d->n_items; i++)
        if ((q = pl_scrub_part(x, &d->items[i].digest)) && q != p &&
            artifact_holds(x, q, depth + 1))
            return true;
    return false;
}

static bool artifact_trusts(const struct pl_scrub *x, const struct pl_part *p)
{
    if (!p->rec || !p->rec->has_doc || p->rec->doc.kind != PL_DOC_INDEX)
        return false;
    for (size_t i = 0; i < p->rec->doc.n_items; i++) {
        const struct pl_part *q = pl_scrub_part(x, &p->rec->doc.items[i].digest);
        if (q && q->rec && q->rec->has_doc && speaks_of_trust(&q->rec->doc))
            return true;
    }
    return false;
}

static void drop_signature(struct pl_scrub *x, const struct pl_part *p, struct pl_str what)
{
    struct pl_digest d = pl_scrub_digest(p);
    struct pl_str name = pl_printf(&x->a, "%.*s%s%.*s", PL_FMT(pl_digest_text(&x->a, &d)),
                                   what.n ? " " : "", PL_FMT(pl_str_sub(what, 0, 200)));
    name = pl_scrub_mask(x, name);
    pl_vec_push(&x->signatures, name);
    if (!x->o.drop_signatures)
        pl_scrub_refuse(x,
                        "the signature or attestation %.*s no longer applies: "
                        "--drop-signatures",
                        PL_FMT(name));
}

/* Something that hangs beside images: as it is, with its new subject, or left out. */
static bool judge_artifact(struct pl_scrub *x, const struct pl_descriptor *d, struct pl_part *p)
{
    struct pl_work *w = pl_scrub_work(x, p);
    struct pl_digest subject;
    bool trust = pl_scrub_artifact(x, d, p, &subject) || artifact_trusts(x, p);
    struct pl_part *of = subject.set ? pl_scrub_part(x, &subject) : NULL;
    bool stale = of && (pl_scrub_work(x, of)->changed || pl_scrub_work(x, of)->out);
    bool holds = artifact_holds(x, p, 0);
    if (w->judged)
        return w->changed;
    w->judged = true;
    w->out = holds || (stale && (trust || pl_scrub_work(x, of)->out)) || p->role == PL_ROLE_SKIPPED;
    w->changed = w->out || stale;
    if (w->out && trust)
        drop_signature(x, p,
                       d->artifact_type.n ? d->artifact_type
                       : d->ref_name.n    ? d->ref_name
                                          : p->holder);
    if (holds)
        pl_scrub_change(x, p, pl_str_c(NULL), PL_SURF_REFERRER, "left out");
    return w->changed;
}

static bool selected(const struct pl_scrub *x, const struct pl_part *p)
{
    const struct pl_doc *d = p->rec && p->rec->has_doc ? &p->rec->doc : NULL;
    if (d && d->kind == PL_DOC_MANIFEST)
        for (size_t i = 0; i < x->u->images.n; i++)
            if (x->u->images.p[i].manifest == p)
                return true;
    return false;
}

/* Of an index: any image of it that is wanted? */
static bool judge_index(struct pl_scrub *x, const struct pl_part *p, struct pl_work *w)
{
    const struct pl_doc *d = &p->rec->doc;
    bool any = false;
    for (size_t pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < d->n_items; i++) {
            struct pl_part *q = pl_scrub_part(x, &d->items[i].digest);
            if (!q || pl_scrub_beside(q, &d->items[i]) != (pass == 1))
                continue;
            w->changed |= pass ? judge_artifact(x, &d->items[i], q) : judge(x, q);
            any |= !pass && !pl_scrub_work(x, q)->out;
        }
    }
    return any;
}

/* Will the blob change? Sets `changed` and `out` of all there is below it. */
static bool judge(struct pl_scrub *x, struct pl_part *p)
{
    struct pl_work *w = pl_scrub_work(x, p);
    if (w->judged)
        return w->changed;
    w->judged = true;
    w->changed = w->rewrite || w->places.n;
    const struct pl_doc *d = p->rec && p->rec->has_doc ? &p->rec->doc : NULL;
    if (d && d->kind == PL_DOC_INDEX) {
        w->out = !judge_index(x, p, w) && d->n_items;
    } else if (d && d->kind == PL_DOC_MANIFEST) {
        w->out = !selected(x, p);
        for (size_t i = 0; i < d->n_items && !w->out; i++) {
            struct pl_part *q = pl_scrub_part(x, &d->items[i].digest);
            w->changed |= q && judge(x, q);
        }
        /* a config repeats the digests of its layers */
        struct pl_part *c = d->config.digest.set ? pl_scrub_part(x, &d->config.digest) : NULL;
        if (c && !w->out) {
            pl_scrub_work(x, c)->changed |= w->changed;
            w->changed |= judge(x, c) || pl_scrub_work(x, c)->changed;
        }
    }
    w->changed |= w->out;
    return w->changed;
}

void pl_scrub_judge(struct pl_scrub *x)
{
    const struct pl_unit *u = x->u;
    for (size_t i = 0; i < u->parts.n; i++)
        if (u->parts.p[i]->role == PL_ROLE_INDEX && u->parts.p[i]->blob &&
            pl_str_is(u->parts.p[i]->blob->name, "index.json"))
            judge(x, u->parts.p[i]);
    for (size_t i = 0; i < u->images.n; i++) {
        const struct pl_image *im = &u->images.p[i];
        if (im->manifest) {
            judge(x, im->manifest);
            continue;
        }
        bool changed = false; /* of a docker-archive */
        for (size_t k = 0; k < im->n_layers; k++)
            changed |= im->layers[k] && judge(x, im->layers[k]);
        if (im->config)
            pl_scrub_work(x, im->config)->changed |= changed || judge(x, im->config);
    }
    for (size_t i = 0; i < u->src->tops.n; i++) /* a registry's: what refers to them stays there */
        if (u->src->tops.p[i].blob && u->src->tops.p[i].blob->user)
            judge(x, u->src->tops.p[i].blob->user);
    for (size_t i = 0; i < u->parts.n && u->src->form == PL_SRC_REMOTE; i++) {
        struct pl_part *p = u->parts.p[i];
        if (p->desc && p->rec && p->rec->has_doc && pl_scrub_beside(p, p->desc) &&
            !pl_scrub_work(x, p)->judged)
            judge_artifact(x, p->desc, p);
    }
}
