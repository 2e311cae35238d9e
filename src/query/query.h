/* What is asked of a store, by `plimsoll query` and by the page of the fleet: looked up once, with
 * the images that have it, through the store's indexes. fleet.md section 4. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_QUERY_QUERY_H
#define PL_QUERY_QUERY_H

#include "base/vec.h"
#include "model/store.h"

/* What is asked for; what is empty is not. Outlives what is prepared from it. */
struct pl_query_ask {
    struct pl_str image;   /* a name or reference, a pattern, a digest or the beginning of one */
    struct pl_str package; /* "NAME", "NAME < 1.2", "GROUP:NAME", "pkg:type/name@1.2" */
    struct pl_str cve;     /* a flaw */
    struct pl_str secret;  /* a rule or a pattern, with or without "secret/" */
    bool dated;            /* `since` counts */
    int64_t since;         /* when it was read, seconds since the epoch */
};

/* A package that is asked for. */
struct pl_query_package {
    uint32_t id;
    struct pl_str purl, version;
};

/* What an image must have, settled. */
struct pl_query_want {
    const struct pl_query_ask *ask;
    PL_VEC(struct pl_query_package) package; /* by number */
    PL_VEC(uint32_t) release;                /* rising: what is no package */
    PL_VEC(int64_t) image;                   /* rising: those that have it all … */
    bool all;                                /* … unless nothing was asked for */
};

/* Looks up what is asked for, and the images that have it; text in `a`. PL_E_USAGE: it cannot be
 * read. */
int pl_query_prepare(struct pl_store *s, const struct pl_query_ask *ask, struct pl_arena *a,
                     struct pl_query_want *ret, struct pl_err *err);
/* Frees; accepts a zeroed one. */
void pl_query_release(struct pl_query_want *w);
/* Reads the images that have it all, and no others. */
int pl_query_each(struct pl_store *s, struct pl_query_want *w, const struct pl_store_ask *how,
                  int (*fn)(void *arg, const struct pl_store_image *i), void *arg,
                  struct pl_err *err);
/* Names every image in `image` where nothing was asked for. */
int pl_query_settle(struct pl_store *s, struct pl_query_want *w, struct pl_err *err);
/* Is that "package" only what the system calls itself? */
bool pl_query_is_release(const struct pl_query_want *w, uint32_t package);
/* The package that was asked for and has this number, or NULL. */
const struct pl_query_package *pl_query_wanted(const struct pl_query_want *w, uint32_t package);

#endif
