/* Repairs of what a manifest gives a container, in both kinds of manifest. formats/hardening.md
 * section 6. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CHECK_DEPLOY_MEND_H
#define PL_CHECK_DEPLOY_MEND_H

#include "check/deploy/edit.h"

/* Each gives `h` edits when a repair is known; `h` may be NULL. Without repairs wanted they do
 * nothing. */

/* Drops all capabilities and adds those that the start needs (rules 7 and 32). */
void pl_deploy_mend_caps(struct pl_deploy *d, struct pl_deploy_hit *h,
                         const struct pl_deploy_run *c);
/* No new privileges; `y`: what says otherwise, or NULL. */
void pl_deploy_mend_privileges(struct pl_deploy *d, struct pl_deploy_hit *h,
                               const struct pl_deploy_run *c, const struct pl_yaml *y);
/* A read-only root with the mounts that it needs; the mounts alone. */
void pl_deploy_mend_root(struct pl_deploy *d, struct pl_deploy_hit *h,
                         const struct pl_deploy_run *c);
void pl_deploy_mend_mounts(struct pl_deploy *d, struct pl_deploy_hit *h,
                           const struct pl_deploy_run *c);
/* A user that is not root; `y`: the user named now, or NULL. */
void pl_deploy_mend_user(struct pl_deploy *d, struct pl_deploy_hit *h,
                         const struct pl_deploy_run *c, const struct pl_yaml *y);
/* The number that runAsNonRoot needs (rule 30). */
void pl_deploy_mend_start(struct pl_deploy *d, struct pl_deploy_hit *h,
                          const struct pl_deploy_run *c);

#endif
