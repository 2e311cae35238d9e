/* Inside judging: one image against the rules of a scope. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_POLICY_JUDGE_INT_H
#define PL_POLICY_JUDGE_INT_H

#include "policy/judge.h"

#define PL_CLOCK_SKEW_S 300 /* what clocks may differ */

struct pl_judging {
    struct pl_judgement *j;
    const struct pl_policy *p;
    const struct pl_rule_scope *scope;
    int64_t now_s;
};

/* An image, and the index it was reached by, whose signatures cover it (or NULL). */
struct pl_subject {
    const struct pl_facts *own, *index;
    const char *label; /* the platform of a child, or "" */
};

/* How many different ones the set has. */
uint32_t pl_signers_count(const struct pl_policy *p, uint64_t set);
/* The i-th proof about the subject, NULL behind the last. */
const struct pl_proof *pl_subject_proof(const struct pl_subject *s, size_t i);
/* Is a statement of type `have` one of type `want`? */
bool pl_type_is(struct pl_str have, struct pl_str want);

/* The later stages. */
void pl_policy_judge_vulns(struct pl_judging *g, const struct pl_subject *s);
void pl_policy_judge_base(struct pl_judging *g, const struct pl_subject *s);
void pl_policy_judge_config(struct pl_judging *g, const struct pl_subject *s);
void pl_policy_judge_secrets(struct pl_judging *g, const struct pl_subject *s);

#endif
