/* Package URLs: pkg:type/namespace/name@version?qualifiers#subpath (ECMA-427). */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_VER_PURL_H
#define PL_VER_PURL_H

#include "base/arena.h"
#include "base/err.h"

#define PL_PURL_QUALIFIERS 24u
/* The longest text that is read. */
#define PL_PURL_MAX 8192u

struct pl_purl_qualifier {
    struct pl_str key, value;
};

/* Decoded parts. `ns` and `subpath` hold segments joined by '/'; empty ones are absent. */
struct pl_purl {
    struct pl_str type, ns, name, version, subpath;
    struct pl_purl_qualifier q[PL_PURL_QUALIFIERS];
    size_t n;
};

/* Reads `text` into parts that live in `a`; type in lower case, qualifiers sorted by key, those
 * without value left out. The rules of known types are applied: names folded where the type folds
 * them. PL_E_FORMAT for what is no package URL, PL_E_LIMIT beyond PL_PURL_MAX. */
int pl_purl_parse(struct pl_arena *a, struct pl_str text, struct pl_purl *ret, struct pl_err *err);
/* The canonical text, in `a`. Qualifiers need not be sorted; those without value are left out. */
struct pl_str pl_purl_print(struct pl_arena *a, const struct pl_purl *p);
/* The value of a qualifier, or an empty view. */
struct pl_str pl_purl_get(const struct pl_purl *p, const char *key);
/* Adds a qualifier; one without value, or beyond PL_PURL_QUALIFIERS, is left out. */
void pl_purl_set(struct pl_purl *p, const char *key, struct pl_str value);
/* The name as its ecosystem compares it, in `a`: PyPI folds case and runs of "-_.", NuGet,
 * Packagist and others fold case, most do not change it. */
struct pl_str pl_purl_fold(struct pl_arena *a, struct pl_str type, struct pl_str name);

#endif
