/* Version schemes: how an ecosystem orders its versions. One file per scheme, one line in
 * scheme.list. Orders never fail and never depend on a locale: text that is no version has a place
 * as well, and `valid` says that it was none. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_VER_SCHEME_H
#define PL_VER_SCHEME_H

#include "base/str.h"

/* What of a range language a caller may choose. */
enum pl_range_flags {
    PL_RANGE_PRE = 1u << 0, /* npm: a prerelease may lie in a range that names none */
};

/* Every function runs in time linear in its inputs. */
struct pl_scheme {
    const char *name; /* as in `compare-versions NAME` */
    /* <0, 0, >0 for `a` below, equal to, above `b`. */
    int (*cmp)(struct pl_str a, struct pl_str b);
    /* Is this a version by the ecosystem's own rules? */
    bool (*valid)(struct pl_str v);
    /* The version `v` against a bound that an advisory gives, where that differs from `cmp` (rpm:
     * a bound without release fits any release); else NULL. */
    int (*bound)(struct pl_str v, struct pl_str bound);
    /* 1 when `v` lies in `range` (the ecosystem's own language), 0 when not, negative when the
     * range cannot be read. NULL: pl_range_plain reads it. */
    int (*in)(struct pl_str range, struct pl_str v, unsigned flags);
};

/* All schemes in the order of scheme.list, NULL at the end. */
extern const struct pl_scheme *const pl_schemes[];
/* The scheme called `name`, or NULL. */
const struct pl_scheme *pl_scheme_find(struct pl_str name);
/* The scheme of a package URL type ("deb", "golang", "cargo" …), or NULL when unknown. */
const struct pl_scheme *pl_scheme_of_purl(struct pl_str type);
/* The scheme of an OSV ecosystem, with or without suffix ("Debian:12", "crates.io"), or NULL. */
const struct pl_scheme *pl_scheme_of_osv(struct pl_str ecosystem);
/* The nearest scheme name to a mistyped one, or NULL. */
const char *pl_scheme_near(struct pl_str name);

/* -1, 0 or 1. */
int pl_ver_cmp(const struct pl_scheme *s, struct pl_str a, struct pl_str b);
/* `v` against the bound of an advisory: -1, 0 or 1. */
int pl_ver_bound(const struct pl_scheme *s, struct pl_str v, struct pl_str bound);
/* Is `v` in `range`, by the scheme's own language or, where it has none, by pl_range_plain? 1, 0,
 * or negative when the range cannot be read. */
int pl_ver_in(const struct pl_scheme *s, struct pl_str range, struct pl_str v, unsigned flags);
/* Comparisons with < <= = >= > != << >> joined by commas or blanks, alternatives by "||"; "*" is
 * everything. As pl_ver_in. */
int pl_range_plain(const struct pl_scheme *s, struct pl_str range, struct pl_str v);

#endif
