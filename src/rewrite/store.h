/* A new image on disk: an OCI layout or an archive. It is made under another name beside the final
 * one and gets that only at the end, so whatever breaks off never passes for whole. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_REWRITE_STORE_H
#define PL_REWRITE_STORE_H

#include "oci/digest.h"

struct pl_store;

/* Begins `out`: "oci:DIR[:TAG]", "oci-archive:FILE" or "docker-archive:FILE". PL_E_USAGE: another
 * form, or it is there already; PL_E_IO. Heap. */
int pl_store_new(const char *out, struct pl_store **ret, struct pl_err *err);
/* The tag in `out`, or empty; its path; and what the image can be read as while it is not kept:
 * views on the store. */
struct pl_str pl_store_tag(const struct pl_store *s);
const char *pl_store_path(const struct pl_store *s);
const char *pl_store_target(const struct pl_store *s);

/* A blob: begin, its bytes, end. One that is there already is forgotten again. */
int pl_store_begin(void *s, struct pl_err *err);
int pl_store_write(void *s, const void *p, size_t n, struct pl_err *err);
int pl_store_end(void *s, const struct pl_digest *d, uint64_t size, struct pl_err *err);
/* A document at the top: "index.json", "oci-layout", "manifest.json" (left out of what is no
 * docker-archive). */
int pl_store_file(void *s, struct pl_str name, struct pl_str bytes, struct pl_err *err);

/* All is there: what was written goes to the disk itself, and can be read as pl_store_target. */
int pl_store_sync(struct pl_store *s, struct pl_err *err);
/* Gives it its name, which nothing may have by now; nothing is overwritten. */
int pl_store_keep(struct pl_store *s, struct pl_err *err);
/* Frees; what was not kept is removed. Accepts NULL. */
void pl_store_free(struct pl_store *s);

#endif
