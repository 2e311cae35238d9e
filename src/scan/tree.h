/* Layers become a view: every file version as a span. forensics.md sections 3 and 4.
 * Only the versions that are asked for (and what can end them) take memory. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SCAN_TREE_H
#define PL_SCAN_TREE_H

#include "model/report.h"
#include "scan/pool.h"

/* One version of a path that was watched. Lives in the tree's arena. */
struct pl_version {
    uint32_t layer, ordinal;
    uint32_t copy;       /* n-th header of this path in its layer, from 0 */
    struct pl_str path;  /* as written in the layer (normalised) */
    struct pl_str place; /* in the view: through symbolic links of parents */
    enum pl_entry_kind kind;
    uint32_t mode, uid, gid;
    uint64_t size, at;
    int64_t mtime_ns;
    struct pl_str link;
    uint32_t names;  /* live names that share the bytes */
    uint32_t hidden; /* layer after which no name was left; PL_NEVER while visible */
    enum pl_how how;
    bool placed;             /* has or had a place in the view */
    struct pl_str other;     /* another live name, if the first is gone; else empty */
    struct pl_version *next; /* the version of the same place that followed, or NULL */
    bool adjoins;            /* `next` came directly when this ended (no time without) */
};

/* Counts of one layer against the view below it (only with `all`). */
struct pl_layer_change {
    uint64_t added, changed, removed, no_effect;
};

struct pl_tree; /* the view while layers are applied */

/* `all`: every entry takes a place, for `history`. Heap. */
struct pl_tree *pl_tree_new(bool all);
/* Watch the version that entry `ordinal` of `layer` makes; before that layer is applied. */
void pl_tree_watch(struct pl_tree *t, uint32_t layer, uint32_t ordinal);
/* Watch every version of `path`. */
void pl_tree_watch_path(struct pl_tree *t, struct pl_str path);
/* Looks a layer over before any is applied: which paths its hard links need. PL_E_FORMAT as below.
 */
int pl_tree_survey(struct pl_tree *t, const struct pl_record *r, struct pl_err *err);
/* Applies the next layer, bottom up. Notes (bad-whiteout, dangling-link) go to `notes`. Counts to
 * *ret_change when not NULL; *ret_files is the number of entries that are no directory or marker.
 * PL_E_FORMAT when the record's entries are malformed. */
int pl_tree_apply(struct pl_tree *t, uint32_t layer, const struct pl_record *r,
                  struct pl_record *notes, uint64_t *ret_files, struct pl_layer_change *ret_change,
                  struct pl_err *err);
/* The watched version of an entry, or NULL. */
const struct pl_version *pl_tree_find(const struct pl_tree *t, uint32_t layer, uint32_t ordinal);
/* All watched versions, in order of layer and ordinal. */
struct pl_version *const *pl_tree_versions(const struct pl_tree *t, size_t *ret_n);
void pl_tree_free(struct pl_tree *t);

#endif
