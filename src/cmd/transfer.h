/* What pull, push and inspect share: a registry's documents read in workers, an image as a list of
 * what must be copied. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CMD_TRANSFER_H
#define PL_CMD_TRANSFER_H

#include "cmd/registry_opt.h"
#include "source/docker.h"
#include "source/remote.h"

/* One document or blob of an image. */
struct pl_item {
    struct pl_digest digest;
    uint64_t size;
    struct pl_str type;  /* media type */
    struct pl_str bytes; /* of a document */
    struct pl_str url;   /* a layer's own address, or empty */
    bool manifest;
    const struct pl_doc *doc; /* of a manifest or index */
};

/* Everything below one manifest or index, blobs first, children before their index; no digest
 * twice. */
struct pl_closure {
    struct pl_arena a;
    struct pl_limits limits;
    struct pl_scan *scan;
    PL_VEC(struct pl_item) items;
    struct pl_map seen;
    /* Bytes of a document: a manifest (`type` is what it was served as, or empty), in arena `a`. */
    int (*fetch)(void *arg, const struct pl_descriptor *d, struct pl_arena *a, struct pl_str *ret,
                 struct pl_str *ret_type, struct pl_err *err);
    void *arg;
};

/* Adds `d` and all below it. PL_E_DIGEST, PL_E_FORMAT, PL_E_LIMIT, or what `fetch` returned. */
int pl_closure_add(struct pl_closure *c, const struct pl_descriptor *d, struct pl_err *err);
void pl_closure_release(struct pl_closure *c);

/* The document of bytes that were served as `type`: agrees it with what it says itself (registry.md
 * section 6), and sets *ret_type to the media type it is. */
int pl_transfer_doc(struct pl_scan *s, struct pl_str bytes, struct pl_str type,
                    struct pl_str expect, struct pl_arena *a, struct pl_doc *ret,
                    struct pl_str *ret_type, struct pl_err *err);

/* Writes an OCI layout. */
struct pl_layout_out;
/* Opens or makes folder `path`; an index.json that is there is taken away, since from here on it
 * would not be true. Heap. */
int pl_layout_out_new(const char *path, struct pl_layout_out **ret, struct pl_err *err);
/* Is blob `d` there, and right? */
bool pl_layout_out_has(struct pl_layout_out *o, const struct pl_digest *d, uint64_t size);
/* Begins a blob under a temporary name; appends; ends it: it gets its name when its digest holds,
 * else PL_E_DIGEST. Several may be open at once. */
struct pl_blob_out;
int pl_blob_out_new(struct pl_layout_out *o, const struct pl_digest *d, struct pl_blob_out **ret,
                    struct pl_err *err);
int pl_blob_out_add(struct pl_blob_out *b, const void *p, size_t n, struct pl_err *err);
int pl_blob_out_end(struct pl_blob_out *b, struct pl_err *err);
/* Gives it up: nothing stays. Accepts NULL. */
void pl_blob_out_drop(struct pl_blob_out *b);
/* Writes oci-layout and, last and by rename, index.json. */
int pl_layout_out_end(struct pl_layout_out *o, struct pl_str index, struct pl_err *err);
void pl_layout_out_free(struct pl_layout_out *o);

/* Ends a verb that copies: prints what failed. Not found and refused are 4, what is no reference 2.
 */
int pl_transfer_failed(const char *verb, const struct pl_err *err);

#endif
