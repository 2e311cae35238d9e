/* cosign's verbs that write: keys, signatures, attestations. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <time.h>

#include "base/base64.h"
#include "base/cleanup.h"
#include "base/limits.h"
#include "compat/cosign.h"
#include "fmt/json.h"
#include "sign/keypair.h"
#include "sign/keyref.h"
#include "sign/statement.h"

static int done(int r)
{
    return r < 0 ? CS_FAILED : CS_OK;
}

/* What of cosign's defaults cannot be had is said; what was asked for by name is refused. */
static int check_log(struct pl_cs *c)
{
    const char *upload = c->o.tlog_upload;
    if (!c->o.key)
        return pl_fail(&c->err, PL_E_USAGE,
                       "signing without a key (with an identity) is not honoured; give --key");
    if (upload && strcmp(upload, "true") == 0)
        return pl_fail(&c->err, PL_E_USAGE, "flag --tlog-upload is not honoured by plimsoll");
    if (!upload)
        fputs("WARNING: nothing is uploaded to a transparency log; verify with "
              "--insecure-ignore-tlog\n",
              stderr);
    return 0;
}

/* Both forms, so that every reader sees it, unless one is asked for. */
static int begin_job(struct pl_cs *c, struct pl_sign_job *j, struct pl_privkey **ret_key)
{
    struct pl_annotation *annotations = NULL;
    const char *form = c->o.new_bundle;
    int r = check_log(c);
    if (r == 0)
        r = pl_cs_annotations(c, &annotations);
    if (r == 0)
        r = pl_ref_privkey(c->o.key, ret_key, &c->err);
    *j = (struct pl_sign_job){ .key = *ret_key,
                               .legacy = !form || strcmp(form, "false") == 0,
                               .bundle = !form || strcmp(form, "true") == 0,
                               .annotations = annotations,
                               .n_annotations = c->o.annotations.n,
                               .now_s = (int64_t)time(NULL) };
    return r;
}

struct signing {
    struct pl_sign_place *p;
    const struct pl_sign_job *j;
};

static int sign_one(void *arg, const struct pl_named *image, struct pl_buf *bytes,
                    struct pl_err *err)
{
    struct signing *s = arg;
    struct pl_message m;
    pl_message_init(&m, pl_buf_str(bytes));
    int r = pl_sign_image(s->j, s->p->store, image, &m, err);
    pl_message_release(&m);
    return r;
}

static int sign_ref(struct pl_cs *c, size_t n, struct pl_sign_job *j, const char *what)
{
    struct pl_sign_place p = { 0 };
    struct signing s = { &p, j };
    int r = pl_cs_open(c, n, &p);
    j->repo = c->o.container_identity ? pl_str_c(c->o.container_identity) : p.repo;
    if (r == 0)
        r = sign_one(&s, &p.image, &p.manifest, &c->err);
    if (r == 0 && c->o.recursive)
        r = pl_sign_place_children(&p, sign_one, &s, &c->err);
    if (r == 0)
        fprintf(stderr, "Pushing %s to: %.*s\n", what, PL_FMT(p.repo));
    pl_sign_place_close(&p);
    return r;
}

int pl_cs_sign(struct pl_cs *c)
{
    struct pl_sign_job j;
    struct pl_privkey *key = NULL;
    int r = begin_job(c, &j, &key);
    for (size_t i = 0; r == 0 && i < c->n_ops; i++)
        r = sign_ref(c, i, &j, "signature");
    pl_privkey_free(key);
    return done(r);
}

int pl_cs_attest(struct pl_cs *c)
{
    struct pl_limits lim;
    struct pl_sign_job j;
    struct pl_privkey *key = NULL;
    struct pl_json *root = NULL;
    pl_auto_buf struct pl_buf b = { 0 };
    pl_limits_init(&lim);
    int r = c->o.predicate ? begin_job(c, &j, &key)
                           : pl_fail(&c->err, PL_E_USAGE, "predicate cannot be empty");
    if (r == 0)
        r = pl_ref_read(c->o.predicate, lim.statement / 2, &b, &c->err);
    if (r == 0)
        r = pl_json_parse(pl_buf_str(&b), (unsigned)lim.depth - 4, &root, &c->err);
    pl_json_free(root);
    if (r == 0) {
        j.predicate_type = pl_predicate_uri(pl_str_c(c->o.type ? c->o.type : "custom"));
        j.predicate = pl_str_trim(pl_buf_str(&b));
        if (!j.predicate_type.n)
            r = pl_fail(&c->err, PL_E_USAGE, "invalid predicate type: %s", c->o.type);
    }
    if (r == 0)
        r = sign_ref(c, 0, &j, "attestation");
    pl_privkey_free(key);
    return done(r);
}

int pl_cs_sign_blob(struct pl_cs *c)
{
    struct pl_sign_job j;
    struct pl_privkey *key = NULL;
    pl_auto_buf struct pl_buf b = { 0 }, sig = { 0 }, text = { 0 }, bundle = { 0 };
    const char *to = c->o.output_signature ? c->o.output_signature : c->o.output;
    int r = begin_job(c, &j, &key);
    if (r == 0)
        r = pl_ref_read(c->ops[0], PL_MIB(256), &b, &c->err);
    if (r == 0)
        r = pl_privkey_sign(key, pl_buf_str(&b), &sig, &c->err);
    if (r == 0 && c->o.bundle) {
        r = pl_sign_blob(key, pl_buf_str(&b), &bundle, &c->err);
        if (r == 0)
            r = pl_cs_write(c->o.bundle, pl_buf_str(&bundle), &c->err);
    }
    pl_base64_encode(&text, pl_buf_str(&sig), PL_BASE64_STD);
    if (!to)
        pl_buf_putc(&text, '\n');
    if (r == 0 && (to || !c->o.bundle))
        r = pl_cs_write(to, pl_buf_str(&text), &c->err);
    pl_privkey_free(key);
    return done(r);
}

/* ---- keys ---- */

static int write_pair(struct pl_cs *c, const struct pl_privkey *k, const char *prefix)
{
    struct pl_buf password = { 0 };
    int r = pl_keypair_free(prefix, c->o.yes, &c->err);
    if (r == 0)
        r = pl_password(/* twice= */ true, &password, &c->err);
    if (r == 0)
        r = pl_keypair_write(k, pl_buf_str(&password), prefix, c->o.yes, &c->err);
    pl_buf_wipe(&password);
    if (r == 0)
        fprintf(stderr, "Private key written to %s.key\nPublic key written to %s.pub\n", prefix,
                prefix);
    return r;
}

int pl_cs_generate(struct pl_cs *c)
{
    struct pl_privkey *k = NULL;
    int r = pl_privkey_generate(PL_S("ecdsa-p256"), &k, &c->err);
    if (r == 0)
        r = write_pair(c, k, c->o.prefix ? c->o.prefix : "cosign");
    pl_privkey_free(k);
    return done(r);
}

int pl_cs_import(struct pl_cs *c)
{
    struct pl_privkey *k = NULL;
    struct pl_buf b = { 0 };
    const char *prefix = c->o.prefix ? c->o.prefix : c->o.output ? c->o.output : "import-cosign";
    int r = c->o.key ? pl_ref_read(c->o.key, 1u << 20, &b, &c->err)
                     : pl_fail(&c->err, PL_E_USAGE, "required flag \"key\" not set");
    if (r == 0)
        r = pl_privkey_pem(pl_buf_str(&b), &k, &c->err);
    pl_buf_wipe(&b);
    if (r == 0)
        r = write_pair(c, k, prefix);
    pl_privkey_free(k);
    return done(r);
}

int pl_cs_public_key(struct pl_cs *c)
{
    struct pl_privkey *k = NULL;
    pl_auto_buf struct pl_buf b = { 0 };
    int r = c->o.key ? pl_ref_privkey(c->o.key, &k, &c->err)
                     : pl_fail(&c->err, PL_E_USAGE, "required flag \"key\" not set");
    if (r == 0) {
        pl_pubkey_write(pl_privkey_public(k), &b);
        r = pl_cs_write(c->o.outfile, pl_buf_str(&b), &c->err);
    }
    pl_privkey_free(k);
    return done(r);
}
