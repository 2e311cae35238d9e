/* Images in registries as targets: docker://REF, docker://HOST/REPO (all tags), docker://HOST (all
 * repositories). Nothing is stored. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SOURCE_DOCKER_H
#define PL_SOURCE_DOCKER_H

#include "oci/doc.h"
#include "oci/reference.h"
#include "source/source.h"

/* Could a bare word be an image reference? */
bool pl_docker_is_name(const char *word);
/* A reference completed as Docker does it: host "docker.io" and "library/" where they are missing,
 * tag "latest" where neither tag nor digest was typed (*ret_assumed, may be NULL). Text in `a`.
 * PL_E_USAGE. */
int pl_docker_reference(struct pl_str s, struct pl_arena *a, struct pl_reference *ret,
                        bool *ret_assumed, struct pl_err *err);
/* Opens s->path, a reference. The one image that is named has been fetched when it returns. */
int pl_docker_open(struct pl_source *s, struct pl_err *err);
/* Fetches the manifest of a top that was not fetched yet. */
int pl_docker_top(struct pl_source *s, struct pl_top *t, struct pl_err *err);
/* The blob of a descriptor, made known when it is not: one blob for each digest, wherever it is. */
struct pl_blob *pl_docker_blob(struct pl_source *s, struct pl_str repo,
                               const struct pl_descriptor *d, bool manifest);
/* A document that was made up or gathered here (a page of referrers), `name` being its place. */
struct pl_blob *pl_docker_document(struct pl_source *s, struct pl_str name, struct pl_str data);
/* The manifest under `tag` as a blob; NULL with *err unset when there is none. */
struct pl_blob *pl_docker_tagged(struct pl_source *s, struct pl_str repo, struct pl_str tag,
                                 struct pl_err *err);
/* Its bytes. */
struct pl_feed *pl_docker_feed(const struct pl_source *s, const struct pl_blob *b,
                               struct pl_err *err);

#endif
