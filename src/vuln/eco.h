/* Ecosystems as the advisory database names them, and which of them a package belongs to.
 * OSV schema, "Defined ecosystems"; packages.md section 5. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_VULN_ECO_H
#define PL_VULN_ECO_H

#include "base/arena.h"
#include "model/package.h"
#include "ver/scheme.h"

/* An ecosystem's name as the database keeps it: "Ubuntu:22.04:LTS" becomes "Ubuntu:22.04",
 * "Alpine:3.19" "Alpine:v3.19", "Red Hat:enterprise_linux:8::baseos" "Red Hat:8". In `a` or a view
 * on `eco`. */
struct pl_str pl_eco_normal(struct pl_arena *a, struct pl_str eco);
/* A package's name as that ecosystem compares it. */
struct pl_str pl_eco_name(struct pl_arena *a, struct pl_str eco, struct pl_str name);
/* What stands before the ':'; all of it when there is none. */
struct pl_str pl_eco_base(struct pl_str eco);
/* Does the release of `eco` roll ("sid", "edge", Wolfi …)? */
bool pl_eco_rolls(struct pl_str eco);

/* Under which names a package is looked up. */
struct pl_eco_key {
    struct pl_str eco, name;
    struct pl_str version;          /* what advisories are compared with */
    struct pl_str source;           /* name, when that is the key; else empty */
    const struct pl_scheme *scheme; /* never NULL */
    bool distro;                    /* of a distribution's release */
};

/* The key of `p` in `a`; false when no ecosystem is known for it. */
bool pl_eco_of_package(struct pl_arena *a, const struct pl_package *p, struct pl_eco_key *ret);
/* The ecosystem of a release as os-release names it ("debian", "12.5"); empty when unknown. */
struct pl_str pl_eco_of_release(struct pl_arena *a, struct pl_str id, struct pl_str version);

#endif
