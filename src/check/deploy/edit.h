/* Repairs of manifests: replacements of bytes, found by the places of the tree's nodes, so that
 * comments, order and everything else stay. YAML 1.2, chapters 7 and 8. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CHECK_DEPLOY_EDIT_H
#define PL_CHECK_DEPLOY_EDIT_H

#include "check/deploy/deploy.h"

/* What a key is set to. */
enum pl_deploy_value_kind {
    PL_DEPLOY_SCALAR, /* item[0] */
    PL_DEPLOY_LIST,   /* the items are in it, beside others */
    PL_DEPLOY_MAP,    /* "key: value" each; only where the key is not there yet */
};
struct pl_deploy_value {
    enum pl_deploy_value_kind kind;
    const struct pl_str *item; /* as they are written in YAML, one line each */
    size_t n;
};

/* Notes where the lines of `text` begin, when its repairs are wanted and its line ends are those
 * that are counted here. */
void pl_deploy_edit_begin(struct pl_deploy *d, struct pl_str text);

/* The items with ", " between them, as a list in brackets has them. */
struct pl_str pl_deploy_joined(struct pl_deploy *d, const struct pl_str *item, size_t n);

/* Takes all edits of `h` back. */
void pl_deploy_unmend(struct pl_deploy_hit *h);

/* Each adds edits of class `c` to `h`; false, and nothing added, where it cannot be done. */

/* Sets the key that `path` ("a/b/c") leads to from `map`; what is missing on the way is made. */
bool pl_deploy_set(struct pl_deploy *d, struct pl_deploy_hit *h, enum pl_fix_class c,
                   const struct pl_yaml *map, const char *path, const struct pl_deploy_value *v);
/* The same with a scalar, and with a list of one item. */
bool pl_deploy_set_to(struct pl_deploy *d, struct pl_deploy_hit *h, enum pl_fix_class c,
                      const struct pl_yaml *map, const char *path, const char *value);
bool pl_deploy_set_item(struct pl_deploy *d, struct pl_deploy_hit *h, enum pl_fix_class c,
                        const struct pl_yaml *map, const char *path, const char *item);
/* Writes `text` in place of a scalar. */
bool pl_deploy_replace(struct pl_deploy *d, struct pl_deploy_hit *h, enum pl_fix_class c,
                       const struct pl_yaml *y, struct pl_str text);
/* Puts `text` into a scalar at byte `at` of its value, SIZE_MAX: behind it; quotes stay. */
bool pl_deploy_insert(struct pl_deploy *d, struct pl_deploy_hit *h, enum pl_fix_class c,
                      const struct pl_yaml *y, size_t at, struct pl_str text);
/* Removes the line of a key, or of an item of a list (`y`: the item), that is not the only one. */
bool pl_deploy_drop_key(struct pl_deploy *d, struct pl_deploy_hit *h, enum pl_fix_class c,
                        const struct pl_yaml *map, const char *key);
bool pl_deploy_drop_item(struct pl_deploy *d, struct pl_deploy_hit *h, enum pl_fix_class c,
                         const struct pl_yaml *list, const struct pl_yaml *y);

#endif
