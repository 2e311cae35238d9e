/* What the lock files of the npm world share. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_PKG_NPM_INT_H
#define PL_PKG_NPM_INT_H

#include "pkg/pkg_int.h"

/* Is the version a folder or a workspace: no package of a registry? */
bool pl_npm_local(struct pl_str version);
/* The version, or the commit of a git address. */
struct pl_str pl_npm_version(struct pl_str v);
/* Emits NAME or @SCOPE/NAME; follows aliases, leaves local ones out. */
void pl_npm_put(struct pl_pkg_sink *s, struct pl_str name, struct pl_str version, uint32_t flags);

#endif
