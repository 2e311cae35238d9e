/* What is asked of a store, by `plimsoll query` and by the page of the fleet: looked up once, then
 * each image against it. fleet.md section 4. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_QUERY_QUERY_H
#define PL_QUERY_QUERY_H

#include "base/vec.h"
#include "model/store.h"

/* What is asked for; what is empty is not. Outlives what is prepared from it. */
struct pl_query_ask {
    struct pl_str image;   /* a name, a pattern, a digest or the beginning of one */
    struct pl_str package; /* "NAME", "NAME < 1.2", "GROUP:NAME", "pkg:type/name@1.2" */
    struct pl_str cve;     /* a flaw */
    struct pl_str secret;  /* a rule, with or without "secret/" */
    bool dated;            /* `since` counts */
    int64_t since;         /* when it was read, seconds since the epoch */
};

/* What an image must have, settled. */
struct pl_query_want {
    const struct pl_query_ask *ask;
    PL_VEC(uint8_t) package; /* by number: flags of query.c */
    PL_VEC(uint32_t) flaw;   /* rising */
    PL_VEC(int64_t) image;   /* rising: in which the secret was found */
};

/* Looks up what is asked for; text in `a`. PL_E_USAGE: it cannot be read. */
int pl_query_prepare(struct pl_store *s, const struct pl_query_ask *ask, struct pl_arena *a,
                     struct pl_query_want *ret, struct pl_err *err);
/* Frees; accepts a zeroed one. */
void pl_query_release(struct pl_query_want *w);
/* Has the image all that is asked for? `a` is scratch. */
int pl_query_matches(struct pl_store *s, const struct pl_query_want *w,
                     const struct pl_store_image *i, struct pl_arena *a, bool *ret,
                     struct pl_err *err);
/* Is that "package" only what the system calls itself? */
bool pl_query_is_release(const struct pl_query_want *w, uint32_t package);
/* Is it one of the packages that were asked for? */
bool pl_query_is_wanted(const struct pl_query_want *w, uint32_t package);

#endif
