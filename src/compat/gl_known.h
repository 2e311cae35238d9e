/* Findings that are known already: .gitleaksignore and baselines. secrets.md section 7. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_COMPAT_GL_KNOWN_H
#define PL_COMPAT_GL_KNOWN_H

#include "base/map.h"
#include "compat/gl_detect.h"

struct pl_gl_known {
    struct pl_arena a;
    struct pl_map ignored;  /* fingerprints */
    struct pl_map baseline; /* what a finding is compared by, as one text */
    bool with_secrets;      /* match and secret count as well: nothing is redacted */
};

/* Empty; `redacting`: secrets are not compared. */
void pl_gl_known_init(struct pl_gl_known *k, bool redacting);
void pl_gl_known_release(struct pl_gl_known *k);
/* Adds an ignore file's text; calls `warn` for lines that are no fingerprint (they count all the
 * same). */
void pl_gl_known_ignore(struct pl_gl_known *k, struct pl_str text, pl_gl_warn_fn *warn, void *arg);
/* Adds a JSON report. PL_E_FORMAT when it is none. */
int pl_gl_known_baseline(struct pl_gl_known *k, struct pl_str text, struct pl_err *err);
/* Sets the fingerprint of `f` (in `a`) and tells whether it is ignored or in the baseline. */
bool pl_gl_known_check(const struct pl_gl_known *k, struct pl_arena *a, struct pl_gl_finding *f);

#endif
