/* OSV ranges: is a version among the affected ones? The evaluation of the OSV schema. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_VER_OSV_H
#define PL_VER_OSV_H

#include "ver/scheme.h"

enum pl_osv_kind {
    PL_OSV_INTRODUCED,    /* affected from here on; "0" is below everything */
    PL_OSV_FIXED,         /* not affected from here on */
    PL_OSV_LAST_AFFECTED, /* not affected above it */
    PL_OSV_LIMIT,         /* a branch ends here */
};

struct pl_osv_event {
    enum pl_osv_kind kind;
    struct pl_str version;
};

/* Is `v` affected by the range of `n` events, in any order? Linear in the events. The version ""
 * is affected only by a range that holds every version. */
bool pl_osv_affected(const struct pl_scheme *s, const struct pl_osv_event *e, size_t n,
                     struct pl_str v);

#endif
