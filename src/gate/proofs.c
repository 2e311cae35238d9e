/* Signatures and attestations of one manifest: each is judged for every signer of the scope, and
 * kept with what it says. formats/gates.md section 1, signing.md section 7. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "gate/gate_int.h"
#include "sign/statement.h"

uint64_t pl_gather_signers(const struct pl_gathering *w)
{
    const struct pl_rule_scope *s = w->scope;
    struct pl_str role = PL_S("scanner");
    uint64_t set = s->vulns.vex_signers;
    for (size_t i = 0; i < s->n_signatures; i++)
        set |= s->signatures[i].candidates;
    for (size_t i = 0; i < s->n_attestations; i++)
        set |= s->attestations[i].who.candidates;
    if (s->no_secrets || s->config.no_env_secrets)
        set |= pl_policy_role(w->g->policy, &(struct pl_names){ &role, 1 });
    return set;
}

bool pl_gather_is_vex(const struct pl_gathering *w, const struct pl_proof *f)
{
    return f->attestation && pl_predicate_is(f->type, PL_S("https://openvex.dev/ns")) &&
           (pl_proof_signers(w->g->policy, f, w->now_s) & w->scope->vulns.vex_signers);
}

struct judged {
    struct pl_gathering *w;
    const struct pl_digest *d;
    struct pl_message manifest;
    struct pl_arena scratch; /* verdicts */
    struct pl_objects objects;
    struct pl_verdicts by[PL_POLICY_SIGNERS_MAX];
    uint64_t signers;
};

static int judge_signer(struct judged *j, size_t i, struct pl_err *err)
{
    const struct pl_gate *g = j->w->g;
    const struct pl_signer_rule *s = &g->policy->signers[i];
    const struct pl_pubkey *key = g->keys[i];
    struct pl_demand d = { .any_type = true, .now_ns = j->w->now_s * 1000000000 };
    if (s->identity) {
        d.by_identity = true;
        d.identity = s->subject;
        d.issuer = s->issuer;
        d.root = g->root;
    } else {
        d.keys = &key;
        d.n_keys = 1;
    }
    return pl_sign_judge(&d, &j->objects, j->d, &j->manifest, &j->scratch, &j->by[i], err);
}

static struct pl_pair *copy_pairs(struct pl_arena *a, const struct pl_verdict *v)
{
    struct pl_pair *p = pl_alloc_n(a, v->n_annotations, sizeof *p);
    for (size_t i = 0; i < v->n_annotations; i++)
        p[i] = (struct pl_pair){ pl_dup(a, v->annotations[i].name),
                                 pl_dup(a, v->annotations[i].value) };
    return p;
}

static struct pl_proof proof_of(const struct judged *j, const struct pl_verdict *v, size_t signer)
{
    struct pl_arena *a = j->w->a;
    const struct pl_signer_rule *s = &j->w->g->policy->signers[signer];
    struct pl_proof f = { .object = pl_dup(a, v->object),
                          .attestation = v->attestation,
                          .ok = v->ok,
                          .type = pl_dup(a, v->predicate_type),
                          .when_s = PL_POLICY_NEVER,
                          .db_s = PL_POLICY_NEVER };
    if (!v->ok) {
        f.reason = pl_dup(a, pl_str_sub(v->reason, 0, 300));
        return f;
    }
    f.annotations = copy_pairs(a, v);
    f.n_annotations = v->n_annotations;
    if (s->identity) {
        f.subject = pl_dup(a, s->subject); /* evidence outlives the policy */
        f.issuer = pl_dup(a, s->issuer);
    } else {
        f.key = pl_dup(a, s->id);
    }
    return f;
}

/* One signature by several signers' view: as many proofs as hold, or one that does not. */
static void add_object(struct judged *j, size_t object, struct pl_facts *f, struct pl_str *payload)
{
    const struct pl_verdict *bad = NULL;
    size_t bad_signer = 0, before = f->n_proofs;
    for (size_t i = 0; i < j->w->g->policy->n_signers; i++) {
        if (!(j->signers >> i & 1))
            continue;
        const struct pl_verdict *v = &j->by[i].p[object];
        if (v->ok) {
            payload[f->n_proofs] = v->payload;
            f->proofs[f->n_proofs++] = proof_of(j, v, i);
        } else if (!bad) {
            bad = v;
            bad_signer = i;
        }
    }
    if (f->n_proofs == before && bad)
        f->proofs[f->n_proofs++] = proof_of(j, bad, bad_signer);
}

/* ---- inventories ---- */

/* Is it a bill of materials of somebody the scope lets make one? */
static bool counts_as_bill(const struct judged *j, const struct pl_proof *f)
{
    const struct pl_rule_scope *s = j->w->scope;
    uint64_t by = pl_proof_signers(j->w->g->policy, f, j->w->now_s);
    bool bill = pl_str_is(f->type, PL_PREDICATE_CYCLONEDX) || pl_str_is(f->type, PL_PREDICATE_SPDX);
    for (size_t i = 0; f->attestation && bill && i < s->n_attestations; i++)
        if (pl_str_eq(s->attestations[i].type, f->type) && (by & s->attestations[i].who.candidates))
            return true;
    return false;
}

/* Several inventories of one image: the worst of each severity counts. */
static void worst(struct pl_vuln_counts *have, const struct pl_vuln_counts *more)
{
    for (int s = 0; s < PL_SEV_COUNT; s++)
        for (int i = 0; i < 2; i++)
            have->n[s][i] = more->n[s][i] > have->n[s][i] ? more->n[s][i] : have->n[s][i];
}

static int match_bill(struct judged *j, struct pl_str payload, const struct pl_vex *vex,
                      struct pl_facts *f, struct pl_err *err)
{
    struct pl_gate *g = j->w->g;
    struct pl_report report = { .a = &j->scratch };
    struct pl_vuln_counts counts = { 0 };
    struct pl_str bill;
    if (!pl_json_member(payload, "predicate", &bill))
        return pl_fail(err, PL_E_FORMAT, "an inventory without content");
    pthread_mutex_lock(&g->reading);
    int r = g->reader.read(g->reader.arg, PL_S(""), bill, &report, err);
    pthread_mutex_unlock(&g->reading);
    if (r < 0)
        return pl_wrap(err, "inventory");
    pl_gather_count(j->w, vex, &report, &counts);
    worst(&f->vulns, &counts);
    f->has_vulns = true;
    f->db_s = pl_gather_db_time(&report);
    return 0;
}

/* Statements are read when all are there: VEX of one changes the counts of another. */
static int read_statements(struct judged *j, struct pl_facts *f, const struct pl_str *payload,
                           struct pl_err *err)
{
    bool inventory = j->w->scope->vulns.set && j->w->scope->vulns.source == PL_VULN_INVENTORY &&
                     j->w->g->reader.read && j->w->g->reader.db_hash[0];
    int r = 0;
    struct pl_names texts = { pl_alloc_n(&j->scratch, f->n_proofs, sizeof *texts.p), 0 };
    struct pl_vex vex = { .a = &j->scratch };
    for (size_t i = 0; i < f->n_proofs; i++)
        if (pl_gather_is_vex(j->w, &f->proofs[i]))
            texts.p[texts.n++] = payload[i];
    pl_gather_vex(j->w, &texts, &vex);
    for (size_t i = 0; i < f->n_proofs; i++)
        if (f->proofs[i].ok && f->proofs[i].attestation)
            pl_gather_statement(j->w, payload[i], &vex, &f->proofs[i]);
    for (size_t i = 0; r == 0 && inventory && i < f->n_proofs; i++)
        if (counts_as_bill(j, &f->proofs[i]))
            r = match_bill(j, payload[i], &vex, f, err);
    pl_vex_release(&vex);
    return r;
}

static int take(struct judged *j, struct pl_facts *f, struct pl_err *err)
{
    size_t n = j->w->g->policy->n_signers;
    const struct pl_rule_scope *s = j->w->scope;
    int r = pl_sign_collect(j->w->store, j->d, s->n_signatures > 0, &j->scratch, &j->objects, err);
    for (size_t i = 0; r == 0 && i < n; i++)
        if (j->signers >> i & 1)
            r = judge_signer(j, i, err);
    if (r < 0)
        return r;
    size_t max = j->objects.n * (n ? n : 1);
    struct pl_str *payload = pl_alloc_n(&j->scratch, max, sizeof *payload);
    f->proofs = pl_alloc_n(&j->scratch, max, sizeof *f->proofs);
    for (size_t i = 0; i < j->objects.n; i++)
        add_object(j, i, f, payload);
    r = read_statements(j, f, payload, err);
    struct pl_proof *kept = pl_alloc_n(j->w->a, f->n_proofs, sizeof *kept);
    if (f->n_proofs)
        memcpy(kept, f->proofs, f->n_proofs * sizeof *kept);
    f->proofs = kept;
    return r;
}

int pl_gather_proofs(struct pl_gathering *w, const struct pl_digest *d, struct pl_str manifest,
                     struct pl_facts *f, struct pl_err *err)
{
    struct judged *j = calloc(1, sizeof *j);
    if (!j)
        pl_oom();
    j->w = w;
    j->d = d;
    j->signers = pl_gather_signers(w);
    pl_message_init(&j->manifest, manifest);
    int r = j->signers ? take(j, f, err) : 0;
    pl_message_release(&j->manifest);
    pl_arena_release(&j->scratch);
    free(j);
    return r;
}
