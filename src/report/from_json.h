/* Saved results: reading our own JSON back, and comparing two results. commands.md, ux.md 4. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_REPORT_FROM_JSON_H
#define PL_REPORT_FROM_JSON_H

#include "base/err.h"
#include "model/report.h"

/* Reads what the writer "json" wrote (schema 1) into *ret; everything lives in `a`. Keys it does
 * not know are passed over. What the format does not hold is not known afterwards: how many bytes
 * were read (`uncounted`), times, more than the first four bytes of `secret_hash`. PL_E_FORMAT
 * names the place and key; PL_E_LIMIT for a document too large. */
int pl_report_from_json(struct pl_arena *a, struct pl_str text, struct pl_report *ret,
                        struct pl_err *err);

/* Marks each finding of `r` as new or unchanged by whether its fingerprint is in `old`, and lists
 * in r->gone what only `old` has. `old` must live as long as `r`. PL_E_USAGE when `old` is
 * incomplete: what it did not see would look new, and nothing could be called fixed. */
int pl_report_baseline(struct pl_report *r, const struct pl_report *old, struct pl_err *err);

#endif
