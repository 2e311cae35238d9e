/* The store behind the gate: what an earlier reading of an image found, where that is as good as
 * reading it now. gates.md section 1, fleet.md section 4. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CMD_GATE_STORED_H
#define PL_CMD_GATE_STORED_H

#include "gate/gate.h"

struct pl_gate_stored;

/* Results of the store `where`, which is opened when it is first asked. `db_hash`: the advisories
 * that readings are matched with here; what was matched with others is none; "": those that the
 * store was matched with. Both outlive it. Heap. */
struct pl_gate_stored *pl_gate_stored_new(const char *where, const char *db_hash);
/* Frees; accepts NULL. */
void pl_gate_stored_free(struct pl_gate_stored *x);
/* As `stored` of struct pl_gate_reader. */
int pl_gate_stored_read(struct pl_gate_stored *x, struct pl_str digest, bool vulns, int64_t since_s,
                        struct pl_report *ret, int64_t *ret_at, struct pl_err *err);

#endif
