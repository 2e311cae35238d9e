/* Differences between databases. packages.md section 9. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CMD_DB_DELTA_H
#define PL_CMD_DB_DELTA_H

#include "base/err.h"

/* Where `file` holds a difference, it becomes the database that this makes of `old`. 0 also when it
 * holds none. PL_E_DIGEST: it is to another database. */
int pl_db_delta_apply(const char *old, const char *file, struct pl_err *err);

#endif
