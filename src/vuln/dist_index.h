/* Indexes of distributions: which version of a package is to be had today. apt's Packages,
 * APKINDEX, rpm's primary.xml through repomd.xml. packages.md section 11. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_VULN_DIST_INDEX_H
#define PL_VULN_DIST_INDEX_H

#include "base/limits.h"
#include "base/map.h"
#include "base/vec.h"
#include "model/package.h"

/* Packages that an index may name. */
#define PL_DIST_MAX 2000000u

/* What answers for an index. */
enum pl_dist_trust {
    PL_DIST_ALONE,  /* nothing */
    PL_DIST_LISTED, /* a list that names its digest, whose own signature was not checked */
    PL_DIST_SIGNED, /* a signature, directly or through such a list */
};
/* One file that was read. */
struct pl_dist_file {
    const char *name;
    enum pl_dist_trust trust;
    struct pl_str by; /* the list, or whose signature; empty for ALONE */
};
/* Asked about each file before its content is used: `file` as it lies there, `text` unpacked, empty
 * for APKINDEX. It fills trust and by; of APKINDEX it cuts `*file` to what was signed. A negative
 * code stops the reading. */
typedef int pl_dist_guard(void *arg, const char *name, struct pl_str *file, struct pl_str text,
                          struct pl_dist_file *ret, struct pl_err *err);

/* The newest of a package. */
struct pl_dist_entry {
    struct pl_str version, source_version; /* the latter: of what it was built from; else empty */
};

/* What was read; zero-initialise, set `a` and the map's arena to the same. */
struct pl_dist {
    struct pl_arena *a;
    struct pl_map best;   /* "type name arch" to a struct pl_dist_entry */
    struct pl_map types;  /* types of packages that an index was read for */
    size_t packages;      /* entries read */
    size_t wrong;         /* entries without a name or version */
    pl_dist_guard *guard; /* NULL: nobody is asked */
    void *guard_arg;
    PL_VEC(struct pl_dist_file) files;
};

/* Reads one index, packed or not, known by its content; of repomd.xml what it names as primary,
 * beside it, whose digest must be the one given there (PL_E_DIGEST). `name` is its path.
 * PL_E_NOENT, PL_E_FORMAT, PL_E_LIMIT; what was read before a damage stays. */
int pl_dist_read(struct pl_dist *x, const char *name, const struct pl_limits *l,
                 struct pl_err *err);
/* The same with bytes in memory that are not packed; repomd.xml is PL_E_FORMAT here. */
int pl_dist_text(struct pl_dist *x, struct pl_str text, struct pl_err *err);
/* The newest there is of an installed package of a distribution; NULL when no index names it. */
const struct pl_dist_entry *pl_dist_of(const struct pl_dist *x, const struct pl_package *p);
/* Is there an index for packages of this type? */
bool pl_dist_has(const struct pl_dist *x, struct pl_str type);
/* Frees the maps; text goes with the arena. */
void pl_dist_release(struct pl_dist *x);

#endif
