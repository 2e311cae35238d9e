/* One row of a package's advisories as the database keeps it, and the question whether a version is
 * in it. OSV schema, "Evaluation". */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_VULN_ROW_H
#define PL_VULN_ROW_H

#include "base/wire.h"
#include "model/advisory.h"
#include "ver/scheme.h"

/* First byte: which parts follow, and above them enum pl_adv_row_flags. */
#define PL_ROW_VERSIONS 1u
#define PL_ROW_MODULE 2u
#define PL_ROW_ARCH 4u
#define PL_ROW_SYMBOLS 8u

/* A decoded row; the texts are views on the database's bytes. */
struct pl_advrow {
    uint32_t vuln; /* number of the vulnerability */
    uint32_t flags;
    enum pl_fix_state state;
    int severity; /* enum pl_severity, or -1 */
    const struct pl_adv_event *event;
    size_t n_events;
    struct pl_names versions, symbols;
    struct pl_str module, arch;
};

/* Decodes the body of one row into `a`; false when the bytes are no row. */
bool pl_advrow_decode(struct pl_str body, struct pl_arena *a, struct pl_advrow *ret);

/* Where a version lies in a row. */
struct pl_advrow_place {
    struct pl_str introduced, fixed, last; /* bounds of the range it is in; empty: none */
    bool listed;                           /* one of `versions` */
    struct pl_str own;                     /* the range in the ecosystem's own language */
    struct pl_str above; /* not affected: the fix it is at or above, if that is why */
};

/* Is `v` in one of the row's ranges? Fills *ret (may be NULL). */
bool pl_advrow_in_ranges(const struct pl_scheme *s, const struct pl_advrow *r, struct pl_str v,
                         struct pl_advrow_place *ret);
/* Can a range in the language of a scheme be read? */
bool pl_advrow_reads(const struct pl_scheme *s, struct pl_str range);
/* Is `v` affected: in the ranges, or listed? */
bool pl_advrow_affects(const struct pl_scheme *s, const struct pl_advrow *r, struct pl_str v,
                       struct pl_advrow_place *ret);

#endif
