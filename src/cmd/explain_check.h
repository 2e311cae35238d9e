/* plimsoll explain of the rules that judge Dockerfiles, images and manifests. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CMD_EXPLAIN_CHECK_H
#define PL_CMD_EXPLAIN_CHECK_H

#include "base/buf.h"

/* Appends what is known of the rule or code `id` ("PL-D501", "DL3008", "CKV_DOCKER_3", "PL-R10");
 * false when there is none. */
bool pl_explain_check(const char *id, struct pl_buf *out);
/* Appends all these rules, one a line. */
void pl_explain_checks(struct pl_buf *out);

#endif
