/* Every rule of a scope against what is known. formats/gates.md section 1. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/judge.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "policy/judge_int.h"

const char *const pl_ruling_names[3] = { "deny", "allow", "audit" };
const char *const pl_rule_state_names[3] = { "held", "failed", "skipped" };

void pl_judge_add(struct pl_judgement *j, const char *rule, uint32_t line, enum pl_rule_state state,
                  const char *fmt, ...)
{
    char text[900];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (j->n_rules == j->cap) {
        size_t cap = j->cap ? 2 * j->cap : 16;
        struct pl_rule_result *p = pl_alloc_n(j->a, cap, sizeof *p);
        if (j->n_rules)
            memcpy(p, j->rules, j->n_rules * sizeof *p);
        j->rules = p;
        j->cap = cap;
    }
    j->rules[j->n_rules++] = (struct pl_rule_result){
        .rule = rule, .line = line, .state = state, .why = pl_dup(j->a, pl_str_c(text))
    };
    j->failed |= state == PL_RULE_FAILED;
}

/* ---- who made a proof ---- */

static bool made_by(const struct pl_proof *f, const struct pl_signer_rule *s)
{
    if (s->identity)
        return f->subject.n && pl_str_eq(s->subject, f->subject) && pl_str_eq(s->issuer, f->issuer);
    return f->key.n && pl_str_eq(s->id, f->key);
}

uint64_t pl_proof_signers(const struct pl_policy *p, const struct pl_proof *f, int64_t now_s)
{
    uint64_t set = 0;
    for (size_t i = 0; f->ok && i < p->n_signers; i++)
        if (made_by(f, &p->signers[i]) && !pl_signer_past(&p->signers[i], now_s))
            set |= UINT64_C(1) << i;
    return set;
}

/* Would it count, if its signer were not past his not-after? */
static bool is_past(const struct pl_judging *g, const struct pl_proof *f)
{
    bool past = false;
    for (size_t i = 0; f->ok && i < g->p->n_signers && !past; i++)
        past = made_by(f, &g->p->signers[i]) && pl_signer_past(&g->p->signers[i], g->now_s);
    return past;
}

uint32_t pl_signers_count(const struct pl_policy *p, uint64_t set)
{
    uint32_t n = 0;
    for (size_t i = 0; i < p->n_signers; i++) {
        bool again = !(set >> i & 1);
        for (size_t k = 0; k < i && !again; k++)
            again = (set >> k & 1) && pl_signer_same(&p->signers[k], &p->signers[i]);
        n += !again;
    }
    return n;
}

const struct pl_proof *pl_subject_proof(const struct pl_subject *s, size_t i)
{
    size_t n = s->index ? s->index->n_proofs : 0;
    return i < n ? &s->index->proofs[i] : i - n < s->own->n_proofs ? &s->own->proofs[i - n] : NULL;
}

/* "release, backup": names of signers, cut. */
static void names_of(const struct pl_policy *p, uint64_t set, char *out, size_t n)
{
    size_t at = 0;
    out[0] = 0;
    for (size_t i = 0; i < p->n_signers; i++) {
        if (!(set >> i & 1))
            continue;
        int w = snprintf(out + at, n - at, "%s%.*s", at ? ", " : "",
                         PL_FMT(pl_str_sub(p->signers[i].name, 0, 40)));
        if (w < 0 || at + (size_t)w >= n - 8) {
            memcpy(out + at, at ? ", …" : "…", at ? 6 : 4);
            return;
        }
        at += (size_t)w;
    }
}

/* ---- signatures ---- */

static uint64_t who_signed(const struct pl_judging *g, const struct pl_subject *s)
{
    const struct pl_proof *f;
    uint64_t set = 0;
    for (size_t i = 0; (f = pl_subject_proof(s, i)); i++)
        if (!f->attestation)
            set |= pl_proof_signers(g->p, f, g->now_s);
    return set;
}

/* Why there is none: the first signature that was looked at and did not hold. */
static void why_not(const struct pl_judging *g, const struct pl_subject *s, bool attestation,
                    char *out, size_t n)
{
    const struct pl_proof *f, *bad = NULL;
    size_t seen = 0;
    bool past = false;
    for (size_t i = 0; (f = pl_subject_proof(s, i)); i++) {
        if (f->attestation != attestation)
            continue;
        seen++;
        past |= is_past(g, f);
        if (!f->ok && !bad)
            bad = f;
    }
    const char *what = attestation ? "attestation" : "signature";
    if (seen == 0)
        snprintf(out, n, "no %s was found", what);
    else if (past)
        snprintf(out, n, "%zu %s%s found; its signer is past the not-after", seen, what,
                 seen > 1 ? "s" : "");
    else if (bad)
        snprintf(out, n, "%zu %s%s found; %.*s", seen, what, seen > 1 ? "s" : "",
                 PL_FMT(pl_str_sub(bad->reason, 0, 200)));
    else
        snprintf(out, n, "%zu %s%s found, of others", seen, what, seen > 1 ? "s" : "");
}

static void judge_quorum(struct pl_judging *g, const struct pl_subject *s,
                         const struct pl_quorum *q)
{
    char have[300], want[300], why[300];
    uint64_t set = who_signed(g, s) & q->candidates;
    uint32_t n = pl_signers_count(g->p, set);
    names_of(g->p, set, have, sizeof have);
    names_of(g->p, q->candidates, want, sizeof want);
    if (n >= q->need) {
        pl_judge_add(g->j, "signatures", q->line, PL_RULE_HELD, "%s%ssigned by %s (%u of %u)",
                     s->label, *s->label ? ": " : "", have, n, q->need);
        return;
    }
    why_not(g, s, false, why, sizeof why);
    pl_judge_add(g->j, "signatures", q->line, PL_RULE_FAILED,
                 "%s%s%u of %u wanted signers (%s): %s", s->label, *s->label ? ": " : "", n,
                 q->need, want, n ? have : why);
}

static bool has_pairs(const struct pl_proof *f, const struct pl_rule_scope *scope)
{
    for (size_t i = 0; i < scope->n_annotations; i++) {
        size_t k = 0;
        while (k < f->n_annotations &&
               !(pl_str_eq(f->annotations[k].name, scope->annotations[i].name) &&
                 pl_str_eq(f->annotations[k].value, scope->annotations[i].value)))
            k++;
        if (k == f->n_annotations)
            return false;
    }
    return true;
}

static void judge_annotations(struct pl_judging *g, const struct pl_subject *s)
{
    const struct pl_proof *f;
    uint64_t counted = 0;
    bool held = false;
    for (size_t i = 0; i < g->scope->n_signatures; i++)
        counted |= g->scope->signatures[i].candidates;
    for (size_t i = 0; !held && (f = pl_subject_proof(s, i)); i++)
        held = !f->attestation && (pl_proof_signers(g->p, f, g->now_s) & counted) &&
               has_pairs(f, g->scope);
    pl_judge_add(g->j, "annotations", g->scope->line, held ? PL_RULE_HELD : PL_RULE_FAILED,
                 held ? "%s%sa counted signature has them all"
                      : "%s%sno counted signature has all annotations that are wanted",
                 s->label, *s->label ? ": " : "");
}

static void stage_signatures(struct pl_judging *g, const struct pl_subject *s)
{
    for (size_t i = 0; i < g->scope->n_signatures; i++)
        judge_quorum(g, s, &g->scope->signatures[i]);
    if (g->scope->n_annotations)
        judge_annotations(g, s);
}

/* ---- attestations ---- */

bool pl_type_is(struct pl_str have, struct pl_str want)
{
    return pl_str_eq(have, want) || (pl_str_is(want, "https://openvex.dev/ns") &&
                                     pl_str_is(have, "https://openvex.dev/ns/v0.2.0"));
}

/* Why this attestation does not meet the entry; NULL: it does. */
static const char *attestation_fault(const struct pl_judging *g, const struct pl_proof *f,
                                     const struct pl_attestation_rule *a)
{
    if (a->builder.n && !pl_str_eq(f->builder, a->builder))
        return "made by another builder";
    if (a->deny_packages.n && !f->packages_read)
        return "its packages could not be read";
    for (size_t i = 0; i < a->deny_packages.n; i++)
        for (size_t k = 0; k < f->denied.n; k++)
            if (pl_str_eq(f->denied.p[k], a->deny_packages.p[i]))
                return "it lists a denied package";
    if (!a->max_age_s)
        return NULL;
    if (f->when_s == PL_POLICY_NEVER)
        return "it does not say when its scan was finished";
    if (f->when_s > g->now_s + PL_CLOCK_SKEW_S)
        return "its time lies in the future";
    return g->now_s - f->when_s > a->max_age_s ? "it is too old" : NULL;
}

static void judge_attestation(struct pl_judging *g, const struct pl_subject *s,
                              const struct pl_attestation_rule *a)
{
    char have[300], want[300], why[300];
    const struct pl_proof *f;
    const char *fault = NULL, *denied = NULL;
    uint64_t set = 0;
    for (size_t i = 0; (f = pl_subject_proof(s, i)); i++) {
        uint64_t by = f->attestation && pl_type_is(f->type, a->type)
                          ? pl_proof_signers(g->p, f, g->now_s) & a->who.candidates
                          : 0;
        const char *bad = by ? attestation_fault(g, f, a) : NULL;
        if (by && bad && strcmp(bad, "it lists a denied package") == 0)
            denied = bad; /* a cleaner list beside it does not undo that */
        if (by && bad)
            fault = bad;
        else
            set |= by;
    }
    uint32_t n = pl_signers_count(g->p, set);
    names_of(g->p, set, have, sizeof have);
    names_of(g->p, a->who.candidates, want, sizeof want);
    if (n >= a->who.need && !denied) {
        pl_judge_add(g->j, "attestations", a->who.line, PL_RULE_HELD, "%s%s%.*s by %s (%u of %u)",
                     s->label, *s->label ? ": " : "", PL_FMT(pl_str_sub(a->word, 0, 80)), have, n,
                     a->who.need);
        return;
    }
    why_not(g, s, true, why, sizeof why);
    pl_judge_add(g->j, "attestations", a->who.line, PL_RULE_FAILED,
                 "%s%s%.*s: %u of %u wanted signers (%s): %s", s->label, *s->label ? ": " : "",
                 PL_FMT(pl_str_sub(a->word, 0, 80)), n, a->who.need, want,
                 denied  ? denied
                 : fault ? fault
                         : why);
}

static void stage_attestations(struct pl_judging *g, const struct pl_subject *s)
{
    for (size_t i = 0; i < g->scope->n_attestations; i++)
        judge_attestation(g, s, &g->scope->attestations[i]);
}

/* ---- stages ---- */

struct stage {
    const char *name;
    void (*run)(struct pl_judging *g, const struct pl_subject *s);
    bool (*asked)(const struct pl_rule_scope *s);
};

static bool asks_signatures(const struct pl_rule_scope *s)
{
    return s->n_signatures > 0;
}

static bool asks_attestations(const struct pl_rule_scope *s)
{
    return s->n_attestations > 0;
}

static bool asks_vulns(const struct pl_rule_scope *s)
{
    return s->vulns.set;
}

static bool asks_base(const struct pl_rule_scope *s)
{
    return s->base.set;
}

static bool asks_config(const struct pl_rule_scope *s)
{
    return s->config.set || s->max_image_age_s;
}

static bool asks_secrets(const struct pl_rule_scope *s)
{
    return s->no_secrets;
}

static const struct stage stages[] = {
    { "signatures", stage_signatures, asks_signatures },
    { "attestations", stage_attestations, asks_attestations },
    { "vulnerabilities", pl_policy_judge_vulns, asks_vulns },
    { "base", pl_policy_judge_base, asks_base },
    { "config", pl_policy_judge_config, asks_config },
    { "secrets", pl_policy_judge_secrets, asks_secrets },
};

static void run_stage(struct pl_judging *g, const struct stage *st, const struct pl_evidence *e)
{
    char label[96];
    if (!e->index) {
        st->run(g, &(struct pl_subject){ &e->top, NULL, "" });
        return;
    }
    for (size_t i = 0; i < e->n_children; i++) {
        const struct pl_facts *c = &e->children[i];
        struct pl_str name = c->platform.n ? c->platform : c->digest;
        snprintf(label, sizeof label, "%.*s", PL_FMT(pl_str_sub(name, 0, 80)));
        st->run(g, &(struct pl_subject){ c, &e->top, label });
    }
}

/* What must be known before anything else can be said. */
static void whole(struct pl_judging *g, const struct pl_evidence *e)
{
    if (e->refused.n)
        pl_judge_add(g->j, "platforms", g->scope->line, PL_RULE_FAILED, "%.*s",
                     PL_FMT(pl_str_sub(e->refused, 0, 400)));
    if (e->index && e->n_children == 0 && !e->refused.n)
        pl_judge_add(g->j, "platforms", g->scope->line, PL_RULE_FAILED,
                     "the index has no image that may run");
    for (size_t i = 0; i <= e->n_children; i++) {
        const struct pl_facts *f = i == 0 ? &e->top : &e->children[i - 1];
        if (f->unread.n)
            pl_judge_add(g->j, "read", g->scope->line, PL_RULE_FAILED, "not read to its end: %.*s",
                         PL_FMT(pl_str_sub(f->unread, 0, 400)));
    }
    if (g->scope->platforms.n && !g->j->failed)
        pl_judge_add(g->j, "platforms", g->scope->line, PL_RULE_HELD, "%zu judged",
                     e->index ? e->n_children : (size_t)1);
}

void pl_policy_judge(struct pl_judgement *j, const struct pl_policy *p,
                     const struct pl_rule_scope *scope, const struct pl_evidence *e, int64_t now_s,
                     bool all)
{
    struct pl_judging g = { .j = j, .p = p, .scope = scope, .now_s = now_s };
    whole(&g, e);
    for (size_t i = 0; i < sizeof stages / sizeof stages[0]; i++) {
        if (!stages[i].asked(scope))
            continue;
        if (j->failed && !all)
            pl_judge_add(j, stages[i].name, scope->line, PL_RULE_SKIPPED,
                         "not reached after a failure");
        else
            run_stage(&g, &stages[i], e);
    }
}
