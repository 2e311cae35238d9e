/* The configuration file. ux.md section 4. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CMD_CONFIG_H
#define PL_CMD_CONFIG_H

#include "base/arena.h"
#include "base/err.h"

/* The nearest file: from the working directory upwards to the repository root, then the user's,
 * then the system's. In `a`; empty when there is none. */
struct pl_str pl_config_find(struct pl_arena *a);
/* The folder that the setting `key` of the nearest file names, relative to that file; in `a`, NULL
 * when it is not set. PL_E_USAGE, PL_E_FORMAT name file and line. */
int pl_config_folder(const char *key, struct pl_arena *a, const char **ret, struct pl_err *err);

#endif
