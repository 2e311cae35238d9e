/* Predicates made of results of our own: what a scan, a search for secrets, lint or scrub said,
 * with the database and the time it said it. formats/signing.md section 5. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SIGN_RESULT_H
#define PL_SIGN_RESULT_H

#include "sign/key.h"

struct pl_result_about {
    struct pl_str uri;      /* the predicate type, as pl_predicate_uri gave it */
    int64_t begin_s, end_s; /* when the work was done, seconds since the epoch */
    struct pl_str digest;   /* "sha256:…" that it must be about; p == NULL: of a file */
    struct pl_str manifest; /* its bytes: the children of an index count as well */
    const char *version;    /* of the program */
};

/* Does the type stand for a result of ours ("vuln", "scan", "secret", "lint", "scrub")? */
bool pl_result_is(struct pl_str uri);
/* Appends the predicate made of the result `json`. A result is put into the form that cosign uses
 * for scans; a bill of materials gets its time where it has none; others stay as they are.
 * PL_E_FORMAT; PL_E_SIG: the result is about something else. */
int pl_result_predicate(const struct pl_result_about *w, struct pl_str json, struct pl_buf *out,
                        struct pl_err *err);

#endif
