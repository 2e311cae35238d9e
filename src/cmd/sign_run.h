/* What `sign` and `attest` share: the key, the job, the image or the file. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CMD_SIGN_RUN_H
#define PL_CMD_SIGN_RUN_H

#include "cmd/registry_opt.h"
#include "cmd/sign_opt.h"
#include "sign/store.h"

struct pl_sign_options {
    struct pl_opt_list annotations;
    const char *key, *form, *repo, *blob, *bundle, *type, *predicate;
    const char *result, *started, *finished;
    bool recursive, quiet, offline;
    struct pl_registry_cli reg;
};

/* The options that both have. */
#define PL_SIGN_OPTION_KEY                                                     \
    {                                                                          \
        "key", 'k', PL_OPT_STR, offsetof(struct pl_sign_options, key), "FILE", \
            "private key: FILE, env://NAME, exec:PROGRAM, pkcs11:URI or -"     \
    }
#define PL_SIGN_OPTIONS                                                                         \
    { "annotation", 'a',                                                                        \
      PL_OPT_LIST,  offsetof(struct pl_sign_options, annotations),                              \
      "NAME=VALUE", "signed along (repeatable)" },                                              \
        { "format",   0,                                                                        \
          PL_OPT_STR, offsetof(struct pl_sign_options, form),                                   \
          "FORM",     "both (the default), legacy or bundle" },                                 \
        { "sign-container-identity",                                                            \
          0,                                                                                    \
          PL_OPT_STR,                                                                           \
          offsetof(struct pl_sign_options, repo),                                               \
          "NAME",                                                                               \
          "HOST/REPO that the image is signed as" },                                            \
        { "recursive", 0,                                                                       \
          PL_OPT_FLAG, offsetof(struct pl_sign_options, recursive),                             \
          NULL,        "an index, and each of its children" },                                  \
        { "blob",     0,                                                                        \
          PL_OPT_STR, offsetof(struct pl_sign_options, blob),                                   \
          "FILE",     "a file instead of an image" },                                           \
        { "bundle",   0,                                                                        \
          PL_OPT_STR, offsetof(struct pl_sign_options, bundle),                                 \
          "FILE",     "where the bundle of --blob goes (default: standard output)" },           \
        PL_REGISTRY_OPTS(struct pl_sign_options, 0),                                            \
        { "offline",   0,                                                                       \
          PL_OPT_FLAG, offsetof(struct pl_sign_options, offline),                               \
          NULL,        "make any network call an error" },                                      \
    {                                                                                           \
        "quiet", 'q', PL_OPT_FLAG, offsetof(struct pl_sign_options, quiet), NULL, "only errors" \
    }

/* Runs either verb; `attest` says which. An exit code. */
int pl_sign_run(const char *verb, bool attest, const struct pl_sign_options *o,
                const struct pl_operands *ops);

#endif
