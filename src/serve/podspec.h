/* Where Kubernetes objects keep their pod specification, and where that names images. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SERVE_PODSPEC_H
#define PL_SERVE_PODSPEC_H

#include "fmt/json.h"
#include "serve/review.h"

/* Is `kind` of API group `group` one that holds a pod specification? */
bool pl_podspec_known(struct pl_str group, struct pl_str kind);

/* The images of `object`, which is of a known kind, in the order of the document; those that `old`
 * (may be NULL) has in the same place under the same name are left out. Views on `object`, pointers
 * in `a`. PL_E_FORMAT: not of the form of its kind; PL_E_LIMIT: too many images. */
int pl_podspec_images(struct pl_str group, struct pl_str kind, const struct pl_json *object,
                      const struct pl_json *old, struct pl_arena *a, struct pl_review_image **ret,
                      size_t *ret_n, struct pl_err *err);

#endif
