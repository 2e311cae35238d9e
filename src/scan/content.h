/* One piece of content, whatever it is: scanned window by window straight from its view, and opened
 * when it is a container. Runs in the child. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SCAN_CONTENT_H
#define PL_SCAN_CONTENT_H

#include "scan/worker.h"

/* Where the content is. `nested` grows on the way down. */
struct pl_spot {
    enum pl_surface surface;
    uint32_t ordinal;    /* of the entry, or PL_NEVER */
    uint32_t mode;       /* of the entry */
    uint64_t size;       /* of the entry, as declared */
    struct pl_str path;  /* for the engine's path rules: of the innermost file */
    struct pl_str outer; /* of the file that `nested` is in */
    struct pl_str say;   /* what hits say as path; empty for files (it is the entry's) */
    struct pl_names nested;
    bool value;   /* one value, `path` is its name */
    bool raw_too; /* pl_member.raw_too of the member it is in */
    bool packed;  /* in an archive that programs do not run from: nothing in it is installed */
    bool binary;  /* no lines, whatever the bytes look like */
    unsigned depth;
    uint64_t *total;       /* unpacked from the outer file so far; NULL at the outermost */
    bool wanted;           /* `recover` asks for this very content */
    bool visible;          /* of a document's string: in effect in a container */
    uint32_t history;      /* 1 + index of the history entry it belongs to; 0 = none */
    struct pl_buf *masked; /* NULL, or the text with each secret replaced by its evidence; starts as
                              the text's own prefix up to `masked_to` */
    size_t masked_to;
};

/* Reads `v` to its end: scans every window, recurses into containers. Returns 0, or the failure of
 * `v` itself (what was read before has been scanned). */
int pl_content_scan(struct pl_worker *w, struct pl_spot *at, struct pl_view *v, struct pl_err *err);
/* The same for a short piece in memory. */
void pl_content_piece(struct pl_worker *w, struct pl_spot *at, struct pl_str bytes);
/* Appends `text` with each secret in it replaced by its evidence; sends no hits. For names that are
 * printed. */
void pl_content_mask(struct pl_worker *w, struct pl_str text, struct pl_buf *out);
/* Is a note with this code of a reader only information: nothing was left unread? */
bool pl_content_harmless(const char *code);

#endif
