/* A new image in a registry: blobs as they are made, manifests by their digest, and the tag at the
 * very end, so whatever breaks off leaves nothing that has a name. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_REWRITE_PUSHED_H
#define PL_REWRITE_PUSHED_H

#include "oci/digest.h"
#include "source/remote.h"

struct pl_pushed;

/* Begins `out`, "docker://REF" with a tag or without ("latest"). Nothing is sent yet. `o` must
 * outlive it. PL_E_USAGE: no reference, or one with a digest. Heap. */
int pl_pushed_new(const struct pl_registry_opts *o, const char *out, struct pl_pushed **ret,
                  struct pl_err *err);
/* Blobs that are in this repository may be mounted, if it is of the same registry. */
void pl_pushed_from(struct pl_pushed *p, struct pl_str host, struct pl_str repo);
/* The tag; "NAME-TAG", for a file about it; the way to the registry, its host and repository: views
 * on `p`. */
struct pl_str pl_pushed_tag(const struct pl_pushed *p);
const char *pl_pushed_name(const struct pl_pushed *p);
struct pl_remote *pl_pushed_remote(const struct pl_pushed *p);
struct pl_str pl_pushed_host(const struct pl_pushed *p);
struct pl_str pl_pushed_repo(const struct pl_pushed *p);

/* Is the blob there, or can it be mounted? */
int pl_pushed_have(void *p, const struct pl_digest *d, uint64_t size, bool *ret,
                   struct pl_err *err);
/* A blob: begin, its bytes, end. */
int pl_pushed_begin(void *p, struct pl_err *err);
int pl_pushed_write(void *p, const void *bytes, size_t n, struct pl_err *err);
int pl_pushed_end(void *p, const struct pl_digest *d, uint64_t size, struct pl_err *err);
/* A manifest or index, under its digest; with a subject it becomes a referrer of that. */
int pl_pushed_manifest(struct pl_pushed *p, const struct pl_manifest *m,
                       const struct pl_digest *subject, struct pl_str artifact_type,
                       struct pl_err *err);

/* `d` is what the tag will name. */
void pl_pushed_top(struct pl_pushed *p, const struct pl_digest *d);
/* "docker://HOST/REPO@DIGEST", what can be read before there is a tag. */
const char *pl_pushed_target(const struct pl_pushed *p);
/* Gives it its tag. PL_E_USAGE when that names something else by now: nothing is overwritten. */
int pl_pushed_keep(struct pl_pushed *p, struct pl_err *err);
/* Frees; of what was not kept the registry is asked to forget the manifests. Accepts NULL. */
void pl_pushed_free(struct pl_pushed *p);

#endif
