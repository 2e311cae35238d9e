/* Inventories that others or we wrote: CycloneDX, SPDX, syft's own form, GitHub snapshots, lists of
 * package URLs, in-toto statements around any of them. packages.md section 13, "In". */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_PKG_SBOM_H
#define PL_PKG_SBOM_H

#include "base/arena.h"
#include "base/err.h"
#include "base/vec.h"
#include "model/package.h"

/* What a document says; zero-initialise, set `a`. Text lives in `a` or in the document's text. */
struct pl_sbom {
    struct pl_arena *a;
    PL_VEC(struct pl_package) packages;
    PL_VEC(struct pl_layer_info) layers;  /* of the image it describes, from our own documents */
    struct pl_str name, digest, platform; /* what it describes; empty when not said */
    const char *form;                     /* "CycloneDX JSON" …; static */
    bool ours;                            /* we wrote it */
    bool incomplete;                      /* it says of itself that it is not complete */
    size_t nameless; /* components that are neither packages with a package URL nor files */
};

/* The largest document that is read. */
#define PL_SBOM_MAX ((size_t)64 << 20)

/* Reads a document. PL_E_FORMAT: it is damaged or none of the known forms; PL_E_LIMIT. What was
 * read before the damage stays in `ret`. */
int pl_sbom_read(struct pl_str text, struct pl_sbom *ret, struct pl_err *err);
/* Frees the arrays; their text goes with the arena. */
void pl_sbom_release(struct pl_sbom *s);

#endif
