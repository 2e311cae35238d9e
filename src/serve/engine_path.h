/* A request target of Docker's Engine API, brought to the form in which the daemon routes it. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SERVE_ENGINE_PATH_H
#define PL_SERVE_ENGINE_PATH_H

#include "base/arena.h"
#include "base/err.h"

/* Splits `target` into *ret_path (decoded once; no scheme and host, no "//", "." and "..", no
 * version) and *ret_query (as it stands). PL_E_FORMAT: what a daemon might read in another way. */
int pl_engine_path(struct pl_str target, struct pl_arena *a, struct pl_str *ret_path,
                   struct pl_str *ret_query, struct pl_err *err);

/* The value of `name` in `query`, decoded, in `a`; empty when it is not there. PL_E_FORMAT: there
 * twice, or the query is not one that every reader takes apart alike. */
int pl_engine_query(struct pl_str query, const char *name, struct pl_arena *a, struct pl_str *ret,
                    struct pl_err *err);

#endif
