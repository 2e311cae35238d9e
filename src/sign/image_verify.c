/* All signatures of an image: the tags ".sig" and ".att", and bundles that refer to it. Each object
 * is fetched once and compared with the digest that named it. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"
#include "fmt/json.h"
#include "sign/bundle.h"
#include "sign/statement.h"
#include "sign/store.h"

#define SIGS_MAX 50u
#define SIMPLE_TYPE "application/vnd.dev.cosign.simplesigning.v1+json"
#define OCI11_TYPE "application/vnd.dev.cosign.artifact.sig.v1+json"

struct walk {
    const struct pl_demand *d;
    struct pl_sign_store *s;
    const struct pl_digest *image;
    struct pl_str image_text;
    struct pl_message *manifest;
    struct pl_arena *a;
    struct pl_verdicts *out;
    size_t n_bundles;
};

static int new_verdict(struct walk *w, const char *storage, const char *format,
                       const struct pl_digest *object, struct pl_verdict **ret, struct pl_err *err)
{
    if (w->out->n == PL_VERDICTS_MAX)
        return pl_fail(err, PL_E_LIMIT, "limit signatures: more than %u of one image",
                       PL_VERDICTS_MAX);
    struct pl_verdict *v = &w->out->p[w->out->n++];
    pl_verdict_init(v, storage, format);
    v->object = pl_digest_text(w->a, object);
    *ret = v;
    return 0;
}

/* An object that cannot be had or read is a refusal of its own, never passed over. */
static void refuse(struct walk *w, struct pl_verdict *v, const struct pl_err *err)
{
    v->ok = false;
    v->code = err->code;
    v->reason = pl_dup(w->a, pl_str_c(err->msg));
    v->checks[PL_STEP_PAYLOAD_DIGEST] = (struct pl_step){ PL_STATE_FAILED, v->reason };
    for (unsigned i = PL_STEP_PAYLOAD_DIGEST + 1; i < PL_STEP_COUNT; i++)
        v->checks[i] = (struct pl_step){ PL_STATE_SKIPPED, PL_S("not reached") };
}

static bool fatal(int r)
{
    return r == PL_E_LIMIT || r == PL_E_IO || r == PL_E_NET || r == PL_E_AUTH || r == PL_E_CANCEL;
}

static struct pl_str note(const struct pl_json *layer, const char *name)
{
    struct pl_str s = pl_json_str(pl_json_get(pl_json_get(layer, "annotations"), name));
    return s.p ? s : PL_S("");
}

static int check_legacy(struct walk *w, const struct pl_json *layer, struct pl_str payload,
                        bool dsse, struct pl_verdict *v, struct pl_err *err)
{
    struct pl_legacy l = {
        .payload = payload,
        .sig = note(layer, "dev.cosignproject.cosign/signature"),
        .cert_pem = note(layer, "dev.sigstore.cosign/certificate"),
        .log_json = note(layer, "dev.sigstore.cosign/bundle"),
        .stamp_json = note(layer, "dev.sigstore.cosign/rfc3161timestamp"),
        .image_digest = w->image_text,
        .image = w->manifest,
    };
    int r = dsse ? pl_verify_envelope(w->d, &l, w->a, v, err)
                 : pl_verify_simple(w->d, &l, w->a, v, err);
    if (r == 0 && v->ok)
        *(dsse ? &w->out->att_tag : &w->out->sig_tag) = true;
    return r;
}

static int check_layer(struct walk *w, const struct pl_json *layer, const char *storage, bool dsse,
                       struct pl_err *err)
{
    struct pl_buf b = { 0 };
    struct pl_digest d = { 0 };
    struct pl_verdict *v;
    size_t max = dsse ? PL_MIB(16) : PL_PAYLOAD_MAX;
    int r = pl_digest_parse(pl_json_str(pl_json_get(layer, "digest")), &d, err);
    int q = new_verdict(w, storage, dsse ? "dsse" : "simplesigning", &d, &v, err);
    if (q < 0)
        return q;
    v->attestation = dsse;
    if (r == 0 && !pl_str_is(pl_json_str(pl_json_get(layer, "mediaType")),
                             dsse ? PL_ENVELOPE_TYPE : SIMPLE_TYPE))
        r = pl_fail(err, PL_E_FORMAT, "layer of an unknown media type");
    if (r == 0)
        r = w->s->fetch(w->s, &d, /* manifest= */ false, max, &b, err);
    if (r == 0)
        r = check_legacy(w, layer, pl_buf_str(&b), dsse, v, err);
    else if (!fatal(r)) {
        refuse(w, v, err);
        r = 0;
    }
    pl_buf_release(&b);
    return r;
}

static int check_layers(struct walk *w, const struct pl_json *manifest, const char *storage,
                        bool dsse, struct pl_err *err)
{
    const struct pl_json *layers = pl_json_get(manifest, "layers");
    if (pl_json_len(layers) > SIGS_MAX)
        return pl_fail(err, PL_E_LIMIT, "limit %s: more than %u of one image",
                       dsse ? "attestations" : "signatures", SIGS_MAX);
    int r = 0;
    for (size_t i = 0; r == 0 && i < pl_json_len(layers); i++)
        r = check_layer(w, pl_json_at(layers, i), storage, dsse, err);
    return r;
}

static int check_tag(struct walk *w, bool dsse, struct pl_err *err)
{
    struct pl_limits lim;
    struct pl_buf b = { 0 };
    struct pl_digest d = { 0 };
    struct pl_json *m = NULL;
    struct pl_verdict *v;
    pl_limits_init(&lim);
    const char *storage = dsse ? "att-tag" : "sig-tag";
    int r = w->s->tagged(w->s, pl_sign_tag(w->a, w->image, dsse ? ".att" : ".sig"), &b, &d, err);
    if (r == PL_E_NOENT && !d.set) {
        pl_buf_release(&b);
        return 0;
    }
    if (r == 0)
        r = pl_json_parse(pl_buf_str(&b), (unsigned)lim.depth, &m, err);
    if (r == 0) {
        r = check_layers(w, m, storage, dsse, err);
    } else if (!fatal(r)) {
        r = new_verdict(w, storage, dsse ? "dsse" : "simplesigning", &d, &v, err);
        if (r == 0)
            refuse(w, v, err);
    }
    pl_json_free(m);
    pl_buf_release(&b);
    return r;
}

static int check_bundle(struct walk *w, const struct pl_json *layer, const struct pl_digest *object,
                        const char *storage, struct pl_err *err)
{
    struct pl_buf b = { 0 };
    struct pl_digest d = { 0 };
    struct pl_verdict *v;
    int r = pl_digest_parse(pl_json_str(pl_json_get(layer, "digest")), &d, err);
    int q = new_verdict(w, storage, "bundle", object, &v, err);
    if (q < 0)
        return q;
    if (r == 0)
        r = w->s->fetch(w->s, &d, /* manifest= */ false, PL_MIB(16), &b, err);
    if (r == 0) {
        r = pl_verify_bundle(w->d, pl_buf_str(&b), w->manifest, w->a, v, err);
        w->out->bundle |= r == 0 && v->ok;
    } else if (!fatal(r)) {
        refuse(w, v, err);
        r = 0;
    }
    pl_buf_release(&b);
    return r;
}

/* A descriptor is trusted with nothing: the manifest itself must name the image as its subject. */
static int read_referrer(struct walk *w, const struct pl_json *m, const struct pl_digest *d,
                         const char *storage, struct pl_err *err)
{
    struct pl_str subject = pl_json_str(pl_json_get(pl_json_get(m, "subject"), "digest"));
    const struct pl_json *layers = pl_json_get(m, "layers"), *first = pl_json_at(layers, 0);
    if (!subject.p || !pl_str_eq(subject, w->image_text) || pl_json_len(layers) == 0)
        return 0;
    struct pl_str type = pl_json_str(pl_json_get(first, "mediaType"));
    if (type.p && pl_bundle_is_type(type)) {
        if (++w->n_bundles > 2 * SIGS_MAX)
            return pl_fail(err, PL_E_LIMIT, "limit signatures: more than %u bundles of one image",
                           2 * SIGS_MAX);
        return check_bundle(w, first, d, storage, err);
    }
    struct pl_str config = pl_json_str(pl_json_get(pl_json_get(m, "config"), "mediaType"));
    struct pl_str artifact = pl_json_str(pl_json_get(m, "artifactType"));
    if (pl_str_is(config, OCI11_TYPE) || pl_str_is(artifact, OCI11_TYPE))
        return check_layers(w, m, "oci11", /* dsse= */ false, err);
    return 0;
}

static int each_referrer(void *arg, const struct pl_digest *d, const char *storage,
                         struct pl_err *err)
{
    struct walk *w = arg;
    struct pl_limits lim;
    struct pl_buf b = { 0 };
    struct pl_json *m = NULL;
    struct pl_verdict *v;
    pl_limits_init(&lim);
    int r = w->s->fetch(w->s, d, /* manifest= */ true, lim.manifest, &b, err);
    if (r == 0)
        r = pl_json_parse(pl_buf_str(&b), (unsigned)lim.depth, &m, err);
    if (r == 0) {
        r = read_referrer(w, m, d, storage, err);
    } else if (!fatal(r)) {
        r = new_verdict(w, storage, "bundle", d, &v, err);
        if (r == 0)
            refuse(w, v, err);
    }
    pl_json_free(m);
    pl_buf_release(&b);
    return r;
}

int pl_verify_image(const struct pl_demand *d, struct pl_sign_store *s,
                    const struct pl_digest *image, struct pl_message *manifest, struct pl_arena *a,
                    struct pl_verdicts *ret, struct pl_err *err)
{
    struct walk w = { .d = d,
                      .s = s,
                      .image = image,
                      .image_text = pl_digest_text(a, image),
                      .manifest = manifest,
                      .a = a,
                      .out = ret };
    ret->p = pl_alloc_n(a, PL_VERDICTS_MAX, sizeof *ret->p);
    int r = 0;
    if (!d->type.p) /* an attestation is no signature, and the other way round */
        r = check_tag(&w, /* dsse= */ false, err);
    if (r == 0)
        r = check_tag(&w, /* dsse= */ true, err);
    return r < 0 ? r : s->referrers(s, image, each_referrer, &w, err);
}
