/* Records of layers that outlive a run: packed into bytes and back, and taken from where they are
 * kept in place of reading a layer again. fleet.md sections 2 and 3. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SCAN_KEEP_H
#define PL_SCAN_KEEP_H

#include "base/buf.h"
#include "base/limits.h"

struct pl_record;
struct pl_unit;
struct pl_part;

struct pl_keep_layer {
    struct pl_str digest; /* "sha256:…" */
    uint64_t size;        /* as its descriptor says */
};

enum pl_kept {
    PL_KEPT_NOT,   /* read it, and give its record to `put` */
    PL_KEPT_HERE,  /* its record is in *ret */
    PL_KEPT_LEAVE, /* leave it unread: the image is incomplete, *ret says why */
};

/* Where records are kept; filled in by whoever knows. */
struct pl_keep {
    enum pl_kept (*ask)(void *arg, const struct pl_keep_layer *l, struct pl_buf *ret);
    /* A layer was read whole and is what its digest says. */
    void (*put)(void *arg, const struct pl_keep_layer *l, struct pl_str packed);
    void *arg;
    /* Not empty: the digest of the one layer that is wanted. What else a registry knows of an image
     * that holds it is not asked for. */
    struct pl_str only;
};

/* The record as bytes, appended to `ret`: what its worker said, and the digests that were taken.
 * False when it is too large, or not that of a whole layer. */
bool pl_record_pack(const struct pl_record *r, struct pl_buf *ret);
/* The way back; what the bytes say is doubted as a worker is. NULL when they are none. Heap. */
struct pl_record *pl_record_unpack(struct pl_str packed, const struct pl_limits *limits);

/* Asks for the record of a part that is about to be read. True: it is there, or left. False: it is
 * to be read; *ret_put: its record is wanted. */
bool pl_unit_kept(struct pl_unit *u, struct pl_part *p, bool *ret_put);
/* Is one layer wanted alone, and has the unit found it? */
bool pl_unit_keep_found(struct pl_unit *u);
/* Gives the record of a part that was read away. */
void pl_unit_keep(struct pl_unit *u, struct pl_part *p);

#endif
