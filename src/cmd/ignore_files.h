/* Which ignore files a run reads. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CMD_IGNORE_FILES_H
#define PL_CMD_IGNORE_FILES_H

#include "cmd/scan_cmd.h"
#include "policy/ignores.h"

/* Reads the [[ignore]] tables of the configuration, the files of --ignore-file and, where `own`
 * names a folder, its .plimsollignore and .gitleaksignore. Warnings go to stderr. PL_E_USAGE. */
int pl_scan_read_ignores(const struct pl_scan_cmd *o, struct pl_ignores *ret, struct pl_err *err);

#endif
