/* The list of pods of a cluster's API. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CMD_PODS_H
#define PL_CMD_PODS_H

#include "base/limits.h"
#include "base/vec.h"
#include "model/store.h"

#define PL_PODS_PAGE PL_MIB(64) /* bytes of one answer at most */

/* A running image out of the status of a pod. */
struct pl_pods {
    struct pl_arena *a; /* set before use */
    struct pl_str cluster;
    PL_VEC(struct pl_exposure) list;
    struct pl_str more; /* where the next page begins, or empty */
};
/* Adds what the API's list of pods (JSON) names. PL_E_FORMAT, PL_E_LIMIT. */
int pl_pods_read(struct pl_pods *x, struct pl_str json, struct pl_err *err);

#endif
