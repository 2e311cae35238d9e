/* The forms a signature comes in: bundles, simple signing payloads, envelopes of tags. Each is put
 * into the same shape, its signer checked, then what it says. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "sign/verify.h"

#include "base/limits.h"
#include "sign/pb.h"
#include "sign/pem.h"
#include "sign/verify_int.h"

#define CERTS_MAX 10u

const char *const pl_step_names[PL_STEP_COUNT] = {
#define X(id, name) name,
    PL_STEPS(X)
#undef X
};

const char *const pl_state_names[4] = { "absent", "done", "skipped", "failed" };

void pl_verdict_init(struct pl_verdict *v, const char *storage, const char *format)
{
    *v = (struct pl_verdict){ .storage = storage, .format = format };
}

/* What was not reached after a failure is told apart from what was not there. */
static void close_verdict(struct pl_verdict *v)
{
    if (v->ok)
        return;
    for (unsigned i = 0; i < PL_STEP_COUNT; i++)
        if (v->checks[i].state == PL_STATE_ABSENT)
            v->checks[i] = (struct pl_step){ PL_STATE_SKIPPED, PL_S("not reached") };
}

/* Limits and reading errors leave no verdict; everything else is one. */
static int conclude(struct pl_verifying *s, int r)
{
    if (r == 0) {
        s->v->ok = true;
        s->v->code = 0;
        if (s->b->dsse)
            s->v->payload = s->b->envelope.payload;
    }
    close_verdict(s->v);
    pl_verifying_release(s);
    return r == PL_E_LIMIT || r == PL_E_IO ? r : 0;
}

static int refuse_form(struct pl_verifying *s, int code, const struct pl_err *err)
{
    return pl_refuse(s, PL_STEP_PAYLOAD_DIGEST, code, err);
}

/* ---- annotations ---- */

struct gather {
    struct pl_arena *a;
    struct pl_annotation *p;
    size_t n;
};

static int gather_one(void *arg, struct pl_str key, const struct pl_json *value)
{
    struct gather *g = arg;
    if (pl_json_type(value) != PL_JSON_STRING)
        return 0;
    g->p[g->n].name = pl_dup(g->a, key);
    g->p[g->n++].value = pl_dup(g->a, pl_json_str(value));
    return 0;
}

static int check_annotations(struct pl_verifying *s, const struct pl_json *o, struct pl_err *err)
{
    struct gather g = { .a = s->a };
    g.p = pl_alloc_n(s->a, pl_json_len(o), sizeof *g.p);
    if (o && pl_json_type(o) == PL_JSON_OBJECT)
        pl_json_each(o, gather_one, &g);
    s->v->annotations = g.p;
    s->v->n_annotations = g.n;
    for (size_t i = 0; i < s->d->n_annotations; i++) {
        const struct pl_annotation *want = &s->d->annotations[i];
        size_t k = 0;
        while (k < g.n &&
               !(pl_str_eq(g.p[k].name, want->name) && pl_str_eq(g.p[k].value, want->value)))
            k++;
        if (k == g.n)
            return pl_refuse(s, PL_STEP_ANNOTATIONS,
                             pl_fail(err, PL_E_SIG, "annotation '%.*s' is not as wanted",
                                     (int)(want->name.n < 80 ? want->name.n : 80), want->name.p),
                             err);
    }
    if (s->d->n_annotations)
        pl_done(s->v, PL_STEP_ANNOTATIONS, pl_printf(s->a, "%zu", s->d->n_annotations));
    return 0;
}

/* ---- what is said ---- */

static int check_type(struct pl_verifying *s, struct pl_str type, struct pl_err *err)
{
    const struct pl_demand *d = s->d;
    bool sign = pl_str_is(type, PL_PREDICATE_SIGN);
    s->v->predicate_type = pl_dup(s->a, type);
    s->v->attestation = !sign;
    if (d->type.p ? !pl_predicate_is(type, d->type) : !d->any_type && !sign)
        return pl_refuse(
            s, PL_STEP_TYPE,
            pl_fail(err, PL_E_SIG,
                    d->type.p ? "attestation of another type" : "an attestation is no signature"),
            err);
    pl_done(s->v, PL_STEP_TYPE, s->v->predicate_type);
    return 0;
}

/* The statement in an envelope: its type, and that the artifact is one of its subjects. */
static int check_statement(struct pl_verifying *s, const struct pl_envelope *env,
                           struct pl_message *artifact, struct pl_err *err)
{
    struct pl_statement st = { 0 };
    int code = 0;
    if (!pl_str_is(env->type, PL_INTOTO_TYPE))
        return pl_refuse(s, PL_STEP_TYPE,
                         pl_fail(err, PL_E_SIG, "envelope of a type that is not read"), err);
    int r = pl_statement_parse(env->payload, &st, err);
    if (r < 0)
        return pl_refuse(s, PL_STEP_TYPE, r, err);
    r = check_type(s, st.type, err);
    if (r == 0) {
        const struct pl_json *subject = pl_statement_subject(&st, artifact, &code, err);
        if (subject) {
            pl_done(s->v, PL_STEP_DIGEST, PL_S("a subject of the statement"));
            r = check_annotations(s, pl_json_get(subject, "annotations"), err);
        } else {
            r = pl_refuse(s, PL_STEP_DIGEST, code, err);
        }
    }
    pl_statement_release(&st);
    return r;
}

static int check_message_digest(struct pl_verifying *s, struct pl_message *artifact,
                                struct pl_err *err)
{
    const struct pl_bundle *b = s->b;
    struct pl_str digest;
    if (!b->has_digest)
        return 0;
    int r = pl_message_digest(artifact, b->md, &digest, err);
    if (r == 0 && !pl_str_eq(digest, b->digest))
        r = pl_fail(err, PL_E_SIG, "the bundle is of another artifact");
    if (r < 0)
        return pl_refuse(s, PL_STEP_DIGEST, r, err);
    pl_done(s->v, PL_STEP_DIGEST, pl_str_c(pl_md_name(b->md)));
    return 0;
}

static int verify_plain(struct pl_verifying *s, struct pl_message *artifact, struct pl_err *err)
{
    if (s->d->type.p)
        return pl_refuse(s, PL_STEP_TYPE,
                         pl_fail(err, PL_E_SIG, "a signature, where an attestation is wanted"),
                         err);
    s->message = artifact;
    int r = pl_verify_signer(s, err);
    if (r == 0)
        r = check_message_digest(s, artifact, err);
    return r < 0 ? r : check_annotations(s, NULL, err);
}

/* Any of the envelope's signatures may be the one that holds. */
static int verify_dsse(struct pl_verifying *s, struct pl_bundle *b, struct pl_message *artifact,
                       struct pl_err *err)
{
    pl_auto_buf struct pl_buf pae = { 0 };
    struct pl_message m;
    int r = PL_E_SIG;
    pl_envelope_pae(&pae, b->envelope.type, b->envelope.payload);
    pl_message_init(&m, pl_buf_str(&pae));
    s->message = &m;
    for (size_t i = 0; r < 0 && i < b->envelope.n_sigs; i++) {
        b->signature = b->envelope.sigs[i];
        pl_verifying_release(s);
        r = pl_verify_signer(s, err);
    }
    pl_message_release(&m);
    return r < 0 ? r : check_statement(s, &b->envelope, artifact, err);
}

int pl_verify_bundle(const struct pl_demand *d, struct pl_str text, struct pl_message *artifact,
                     struct pl_arena *a, struct pl_verdict *v, struct pl_err *err)
{
    struct pl_bundle b = { 0 };
    struct pl_verifying s = { .d = d, .v = v, .a = a, .b = &b };
    int r = pl_bundle_parse(text, a, &b, err);
    if (r < 0)
        return conclude(&s, refuse_form(&s, r, err));
    pl_done(v, PL_STEP_PAYLOAD_DIGEST, PL_S("well-formed"));
    r = b.dsse ? verify_dsse(&s, &b, artifact, err) : verify_plain(&s, artifact, err);
    return conclude(&s, r);
}

/* ---- legacy forms ---- */

static int legacy_certs(const struct pl_legacy *l, struct pl_arena *a, struct pl_bundle *b,
                        struct pl_err *err)
{
    struct pl_str text = l->cert_pem;
    struct pl_pem block;
    b->certs = pl_alloc_n(a, 1, sizeof *b->certs);
    if (text.n == 0) {
        b->public_key = true;
        return 0;
    }
    int r = pl_pem_next(&text, a, &block, err);
    if (r == 0 && !pl_str_is(block.label, "CERTIFICATE"))
        r = pl_fail(err, PL_E_FORMAT, "no certificate in the certificate annotation");
    if (r == 0)
        b->certs[b->n_certs++] = block.body;
    return r < 0 ? pl_wrap(err, "certificate") : 0;
}

/* The entry's kind stands in its body alone. */
static int legacy_kind(struct pl_tlog_entry *e, struct pl_arena *a, struct pl_err *err)
{
    struct pl_limits lim;
    struct pl_json *o = NULL;
    struct pl_str kind = { 0 }, version = { 0 };
    pl_limits_init(&lim);
    int r = pl_json_parse(e->body, (unsigned)lim.depth, &o, err);
    if (r == 0)
        r = pl_pb_str(o, "kind", &kind, err);
    if (r == 0)
        r = pl_pb_str(o, "apiVersion", &version, err);
    if (r == 0) {
        e->kind = pl_dup(a, kind);
        e->version = pl_dup(a, version);
    }
    pl_json_free(o);
    return r;
}

static int read_log_json(const struct pl_json *o, struct pl_arena *a, struct pl_tlog_entry *e,
                         struct pl_err *err)
{
    const struct pl_json *p = pl_json_get(o, "Payload");
    struct pl_str set = pl_json_str(pl_json_get(o, "SignedEntryTimestamp"));
    struct pl_str body = pl_json_str(pl_json_get(p, "body")),
                  id = pl_json_str(pl_json_get(p, "logID"));
    int r = p ? pl_pb_uint(p, "integratedTime", &e->integrated_s, err)
              : pl_fail(err, PL_E_FORMAT, "no 'Payload'");
    if (r == 0)
        r = pl_pb_uint(p, "logIndex", &e->log_index, err);
    if (r == 0 && (!set.n || !body.n || !id.n || id.n > 128 || id.n % 2))
        return pl_fail(err, PL_E_FORMAT, "something is missing");
    if (r == 0)
        r = pl_base64_bytes(set, a, &e->set, err);
    if (r == 0)
        r = pl_base64_bytes(body, a, &e->body, err);
    if (r < 0)
        return r;
    uint8_t *raw = pl_alloc(a, id.n / 2 + 1);
    if (!pl_unhex(id, raw, id.n / 2))
        return pl_fail(err, PL_E_FORMAT, "'logID' is no hex");
    e->log_id = pl_str_n(raw, id.n / 2);
    return legacy_kind(e, a, err);
}

static int legacy_log(const struct pl_legacy *l, struct pl_arena *a, struct pl_bundle *b,
                      struct pl_err *err)
{
    struct pl_limits lim;
    struct pl_json *o = NULL;
    if (l->log_json.n == 0)
        return 0;
    pl_limits_init(&lim);
    b->entries = pl_alloc_n(a, 1, sizeof *b->entries);
    int r = pl_json_parse(l->log_json, (unsigned)lim.depth, &o, err);
    if (r == 0)
        r = read_log_json(o, a, b->entries, err);
    pl_json_free(o);
    b->n_entries = 1;
    return r < 0 ? pl_wrap(err, "log annotation") : 0;
}

static int legacy_stamp(const struct pl_legacy *l, struct pl_arena *a, struct pl_bundle *b,
                        struct pl_err *err)
{
    struct pl_limits lim;
    struct pl_json *o = NULL;
    if (l->stamp_json.n == 0)
        return 0;
    pl_limits_init(&lim);
    b->timestamps = pl_alloc_n(a, 1, sizeof *b->timestamps);
    int r = pl_json_parse(l->stamp_json, (unsigned)lim.depth, &o, err);
    if (r == 0)
        r = pl_base64_bytes(pl_json_str(pl_json_get(o, "SignedRFC3161Timestamp")), a, b->timestamps,
                            err);
    pl_json_free(o);
    b->n_timestamps = 1;
    return r < 0 ? pl_wrap(err, "time stamp annotation") : 0;
}

static int legacy_bundle(const struct pl_legacy *l, struct pl_arena *a, struct pl_bundle *b,
                         struct pl_err *err)
{
    b->version = 1;
    int r = legacy_certs(l, a, b, err);
    if (r == 0)
        r = legacy_log(l, a, b, err);
    return r < 0 ? r : legacy_stamp(l, a, b, err);
}

static int check_payload(struct pl_verifying *s, const struct pl_legacy *l, struct pl_err *err)
{
    struct pl_payload p = { 0 };
    int r = pl_payload_parse(l->payload, &p, err);
    if (r < 0)
        return pl_refuse(s, PL_STEP_TYPE, r, err);
    pl_done(s->v, PL_STEP_TYPE, PL_S("cosign container image signature"));
    if (!pl_str_eq(p.digest, l->image_digest)) {
        r = pl_refuse(s, PL_STEP_DIGEST,
                      pl_fail(err, PL_E_SIG, "the signature is of another image"), err);
    } else {
        pl_done(s->v, PL_STEP_DIGEST, pl_dup(s->a, p.ref));
        r = check_annotations(s, p.optional, err);
    }
    pl_payload_release(&p);
    return r;
}

int pl_verify_simple(const struct pl_demand *d, const struct pl_legacy *l, struct pl_arena *a,
                     struct pl_verdict *v, struct pl_err *err)
{
    struct pl_bundle b = { 0 };
    struct pl_message m;
    struct pl_verifying s = { .d = d, .v = v, .a = a, .b = &b, .message = &m };
    pl_message_init(&m, l->payload);
    int r = legacy_bundle(l, a, &b, err);
    if (r == 0)
        r = pl_base64_bytes(l->sig, a, &b.signature, err);
    if (r == 0 && b.signature.n == 0)
        r = pl_fail(err, PL_E_FORMAT, "layer without a signature");
    if (r < 0)
        return conclude(&s, refuse_form(&s, r, err));
    pl_done(v, PL_STEP_PAYLOAD_DIGEST, PL_S(""));
    r = d->type.p
            ? pl_refuse(&s, PL_STEP_TYPE,
                        pl_fail(err, PL_E_SIG, "a signature, where an attestation is wanted"), err)
            : pl_verify_signer(&s, err);
    if (r == 0)
        r = check_payload(&s, l, err);
    if (r == 0)
        v->payload = l->payload;
    pl_message_release(&m);
    return conclude(&s, r);
}

int pl_verify_envelope(const struct pl_demand *d, const struct pl_legacy *l, struct pl_arena *a,
                       struct pl_verdict *v, struct pl_err *err)
{
    struct pl_bundle b = { .dsse = true };
    struct pl_verifying s = { .d = d, .v = v, .a = a, .b = &b };
    v->attestation = true;
    int r = legacy_bundle(l, a, &b, err);
    if (r == 0)
        r = pl_envelope_parse(l->payload, a, &b.envelope, err);
    if (r < 0)
        return conclude(&s, refuse_form(&s, r, err));
    pl_done(v, PL_STEP_PAYLOAD_DIGEST, PL_S(""));
    return conclude(&s, verify_dsse(&s, &b, l->image, err));
}
