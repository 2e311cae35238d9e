/* A package being matched. Not for other folders. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_VULN_MATCH_INT_H
#define PL_VULN_MATCH_INT_H

#include "base/vec.h"
#include "vuln/eco.h"
#include "vuln/match.h"
#include "vuln/row.h"

struct member {
    struct member *next;
    size_t hit;
};

struct pl_vuln_matcher {
    struct pl_advdb *db;
    struct pl_match_opts o;
    struct pl_arena scratch; /* of one package */
    PL_VEC(struct hit {
        struct pl_advrow row;
        struct pl_advrow_place place;
        struct pl_advdb_vuln vuln;
        bool affects; /* else it may speak against others */
    })
    hit;
    PL_VEC(struct flaw {
        struct pl_str rule;
        struct member *members;
        size_t same; /* 1 + the flaw it turned out to be; 0: itself */
    })
    flaw;
};

/* Fills *ret with what is known of flaw `f`, for which `h` speaks; text in `a`. */
int pl_match_describe(struct pl_vuln_matcher *m, const struct pl_eco_key *k,
                      const struct pl_package *p, const struct flaw *f, const struct hit *h,
                      struct pl_arena *a, struct pl_match *ret, struct pl_err *err);

#endif
