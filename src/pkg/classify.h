/* Programs that no package tells of: known by file name and by a pattern in their bytes. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_PKG_CLASSIFY_H
#define PL_PKG_CLASSIFY_H

#include "pkg/pkg.h"

/* What may be found in one file; zero-initialised it is nothing. */
struct pl_classify {
    struct pl_classify_row {
        const struct pl_class *c;
        struct pl_regex *re;
        bool done;
    } row[4];
    size_t n;
};

/* At the start of a file: which classes go by its name? */
void pl_classify_begin(struct pl_classify *k, struct pl_str path);
/* Looks at p[0..n); emits what it finds, each class once for a file. */
void pl_classify_look(struct pl_classify *k, const uint8_t *p, size_t n, struct pl_pkg_sink *s);
/* Gives back the patterns. */
void pl_classify_release(struct pl_classify *k);

#endif
