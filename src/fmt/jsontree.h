/* Large JSON documents of foreign origin as the nodes of yaml.h, so that one reader serves both
 * forms: no limit on the size, one on the depth, strings that need no decoding stay where they are.
 * RFC 8259. Of equal keys the first is found. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_FMT_JSONTREE_H
#define PL_FMT_JSONTREE_H

#include "fmt/yaml.h"

/* Levels that a document may nest. */
#define PL_JSONTREE_DEPTH 64u

/* Reads all of `text`, which must outlive the nodes, into `a`. Strings are scalars that are not
 * `plain`; numbers, true, false and null are plain. PL_E_FORMAT with the offset. */
int pl_jsontree_parse(struct pl_str text, struct pl_arena *a, struct pl_yaml **ret,
                      struct pl_err *err);

/* Reads an object (or a list, whose keys are empty) member by member: `fn` gets each value, which
 * lives in `scratch` during the call. Non-zero of `fn` stops and is returned. PL_E_FORMAT at what
 * is no JSON; what came before was given. */
int pl_jsontree_each(struct pl_str text, struct pl_arena *scratch,
                     int (*fn)(void *arg, struct pl_str key, const struct pl_yaml *value),
                     void *arg, struct pl_err *err);

#endif
