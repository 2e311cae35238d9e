/* Packages of records become packages of a target: spans, package URLs, order. packages.md 2. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SCAN_TELLPKG_H
#define PL_SCAN_TELLPKG_H

#include "scan/tree.h"

/* One target's packages on their way; set `a` and `t`, else zero. */
struct pl_tellpkg {
    struct pl_arena *a; /* the report's */
    struct pl_target *t;
    bool system; /* the target is one system: its release must have a package list */
    bool locks;  /* what lock files say counts */
    PL_VEC(struct pl_seen_pkg {
        struct pl_pkg pkg;
        const struct pl_version *v; /* NULL without layers */
        struct pl_str path;
        struct pl_span span;
        struct pl_str owner; /* the distribution's package that put the file there */
        bool merged;         /* goes on from the version before, or tells nothing new */
    })
    seen;
    struct pl_str bare;                       /* set at the end: a release without such a list */
    PL_VEC(const struct pl_record *) records; /* taken so far; they live until the end */
};

/* Takes the packages of one layer's record. */
void pl_tellpkg_layer(struct pl_tellpkg *k, uint32_t layer, const struct pl_record *r,
                      const struct pl_tree *tree);
/* Takes those of a record without layers; `paths` are those of its entries. */
void pl_tellpkg_slice(struct pl_tellpkg *k, const struct pl_record *r, const struct pl_str *paths);
/* ---- steps of pl_tellpkg_end, over all that was seen ---- */

/* Is it a package of a distribution? */
bool pl_pkg_is_system(const struct pl_pkg *p);
/* One fact of a system's release for each root: what os-release lacks comes from the files that say
 * it, too; the others are marked merged. */
void pl_tellpkg_releases(struct pl_tellpkg *k);
/* What was seen of the release that `path` belongs to, or NULL. */
const struct pl_seen_pkg *pl_tellpkg_release(const struct pl_tellpkg *k, struct pl_str path);
/* What counts only where nothing better is beside it (a manifest, go.sum) is marked merged where
 * something is. */
void pl_tellpkg_weak(struct pl_tellpkg *k);
/* Names owners; a program that a package owns is told by that package, and marked merged. */
void pl_tellpkg_owners(struct pl_tellpkg *k);
/* Sets k->bare. */
void pl_tellpkg_bare(struct pl_tellpkg *k);

/* The order of the list, by package URL first. */
void pl_packages_sort(struct pl_package *p, size_t n);
/* Fills t->packages and releases. */
void pl_tellpkg_end(struct pl_tellpkg *k);

#endif
