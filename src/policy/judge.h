/* From facts to a decision: every rule of a scope, held or not, and why. Pure: no clock, no files,
 * no network. formats/gates.md section 1. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_POLICY_JUDGE_H
#define PL_POLICY_JUDGE_H

#include "policy/policy.h"

enum pl_ruling { PL_RULING_DENY, PL_RULING_ALLOW, PL_RULING_AUDIT };
extern const char *const pl_ruling_names[3]; /* "deny", "allow", "audit" */

/* Counts of vulnerabilities by severity (enum pl_severity); [1]: those a fixed version is named
 * for. */
struct pl_vuln_counts {
    uint32_t n[PL_SEV_COUNT][2];
};

/* A signature or attestation that was found, verified or not. Times in seconds since the epoch. */
struct pl_proof {
    struct pl_str object; /* "sha256:…" of what holds it */
    bool attestation, ok;
    struct pl_str reason; /* when not ok */
    struct pl_str type;   /* predicate type, or empty */
    struct pl_str key;    /* id of the key, or empty: an identity */
    struct pl_str subject, issuer;
    struct pl_pair *annotations;
    size_t n_annotations;
    /* what an attestation says */
    int64_t when_s; /* when its scan was finished; PL_POLICY_NEVER: it does not say */
    struct pl_str builder;
    struct pl_names denied;    /* packages in it that a scope of this policy denies */
    bool packages_read;        /* the list was looked through */
    struct pl_names materials; /* "sha256:…" that a provenance names */
    bool has_vulns, has_secrets, complete;
    struct pl_vuln_counts vulns; /* after VEX */
    uint32_t secrets, env_secrets;
    int64_t db_s; /* when its database was built; PL_POLICY_NEVER */
};

/* What is known about one manifest. */
struct pl_facts {
    struct pl_str digest, platform;
    struct pl_proof *proofs;
    size_t n_proofs;
    struct pl_str unread; /* why something could not be read; empty = all was */
    bool has_config, non_root, healthcheck;
    struct pl_str user;
    int64_t created_s; /* PL_POLICY_NEVER */
    struct pl_names labels;
    uint16_t *ports;
    size_t n_ports;
    struct pl_str base; /* the allowed base whose layers are the first ones; empty: none */
    bool scanned;       /* read to its end now: what follows counts */
    bool has_vulns, has_secrets;
    struct pl_vuln_counts vulns;
    uint32_t secrets, env_secrets;
    int64_t db_s; /* of the database used for `vulns` */
    bool stored;  /* `scanned`, but earlier: the result was kept in the store … */
    int64_t stored_s;
    struct pl_str not_stored; /* … or why there is none to go by; empty: nobody asked */
};

/* What is known about what was asked for: one image, or an index with the children to be judged. */
struct pl_evidence {
    struct pl_facts top;
    bool index;
    struct pl_facts *children;
    size_t n_children;
    struct pl_str refused; /* a structure that may run and cannot be judged; empty = none */
};

enum pl_rule_state { PL_RULE_HELD, PL_RULE_FAILED, PL_RULE_SKIPPED };
extern const char *const pl_rule_state_names[3]; /* "held", "failed", "skipped" */

struct pl_rule_result {
    const char *rule; /* "scope", "digest", "signatures", "attestations", "vulnerabilities", … */
    uint32_t line;    /* in the policy; 0 = none */
    enum pl_rule_state state;
    struct pl_str why; /* one sentence; text of images has been made harmless */
};

struct pl_judgement {
    struct pl_arena *a; /* set before use; holds all text */
    struct pl_rule_result *rules;
    size_t n_rules, cap;
    bool failed;
};

/* Adds a result; the text is formatted into the arena. */
void pl_judge_add(struct pl_judgement *j, const char *rule, uint32_t line, enum pl_rule_state state,
                  const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* Judges what needs evidence, stage by stage, cheapest first; all reasons of a stage are given, the
 * stages behind one that failed are skipped unless `all`. `scope` is one with rules. */
void pl_policy_judge(struct pl_judgement *j, const struct pl_policy *p,
                     const struct pl_rule_scope *scope, const struct pl_evidence *e, int64_t now_s,
                     bool all);

/* The signers (bits of policy.signers) of a proof that holds; 0 of one that does not. Those that
 * are past their not-after at `now_s` made none. */
uint64_t pl_proof_signers(const struct pl_policy *p, const struct pl_proof *f, int64_t now_s);

#endif
