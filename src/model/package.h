/* A package: what a cataloger found in one file, and what the merge made of it. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_MODEL_PACKAGE_H
#define PL_MODEL_PACKAGE_H

#include "model/report.h"

enum pl_pkg_flags {
    PL_PKG_DEV = 1u << 0,  /* of development only */
    PL_PKG_LOCK = 1u << 1, /* from a lock file: to be installed, not installed */
    PL_PKG_OS = 1u << 2,   /* no package but the release: name ID, version VERSION_ID */
    PL_PKG_WEAK = 1u << 3, /* told by a name only: counts when nothing better names the archive */
    PL_PKG_LISTED =
        1u << 5, /* told by an inventory that came along: counts when nothing else tells */
    PL_PKG_VENDOR = 1u << 6, /* made by the distribution itself, as its record says; not kept */
    PL_PKG_FILE = 1u << 4,   /* a program that is no package: told by a pattern in its bytes */
};

/* A fact of one file. Names are as the ecosystem writes them. */
struct pl_pkg {
    struct pl_str type; /* of the package URL: "deb", "npm" … */
    struct pl_str ns;   /* group, scope, vendor; may be empty */
    struct pl_str name, version;
    struct pl_str arch;
    struct pl_str source, source_version; /* what it was built from, where that differs */
    struct pl_str licence;
    struct pl_str quals;    /* further qualifiers of the package URL, "key=value&…", encoded */
    struct pl_str by;       /* the cataloger */
    uint32_t flags;         /* enum pl_pkg_flags */
    uint32_t ordinal;       /* of the entry it was found in; PL_NEVER when in none */
    struct pl_names nested; /* the members it was found in, outermost first */
};

/* The digest that a package's record has of a file: its first 8 bytes (big-endian). */
enum pl_sum_alg { PL_SUM_NONE, PL_SUM_MD5, PL_SUM_SHA1, PL_SUM_SHA256, PL_SUM_ALGS };
struct pl_sum {
    enum pl_sum_alg alg;
    uint64_t head;
    bool partial; /* of a list that names some files of the package, not all */
};

/* A package of a target. */
struct pl_package {
    struct pl_pkg pkg;
    struct pl_str purl;
    const char *scheme;     /* of its versions; NULL when none is known */
    struct pl_names paths;  /* the files that prove it, "outer.jar!inner", sorted */
    struct pl_str distro;   /* "debian-12", for packages of a distribution */
    struct pl_str owned_by; /* the distribution's package that put its files there, or empty */
    struct pl_span span;
    const char *from; /* "base", "app"; NULL when not asked */
};

#endif
