/* What both forms of inventory say about a package, and how its parts are named. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_REPORT_SBOM_H
#define PL_REPORT_SBOM_H

#include "model/package.h"
#include "report/writer.h"

/* Facts beyond the package URL: names "plimsoll:…". Text is a view or in the arena. */
struct pl_sbom_facts {
    struct {
        const char *name;
        struct pl_str value;
    } p[20];
    size_t n;
};

/* Fills `ret` with what is known. */
void pl_sbom_facts(struct pl_arena *a, const struct pl_target *t, const struct pl_package *p,
                   struct pl_sbom_facts *ret);
/* Facts of the target as a whole, each layer's among them: calls `fn` for each, in order. */
void pl_sbom_about(struct pl_arena *a, const struct pl_target *t, void *arg,
                   void (*fn)(void *arg, const char *name, struct pl_str value));
/* A reference that stays the same from run to run: from package URL, span and first path. */
struct pl_str pl_sbom_ref(struct pl_arena *a, const struct pl_package *p);
/* "urn:uuid:…" from the digest of `text`, to out[64]. */
void pl_sbom_serial(struct pl_str text, char *out);
/* The time the document bears: SOURCE_DATE_EPOCH as "2026-01-02T03:04:05Z", or empty. In the
 * report's arena. */
struct pl_str pl_sbom_time(const struct pl_report *r);

#endif
