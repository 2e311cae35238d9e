/* plimsoll explain ID …: why a package is, or is not, reported for a flaw. packages.md section 7.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CMD_EXPLAIN_VULN_H
#define PL_CMD_EXPLAIN_VULN_H

#include "cmd/common.h"

/* Is it an advisory's id rather than a rule's? */
bool pl_explain_is_flaw(const char *id);
/* `ops` hold an id, and perhaps a package's name and a target, in any order; `db` as --db. An exit
 * code. */
int pl_explain_flaw(const struct pl_operands *ops, const char *db, const struct pl_common *c);

#endif
