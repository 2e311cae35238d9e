/* Docker's authorization plugin protocol: which requests of the Engine API bring an image or start
 * one, and which image that is. Docker Engine, "Access authorization plugin". */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SERVE_AUTHZ_H
#define PL_SERVE_AUTHZ_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#define PL_AUTHZ_BODY_MAX ((size_t)1 << 20) /* what the daemon forwards at most */
#define PL_AUTHZ_IMAGES_MAX 64u

enum pl_authz_kind {
    PL_AUTHZ_PASS,   /* brings no image */
    PL_AUTHZ_REFUSE, /* cannot be judged; `why` says so */
    PL_AUTHZ_BUILD,  /* makes or loads images: only where the policy says docker-build */
    PL_AUTHZ_PULL,   /* images[0] comes from a registry */
    PL_AUTHZ_RUN,    /* images are started or mounted; they may be local ones */
};

/* A request of the Engine API. Views live in the arena that was given. */
struct pl_authz {
    enum pl_authz_kind kind;
    struct pl_str user, why, platform;
    struct pl_str images[PL_AUTHZ_IMAGES_MAX];
    size_t n_images;
};

/* Reads the body of /AuthZPlugin.AuthZReq. Never fails: what cannot be read is PL_AUTHZ_REFUSE. */
void pl_authz_parse(struct pl_str body, struct pl_arena *a, struct pl_authz *ret);

/* Appends {"Allow","Msg","Err"}; `why` may be empty. */
void pl_authz_write(bool allow, struct pl_str why, struct pl_buf *out);

#endif
