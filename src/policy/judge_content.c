/* Rules about what an image holds: vulnerabilities, base, config, secrets. formats/gates.md
 * section 1. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "model/predicate.h"
#include "policy/judge_int.h"

static void say(struct pl_judging *g, const struct pl_subject *s, const char *rule, uint32_t line,
                bool held, const char *text)
{
    pl_judge_add(g->j, rule, line, held ? PL_RULE_HELD : PL_RULE_FAILED, "%s%s%s", s->label,
                 *s->label ? ": " : "", text);
}

/* ---- vulnerabilities ---- */

/* Counts above what is admitted, "3 critical, 1 high"; 0: none. */
static uint32_t above(const struct pl_vuln_rule *w, const struct pl_vuln_counts *c, char *out,
                      size_t n)
{
    uint32_t total = 0;
    size_t at = 0;
    out[0] = 0;
    for (int s = PL_SEV_COUNT - 1; s >= 0; s--) {
        uint32_t k = c->n[s][w->fixable_only];
        if ((!w->none && s <= (int)w->max) || k == 0)
            continue;
        total += k;
        int m = snprintf(out + at, n - at, "%s%u %s", at ? ", " : "", k,
                         pl_severity_name((enum pl_severity)s));
        at = m > 0 && at + (size_t)m < n ? at + (size_t)m : at;
    }
    return total;
}

static const char *stale(const struct pl_judging *g, int64_t db_s)
{
    if (!g->p->stale_db_s)
        return NULL;
    if (db_s == PL_POLICY_NEVER)
        return "it is not known how old the advisory database was";
    if (db_s > g->now_s + PL_CLOCK_SKEW_S)
        return "the advisory database is of the future";
    return g->now_s - db_s > g->p->stale_db_s ? "the advisory database is too old (stale-db)"
                                              : NULL;
}

/* Who may report by an entry of this type, and that meets its age. */
static uint64_t reporters(const struct pl_judging *g, struct pl_str type, int64_t *ret_age)
{
    uint64_t set = 0;
    *ret_age = 0;
    for (size_t i = 0; i < g->scope->n_attestations; i++) {
        const struct pl_attestation_rule *a = &g->scope->attestations[i];
        if (!pl_str_eq(a->type, type))
            continue;
        set |= a->who.candidates;
        if (a->max_age_s && (*ret_age == 0 || a->max_age_s < *ret_age))
            *ret_age = a->max_age_s;
    }
    return set;
}

/* Is there a later report by the same signer, in the same form? Reports of one time all count. */
static bool outdated(const struct pl_judging *g, const struct pl_subject *s,
                     const struct pl_proof *f)
{
    const struct pl_proof *o;
    uint64_t by = pl_proof_signers(g->p, f, g->now_s);
    for (size_t i = 0; (o = pl_subject_proof(s, i)); i++)
        if (o->attestation && o->has_vulns && pl_str_eq(o->type, f->type) &&
            (pl_proof_signers(g->p, o, g->now_s) & by) && o->when_s > f->when_s &&
            o->when_s <= g->now_s + PL_CLOCK_SKEW_S)
            return true;
    return false;
}

#define TOO_OLD "the stored result is too old (results.max-age)"

/* Is it of the store, and older than the scope takes? */
static bool aged(const struct pl_rule_scope *scope, const struct pl_facts *f, int64_t now_s)
{
    return f->stored && scope->results.max_age_s &&
           (now_s - f->stored_s > scope->results.max_age_s ||
            f->stored_s > now_s + PL_CLOCK_SKEW_S);
}

/* `text`, and why the store did not help. */
static const char *with_store(const char *text, const struct pl_facts *f, char *room, size_t n)
{
    if (!f->not_stored.n)
        return text;
    snprintf(room, n, "%s; store: %.*s", text, PL_FMT(pl_str_sub(f->not_stored, 0, 200)));
    return room;
}

static void counts_hold(struct pl_judging *g, const struct pl_subject *s, const char *whose,
                        const struct pl_vuln_counts *c)
{
    char text[160], line[400];
    const struct pl_vuln_rule *w = &g->scope->vulns;
    uint32_t n = above(w, c, text, sizeof text);
    const char *max = w->none ? "none" : pl_severity_name(w->max);
    if (n)
        snprintf(line, sizeof line, "%s: %s%s, max is %s", whose, text,
                 w->fixable_only ? " that can be fixed" : "", max);
    else
        snprintf(line, sizeof line, "%s: nothing above %s%s", whose, max,
                 w->fixable_only ? " that can be fixed" : "");
    say(g, s, "vulnerabilities", w->line, n == 0, line);
}

static void by_attestation(struct pl_judging *g, const struct pl_subject *s)
{
    const struct pl_proof *f;
    size_t n = 0;
    int64_t age_vuln, age_scan;
    uint64_t vuln = reporters(g, PL_S(PL_PREDICATE_VULN), &age_vuln),
             scan = reporters(g, PL_S(PL_PREDICATE_SCAN), &age_scan);
    for (size_t i = 0; (f = pl_subject_proof(s, i)); i++) {
        bool is_vuln = pl_str_eq(f->type, PL_S(PL_PREDICATE_VULN)),
             is_scan = pl_str_eq(f->type, PL_S(PL_PREDICATE_SCAN));
        uint64_t may = is_vuln ? vuln : is_scan ? scan : 0;
        int64_t age = is_vuln ? age_vuln : age_scan;
        if (!f->attestation || !(pl_proof_signers(g->p, f, g->now_s) & may) || !f->has_vulns ||
            outdated(g, s, f))
            continue;
        if (age && (f->when_s == PL_POLICY_NEVER || g->now_s - f->when_s > age ||
                    f->when_s > g->now_s + PL_CLOCK_SKEW_S))
            continue;
        const char *old = stale(g, f->db_s);
        n++;
        if (!f->complete)
            say(g, s, "vulnerabilities", g->scope->vulns.line, false,
                "signed report: the scan was not finished");
        else if (old)
            say(g, s, "vulnerabilities", g->scope->vulns.line, false, old);
        else
            counts_hold(g, s, "signed report", &f->vulns);
    }
    if (n == 0)
        say(g, s, "vulnerabilities", g->scope->vulns.line, false,
            "no signed report that could be read");
}

void pl_policy_judge_vulns(struct pl_judging *g, const struct pl_subject *s)
{
    const struct pl_vuln_rule *w = &g->scope->vulns;
    if (w->source == PL_VULN_ATTESTATION) {
        by_attestation(g, s);
        return;
    }
    const struct pl_facts *f = s->own->has_vulns || !s->index ? s->own : s->index;
    char why[320];
    const char *old = f->has_vulns ? stale(g, f->db_s) : NULL;
    if (w->source == PL_VULN_SCAN && aged(g->scope, f, g->now_s))
        say(g, s, "vulnerabilities", w->line, false, TOO_OLD);
    else if (!f->has_vulns)
        say(g, s, "vulnerabilities", w->line, false,
            w->source == PL_VULN_SCAN
                ? with_store("the image was not read and matched", f, why, sizeof why)
                : "no signed inventory that could be matched");
    else if (old)
        say(g, s, "vulnerabilities", w->line, false, old);
    else
        counts_hold(g, s,
                    w->source != PL_VULN_SCAN ? "inventory"
                    : f->stored               ? "stored scan"
                                              : "scan",
                    &f->vulns);
}

/* ---- base ---- */

static bool provenance_names(const struct pl_judging *g, const struct pl_subject *s,
                             struct pl_str digest)
{
    const struct pl_proof *f;
    uint64_t builders = 0;
    for (size_t i = 0; i < g->scope->n_attestations; i++)
        if (pl_str_starts(g->scope->attestations[i].type, PL_S("https://slsa.dev/provenance/")))
            builders |= g->scope->attestations[i].who.candidates;
    for (size_t i = 0; (f = pl_subject_proof(s, i)); i++)
        for (size_t k = 0; f->attestation && (pl_proof_signers(g->p, f, g->now_s) & builders) &&
                           k < f->materials.n;
             k++)
            if (pl_str_eq(f->materials.p[k], digest))
                return true;
    return false;
}

static void base_by_provenance(struct pl_judging *g, const struct pl_subject *s)
{
    const struct pl_base_rule *b = &g->scope->base;
    const struct pl_proof *f;
    for (size_t i = 0; i < b->allow.n; i++) {
        size_t at = pl_str_find(b->allow.p[i], PL_S("@"), 0);
        if (at != SIZE_MAX && provenance_names(g, s, pl_str_sub(b->allow.p[i], at + 1, SIZE_MAX))) {
            say(g, s, "base", b->line, true, "named by the signed provenance");
            return;
        }
        /* a material is "HOST/PATH@sha256:…" where the provenance names its place */
        for (size_t n = 0; at == SIZE_MAX && (f = pl_subject_proof(s, n)); n++)
            for (size_t k = 0; f->attestation && f->ok && k < f->materials.n; k++) {
                struct pl_str m = f->materials.p[k];
                size_t cut = pl_str_find(m, PL_S("@"), 0);
                if (cut != SIZE_MAX && pl_policy_match(b->allow.p[i], pl_str_sub(m, 0, cut)) &&
                    provenance_names(g, s, m)) {
                    say(g, s, "base", b->line, true, "named by the signed provenance");
                    return;
                }
            }
    }
    say(g, s, "base", b->line, false, "no signed provenance names an allowed base");
}

void pl_policy_judge_base(struct pl_judging *g, const struct pl_subject *s)
{
    char text[300];
    if (g->scope->base.provenance) {
        base_by_provenance(g, s);
        return;
    }
    if (s->own->base.n)
        snprintf(text, sizeof text, "the first layers are those of %.*s",
                 PL_FMT(pl_str_sub(s->own->base, 0, 250)));
    say(g, s, "base", g->scope->base.line, s->own->base.n > 0,
        s->own->base.n ? text : "the first layers are of no allowed base");
}

/* ---- secrets ---- */

enum told { TOLD_NOTHING, TOLD_NONE, TOLD_SOME, TOLD_UNFINISHED, TOLD_TOO_OLD };

/* What scanners said, or what was read now, about secrets (of the environment only). */
static enum told secrets_told(const struct pl_judging *g, const struct pl_subject *s, bool env)
{
    const struct pl_proof *f;
    enum told told = TOLD_NOTHING;
    struct pl_str role = PL_S("scanner");
    if (s->own->scanned && s->own->has_secrets && aged(g->scope, s->own, g->now_s))
        told = TOLD_TOO_OLD;
    else if (s->own->scanned && s->own->has_secrets)
        return (env ? s->own->env_secrets : s->own->secrets) ? TOLD_SOME : TOLD_NONE;
    for (size_t i = 0; (f = pl_subject_proof(s, i)); i++) {
        bool type = pl_str_eq(f->type, PL_S(PL_PREDICATE_SCAN)) ||
                    pl_str_eq(f->type, PL_S(PL_PREDICATE_SECRET));
        if (!f->attestation || !type || !f->has_secrets ||
            !(pl_proof_signers(g->p, f, g->now_s) &
              pl_policy_role(g->p, &(struct pl_names){ &role, 1 })))
            continue;
        if (env ? f->env_secrets : f->secrets)
            return TOLD_SOME;
        if (told != TOLD_NONE)
            told = f->complete ? TOLD_NONE : TOLD_UNFINISHED;
    }
    return told;
}

static void judge_told(struct pl_judging *g, const struct pl_subject *s, const char *rule,
                       uint32_t line, bool env)
{
    static const char *const texts[] = {
        "no scan of a scanner, and the image was not read",
        "none found",
        "secrets were found",
        "the scan was not finished",
        TOO_OLD,
    };
    char why[320];
    enum told t = secrets_told(g, s, env);
    const char *text = t == TOLD_NOTHING ? with_store(texts[t], s->own, why, sizeof why) : texts[t];
    if (s->own->stored && t == TOLD_NONE)
        text = "none found, by the stored result";
    if (s->own->stored && t == TOLD_SOME)
        text = "secrets were found, by the stored result";
    say(g, s, rule, line, t == TOLD_NONE, text);
}

void pl_policy_judge_secrets(struct pl_judging *g, const struct pl_subject *s)
{
    judge_told(g, s, "secrets", g->scope->line, /* env= */ false);
}

/* ---- config ---- */

static bool has_label(const struct pl_facts *f, struct pl_str name)
{
    for (size_t i = 0; i < f->labels.n; i++)
        if (pl_str_eq(f->labels.p[i], name))
            return true;
    return false;
}

static void judge_labels(struct pl_judging *g, const struct pl_subject *s)
{
    const struct pl_config_rule *c = &g->scope->config;
    char text[200];
    for (size_t i = 0; i < c->labels.n; i++) {
        bool held = has_label(s->own, c->labels.p[i]);
        snprintf(text, sizeof text, "label %.*s %s", PL_FMT(pl_str_sub(c->labels.p[i], 0, 120)),
                 held ? "is there" : "is missing");
        say(g, s, "config", c->line, held, text);
    }
}

static void judge_ports(struct pl_judging *g, const struct pl_subject *s)
{
    const struct pl_config_rule *c = &g->scope->config;
    char text[64];
    size_t bad = 0;
    for (size_t i = 0; i < c->n_ports; i++)
        for (size_t k = 0; k < s->own->n_ports; k++)
            if (s->own->ports[k] == c->ports_deny[i]) {
                snprintf(text, sizeof text, "port %u is exposed", c->ports_deny[i]);
                say(g, s, "config", c->line, false, text);
                bad++;
            }
    if (c->n_ports && !bad)
        say(g, s, "config", c->line, true, "no denied port is exposed");
}

static void judge_age(struct pl_judging *g, const struct pl_subject *s)
{
    int64_t made = s->own->created_s;
    const char *bad = made == PL_POLICY_NEVER             ? "it does not say when it was made"
                      : made > g->now_s + PL_CLOCK_SKEW_S ? "it is of the future"
                      : g->now_s - made > g->scope->max_image_age_s ? "it is too old"
                                                                    : NULL;
    say(g, s, "max-image-age", g->scope->line, !bad, bad ? bad : "young enough");
}

void pl_policy_judge_config(struct pl_judging *g, const struct pl_subject *s)
{
    const struct pl_config_rule *c = &g->scope->config;
    char text[160];
    if (!s->own->has_config) {
        say(g, s, "config", c->set ? c->line : g->scope->line, false,
            "the image's config could not be read");
        return;
    }
    if (c->non_root) {
        snprintf(text, sizeof text, "the user is '%.*s'%s", PL_FMT(pl_str_sub(s->own->user, 0, 80)),
                 s->own->non_root ? "" : ", which is or may be root");
        say(g, s, "config", c->line, s->own->non_root, text);
    }
    if (c->no_env_secrets)
        judge_told(g, s, "config", c->line, /* env= */ true);
    if (c->healthcheck)
        say(g, s, "config", c->line, s->own->healthcheck,
            s->own->healthcheck ? "it has a health check" : "it has no health check");
    judge_ports(g, s);
    judge_labels(g, s);
    if (g->scope->max_image_age_s)
        judge_age(g, s);
}
