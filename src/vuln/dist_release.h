/* apt's Release file: which index files a distribution vouches for, by their digests. Debian
 * repository format, "Release" files. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_VULN_DIST_RELEASE_H
#define PL_VULN_DIST_RELEASE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/map.h"
#include "base/str.h"

#define PL_RELEASE_FILES_MAX 200000u

struct pl_release {
    struct pl_map listed;      /* 32 bytes of SHA-256 to the path there, a struct pl_str */
    struct pl_str valid_until; /* as written, or empty */
    size_t files;
};

/* Does the text begin like one: fields, and among them a list of SHA256? */
bool pl_release_is(struct pl_str text);
/* Reads one; text in `a`, which the map uses too. Only SHA256 counts. PL_E_FORMAT: no such list;
 * PL_E_LIMIT. Release the map with pl_map_release. */
int pl_release_read(struct pl_str text, struct pl_arena *a, struct pl_release *ret,
                    struct pl_err *err);
/* The path under which these bytes are listed; empty when they are not. */
struct pl_str pl_release_path(const struct pl_release *r, struct pl_str bytes);

#endif
