/* Credentials in the files of Docker and of containers: config.json, auth.json. registry.md
 * section 4. Parses only; which files are read is decided in creds.h. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_REGISTRY_AUTHFILE_H
#define PL_REGISTRY_AUTHFILE_H

#include "base/arena.h"
#include "base/err.h"

/* A user name with its secret, or an identity token (user empty). Never printed. */
struct pl_credential {
    bool set, identity;
    struct pl_str user, secret;
};

struct pl_auth_hit {
    struct pl_credential cred;
    struct pl_str helper; /* name of a credential helper to ask in its place, or empty */
};

/* Looks for `repo` ("team/app", may be empty) of `host` ("name", "name:port"; Docker Hub is
 * "docker.io") in a file's text: its helper, then the longest key that is the host or a path
 * prefix, then the file's general helper. The host must match exactly. Nothing found: both members
 * of *ret are empty. Text in `a`. PL_E_FORMAT: no JSON object, or an entry that makes no sense; the
 * message holds no value. */
int pl_authfile_find(struct pl_str text, struct pl_str host, struct pl_str repo, struct pl_arena *a,
                     struct pl_auth_hit *ret, struct pl_err *err);

/* Reads what a helper printed: {"Username","Secret"}. PL_E_FORMAT. */
int pl_helper_answer(struct pl_str text, struct pl_arena *a, struct pl_credential *ret,
                     struct pl_err *err);

/* May a helper be called so? Letters, digits, '-', '_', '.', and no path. */
bool pl_helper_name(struct pl_str name);

/* No control characters, which could end a header line. */
bool pl_secret_sane(struct pl_str s);

#endif
