/* The members of a vulnerability in our JSON, out and in. packages.md section 7. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_REPORT_VULN_JSON_H
#define PL_REPORT_VULN_JSON_H

#include "fmt/json.h"
#include "fmt/jsonw.h"
#include "model/vuln.h"

/* Appends "package", "advisory", "match" and, where it applies, "collapsed" to an open object. */
void pl_vuln_put(struct pl_jsonw *w, const struct pl_vuln *v);
/* Reads them back into `a`; NULL when `finding` has no "package". What is missing is empty. */
struct pl_vuln *pl_vuln_get(struct pl_arena *a, const struct pl_json *finding);
/* The value of tool.db: an object, or null without a database. */
void pl_db_info_put(struct pl_jsonw *w, const struct pl_db_info *db);
/* Reads it back; NULL for null. */
const struct pl_db_info *pl_db_info_get(struct pl_arena *a, const struct pl_json *db);

#endif
