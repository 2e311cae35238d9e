/* Where a string of an image document stands, in the terms of a report. forensics.md section 6,
 * rows 17 to 24. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_OCI_PLACE_H
#define PL_OCI_PLACE_H

#include "model/severity.h"
#include "oci/doc.h"

struct pl_place {
    enum pl_surface surface;
    struct pl_str path; /* variable, label key, or the JSON pointer */
    bool visible;       /* in effect in a container made from the image */
};

/* The place of the string `value` at `pointer` of a document of `kind`, as pl_json_strings names
 * them. A key is always named by its pointer, so that no path repeats what the key holds; so is a
 * variable without '='. For a match that begins within a variable's name pass is_key = true. `path`
 * is a view on `pointer` or `value`, or lives in `a`. False for PL_DOC_UNKNOWN: the surface is then
 * PL_SURF_CONFIG, which whoever knows the document's role replaces. */
bool pl_doc_place(enum pl_doc_kind kind, struct pl_str pointer, struct pl_str value, bool is_key,
                  struct pl_arena *a, struct pl_place *ret);

/* The member name that `token`, one piece of a JSON pointer, stands for (RFC 6901 section 4): a
 * view on it, or a copy in `a` when it holds escapes. */
struct pl_str pl_pointer_unescape(struct pl_str token, struct pl_arena *a);

#endif
