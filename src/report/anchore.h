/* What the JSON documents of syft and grype say of a package and of the target in the same words.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_REPORT_ANCHORE_H
#define PL_REPORT_ANCHORE_H

#include "fmt/jsonw.h"
#include "report/sbom.h"

/* How they call packages of a kind. */
struct pl_anchore_kind {
    const char *purl;     /* type of the package URL */
    const char *type;     /* "java-archive" */
    const char *language; /* "java", or empty */
    const char *matcher;  /* grype's, "java-matcher" */
    char joint;           /* between namespace and name of a package; 0: the name alone */
};

/* The kind of a package; never NULL. */
const struct pl_anchore_kind *pl_anchore_kind_of(const struct pl_package *p);
/* Sixteen hex digits that stay the same from run to run, in `a`. */
struct pl_str pl_anchore_id(struct pl_arena *a, const struct pl_package *p);
/* Is the package in a document of theirs: visible, and no operating system? */
bool pl_anchore_lists(const struct pl_package *p);
/* The operating system among the packages of `t`; NULL: not known. */
const struct pl_package *pl_anchore_os(const struct pl_target *t);

/* The members "id" to "locations" of a package, in an open object. */
void pl_anchore_head(struct pl_jsonw *w, const struct pl_target *t, const struct pl_package *p);
/* What describes the target: the members of syft's source metadata, grype's source target. */
void pl_anchore_target(struct pl_jsonw *w, const struct pl_target *t);
/* "image" or "directory". */
const char *pl_anchore_form(const struct pl_target *t);

#endif
