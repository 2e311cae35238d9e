/* What the files that write to a registry share. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_REGISTRY_PUSH_INT_H
#define PL_REGISTRY_PUSH_INT_H

#include "registry/registry_int.h"

struct pl_push {
    struct pl_registry *r;
    struct pl_endpoint *e;
    struct pl_str there, scope; /* repository as it is called there */
    struct pl_str repo;
    struct pl_arena *a;
};

/* Writing to `repo` of the registry itself; text in `a`. */
struct pl_push pl_push_to(struct pl_registry *r, struct pl_str repo, struct pl_arena *a);
/* A call with the scopes of writing. */
struct pl_call pl_push_call(const struct pl_push *p, const char *method);
/* Is the blob there? */
int pl_push_has(const struct pl_push *p, const struct pl_digest *d, bool *ret, struct pl_err *err);

/* An upload under way: `at` is always the latest Location. */
struct pl_upload_at {
    struct pl_url at;
    bool open;
    uint64_t chunk_min;
};

/* Opens a session; with `from` asks for a mount first. *ret_mounted: nothing is to be sent. */
int pl_upload_begin(struct pl_push *p, const struct pl_digest *d, struct pl_str from,
                    struct pl_upload_at *u, bool *ret_mounted, struct pl_err *err);
/* Sends blob `d` from `source`, in one piece or, where that is too much, in several. */
int pl_upload_whole(struct pl_push *p, const struct pl_digest *d, uint64_t size,
                    pl_registry_source *source, void *arg, struct pl_upload_at *u,
                    struct pl_err *err);
/* Gives the session up, if there is one. */
void pl_upload_cancel(struct pl_push *p, struct pl_upload_at *u);

#endif
