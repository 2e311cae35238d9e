/* The policy of gate and serve: one file, read strictly, so that a typing mistake never widens it.
 * formats/gates.md section 1. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_POLICY_POLICY_H
#define PL_POLICY_POLICY_H

#include "base/arena.h"
#include "base/err.h"
#include "model/report.h"

#define PL_POLICY_MAX (1u << 20)  /* bytes of a policy file */
#define PL_POLICY_SIGNERS_MAX 64u /* keys and identities: a set of them is a word of bits */
#define PL_POLICY_SCOPES_MAX 256u /* far above real files */
#define PL_POLICY_ENTRIES_MAX 64u /* entries of one list in a scope */
#define PL_POLICY_NEVER INT64_MIN /* a time that is not known */

/* A key or an identity under its name. */
struct pl_signer_rule {
    struct pl_str name;
    uint32_t line;
    bool identity;
    struct pl_str file, pem;       /* a key: one of them */
    struct pl_str issuer, subject; /* an identity */
    int64_t not_after_s;           /* 0 = none */
    struct pl_names roles;
    struct pl_str id; /* of the key, "sha256:…"; whoever loads keys fills it in */
};

/* "need of these": bits of struct pl_policy.signers. */
struct pl_quorum {
    uint32_t line, need;
    uint64_t candidates;
};

struct pl_attestation_rule {
    struct pl_quorum who;
    struct pl_str word, type; /* as written; the predicate type's URI */
    int64_t max_age_s;        /* 0 = any age */
    struct pl_str builder;    /* empty = any */
    struct pl_names deny_packages;
};

enum pl_vuln_source { PL_VULN_ATTESTATION, PL_VULN_INVENTORY, PL_VULN_SCAN };

struct pl_vuln_rule {
    bool set;
    uint32_t line;
    enum pl_severity max; /* the highest that is admitted */
    bool none;            /* "max: none": not even info */
    bool fixable_only;
    struct pl_names vex; /* files */
    uint64_t vex_signers;
    enum pl_vuln_source source;
};

struct pl_base_rule {
    bool set, provenance; /* provenance: else by layers */
    uint32_t line;
    struct pl_names allow; /* patterns of HOST/PATH, or references with a digest */
};

/* Where what a whole reading of the image finds may come from. Signed reports always count. */
struct pl_results_rule {
    bool set, store, scan; /* not set: by reading it */
    uint32_t line;
    int64_t max_age_s; /* of what is stored */
};

struct pl_config_rule {
    bool set;
    uint32_t line;
    bool non_root, no_env_secrets, healthcheck;
    struct pl_names labels;
    uint16_t *ports_deny;
    size_t n_ports;
};

enum pl_rule_scope_kind { PL_SCOPE_RULES, PL_SCOPE_PINNED, PL_SCOPE_ANY, PL_SCOPE_DENY };

struct pl_rule_scope {
    uint32_t line;
    enum pl_rule_scope_kind kind;
    struct pl_names match, except;
    struct pl_str deny; /* the reason */
    bool audit;
    struct pl_quorum *signatures;
    size_t n_signatures;
    struct pl_pair {
        struct pl_str name, value;
    } * annotations;
    size_t n_annotations;
    struct pl_attestation_rule *attestations;
    size_t n_attestations;
    struct pl_vuln_rule vulns;
    struct pl_base_rule base;
    bool no_secrets;
    struct pl_results_rule results;
    struct pl_config_rule config;
    bool all_children;                /* platforms.children: all */
    struct pl_names platforms;        /* that are allowed; none: every one */
    int64_t max_image_age_s, grace_s; /* 0 = not limited; no grace */
};

struct pl_policy {
    struct pl_arena a;
    struct pl_str name, dir; /* the file; what its paths are relative to, "" or with '/' */
    bool allow_unmatched, audit, docker_build;
    struct pl_str trust_root; /* a path, or empty */
    uint32_t timeout_ms;      /* 8000 where nothing is said */
    int64_t stale_db_s;       /* 0 = any age */
    struct pl_signer_rule *signers;
    size_t n_signers;
    struct pl_rule_scope *scopes;
    size_t n_scopes;
    uint8_t hash[32]; /* SHA-256 of the text */
};

/* Reads a policy, YAML or JSON; `name` is its path as users know it, `today_s` the time that
 * not-after is compared with (seconds since the epoch). Heap. PL_E_USAGE: "NAME:LINE: what is
 * wrong". Files that it names are not opened. */
int pl_policy_parse(const char *name, struct pl_str text, int64_t today_s, struct pl_policy **ret,
                    struct pl_err *err);
void pl_policy_free(struct pl_policy *p);
/* The signers that have any of `roles`, as bits. */
uint64_t pl_policy_role(const struct pl_policy *p, const struct pl_names *roles);
/* Once the ids of keys are known: is each `need` met by so many different signers? PL_E_USAGE. */
int pl_policy_check_needs(const struct pl_policy *p, struct pl_err *err);
/* Is its not-after over? The day itself still counts. A server asks this of each decision. */
bool pl_signer_past(const struct pl_signer_rule *s, int64_t now_s);
/* Are two signers one: equal key ids, or equal issuer and subject? */
bool pl_signer_same(const struct pl_signer_rule *x, const struct pl_signer_rule *y);

/* The URI that the word of an attestation's type stands for, a URI itself, or an empty view. */
struct pl_str pl_policy_type(struct pl_str word);
/* The scope that decides about `name`, normalised "HOST[:PORT]/PATH" without tag and digest, or
 * NULL: none does. */
const struct pl_rule_scope *pl_policy_scope(const struct pl_policy *p, struct pl_str name);
/* Does `pattern` (of a scope or base) match? "*" stays inside one component, "**" spans them. */
bool pl_policy_match(struct pl_str pattern, struct pl_str name);

#endif
