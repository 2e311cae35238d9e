/* Names of images: [HOST[:PORT]/]REPO[:TAG][@DIGEST]. OCI distribution-spec, "Pulling manifests";
 * the host is told from the first piece of a repository as Docker does it. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_OCI_REFERENCE_H
#define PL_OCI_REFERENCE_H

#include "oci/digest.h"

struct pl_reference {
    struct pl_str host; /* "host", "host:5000", "[::1]:5000"; empty when none is named */
    struct pl_str repo; /* "library/alpine" */
    struct pl_str tag;  /* empty when none is named */
    struct pl_digest digest;
};

/* Strict; the result holds views on `s`. PL_E_USAGE, since references are typed by users. No
 * default host, repository prefix or tag is put in. */
int pl_reference_parse(struct pl_str s, struct pl_reference *ret, struct pl_err *err);
/* The text again, in `a`. */
struct pl_str pl_reference_text(struct pl_arena *a, const struct pl_reference *ref);

#endif
