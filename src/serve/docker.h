/* Asking the Docker daemon what a local image is. Docker Engine API, "Inspect an image". */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SERVE_DOCKER_H
#define PL_SERVE_DOCKER_H

#include "base/arena.h"
#include "base/err.h"

/* The digests ("HOST/REPO@sha256:…") under which the daemon at `socket` got image `name` from
 * registries, in `a`; there may be none. PL_E_NOENT: it has no such image; PL_E_USAGE: `name` is no
 * name; PL_E_NET, PL_E_FORMAT, PL_E_LIMIT: it could not say within `ms`. */
int pl_docker_digests(const char *socket, struct pl_str name, uint32_t ms, struct pl_arena *a,
                      struct pl_str **ret, size_t *ret_n, struct pl_err *err);

#endif
