/* Where credentials come from: first hit wins. registry.md section 4. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_REGISTRY_CREDS_H
#define PL_REGISTRY_CREDS_H

#include "registry/authfile.h"
#include "registry/registry.h"

/* Credentials for `repo` of `host`; *ret is unset when there are none. PL_E_USAGE: a file or helper
 * that is there makes no sense. */
int pl_creds_find(const struct pl_registry_opts *o, struct pl_str host, struct pl_str repo,
                  struct pl_arena *a, struct pl_credential *ret, struct pl_err *err);

/* Runs docker-credential-NAME get for `server`; unset when it knows none. 30 s, 64 KiB. */
int pl_helper_ask(struct pl_str name, struct pl_str server, struct pl_arena *a,
                  struct pl_credential *ret, struct pl_err *err);

#endif
