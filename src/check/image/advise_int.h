/* Between the files that make an advice of what was collected. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CHECK_IMAGE_ADVISE_INT_H
#define PL_CHECK_IMAGE_ADVISE_INT_H

#include "check/image/needs.h"

/* A place that gathers reasons until it becomes a mount. */
struct pl_place {
    struct pl_str path;
    bool volume, state, exec, made, gone;
    bool root_only; /* nobody but root writes there */
    uint64_t size;
    enum pl_confidence confidence;
    PL_VEC(struct pl_str) why;
};

struct pl_places {
    PL_VEC(struct pl_place) v;
};

/* The directories that must be writable, volumes first; collapsed. */
void pl_places_find(struct pl_needs *k, struct pl_places *ret);
void pl_places_release(struct pl_places *p);
/* The place that `path` is in, or NULL. */
const struct pl_place *pl_places_of(const struct pl_places *p, struct pl_str path);
/* Owner and mode for a variant: `uid` is as whom the program runs in the end. */
void pl_place_owner(const struct pl_needs *k, const struct pl_place *x, bool root_start,
                    struct pl_img_who who, struct pl_mount *m);
/* Are there files in `dir` that a tmpfs would hide? Their number. */
size_t pl_place_content(const struct pl_img *im, struct pl_str dir);
/* The last owner that an act or the image gives `path`; uid 0 when nobody says. */
uint32_t pl_path_owner(const struct pl_needs *k, struct pl_str path,
                       const struct pl_img_file **ret);
/* The last mode; false when nothing is known. */
bool pl_path_mode(const struct pl_needs *k, struct pl_str path, uint32_t *ret);
/* The capabilities that a start as root asks for. */
void pl_caps_find(struct pl_needs *k, const struct pl_places *p, bool root_start);
/* Names of the capabilities in a security.capability attribute, one call each. */
void pl_caps_of_file(struct pl_needs *k, const struct pl_img_file *f);

#endif
