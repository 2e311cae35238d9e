/* Compose files and Kubernetes manifests in `lint`. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CMD_LINT_DEPLOY_H
#define PL_CMD_LINT_DEPLOY_H

#include "cmd/lint_run.h"

/* Mends and judges `text` of the file `path`, `bare` in reports, when its name or what it holds
 * says that it is no Dockerfile, and fills `t`; false when it is left to others. *ret_code: 0, or
 * an exit code that ends the run. */
bool pl_lint_deploy(struct pl_lint_run *r, const char *path, struct pl_str bare, struct pl_str text,
                    struct pl_target *t, int *ret_code);

#endif
