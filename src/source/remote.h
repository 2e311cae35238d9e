/* A registry seen from the parent: processes of their own speak to it and hold the credentials, so
 * that neither the parent nor any worker forked from it ever has them. Bytes come over pipes. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SOURCE_REMOTE_H
#define PL_SOURCE_REMOTE_H

#include "registry/registry.h"
#include "source/feed.h"

struct pl_remote;

/* Makes ready for `host`; the first process is started at the first request. `o` must outlive it.
 * Heap. */
struct pl_remote *pl_remote_new(const struct pl_registry_opts *o, struct pl_str host);
/* Ends the processes; accepts NULL. */
void pl_remote_free(struct pl_remote *rm);

/* As in registry.h, through the first process; they wait. PL_E_IO also when that process is gone.
 */
int pl_remote_manifest(struct pl_remote *rm, struct pl_str repo, struct pl_str ref,
                       struct pl_arena *a, struct pl_manifest *ret, struct pl_err *err);
/* The same from the registry itself, whatever mirrors there are. */
int pl_remote_origin(struct pl_remote *rm, struct pl_str repo, struct pl_str ref,
                     struct pl_arena *a, struct pl_manifest *ret, struct pl_err *err);
int pl_remote_tags(struct pl_remote *rm, struct pl_str repo, pl_registry_name_fn *fn, void *arg,
                   struct pl_err *err);
int pl_remote_catalog(struct pl_remote *rm, pl_registry_name_fn *fn, void *arg, struct pl_err *err);
/* `page` gets each page whole. */
int pl_remote_referrers(struct pl_remote *rm, struct pl_str repo, const struct pl_digest *subject,
                        pl_registry_sink *page, void *arg, struct pl_err *err);
/* What the first process last heard of the rate limit. */
int pl_remote_rate(struct pl_remote *rm, struct pl_rate *ret, struct pl_err *err);

/* Blob `d`, exactly `size` bytes; asked for at the first read, when a process is free (at most two
 * are at work). `url` (may be empty): the layer's own address, asked without credentials. The feed
 * fails when what came is not what `d` says. Heap. */
struct pl_feed *pl_remote_blob(struct pl_remote *rm, struct pl_str repo, const struct pl_digest *d,
                               uint64_t size, struct pl_str url);
/* What to wait on for reading when the feed had nothing yet: -1 when it waits for a free process,
 * or is no such feed. */
int pl_remote_blob_fd(const struct pl_feed *f);

/* Does the registry serve blob `d`? */
int pl_remote_serves(struct pl_remote *rm, struct pl_str repo, const struct pl_digest *d, bool *ret,
                     struct pl_err *err);

/* ---- writing ---- */

/* Is blob `d` in `repo`, or could it be mounted there from repository `from` (may be empty)? */
int pl_remote_have(struct pl_remote *rm, struct pl_str repo, const struct pl_digest *d,
                   struct pl_str from, bool *ret, struct pl_err *err);
/* A blob that is sent while it is made, by a process of its own; one at a time for each
 * pl_remote. Heap. PL_E_IO also when no process is free. */
struct pl_remote_upload;
int pl_remote_upload_new(struct pl_remote *rm, struct pl_str repo, struct pl_remote_upload **ret,
                         struct pl_err *err);
int pl_remote_upload_add(struct pl_remote_upload *u, const void *p, size_t n, struct pl_err *err);
/* That was all of it: waits until the registry has it as `d`. */
int pl_remote_upload_end(struct pl_remote_upload *u, const struct pl_digest *d, struct pl_err *err);
/* Gives it up when it was not ended; accepts NULL. */
void pl_remote_upload_free(struct pl_remote_upload *u);
/* As pl_registry_push_manifest. */
int pl_remote_put(struct pl_remote *rm, struct pl_str repo, struct pl_str ref,
                  const struct pl_manifest *m, const struct pl_digest *subject,
                  struct pl_str descriptor, struct pl_err *err);
/* As pl_registry_delete_manifest. */
int pl_remote_delete(struct pl_remote *rm, struct pl_str repo, const struct pl_digest *d,
                     struct pl_err *err);

#endif
