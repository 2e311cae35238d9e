/* A Composer version in its pieces: for the order and for the ranges. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_VER_COMPOSER_INT_H
#define PL_VER_COMPOSER_INT_H

#include "ver/ver_int.h"

/* Views on the version. `named`: a branch ("dev-main"), `raw` is all of it. `plain`: Composer can
 * normalise it: `core` are dotted numbers (`branch`: perhaps with x), `parts` of them; `word` and
 * `numbers` the stability, `dev` a "-dev" at the end; `known`: by Composer's own rules. Else `raw`
 * is read part by part. */
struct pl_composer {
    struct pl_str raw, core, word, numbers;
    size_t parts;
    bool plain, known, named, branch, dev;
};

/* Cuts `v`; never fails. */
struct pl_composer pl_composer_cut(struct pl_str v);
/* pl_scheme.in of Composer. */
int pl_composer_in(struct pl_str range, struct pl_str v, unsigned flags);

#endif
