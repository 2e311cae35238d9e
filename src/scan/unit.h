/* One target on its way through the engine: opened, every blob read once, then told as images.
 * Entry header of scan/ for the verbs that need more than a report is scan.h. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SCAN_UNIT_H
#define PL_SCAN_UNIT_H

#include "scan/pool.h"
#include "scan/scan.h"
#include "scan/tree.h"
#include "source/source.h"

enum pl_role {
    PL_ROLE_ORPHAN, /* no descriptor reaches it */
    PL_ROLE_INDEX,
    PL_ROLE_MANIFEST,
    PL_ROLE_CONFIG,
    PL_ROLE_LAYER,
    PL_ROLE_ATTESTATION,
    PL_ROLE_REFERRER,
    PL_ROLE_LEGACY,  /* ID/json, VERSION of a docker-archive */
    PL_ROLE_MARKER,  /* oci-layout */
    PL_ROLE_SKIPPED, /* of a platform or tag that was not asked for */
};

/* A blob and what is known of it. */
struct pl_part {
    const struct pl_blob *blob;
    struct pl_record *rec; /* NULL until read */
    enum pl_role role;
    const struct pl_descriptor *desc; /* the one that led here, or NULL */
    struct pl_str holder;             /* attestation: subject digest; referrer: artifact type */
    bool submitted, checked;
};

/* One image: a manifest (or an entry of a docker-archive's list). */
struct pl_image {
    struct pl_str name;   /* as a target of its own; empty: the unit's */
    struct pl_str digest; /* manifest's, or empty */
    struct pl_platform platform;
    struct pl_part *manifest, *config;      /* may be NULL */
    struct pl_part **layers;                /* NULL where the blob is missing */
    const struct pl_descriptor *layer_desc; /* n_layers of them, or NULL */
    size_t n_layers;
};

struct pl_unit {
    struct pl_scan *scan;
    struct pl_source *src;
    struct pl_arena a;
    PL_VEC(struct pl_part *) parts;
    PL_VEC(struct pl_image) images;
    PL_VEC(struct pl_part *) slices; /* TREE: one record per slice, in order */
    struct pl_str repo;              /* REMOTE: of the document being walked */
    struct pl_record *own;           /* notes about the target as a whole */
    bool selected;                   /* a tag, digest or platform narrowed the target */
};

/* Opens the target and reads all of it. PL_E_NOENT, PL_E_USAGE, PL_E_UNSUP: no such target, or no
 * image at all; PL_E_CANCEL. Whatever else goes wrong becomes notes. Heap. */
int pl_unit_read(struct pl_scan *s, const char *target, struct pl_unit **ret, struct pl_err *err);
void pl_unit_free(struct pl_unit *u);

/* The view of image `im` with everything watched that has a hit (or, with `all`, every entry takes
 * a place). Notes go to `notes`; `ret_changes` (n_layers, may be NULL) and `ret_files` are filled.
 * Heap. */
struct pl_tree *pl_unit_tree(const struct pl_image *im, bool all, struct pl_str watch_path,
                             struct pl_record *notes, uint64_t *ret_files,
                             struct pl_layer_change *ret_changes);

/* "linux/amd64" of an image, in `a`; empty when unknown. */
struct pl_str pl_image_platform(const struct pl_image *im, struct pl_arena *a);

#endif
