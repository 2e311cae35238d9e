/* Evidence written as JSON; whole numbers only, so that it has a canonical form. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/evidence.h"

static void kint(struct pl_jsonw *w, const char *key, int64_t v)
{
    if (v == PL_POLICY_NEVER)
        return;
    pl_jw_key(w, key);
    pl_jw_int(w, v);
}

static void kbool(struct pl_jsonw *w, const char *key, bool v)
{
    if (v)
        pl_jw_kbool(w, key, true);
}

static void kstr(struct pl_jsonw *w, const char *key, struct pl_str s)
{
    if (s.n)
        pl_jw_kstr(w, key, s);
}

static void knames(struct pl_jsonw *w, const char *key, const struct pl_names *n)
{
    if (n->n)
        pl_jw_kstrs(w, key, n->p, n->n);
}

/* {"critical":[2,1]}: two, one of which a version mends. */
static void kvulns(struct pl_jsonw *w, const struct pl_vuln_counts *c)
{
    pl_jw_key(w, "vulns");
    pl_jw_obj(w);
    for (int s = PL_SEV_COUNT - 1; s >= 0; s--) {
        if (!c->n[s][0])
            continue;
        pl_jw_key(w, pl_severity_name((enum pl_severity)s));
        pl_jw_arr(w);
        pl_jw_u64(w, c->n[s][0]);
        pl_jw_u64(w, c->n[s][1]);
        pl_jw_arr_end(w);
    }
    pl_jw_obj_end(w);
}

static void ksecrets(struct pl_jsonw *w, uint32_t all, uint32_t env)
{
    pl_jw_ku64(w, "secrets", all);
    pl_jw_ku64(w, "env_secrets", env);
}

static void put_signer(struct pl_jsonw *w, const struct pl_proof *f)
{
    kstr(w, "key", f->key);
    if (!f->subject.n)
        return;
    pl_jw_key(w, "identity");
    pl_jw_obj(w);
    pl_jw_kstr(w, "subject", f->subject);
    pl_jw_kstr(w, "issuer", f->issuer);
    pl_jw_obj_end(w);
}

static void put_annotations(struct pl_jsonw *w, const struct pl_proof *f)
{
    if (!f->n_annotations)
        return;
    pl_jw_key(w, "annotations");
    pl_jw_arr(w);
    for (size_t i = 0; i < f->n_annotations; i++) {
        pl_jw_arr(w);
        pl_jw_str(w, f->annotations[i].name);
        pl_jw_str(w, f->annotations[i].value);
        pl_jw_arr_end(w);
    }
    pl_jw_arr_end(w);
}

static void put_proof(struct pl_jsonw *w, const struct pl_proof *f, size_t of)
{
    pl_jw_obj(w);
    kstr(w, "object", f->object);
    pl_jw_kcstr(w, "kind", f->attestation ? "attestation" : "signature");
    kstr(w, "type", f->type);
    pl_jw_kbool(w, "ok", f->ok);
    kstr(w, "reason", f->reason);
    put_signer(w, f);
    put_annotations(w, f);
    if (of)
        pl_jw_ku64(w, "of", of);
    kint(w, "when", f->when_s);
    kstr(w, "builder", f->builder);
    kbool(w, "packages_read", f->packages_read);
    knames(w, "denied", &f->denied);
    knames(w, "materials", &f->materials);
    kbool(w, "complete", f->complete);
    if (f->has_vulns)
        kvulns(w, &f->vulns);
    if (f->has_secrets)
        ksecrets(w, f->secrets, f->env_secrets);
    kint(w, "db", f->db_s);
    pl_jw_obj_end(w);
}

static void put_config(struct pl_jsonw *w, const struct pl_facts *f)
{
    pl_jw_key(w, "config");
    pl_jw_obj(w);
    pl_jw_kstr(w, "user", f->user);
    pl_jw_kbool(w, "non_root", f->non_root);
    pl_jw_kbool(w, "healthcheck", f->healthcheck);
    kint(w, "created", f->created_s);
    knames(w, "labels", &f->labels);
    pl_jw_key(w, "ports");
    pl_jw_arr(w);
    for (size_t i = 0; i < f->n_ports; i++)
        pl_jw_u64(w, f->ports[i]);
    pl_jw_arr_end(w);
    pl_jw_obj_end(w);
}

static void put_image(struct pl_jsonw *w, const struct pl_facts *f)
{
    pl_jw_obj(w);
    pl_jw_kstr(w, "digest", f->digest);
    kstr(w, "platform", f->platform);
    kstr(w, "unread", f->unread);
    if (f->has_config)
        put_config(w, f);
    kstr(w, "base", f->base);
    kbool(w, "scanned", f->scanned);
    if (f->has_vulns)
        kvulns(w, &f->vulns);
    if (f->has_secrets)
        ksecrets(w, f->secrets, f->env_secrets);
    kint(w, "db", f->db_s);
    if (f->stored)
        kint(w, "stored", f->stored_s);
    kstr(w, "not_stored", f->not_stored);
    pl_jw_obj_end(w);
}

void pl_evidence_put(const struct pl_evidence *e, struct pl_jsonw *w)
{
    pl_jw_key(w, "evidence");
    pl_jw_arr(w);
    for (size_t i = 0; i <= e->n_children; i++) {
        const struct pl_facts *f = i == 0 ? &e->top : &e->children[i - 1];
        for (size_t k = 0; k < f->n_proofs; k++)
            put_proof(w, &f->proofs[k], i);
    }
    pl_jw_arr_end(w);
    pl_jw_key(w, "facts");
    pl_jw_obj(w);
    pl_jw_kbool(w, "index", e->index);
    kstr(w, "refused", e->refused);
    pl_jw_key(w, "images");
    pl_jw_arr(w);
    for (size_t i = 0; i <= e->n_children; i++)
        put_image(w, i == 0 ? &e->top : &e->children[i - 1]);
    pl_jw_arr_end(w);
    pl_jw_obj_end(w);
}

void pl_evidence_write(const struct pl_evidence *e, struct pl_buf *b)
{
    struct pl_jsonw w = { .out = b };
    pl_jw_obj(&w);
    pl_evidence_put(e, &w);
    pl_jw_obj_end(&w);
}
