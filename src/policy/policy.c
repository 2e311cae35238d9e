/* The policy file: head, signers, scopes; which scope decides. formats/gates.md section 1. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/policy.h"

#include <stdlib.h>

#include "base/hash.h"
#include "fmt/glob.h"
#include "model/predicate.h"
#include "policy/policy_int.h"

/* ---- types of attestations ---- */

struct pl_str pl_policy_type(struct pl_str word)
{
    struct pl_str of = pl_predicate_word(word);
    bool uri = pl_str_starts(word, PL_S("https://")) || pl_str_starts(word, PL_S("http://")) ||
               pl_str_starts(word, PL_S("urn:"));
    return of.n || !uri ? of : word;
}

/* ---- signers ---- */

bool pl_signer_same(const struct pl_signer_rule *x, const struct pl_signer_rule *y)
{
    if (x->identity != y->identity)
        return false;
    if (x->identity)
        return pl_str_eq(x->issuer, y->issuer) && pl_str_eq(x->subject, y->subject);
    if (x->id.n && y->id.n)
        return pl_str_eq(x->id, y->id);
    return (x->file.n && pl_str_eq(x->file, y->file)) || (x->pem.n && pl_str_eq(x->pem, y->pem));
}

bool pl_signer_past(const struct pl_signer_rule *s, int64_t now_s)
{
    return s->not_after_s && now_s >= s->not_after_s + 86400;
}

static int read_key(struct pl_pol *r, const struct pl_yaml *v, struct pl_signer_rule *s)
{
    static const struct pl_pol_field fields[] = {
        { "file", pl_pol_str, offsetof(struct pl_signer_rule, file), false },
        { "pem", pl_pol_str, offsetof(struct pl_signer_rule, pem), false },
        { "roles", pl_pol_names, offsetof(struct pl_signer_rule, roles), true },
        { "not-after", pl_pol_date, offsetof(struct pl_signer_rule, not_after_s), false },
    };
    int q = pl_pol_map(r, v, "a key", fields, 4, s);
    if (q == 0 && !s->file.n == !s->pem.n)
        return pl_pol_fail(r, v, "one of 'file' and 'pem' is wanted");
    if (q == 0 && pl_signer_past(s, r->today_s))
        return pl_pol_fail(r, v, "the key '%.*s' is past its not-after",
                           PL_FMT(pl_str_sub(s->name, 0, 60)));
    return q;
}

static int read_identity(struct pl_pol *r, const struct pl_yaml *v, struct pl_signer_rule *s)
{
    static const struct pl_pol_field fields[] = {
        { "issuer", pl_pol_str, offsetof(struct pl_signer_rule, issuer), true },
        { "subject", pl_pol_str, offsetof(struct pl_signer_rule, subject), true },
        { "roles", pl_pol_names, offsetof(struct pl_signer_rule, roles), true },
        { "not-after", pl_pol_date, offsetof(struct pl_signer_rule, not_after_s), false },
    };
    s->identity = true;
    int q = pl_pol_map(r, v, "an identity", fields, 4, s);
    if (q == 0 && pl_signer_past(s, r->today_s))
        return pl_pol_fail(r, v, "the identity '%.*s' is past its not-after",
                           PL_FMT(pl_str_sub(s->name, 0, 60)));
    return q;
}

static int read_signers(struct pl_pol *r, const struct pl_yaml *v, bool identity)
{
    struct pl_policy *p = r->p;
    int q = 0;
    if (v->kind != PL_YAML_MAP || v->n == 0)
        return pl_pol_fail(r, v, "a mapping of names to %s is wanted",
                           identity ? "identities" : "keys");
    for (size_t i = 0; q == 0 && i < v->n; i++) {
        struct pl_signer_rule *s = &p->signers[p->n_signers];
        const struct pl_yaml *key = v->item[2 * i];
        if (p->n_signers == PL_POLICY_SIGNERS_MAX)
            return pl_pol_fail(r, key, "more than %u keys and identities", PL_POLICY_SIGNERS_MAX);
        *s = (struct pl_signer_rule){ .line = key->line };
        q = pl_pol_str(r, key, &s->name);
        for (size_t k = 0; q == 0 && k < p->n_signers; k++)
            if (pl_str_eq(p->signers[k].name, s->name))
                return pl_pol_fail(r, key, "'%.*s' is the name of a key already",
                                   PL_FMT(pl_str_sub(s->name, 0, 60)));
        if (q == 0)
            q = identity ? read_identity(r, v->item[2 * i + 1], s)
                         : read_key(r, v->item[2 * i + 1], s);
        p->n_signers += q == 0;
    }
    return q;
}

static int read_keys(struct pl_pol *r, const struct pl_yaml *v, void *to)
{
    (void)to;
    return read_signers(r, v, /* identity= */ false);
}

static int read_identities(struct pl_pol *r, const struct pl_yaml *v, void *to)
{
    (void)to;
    return read_signers(r, v, /* identity= */ true);
}

/* ---- the head ---- */

static int read_version(struct pl_pol *r, const struct pl_yaml *v, void *to)
{
    (void)to;
    return v->kind == PL_YAML_SCALAR && pl_str_is(v->text, "1")
               ? 0
               : pl_pol_fail(r, v, "only version 1 is known");
}

static int read_default(struct pl_pol *r, const struct pl_yaml *v, void *to)
{
    static const char *const words[] = { "deny", "allow", NULL };
    int i = pl_pol_word(r, v, words);
    *(bool *)to = i == 1;
    return i < 0 ? PL_E_USAGE : 0;
}

static int read_mode(struct pl_pol *r, const struct pl_yaml *v, void *to)
{
    static const char *const words[] = { "enforce", "audit", NULL };
    int i = pl_pol_word(r, v, words);
    *(bool *)to = i == 1;
    return i < 0 ? PL_E_USAGE : 0;
}

static int read_trust(struct pl_pol *r, const struct pl_yaml *v, void *to)
{
    static const struct pl_pol_field fields[] = { { "root", pl_pol_str, 0, true } };
    return pl_pol_map(r, v, "trust", fields, 1, to);
}

static int read_limits(struct pl_pol *r, const struct pl_yaml *v, void *to)
{
    static const struct pl_pol_field fields[] = {
        { "timeout", pl_pol_ms, offsetof(struct pl_policy, timeout_ms), false },
        { "stale-db", pl_pol_span, offsetof(struct pl_policy, stale_db_s), false },
    };
    return pl_pol_map(r, v, "limits", fields, 2, to);
}

static int read_scopes(struct pl_pol *r, const struct pl_yaml *v, void *to)
{
    struct pl_policy *p = to;
    void *list = NULL;
    int q = pl_pol_list(r, v, "scopes", PL_POLICY_SCOPES_MAX, sizeof *p->scopes, pl_pol_scope,
                        &list, &p->n_scopes);
    p->scopes = list;
    return q;
}

static int read_head(struct pl_pol *r, const struct pl_yaml *y)
{
    static const struct pl_pol_field fields[] = {
        { "version", read_version, 0, true },
        { "default", read_default, offsetof(struct pl_policy, allow_unmatched), false },
        { "mode", read_mode, offsetof(struct pl_policy, audit), false },
        { "docker-build", read_default, offsetof(struct pl_policy, docker_build), false },
        { "keys", read_keys, 0, false },
        { "identities", read_identities, 0, false },
        { "trust", read_trust, offsetof(struct pl_policy, trust_root), false },
        { "limits", read_limits, 0, false },
        { "scopes", read_scopes, 0, true },
    };
    return pl_pol_map(r, y, "the policy", fields, sizeof fields / sizeof fields[0], r->p);
}

static void set_name(struct pl_policy *p, const char *name)
{
    p->name = pl_dup(&p->a, pl_str_c(name));
    size_t n = p->name.n;
    while (n > 0 && p->name.p[n - 1] != '/')
        n--;
    p->dir = pl_dup(&p->a, pl_str_sub(p->name, 0, n));
}

int pl_policy_parse(const char *name, struct pl_str text, int64_t today_s, struct pl_policy **ret,
                    struct pl_err *err)
{
    struct pl_policy *p = calloc(1, sizeof *p);
    struct pl_arena tree = { 0 };
    struct pl_yaml_stream docs = { 0 };
    struct pl_limits lim;
    struct pl_err why = { 0 };
    if (!p)
        pl_oom();
    pl_limits_init(&lim);
    lim.yaml_aliases = 0; /* what a line says is what stands there */
    lim.config = PL_POLICY_MAX;
    set_name(p, name);
    p->timeout_ms = 8000;
    p->signers = pl_alloc_n(&p->a, PL_POLICY_SIGNERS_MAX, sizeof *p->signers);
    pl_sha256(text.p, text.n, p->hash);
    struct pl_pol r = { .p = p, .today_s = today_s, .err = err };
    int q = pl_yaml_parse(text, &lim, &tree, &docs, &why);
    if (q < 0)
        q = pl_fail(err, PL_E_USAGE, "%s: %s", name, why.msg);
    else if (docs.n != 1)
        q = pl_fail(err, PL_E_USAGE, "%s:1: one document is wanted, there are %zu", name, docs.n);
    else
        q = read_head(&r, docs.doc[0]);
    pl_arena_release(&tree);
    if (q < 0)
        pl_policy_free(p);
    else
        *ret = p;
    return q;
}

void pl_policy_free(struct pl_policy *p)
{
    if (!p)
        return;
    pl_arena_release(&p->a);
    free(p);
}

/* ---- which scope ---- */

bool pl_policy_match(struct pl_str pattern, struct pl_str name)
{
    char glob[1024];
    size_t n = 0;
    for (size_t i = 0; i < pattern.n && n + 2 < sizeof glob; i++) {
        if (pattern.p[i] == '[' || pattern.p[i] == '?' || pattern.p[i] == '\\')
            glob[n++] = '\\'; /* only "*" is special: [::1] is a host */
        glob[n++] = pattern.p[i];
    }
    return pl_glob_match(pl_str_n(glob, n), name);
}

static bool any(const struct pl_names *patterns, struct pl_str name)
{
    for (size_t i = 0; i < patterns->n; i++)
        if (pl_policy_match(patterns->p[i], name))
            return true;
    return false;
}

const struct pl_rule_scope *pl_policy_scope(const struct pl_policy *p, struct pl_str name)
{
    for (size_t i = 0; i < p->n_scopes; i++)
        if (any(&p->scopes[i].match, name) && !any(&p->scopes[i].except, name))
            return &p->scopes[i];
    return NULL;
}
