/* The cosign personality: one set of options for all its verbs, and its exit codes. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_COMPAT_COSIGN_H
#define PL_COMPAT_COSIGN_H

#include "registry/registry.h"
#include "sign/place.h"

/* Exit codes of cosign 2. */
enum { CS_OK = 0, CS_FAILED = 1, CS_UNSIGNED = 10, CS_NO_TAG = 11, CS_NO_MATCH = 12 };

#define PL_CS_LIST_MAX 64u
struct pl_cs_list {
    const char *p[PL_CS_LIST_MAX];
    size_t n;
};

struct pl_cs_opts {
    const char *key, *type, *predicate, *output, *output_signature, *prefix, *outfile, *bundle,
        *signature, *container_identity, *only, *platform, *slot_type, *predicate_type, *timeout;
    const char *trusted_root, *identity, *identity_re, *issuer, *issuer_re;
    const char *registry_username, *registry_password, *registry_cacert, *client_cert, *client_key;
    const char *new_bundle, *tlog_upload, *check_claims; /* "true", "false", or NULL */
    struct pl_cs_list annotations;
    bool recursive, yes, force, sig_only, local_image, allow_http, ignore_tlog, private_infra,
        ignore_sct, offline, record_time;
};

/* A verb under way: its operands, the way to registries, an arena. */
struct pl_cs {
    struct pl_cs_opts o;
    const char **ops;
    size_t n_ops;
    struct pl_registry_opts reg;
    struct pl_arena a;
    struct pl_err err;
};

/* The verbs; each returns an exit code, with `err` set and not yet printed when it is not 0. */
int pl_cs_sign(struct pl_cs *c);
int pl_cs_sign_blob(struct pl_cs *c);
int pl_cs_attest(struct pl_cs *c);
int pl_cs_verify(struct pl_cs *c);
int pl_cs_verify_attestation(struct pl_cs *c);
int pl_cs_verify_blob(struct pl_cs *c);
int pl_cs_generate(struct pl_cs *c);
int pl_cs_import(struct pl_cs *c);
int pl_cs_public_key(struct pl_cs *c);
int pl_cs_tree(struct pl_cs *c);
int pl_cs_triangulate(struct pl_cs *c);
int pl_cs_download_signature(struct pl_cs *c);
int pl_cs_download_attestation(struct pl_cs *c);
int pl_cs_copy(struct pl_cs *c);

/* Opens the image that the n-th operand names (with --local-image a layout), as pl_sign_place_open.
 */
int pl_cs_open(struct pl_cs *c, size_t n, struct pl_sign_place *p);
/* --annotations as pairs in the arena; an exit code's worth of error. */
int pl_cs_annotations(struct pl_cs *c, struct pl_annotation **ret);
/* Writes to stdout whole. */
int pl_cs_print(struct pl_str s, struct pl_err *err);
/* Writes a file, mode 0644 (NULL: stdout). */
int pl_cs_write(const char *path, struct pl_str s, struct pl_err *err);

#endif
