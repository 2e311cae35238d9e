/* Parts of our JSON that other documents have, too. commands.md, "scan --format json". */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_REPORT_FINDING_JSON_H
#define PL_REPORT_FINDING_JSON_H

#include "fmt/jsonw.h"
#include "model/report.h"

/* Appends an element of "findings". Between ret_life[0] and ret_life[1], offsets in w->out, stands
 * what pl_life_put wrote: the only part that depends on the layers of `t`. */
void pl_finding_put(struct pl_jsonw *w, const struct pl_target *t, const struct pl_finding *f,
                    size_t ret_life[2]);
/* Appends "introduced", "hidden" and "visible" to an open object. */
void pl_life_put(struct pl_jsonw *w, const struct pl_target *t, const struct pl_finding *f);
/* Appends "notes" to an open object. */
void pl_notes_put(struct pl_jsonw *w, const struct pl_target *t);

#endif
