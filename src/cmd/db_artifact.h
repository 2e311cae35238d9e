/* An advisory database as an artifact of a registry or a layout. packages.md section 9. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CMD_DB_ARTIFACT_H
#define PL_CMD_DB_ARTIFACT_H

#include "cmd/db_opt.h"

/* Is it "oci:…" or "docker://…"? */
bool pl_db_is_artifact(const char *s);
/* Writes the artifact's database (or its difference) to `db`, and its signature bundle, where it
 * has one, to `bundle`. Digests are checked. PL_E_FORMAT when no layer is one; the codes of
 * registry.h. */
int pl_db_artifact(const struct pl_db_cmd *o, const char *what, const char *db, const char *bundle,
                   struct pl_err *err);

#endif
