/* Compose files and Kubernetes manifests in `lint`. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CMD_LINT_DEPLOY_H
#define PL_CMD_LINT_DEPLOY_H

#include "cmd/lint_run.h"

/* Judges `text` when `path` or what it holds says that it is no Dockerfile, and fills `t`; false
 * when it is left to others. */
bool pl_lint_deploy(struct pl_lint_run *r, struct pl_str path, struct pl_str text,
                    struct pl_target *t);

#endif
