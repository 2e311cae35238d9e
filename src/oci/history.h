/* Which history entry made which layer, and what its text says. forensics.md section 5. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_OCI_HISTORY_H
#define PL_OCI_HISTORY_H

#include "oci/doc.h"

#define PL_NO_INDEX UINT32_MAX

enum pl_history_fit {
    PL_HISTORY_NONE, /* no history: nothing is attributed, no note */
    PL_HISTORY_ALIGNED,
    PL_HISTORY_MISMATCH, /* note history-mismatch; nothing is attributed */
};

struct pl_history_map {
    enum pl_history_fit fit;
    size_t n_layers; /* as the image has */
    size_t n_filled; /* history entries that say they bring a layer */
    /* Aligned only, else NULL: for each layer its history entry; for each history entry its layer,
     * or PL_NO_INDEX. In the arena. */
    uint32_t *of_layer, *layer_of;
};

/* Lays the history of `config` along `n_layers` layers, bottom up. */
void pl_history_align(const struct pl_doc *config, size_t n_layers, struct pl_arena *a,
                      struct pl_history_map *ret);

/* What a builder wrote for RUN with build arguments, "|2 A=x B=y /bin/sh -c …". */
struct pl_history_run {
    struct pl_str *args; /* "A=x", views on the text; the array is in the arena */
    size_t n_args;
    struct pl_str command; /* "/bin/sh -c …" */
};

/* Splits `created_by`; false when it is not of that form. The text has no quoting, so a value with
 * blanks reaches up to the next NAME= that is still expected, the last one up to the shell. */
bool pl_history_run(struct pl_str created_by, struct pl_arena *a, struct pl_history_run *ret);

enum pl_history_what { PL_HISTORY_ENV, PL_HISTORY_LABEL };

/* The history entry that set variable or label `name` to `value`: the last ENV or LABEL naming it,
 * if it gives this value. *ret_layer is that entry's layer, or PL_NO_INDEX for an entry without one
 * (the rule) or a history that is not aligned. False when no entry names it. */
bool pl_history_setter(const struct pl_doc *config, const struct pl_history_map *map,
                       enum pl_history_what what, struct pl_str name, struct pl_str value,
                       uint32_t *ret_entry, uint32_t *ret_layer);

#endif
