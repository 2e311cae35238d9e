/* What a shared store knows of the world around its images: names that moved, where images run,
 * who is to be told of what. fleet.md sections 2 and 4. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_MODEL_FLEET_H
#define PL_MODEL_FLEET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* A tag of a registry over the time in which it named one image. */
struct pl_ref {
    struct pl_str name; /* "docker://HOST/REPO:TAG", as a target */
    struct pl_str registry, repository, tag, image;
    int64_t since, until, seen; /* seconds since the epoch; until 0: it does so now */
};

/* An image that runs, or ran, somewhere. */
struct pl_exposure {
    struct pl_str image;                    /* digest as the cluster tells it */
    struct pl_str name;                     /* "docker://HOST/REPO@DIGEST", or empty */
    struct pl_str cluster, ns, kind, owner; /* "prod", "shop", "Deployment", "web" */
    int64_t since, seen, until;             /* until 0: it runs */
};

/* What changed in one inventory in one run that matched; numbers of flaws, rising. */
struct pl_store_change {
    int64_t run, at, image;
    bool first; /* it was matched for the first time: `more` is all it has */
    const uint32_t *more, *less;
    size_t n_more, n_less;
};

/* What a reading of an inventory found beside advisories, secrets mostly, that the one before, if
 * there was one, had not; and what it did not find any more. Of each finding rule, severity, print,
 * where.path, and its kind as `title`. */
struct pl_finding;
struct pl_store_again {
    int64_t image, at;
    const struct pl_finding *more, *less;
    size_t n_more, n_less;
};

/* A message on its way to somebody. */
enum pl_out_state {
    PL_OUT_DUE,
    PL_OUT_TOLD,
    PL_OUT_GIVEN_UP, /* nobody took it for too long */
};
#define PL_OUT_STATES 3
struct pl_out {
    int64_t id, tries, added;
    struct pl_str hook;  /* whom it is for, as a print of its address */
    struct pl_str shown; /* the address without what may be secret */
    struct pl_str key, body, error;
};

/* What is collected, and how much of it. */
struct pl_gc {
    int64_t keep_s;            /* what is younger stays */
    struct pl_str tool, rules; /* records of other programs and rules are old ones */
    bool dry;                  /* only counted */
    /* results */
    uint64_t images, sets, packages, places, layers, records, jobs, messages, exposures;
};

#endif
