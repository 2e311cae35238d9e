/* One scope of a policy. formats/gates.md section 1. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "model/predicate.h"
#include "policy/judge_int.h"
#include "policy/policy_int.h"

/* What an entry says before its names are looked up. */
struct entry {
    struct pl_names roles, from;
    uint32_t need;
    struct pl_attestation_rule a;
};

/* ---- who ---- */

uint64_t pl_policy_role(const struct pl_policy *p, const struct pl_names *roles)
{
    uint64_t set = 0;
    for (size_t i = 0; i < p->n_signers; i++)
        for (size_t k = 0; k < p->signers[i].roles.n; k++)
            for (size_t m = 0; m < roles->n; m++)
                if (pl_str_eq(p->signers[i].roles.p[k], roles->p[m]))
                    set |= UINT64_C(1) << i;
    return set;
}

static int by_name(struct pl_pol *r, const struct pl_yaml *y, const struct pl_names *from,
                   uint64_t *ret)
{
    *ret = 0;
    for (size_t i = 0; i < from->n; i++) {
        size_t k = 0;
        while (k < r->p->n_signers && !pl_str_eq(r->p->signers[k].name, from->p[i]))
            k++;
        if (k == r->p->n_signers)
            return pl_pol_fail(r, y, "no key or identity is called '%.*s'",
                               PL_FMT(pl_str_sub(from->p[i], 0, 60)));
        *ret |= UINT64_C(1) << k;
    }
    return 0;
}

static int each_role(struct pl_pol *r, const struct pl_yaml *y, const struct pl_names *roles)
{
    for (size_t i = 0; i < roles->n; i++)
        if (!pl_policy_role(r->p, &(struct pl_names){ roles->p + i, 1 }))
            return pl_pol_fail(r, y, "no key or identity has the role '%.*s'",
                               PL_FMT(pl_str_sub(roles->p[i], 0, 60)));
    return 0;
}

static int quorum(struct pl_pol *r, const struct pl_yaml *y, const struct entry *e,
                  struct pl_quorum *ret)
{
    int q = 0;
    ret->line = y->line;
    ret->need = e->need ? e->need : 1;
    if (!e->roles.n == !e->from.n)
        return pl_pol_fail(r, y, "one of 'roles' and 'from' is wanted");
    if (e->roles.n)
        q = each_role(r, y, &e->roles);
    if (q == 0 && e->from.n)
        q = by_name(r, y, &e->from, &ret->candidates);
    else if (q == 0)
        ret->candidates = pl_policy_role(r->p, &e->roles);
    if (q == 0 && ret->need > pl_signers_count(r->p, ret->candidates))
        return pl_pol_fail(r, y, "'need: %u', but there are only %u different signers", ret->need,
                           pl_signers_count(r->p, ret->candidates));
    return q;
}

int pl_policy_check_needs(const struct pl_policy *p, struct pl_err *err)
{
    for (size_t i = 0; i < p->n_scopes; i++) {
        const struct pl_rule_scope *s = &p->scopes[i];
        for (size_t k = 0; k < s->n_signatures + s->n_attestations; k++) {
            const struct pl_quorum *w =
                k < s->n_signatures ? &s->signatures[k] : &s->attestations[k - s->n_signatures].who;
            if (w->need > pl_signers_count(p, w->candidates))
                return pl_fail(err, PL_E_USAGE,
                               "%.*s:%u: 'need: %u', but there are only %u different signers: "
                               "one key has several names",
                               PL_FMT(p->name), w->line, w->need,
                               pl_signers_count(p, w->candidates));
        }
    }
    return 0;
}

static int read_signature(struct pl_pol *r, const struct pl_yaml *v, void *to)
{
    static const struct pl_pol_field fields[] = {
        { "roles", pl_pol_names, offsetof(struct entry, roles), false },
        { "from", pl_pol_names, offsetof(struct entry, from), false },
        { "need", pl_pol_uint, offsetof(struct entry, need), false },
    };
    struct entry e = { 0 };
    int q = pl_pol_map(r, v, "an entry of signatures", fields, 3, &e);
    return q < 0 ? q : quorum(r, v, &e, to);
}

static int read_signatures(struct pl_pol *r, const struct pl_yaml *v, void *to)
{
    struct pl_rule_scope *s = to;
    void *p = NULL;
    int q = pl_pol_list(r, v, "signatures", PL_POLICY_ENTRIES_MAX, sizeof *s->signatures,
                        read_signature, &p, &s->n_signatures);
    s->signatures = p;
    return q;
}

/* ---- attestations ---- */

static int read_type(struct pl_pol *r, const struct pl_yaml *v, void *to)
{
    struct pl_attestation_rule *a = to;
    int q = pl_pol_str(r, v, &a->word);
    if (q == 0)
        a->type = pl_policy_type(a->word);
    if (q == 0 && a->type.n == 0)
        return pl_pol_fail(r, v, "no predicate type '%.*s'; a known word or a URI",
                           PL_FMT(pl_str_sub(a->word, 0, 60)));
    return q;
}

static bool is_bill(struct pl_str type)
{
    return pl_str_is(type, PL_PREDICATE_CYCLONEDX) || pl_str_is(type, PL_PREDICATE_SPDX);
}

static int read_attestation(struct pl_pol *r, const struct pl_yaml *v, void *to)
{
    static const struct pl_pol_field fields[] = {
        { "type", read_type, offsetof(struct entry, a), true },
        { "roles", pl_pol_names, offsetof(struct entry, roles), false },
        { "from", pl_pol_names, offsetof(struct entry, from), false },
        { "need", pl_pol_uint, offsetof(struct entry, need), false },
        { "max-age", pl_pol_span, offsetof(struct entry, a.max_age_s), false },
        { "builder", pl_pol_str, offsetof(struct entry, a.builder), false },
        { "deny-packages", pl_pol_names, offsetof(struct entry, a.deny_packages), false },
    };
    struct entry e = { 0 };
    struct pl_attestation_rule *a = to;
    int q = pl_pol_map(r, v, "an entry of attestations", fields, 7, &e);
    if (q == 0)
        q = quorum(r, v, &e, &e.a.who);
    if (q == 0 && e.a.builder.n && !pl_str_starts(e.a.type, PL_S("https://slsa.dev/")))
        return pl_pol_fail(r, v, "'builder' goes with provenance (slsaprovenance1)");
    if (q == 0 && e.a.deny_packages.n && !is_bill(e.a.type))
        return pl_pol_fail(r, v, "'deny-packages' goes with cyclonedx or spdx");
    for (size_t i = 0; q == 0 && i < e.a.deny_packages.n; i++)
        if (!pl_str_starts(e.a.deny_packages.p[i], PL_S("pkg:")))
            return pl_pol_fail(r, v, "'%.*s' is no package URL",
                               PL_FMT(pl_str_sub(e.a.deny_packages.p[i], 0, 60)));
    *a = e.a;
    return q;
}

static int read_attestations(struct pl_pol *r, const struct pl_yaml *v, void *to)
{
    struct pl_rule_scope *s = to;
    void *p = NULL;
    int q = pl_pol_list(r, v, "attestations", PL_POLICY_ENTRIES_MAX, sizeof *s->attestations,
                        read_attestation, &p, &s->n_attestations);
    s->attestations = p;
    return q;
}

static int read_annotations(struct pl_pol *r, const struct pl_yaml *v, void *to)
{
    struct pl_rule_scope *s = to;
    int q = 0;
    if (v->kind != PL_YAML_MAP || v->n == 0 || v->n > PL_POLICY_ENTRIES_MAX)
        return pl_pol_fail(r, v, "annotations must be a mapping of names to values");
    s->annotations = pl_alloc_n(&r->p->a, v->n, sizeof *s->annotations);
    s->n_annotations = v->n;
    for (size_t i = 0; q == 0 && i < v->n; i++) {
        q = pl_pol_str(r, v->item[2 * i], &s->annotations[i].name);
        if (q == 0)
            q = pl_pol_str(r, v->item[2 * i + 1], &s->annotations[i].value);
    }
    return q;
}

/* ---- vulnerabilities, base, config, platforms ---- */

static int read_max(struct pl_pol *r, const struct pl_yaml *v, void *to)
{
    static const char *const words[] = {
        "info", "low", "medium", "high", "critical", "none", NULL
    };
    struct pl_vuln_rule *w = to;
    int i = pl_pol_word(r, v, words);
    if (i < 0)
        return PL_E_USAGE;
    w->none = i == 5;
    w->max = i == 5 ? PL_SEV_INFO : (enum pl_severity)(PL_SEV_INFO + i);
    return 0;
}

static int read_source(struct pl_pol *r, const struct pl_yaml *v, void *to)
{
    static const char *const words[] = { "attestation", "inventory", "scan", NULL };
    int i = pl_pol_word(r, v, words);
    if (i < 0)
        return PL_E_USAGE;
    ((struct pl_vuln_rule *)to)->source = (enum pl_vuln_source)i;
    return 0;
}

static int read_vex_roles(struct pl_pol *r, const struct pl_yaml *v, void *to)
{
    struct pl_names roles = { 0 };
    int q = pl_pol_names(r, v, &roles);
    if (q == 0)
        q = each_role(r, v, &roles);
    if (q == 0)
        *(uint64_t *)to = pl_policy_role(r->p, &roles);
    return q;
}

static int read_vulns(struct pl_pol *r, const struct pl_yaml *v, void *to)
{
    static const struct pl_pol_field fields[] = {
        { "max", read_max, 0, true },
        { "fixable-only", pl_pol_bool, offsetof(struct pl_vuln_rule, fixable_only), false },
        { "vex", pl_pol_names, offsetof(struct pl_vuln_rule, vex), false },
        { "vex-roles", read_vex_roles, offsetof(struct pl_vuln_rule, vex_signers), false },
        { "source", read_source, 0, false },
    };
    struct pl_vuln_rule *w = to;
    w->set = true;
    w->line = v->line;
    return pl_pol_map(r, v, "vulnerabilities", fields, 5, w);
}

static int one_base(struct pl_pol *r, const struct pl_yaml *v, void *to)
{
    struct pl_str *s = to;
    int q = pl_pol_str(r, v, s);
    size_t at = q == 0 ? pl_str_find(*s, PL_S("@"), 0) : SIZE_MAX;
    if (q < 0 || at == SIZE_MAX)
        return q < 0 ? q : pl_pol_pattern(r, v, s);
    struct pl_str digest = pl_str_sub(*s, at + 1, s->n);
    uint8_t raw[32];
    if (!pl_str_starts(digest, PL_S("sha256:")) || digest.n != 71 ||
        !pl_unhex(pl_str_sub(digest, 7, 64), raw, 32) || pl_str_find(*s, PL_S("/"), 0) > at)
        return pl_pol_fail(r, v, "'%.*s' is no HOST/PATH@sha256:… reference",
                           PL_FMT(pl_str_sub(*s, 0, 60)));
    return 0;
}

static int read_base_allow(struct pl_pol *r, const struct pl_yaml *v, void *to)
{
    struct pl_names *names = to;
    void *p = NULL;
    int q = pl_pol_list(r, v, "base.allow", 1000, sizeof(struct pl_str), one_base, &p, &names->n);
    names->p = p;
    return q;
}

static int read_base_match(struct pl_pol *r, const struct pl_yaml *v, void *to)
{
    static const char *const words[] = { "layers", "provenance", NULL };
    int i = pl_pol_word(r, v, words);
    *(bool *)to = i == 1;
    return i < 0 ? PL_E_USAGE : 0;
}

static int read_base(struct pl_pol *r, const struct pl_yaml *v, void *to)
{
    static const struct pl_pol_field fields[] = {
        { "allow", read_base_allow, offsetof(struct pl_base_rule, allow), true },
        { "match", read_base_match, offsetof(struct pl_base_rule, provenance), false },
    };
    struct pl_base_rule *b = to;
    b->set = true;
    b->line = v->line;
    return pl_pol_map(r, v, "base", fields, 2, b);
}

static int read_user(struct pl_pol *r, const struct pl_yaml *v, void *to)
{
    static const char *const words[] = { "any", "non-root", NULL };
    int i = pl_pol_word(r, v, words);
    *(bool *)to = i == 1;
    return i < 0 ? PL_E_USAGE : 0;
}

static int read_health(struct pl_pol *r, const struct pl_yaml *v, void *to)
{
    static const char *const words[] = { "any", "required", NULL };
    int i = pl_pol_word(r, v, words);
    *(bool *)to = i == 1;
    return i < 0 ? PL_E_USAGE : 0;
}

static int read_config(struct pl_pol *r, const struct pl_yaml *v, void *to)
{
    static const struct pl_pol_field fields[] = {
        { "user", read_user, offsetof(struct pl_config_rule, non_root), false },
        { "no-env-secrets", pl_pol_bool, offsetof(struct pl_config_rule, no_env_secrets), false },
        { "healthcheck", read_health, offsetof(struct pl_config_rule, healthcheck), false },
        { "ports-deny", pl_pol_ports, 0, false },
        { "labels-require", pl_pol_names, offsetof(struct pl_config_rule, labels), false },
    };
    struct pl_config_rule *c = to;
    c->set = true;
    c->line = v->line;
    return pl_pol_map(r, v, "config", fields, 5, c);
}

static int read_children(struct pl_pol *r, const struct pl_yaml *v, void *to)
{
    static const char *const words[] = { "run", "all", NULL };
    int i = pl_pol_word(r, v, words);
    ((struct pl_rule_scope *)to)->all_children = i == 1;
    return i < 0 ? PL_E_USAGE : 0;
}

static int read_platforms(struct pl_pol *r, const struct pl_yaml *v, void *to)
{
    static const struct pl_pol_field fields[] = {
        { "children", read_children, 0, false },
        { "allow", pl_pol_platforms, offsetof(struct pl_rule_scope, platforms), false },
    };
    return pl_pol_map(r, v, "platforms", fields, 2, to);
}

/* ---- the scope ---- */

static int read_allow(struct pl_pol *r, const struct pl_yaml *v, void *to)
{
    static const char *const words[] = { "pinned", "any", NULL };
    int i = pl_pol_word(r, v, words);
    ((struct pl_rule_scope *)to)->kind = i == 0 ? PL_SCOPE_PINNED : PL_SCOPE_ANY;
    return i < 0 ? PL_E_USAGE : 0;
}

static int read_secrets(struct pl_pol *r, const struct pl_yaml *v, void *to)
{
    static const char *const words[] = { "none", NULL };
    *(bool *)to = true;
    return pl_pol_word(r, v, words) < 0 ? PL_E_USAGE : 0;
}

static int read_results(struct pl_pol *r, const struct pl_yaml *v, void *to)
{
    struct from {
        struct pl_names from;
        int64_t max_age_s;
    } x = { .max_age_s = 0 };
    static const struct pl_pol_field fields[] = {
        { "from", pl_pol_names, offsetof(struct from, from), true },
        { "max-age", pl_pol_span, offsetof(struct from, max_age_s), false },
    };
    struct pl_results_rule *w = to;
    int q = pl_pol_map(r, v, "results", fields, 2, &x);
    *w = (struct pl_results_rule){ .set = true, .line = v->line, .max_age_s = x.max_age_s };
    for (size_t i = 0; q == 0 && i < x.from.n; i++) {
        bool store = pl_str_is(x.from.p[i], "store"), scan = pl_str_is(x.from.p[i], "scan");
        if (!store && !scan)
            return pl_pol_fail(r, v, "'from': '%.*s' is none of: store, scan",
                               PL_FMT(pl_str_sub(x.from.p[i], 0, 60)));
        if ((store && w->store) || w->scan)
            return pl_pol_fail(r, v, "'from' is [store], [scan] or [store, scan]");
        w->store |= store;
        w->scan |= scan;
    }
    if (q == 0 && w->store && !w->max_age_s)
        return pl_pol_fail(r, v, "'from: [store]' needs 'max-age': how old may it be?");
    return q;
}

static int read_mode(struct pl_pol *r, const struct pl_yaml *v, void *to)
{
    static const char *const words[] = { "enforce", "audit", NULL };
    int i = pl_pol_word(r, v, words);
    *(bool *)to = i == 1;
    return i < 0 ? PL_E_USAGE : 0;
}

static bool attests(const struct pl_rule_scope *s, const char *type)
{
    for (size_t i = 0; i < s->n_attestations; i++)
        if (pl_str_starts(s->attestations[i].type, pl_str_c(type)))
            return true;
    return false;
}

/* What the parts of a scope need of each other. */
static int check_scope(struct pl_pol *r, const struct pl_yaml *v, const struct pl_rule_scope *s)
{
    static const char *const rules[] = { "signatures",      "annotations", "attestations",
                                         "vulnerabilities", "base",        "secrets",
                                         "config",          "platforms",   "grace",
                                         "max-image-age",   NULL };
    const char *rule = NULL;
    for (size_t i = 0; rules[i] && !rule; i++)
        rule = pl_yaml_get(v, rules[i]) ? rules[i] : NULL;
    bool allow = pl_yaml_get(v, "allow") != NULL, deny = pl_yaml_get(v, "deny") != NULL;
    if ((rule != NULL) + allow + deny != 1)
        return pl_pol_fail(r, v, "a scope has either rules, or 'allow', or 'deny'%s%s%s",
                           rule ? "; here is '" : "", rule ? rule : "", rule ? "' as well" : "");
    if (s->results.set && !rule)
        return pl_pol_fail(r, v, "'results' goes with rules that need them");
    if (s->n_annotations && !s->n_signatures)
        return pl_pol_fail(r, v, "'annotations' are of signatures: 'signatures' is wanted too");
    if (rule && !s->n_signatures && !s->n_attestations && !s->vulns.set && !s->base.set &&
        !s->no_secrets && !s->config.set && !s->platforms.n && !s->max_image_age_s)
        return pl_pol_fail(r, v, "the scope asks for nothing; 'allow: any' would say so");
    if (s->vulns.set && s->vulns.source == PL_VULN_ATTESTATION && !attests(s, PL_PREDICATE_VULN) &&
        !attests(s, PL_PREDICATE_SCAN))
        return pl_pol_fail(r, v,
                           "'source: attestation' needs an entry of type vuln or scan in "
                           "'attestations': who may report?");
    if (s->vulns.set && s->vulns.source == PL_VULN_INVENTORY &&
        !attests(s, PL_PREDICATE_CYCLONEDX) && !attests(s, PL_PREDICATE_SPDX))
        return pl_pol_fail(r, v,
                           "'source: inventory' needs an entry of type cyclonedx or spdx in "
                           "'attestations'");
    if (s->base.set && s->base.provenance && !attests(s, "https://slsa.dev/provenance/"))
        return pl_pol_fail(r, v,
                           "'match: provenance' needs an entry of type slsaprovenance1 in "
                           "'attestations'");
    return 0;
}

int pl_pol_scope(struct pl_pol *r, const struct pl_yaml *v, void *to)
{
    static const struct pl_pol_field fields[] = {
        { "match", pl_pol_patterns, offsetof(struct pl_rule_scope, match), true },
        { "except", pl_pol_patterns, offsetof(struct pl_rule_scope, except), false },
        { "mode", read_mode, offsetof(struct pl_rule_scope, audit), false },
        { "allow", read_allow, 0, false },
        { "deny", pl_pol_str, offsetof(struct pl_rule_scope, deny), false },
        { "signatures", read_signatures, 0, false },
        { "annotations", read_annotations, 0, false },
        { "attestations", read_attestations, 0, false },
        { "vulnerabilities", read_vulns, offsetof(struct pl_rule_scope, vulns), false },
        { "base", read_base, offsetof(struct pl_rule_scope, base), false },
        { "results", read_results, offsetof(struct pl_rule_scope, results), false },
        { "secrets", read_secrets, offsetof(struct pl_rule_scope, no_secrets), false },
        { "config", read_config, offsetof(struct pl_rule_scope, config), false },
        { "platforms", read_platforms, 0, false },
        { "max-image-age", pl_pol_span, offsetof(struct pl_rule_scope, max_image_age_s), false },
        { "grace", pl_pol_span, offsetof(struct pl_rule_scope, grace_s), false },
    };
    struct pl_rule_scope *s = to;
    s->line = v->line;
    s->audit = r->p->audit;
    int q = pl_pol_map(r, v, "a scope", fields, sizeof fields / sizeof fields[0], s);
    if (q == 0 && s->deny.n)
        s->kind = PL_SCOPE_DENY;
    return q < 0 ? q : check_scope(r, v, s);
}
