/* What `scrub` says it did: the proof and the lines for people. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CMD_SCRUB_PROOF_H
#define PL_CMD_SCRUB_PROOF_H

#include "scan/scrub.h"

struct pl_scrub_told {
    const char *target, *output;
    const struct pl_scrub_result *r;
};

/* Appends the proof, a JSON document without secrets. */
void pl_scrub_proof(const struct pl_scrub_told *t, struct pl_buf *out);
/* Appends the lines for a terminal. */
void pl_scrub_say(const struct pl_scrub_told *t, struct pl_buf *out);

#endif
