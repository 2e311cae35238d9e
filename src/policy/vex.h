/* What others say of a flaw in a product: OpenVEX, CSAF VEX, CycloneDX VEX. packages.md section 8.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_POLICY_VEX_H
#define PL_POLICY_VEX_H

#include "base/buf.h"
#include "base/vec.h"
#include "model/report.h"

enum pl_vex_status { PL_VEX_NOT_AFFECTED, PL_VEX_FIXED, PL_VEX_AFFECTED, PL_VEX_INVESTIGATED };

/* One statement about one flaw of one product. */
struct pl_vex_statement {
    struct pl_str id;      /* of the flaw */
    struct pl_str product; /* a package URL, or an image; empty: every product */
    struct pl_str why, at; /* justification or impact; timestamp */
    struct pl_str file;
    enum pl_vex_status status;
    bool used;
    size_t next; /* 1 + the next one about the same flaw */
};

struct pl_vex {
    struct pl_arena *a; /* set before use; holds all text */
    PL_VEC(struct pl_vex_statement) list;
};

/* Reads a document, whose form its content tells. PL_E_USAGE when it is none of the three. */
int pl_vex_read(struct pl_vex *x, const char *name, struct pl_str text, struct pl_err *err);
/* Applies them: findings of vulnerabilities that do not hold move to report->ignored, others say
 * what the statement says. The latest statement about a product wins. */
void pl_vex_apply(struct pl_vex *x, struct pl_report *report);
/* Appends a line for each statement that matched nothing, and for each `not_affected` without a
 * reason. Returns how many. */
size_t pl_vex_complain(const struct pl_vex *x, struct pl_buf *out);
/* Frees the list. */
void pl_vex_release(struct pl_vex *x);

/* Is `purl` the product, whatever its qualifiers, and in any version where `product` has none? */
bool pl_vex_fits(struct pl_str product, struct pl_str purl);

#endif
