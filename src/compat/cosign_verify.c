/* cosign's verbs that check. Without --insecure-ignore-tlog an entry of a transparency log is
 * demanded, with keys too. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <time.h>

#include "base/base64.h"
#include "base/cleanup.h"
#include "compat/cosign.h"
#include "fmt/json.h"
#include "fmt/jsonw.h"
#include "fmt/regex.h"
#include "sign/keyref.h"
#include "sign/statement.h"

#define FILE_MAX PL_MIB(16)

struct check {
    struct pl_cs *c;
    struct pl_pubkey *key;
    struct pl_root *root;
    struct pl_regex *identity_re, *issuer_re;
    struct pl_demand d;
};

static int whole_regex(struct check *k, const char *pattern, struct pl_regex **ret)
{
    struct pl_regex *alone = NULL;
    struct pl_err *err = &k->c->err;
    if (!pattern)
        return 0;
    if (pl_regex_new(pl_str_c(pattern), 0, &alone, err) < 0)
        return pl_fail(err, PL_E_USAGE, "'%s' is no regular expression", pattern);
    pl_regex_free(alone);
    return pl_regex_new(pl_printf(&k->c->a, "\\A(?:%s)\\z", pattern), 0, ret, err);
}

static int load_root(struct check *k)
{
    pl_auto_buf struct pl_buf b = { 0 };
    struct pl_str text = pl_root_builtin();
    const char *name = k->c->o.trusted_root;
    struct pl_err *err = &k->c->err;
    if (!name && !k->d.by_identity && !k->d.require_tlog)
        return 0;
    if (name && pl_ref_read(name, FILE_MAX, &b, err) < 0)
        return err->code;
    if (name)
        text = pl_buf_str(&b);
    else if (!text.p)
        return pl_fail(err, PL_E_USAGE, "this build has no trusted root; give --trusted-root");
    int r = pl_root_parse(text, &k->root, err);
    k->d.root = k->root;
    return r;
}

static int begin(struct check *k, struct pl_cs *c)
{
    struct pl_annotation *annotations = NULL;
    const struct pl_cs_opts *o = &c->o;
    struct timespec now;
    bool id = o->identity || o->identity_re, issuer = o->issuer || o->issuer_re;
    *k = (struct check){ .c = c };
    if (o->check_claims && strcmp(o->check_claims, "true") != 0)
        return pl_fail(&c->err, PL_E_USAGE, "flag --check-claims=false is not honoured");
    if (!o->key && (!id || !issuer))
        return pl_fail(&c->err, PL_E_USAGE,
                       "--certificate-identity or --certificate-identity-regexp is required for "
                       "verification in keyless mode, and --certificate-oidc-issuer");
    if (o->key && (id || issuer))
        return pl_fail(&c->err, PL_E_USAGE, "--key and --certificate-identity exclude each other");
    int r = o->key ? pl_ref_pubkey(o->key, &k->key, &c->err) : 0;
    if (r == 0)
        r = pl_cs_annotations(c, &annotations);
    if (r == 0)
        r = whole_regex(k, o->identity_re, &k->identity_re);
    if (r == 0)
        r = whole_regex(k, o->issuer_re, &k->issuer_re);
    clock_gettime(CLOCK_REALTIME, &now);
    bool ignore = o->ignore_tlog || o->private_infra;
    k->d = (struct pl_demand){ .keys = (const struct pl_pubkey *const *)&k->key,
                               .n_keys = o->key ? 1 : 0,
                               .by_identity = !o->key,
                               .identity_re = k->identity_re,
                               .issuer_re = k->issuer_re,
                               .annotations = annotations,
                               .n_annotations = o->annotations.n,
                               .require_tlog = !ignore,
                               .ignore_tlog = ignore,
                               .ignore_sct = o->ignore_sct,
                               .now_ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec };
    if (o->identity)
        k->d.identity = pl_str_c(o->identity);
    if (o->issuer)
        k->d.issuer = pl_str_c(o->issuer);
    if (ignore)
        fputs("WARNING: Skipping tlog verification is an insecure practice that lacks transparency "
              "and auditability verification.\n",
              stderr);
    return r < 0 ? r : load_root(k);
}

static void finish(struct check *k)
{
    pl_pubkey_free(k->key);
    pl_root_free(k->root);
    pl_regex_free(k->identity_re);
    pl_regex_free(k->issuer_re);
}

/* ---- images ---- */

/* What each signature says, in the form of a simple signing payload. */
static void put_signature(struct pl_buf *b, const struct pl_verdict *v, const char *ref,
                          struct pl_str digest)
{
    struct pl_jsonw w = { .out = b };
    if (strcmp(v->format, "simplesigning") == 0) {
        pl_buf_putn(b, v->payload.p, v->payload.n);
        return;
    }
    pl_buf_puts(b, "{\"critical\":{\"identity\":{\"docker-reference\":");
    pl_jw_str(&w, pl_str_c(ref));
    pl_buf_printf(b, "},\"image\":{\"docker-manifest-digest\":\"%.*s\"},\"type\":\"%.*s\"}",
                  PL_FMT(digest), PL_FMT(v->predicate_type));
    pl_buf_puts(b, ",\"optional\":");
    w = (struct pl_jsonw){ .out = b };
    if (!v->n_annotations)
        pl_jw_null(&w);
    else
        pl_jw_obj(&w);
    for (size_t i = 0; i < v->n_annotations; i++) {
        pl_jw_key(&w, v->annotations[i].name.p);
        pl_jw_str(&w, v->annotations[i].value);
    }
    if (v->n_annotations)
        pl_jw_obj_end(&w);
    pl_buf_putc(b, '}');
}

/* The envelope of an attestation, one a line. */
static void put_envelope(struct pl_buf *b, const struct pl_object *o)
{
    struct pl_json *root = NULL;
    struct pl_jsonw w = { .out = b };
    if (o->form == PL_FORM_DSSE) {
        pl_buf_putn(b, o->payload.p, o->payload.n);
    } else if (pl_json_parse(o->payload, 64, &root, NULL) == 0) {
        const struct pl_json *e = pl_json_get(root, "dsseEnvelope");
        const struct pl_json *sig = pl_json_at(pl_json_get(e, "signatures"), 0);
        pl_jw_obj(&w);
        pl_jw_kstr(&w, "payloadType", pl_json_str(pl_json_get(e, "payloadType")));
        pl_jw_kstr(&w, "payload", pl_json_str(pl_json_get(e, "payload")));
        pl_jw_key(&w, "signatures");
        pl_jw_arr(&w);
        pl_jw_obj(&w);
        pl_jw_kcstr(&w, "keyid", "");
        pl_jw_kstr(&w, "sig", pl_json_str(pl_json_get(sig, "sig")));
        pl_jw_obj_end(&w);
        pl_jw_arr_end(&w);
        pl_jw_obj_end(&w);
    }
    pl_json_free(root);
    pl_buf_putc(b, '\n');
}

static void say_checks(const struct check *k, const char *ref)
{
    fprintf(stderr,
            "\nVerification for %s --\nThe following checks were performed on each of these "
            "signatures:\n  - The cosign claims were validated\n",
            ref);
    if (k->d.require_tlog)
        fputs("  - Existence of the claims in the transparency log was verified offline\n", stderr);
    fputs(k->d.by_identity ? "  - The code-signing certificate was verified using trusted "
                             "certificate authority certificates\n"
                           : "  - The signatures were verified against the specified public key\n",
          stderr);
}

/* Nothing at all, or nothing that fits: the reason of the first that was refused. */
static int refuse(struct pl_cs *c, const struct pl_verdicts *all, bool attestation)
{
    const struct pl_verdict *first = NULL;
    for (size_t i = 0; i < all->n && !first; i++)
        if (all->p[i].attestation == attestation || all->p[i].code != 0)
            first = &all->p[i];
    if (!first) {
        pl_fail(&c->err, PL_E_SIG,
                attestation ? "no matching attestations" : "no signatures found");
        return attestation ? CS_FAILED : CS_UNSIGNED;
    }
    pl_fail(&c->err, PL_E_SIG, "no matching %s: %.*s", attestation ? "attestations" : "signatures",
            (int)(first->reason.n < 300 ? first->reason.n : 300), first->reason.p);
    return attestation ? CS_FAILED : CS_NO_MATCH;
}

static int show(struct check *k, const struct pl_objects *objects, const struct pl_verdicts *all,
                const char *ref, struct pl_str digest, bool attestation)
{
    pl_auto_buf struct pl_buf b = { 0 };
    const char *form = k->c->o.output;
    bool text = form && strcmp(form, "text") == 0;
    size_t n = 0;
    pl_buf_puts(&b, attestation || text ? "" : "\n[");
    for (size_t i = 0; i < all->n; i++) {
        if (!all->p[i].ok)
            continue;
        if (attestation) {
            put_envelope(&b, &objects->p[i]);
            continue;
        }
        pl_buf_puts(&b, n++ && !text ? "," : "");
        put_signature(&b, &all->p[i], ref, digest);
        pl_buf_puts(&b, text ? "\n" : "");
    }
    pl_buf_puts(&b, attestation || text ? "" : "]\n");
    say_checks(k, ref);
    return pl_cs_print(pl_buf_str(&b), &k->c->err) < 0 ? CS_FAILED : CS_OK;
}

static int check_one(struct check *k, size_t n, bool attestation)
{
    struct pl_cs *c = k->c;
    struct pl_sign_place p = { 0 };
    struct pl_objects objects;
    struct pl_verdicts all = { 0 };
    struct pl_message m;
    int code = CS_FAILED, r = pl_cs_open(c, n, &p);
    if (r == PL_E_NOENT)
        code = CS_NO_TAG;
    pl_message_init(&m, pl_buf_str(&p.manifest));
    if (r == 0)
        r = pl_sign_collect(p.store, &p.image.digest, !attestation, &c->a, &objects, &c->err);
    if (r == 0)
        r = pl_sign_judge(&k->d, &objects, &p.image.digest, &m, &c->a, &all, &c->err);
    if (r == 0 && pl_verdicts_signers(all.p, all.n))
        code =
            show(k, &objects, &all, c->ops[n], pl_digest_text(&c->a, &p.image.digest), attestation);
    else if (r == 0)
        code = refuse(c, &all, attestation);
    pl_message_release(&m);
    pl_sign_place_close(&p);
    return code;
}

static int check_all(struct pl_cs *c, bool attestation)
{
    struct check k;
    int code = begin(&k, c) < 0 ? CS_FAILED : CS_OK;
    if (code == CS_OK && attestation) {
        k.d.type = pl_predicate_uri(pl_str_c(c->o.type ? c->o.type : "custom"));
        if (!k.d.type.n)
            code =
                (pl_fail(&c->err, PL_E_USAGE, "invalid predicate type: %s", c->o.type), CS_FAILED);
    }
    for (size_t i = 0; code == CS_OK && i < c->n_ops; i++)
        code = check_one(&k, i, attestation);
    finish(&k);
    return code;
}

int pl_cs_verify(struct pl_cs *c)
{
    return check_all(c, /* attestation= */ false);
}

int pl_cs_verify_attestation(struct pl_cs *c)
{
    return check_all(c, /* attestation= */ true);
}

/* ---- files ---- */

static int check_bundle(struct check *k, struct pl_message *m)
{
    pl_auto_buf struct pl_buf b = { 0 };
    struct pl_cs *c = k->c;
    struct pl_verdict v;
    int r = pl_ref_read(c->o.bundle, FILE_MAX, &b, &c->err);
    pl_verdict_init(&v, "file", "bundle");
    if (r == 0)
        r = pl_verify_bundle(&k->d, pl_buf_str(&b), m, &c->a, &v, &c->err);
    if (r == 0 && !v.ok)
        r = pl_fail(&c->err, PL_E_SIG, "%.*s", PL_FMT(v.reason));
    return r;
}

/* A bare signature: base64, in a file or as it is. */
static int check_signature(struct check *k, struct pl_message *m)
{
    pl_auto_buf struct pl_buf b = { 0 };
    struct pl_cs *c = k->c;
    size_t n = 0;
    if (k->d.by_identity || k->d.require_tlog)
        return pl_fail(&c->err, PL_E_USAGE,
                       "a bare --signature goes with --key and --insecure-ignore-tlog; else give "
                       "--bundle");
    if (pl_ref_read(c->o.signature, 65536, &b, NULL) < 0)
        pl_buf_puts(&b, c->o.signature);
    if (pl_base64_decode(pl_str_trim(pl_buf_str(&b)), PL_BASE64_LENIENT, b.p, &n, NULL) < 0)
        return pl_fail(&c->err, PL_E_FORMAT, "the signature is not base64");
    return pl_pubkey_verify(k->key, m, pl_str_n(b.p, n), /* pss= */ false, &c->err);
}

int pl_cs_verify_blob(struct pl_cs *c)
{
    struct check k;
    struct pl_message m;
    pl_auto_buf struct pl_buf b = { 0 };
    int r = begin(&k, c);
    if (r == 0)
        r = pl_ref_read(c->ops[0], PL_MIB(256), &b, &c->err);
    pl_message_init(&m, pl_buf_str(&b));
    if (r == 0 && !c->o.bundle == !c->o.signature)
        r = pl_fail(&c->err, PL_E_USAGE, "one of --bundle and --signature is needed");
    if (r == 0)
        r = c->o.bundle ? check_bundle(&k, &m) : check_signature(&k, &m);
    if (r == 0)
        fputs("Verified OK\n", stderr);
    pl_message_release(&m);
    finish(&k);
    return r < 0 ? CS_FAILED : CS_OK;
}
