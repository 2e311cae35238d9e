/* What a REWRITE job is told: it reads a blob, takes out what the edits name, and sends the new
 * blob back as BYTES. The edits stand in front of the blob's bytes: u64 length, then the edits. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SCAN_REWRITE_H
#define PL_SCAN_REWRITE_H

#include "fmt/jsonedit.h"
#include "io/tar_edit.h"
#include "model/report.h"
#include "scan/proto.h"

/* A string of a document that holds a secret, as hits name it. */
struct pl_rewrite_place {
    enum pl_surface surface;
    struct pl_str path;
};

struct pl_rewrite {
    bool doc;              /* a JSON document; else a layer */
    bool redact;           /* same length rather than empty; documents only */
    struct pl_str *values; /* the secrets */
    size_t n_values;
    struct pl_tar_edits tar; /* of a layer; `values` are the above */
    struct pl_rewrite_place *places;
    size_t n_places;
    struct pl_jsonedit *edits;
    size_t n_edits;
};

/* Appends; reads back (text views on the message, arrays in `a`). */
void pl_put_rewrite(struct pl_buf *b, const struct pl_rewrite *x);
bool pl_get_rewrite(struct pl_rd *r, struct pl_arena *a, struct pl_rewrite *ret);

#endif
