/* What the files that tell a target share. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SCAN_TELL_INT_H
#define PL_SCAN_TELL_INT_H

#include "oci/history.h"
#include "scan/tellpkg.h"
#include "scan/unit.h"

/* A finding on its way. */
struct pl_found {
    struct pl_finding f;
    const struct pl_version *v;
    const struct pl_entry_hash *sums; /* of the file it stands in; NULL: not computed */
    uint32_t ordinal;
    uint32_t seen;
    uint64_t life;
    bool merged;
};

/* One image being told. */
struct pl_tell {
    struct pl_unit *u;
    const struct pl_image *im;
    struct pl_arena *a; /* the report's */
    struct pl_target *t;
    struct pl_history_map align;
    struct pl_tree *tree;
    struct pl_record *notes; /* of the merge */
    PL_VEC(struct pl_found) found;
    PL_VEC(struct pl_note) out_notes;
    struct pl_map by_hash; /* content digest -> struct pl_str * path, for renamed copies */
    struct pl_map lives;   /* key -> struct life_list * */
    bool several;          /* the target holds several images */
};

/* Adds a note to the target; its texts are copied. */
void pl_tell_note(struct pl_tell *k, struct pl_note n);

/* Notes of a record, each with where it is: "layer 3 (sha256:…): etc/x". */
void pl_tell_notes(struct pl_tell *k, const struct pl_record *r, struct pl_str where);

/* Lowers what stands in files that are as a package of the distribution brought them. */
void pl_tell_own(struct pl_tell *k, const struct pl_tellpkg *p);

/* The image's configuration, or NULL. */
const struct pl_doc *pl_tell_config(const struct pl_image *im);

/* The hits of layer `i` as findings. */
void pl_tell_layer_hits(struct pl_tell *k, size_t i, const struct pl_record *r);

/* The hits of a slice of files; `paths` is by ordinal. */
void pl_tell_slice_hits(struct pl_tell *k, const struct pl_record *r, const struct pl_str *paths);

/* A part that is no layer of an image: its hits and notes. */
void pl_tell_part(struct pl_tell *k, const struct pl_part *p);

/* Entry paths of a record by ordinal, for files and layers that no image has. In the arena. */
struct pl_str *pl_tell_paths(struct pl_tell *k, const struct pl_record *r);

/* What is wrong with how the image runs, when that is asked for. */
void pl_tell_config_findings(struct pl_tell *k);

/* Adjoining versions of a path that carry the same secret become one life (section 4). */
void pl_tell_merge(struct pl_tell *k);

/* Fills the target with everything found and noted, in order, and frees what `k` holds. */
void pl_tell_finish(struct pl_tell *k);

#endif
