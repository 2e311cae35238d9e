/* The image that sign, attest and verify are about: in a layout, or in a registry. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SIGN_PLACE_H
#define PL_SIGN_PLACE_H

#include "registry/registry.h"
#include "sign/store.h"

struct pl_sign_place {
    struct pl_arena a; /* text below */
    struct pl_sign_store *store;
    struct pl_named image;
    struct pl_buf manifest; /* its bytes, as they came */
    struct pl_str ref;      /* as it was typed */
    struct pl_str repo;     /* what it is signed as: HOST/REPO; the operand for a layout */
    bool remote;
};

/* Opens "oci:DIR[:TAG|@DIGEST]", a layout's directory, or a reference, whose tag is resolved once.
 * Signatures are looked for, and put, in the repository that COSIGN_REPOSITORY names when it is
 * set. `o` is the way to registries; `look`: see pl_sign_remote_find. To be closed in any case.
 * PL_E_USAGE, or codes of the registry client. */
int pl_sign_place_open(struct pl_sign_place *p, const char *target,
                       const struct pl_registry_opts *o, enum pl_sign_look look,
                       struct pl_err *err);
void pl_sign_place_close(struct pl_sign_place *p);

/* The manifests of an index: calls `fn` for each with its name and bytes. At most 1000. No call for
 * an image that is none. */
int pl_sign_place_children(struct pl_sign_place *p,
                           int (*fn)(void *arg, const struct pl_named *child, struct pl_buf *bytes,
                                     struct pl_err *err),
                           void *arg, struct pl_err *err);

#endif
