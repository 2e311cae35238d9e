/* AdmissionReview of Kubernetes (admission.k8s.io/v1): what is asked, read from hostile bytes
 * within limits, and what is answered. formats/gates.md section 2; patches are RFC 6902. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SERVE_REVIEW_H
#define PL_SERVE_REVIEW_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#define PL_REVIEW_MAX ((size_t)3 << 20)       /* bytes of a body; the API server's own limit */
#define PL_REVIEW_TREE_MAX ((size_t)32 << 20) /* bytes its values may take in memory */
#define PL_REVIEW_DEPTH 64u
#define PL_REVIEW_IMAGES_MAX 256u /* of one object */
#define PL_REVIEW_NAME_MAX 4096u  /* of a reference, a name, a user */

/* An image that a pod would run, or mount. */
struct pl_review_image {
    struct pl_str ref;     /* as written; may be empty: refused */
    struct pl_str pointer; /* RFC 6901, into the object as received */
};

/* A request. All views live in the arena that was given. */
struct pl_review {
    struct pl_str uid, kind, ns, name, user, operation, subresource;
    bool dry_run;
    bool judged;          /* false: nothing to judge here, and allowed */
    struct pl_str refuse; /* not empty: refused without looking further, and why */
    struct pl_review_image *images;
    size_t n_images; /* new ones only, where the object was there before */
};

/* Reads `body` into `a`. PL_E_FORMAT, PL_E_LIMIT: no AdmissionReview that can be answered (not
 * JSON, a key twice, too large, no request.uid): HTTP 400. What can be answered but not judged has
 * `refuse`. */
int pl_review_parse(struct pl_str body, struct pl_arena *a, struct pl_review *ret,
                    struct pl_err *err);

/* One replacement of a patch. */
struct pl_review_edit {
    struct pl_str pointer, value;
};

/* An answer. */
struct pl_review_answer {
    bool allowed;
    struct pl_str message; /* why not; cut to 8 KiB */
    const struct pl_str *warnings;
    size_t n_warnings;    /* cut to 256 bytes each, 16 in number */
    struct pl_str policy; /* hash of the policy, for the audit log; may be empty */
    const struct pl_review_edit *edits;
    size_t n_edits; /* none: no patch */
};

/* Appends the AdmissionReview that answers `uid`. */
void pl_review_write(struct pl_str uid, const struct pl_review_answer *x, struct pl_buf *out);

#endif
