/* The result of `verify`: text for people, one JSON object for machines. formats/signing.md section
 * 7. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CMD_VERIFY_OUT_H
#define PL_CMD_VERIFY_OUT_H

#include "base/buf.h"
#include "sign/verify.h"

struct pl_verify_result {
    struct pl_str ref, digest; /* as typed; "sha256:…" or empty */
    bool verified;
    struct pl_verdict *verdicts;
    size_t n_verdicts;
    struct pl_verify_result *children; /* of an index, when they were asked for; else NULL */
    size_t n_children;
    bool cosign2, cosign3, podman, policy_controller, kyverno; /* who can see a valid one */
};

/* Append the result. */
void pl_verify_json(struct pl_buf *b, const struct pl_verify_result *r);
void pl_verify_text(struct pl_buf *b, const struct pl_verify_result *r);

#endif
