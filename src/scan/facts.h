/* Facts of an image, gathered from the records of its layers, to a worker that says what they mean.
 * formats/hardening.md. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SCAN_FACTS_H
#define PL_SCAN_FACTS_H

#include "check/image/judge.h"
#include "scan/tree.h"
#include "scan/unit.h"

/* Watches in `t` what matters of a layer's record; before the layer is applied. */
void pl_facts_watch(struct pl_tree *t, uint32_t layer, const struct pl_record *r);
/* Has a worker judge image `im`, whose view is `tree`. Everything of *ret lives in `a`. Failures of
 * the worker become PL_E_FORMAT or PL_E_LIMIT. */
int pl_facts_judge(struct pl_unit *u, const struct pl_image *im, const struct pl_tree *tree,
                   struct pl_arena *a, struct pl_verdict *ret, struct pl_err *err);

/* One image and what was worked out about it, for the verb `harden`. */
struct pl_hardened {
    struct pl_str name, digest, platform;
    bool complete; /* of what was read */
    struct pl_note *notes;
    size_t n_notes;
    struct pl_verdict verdict;
};
/* Reads `target` and works out the advice for each of its images; text in arena `a`. PL_E_USAGE
 * when it has no image. */
int pl_scan_harden(struct pl_scan *s, const char *target, struct pl_arena *a,
                   struct pl_hardened **ret, size_t *ret_n, struct pl_err *err);

#endif
