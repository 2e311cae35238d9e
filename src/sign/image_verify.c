/* What was collected of an image, judged by one demand: no store and no network here, so that one
 * collection can answer any number of demands. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "sign/store.h"

static const char *const form_names[] = { "simplesigning", "dsse", "bundle" };

static void refuse(const struct pl_object *o, struct pl_verdict *v)
{
    v->code = o->code;
    v->reason = o->reason;
    v->checks[PL_STEP_PAYLOAD_DIGEST] = (struct pl_step){ PL_STATE_FAILED, v->reason };
    for (unsigned i = PL_STEP_PAYLOAD_DIGEST + 1; i < PL_STEP_COUNT; i++)
        v->checks[i] = (struct pl_step){ PL_STATE_SKIPPED, PL_S("not reached") };
}

static int judge_one(const struct pl_demand *d, const struct pl_object *o, struct pl_str image,
                     struct pl_message *manifest, struct pl_arena *a, struct pl_verdict *v,
                     struct pl_err *err)
{
    struct pl_legacy l = { .payload = o->payload,
                           .sig = o->sig,
                           .cert_pem = o->cert_pem,
                           .log_json = o->log_json,
                           .stamp_json = o->stamp_json,
                           .image_digest = image,
                           .image = manifest };
    pl_verdict_init(v, o->storage, form_names[o->form]);
    v->object = o->object;
    v->attestation = o->form == PL_FORM_DSSE;
    if (o->code) {
        refuse(o, v);
        return 0;
    }
    switch (o->form) {
    case PL_FORM_SIMPLE:
        return pl_verify_simple(d, &l, a, v, err);
    case PL_FORM_DSSE:
        return pl_verify_envelope(d, &l, a, v, err);
    case PL_FORM_BUNDLE:
        break;
    }
    return pl_verify_bundle(d, o->payload, manifest, a, v, err);
}

int pl_sign_judge(const struct pl_demand *d, const struct pl_objects *objects,
                  const struct pl_digest *image, struct pl_message *manifest, struct pl_arena *a,
                  struct pl_verdicts *ret, struct pl_err *err)
{
    struct pl_str text = pl_digest_text(a, image);
    int r = 0;
    *ret = (struct pl_verdicts){ .p = pl_alloc_n(a, objects->n, sizeof *ret->p) };
    for (size_t i = 0; r == 0 && i < objects->n; i++) {
        struct pl_verdict *v = &ret->p[ret->n];
        r = judge_one(d, &objects->p[i], text, manifest, a, v, err);
        ret->n += r == 0;
        if (r < 0 || !v->ok)
            continue;
        *(objects->p[i].form == PL_FORM_BUNDLE ? &ret->bundle
          : objects->p[i].form == PL_FORM_DSSE ? &ret->att_tag
                                               : &ret->sig_tag) = true;
    }
    return r;
}

int pl_verify_image(const struct pl_demand *d, struct pl_sign_store *s,
                    const struct pl_digest *image, struct pl_message *manifest, struct pl_arena *a,
                    struct pl_verdicts *ret, struct pl_err *err)
{
    struct pl_objects o;
    int r = pl_sign_collect(s, image, /* signatures= */ !d->type.p, a, &o, err);
    return r < 0 ? r : pl_sign_judge(d, &o, image, manifest, a, ret, err);
}

/* A certificate's key lasts for minutes: who it was made for is the signer. */
static bool same_signer(const struct pl_verdict *x, const struct pl_verdict *y)
{
    return x->subject.n ? pl_str_eq(x->subject, y->subject) && pl_str_eq(x->issuer, y->issuer)
                        : !y->subject.n && pl_str_eq(x->key_id, y->key_id);
}

size_t pl_verdicts_signers(const struct pl_verdict *v, size_t n)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        bool again = !v[i].ok;
        for (size_t k = 0; k < i && !again; k++)
            again = v[k].ok && same_signer(&v[k], &v[i]);
        count += !again;
    }
    return count;
}
