/* Evidence as text: in the decision log, the cache, and cases of gate test. formats/gates.md
 * sections 2, 4 and 5. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_GATE_EVIDENCE_H
#define PL_GATE_EVIDENCE_H

#include "base/buf.h"
#include "fmt/jsonw.h"
#include "fmt/yaml.h"
#include "policy/judge.h"

/* Appends {"evidence":[…],"facts":{…}} on one line; the two members alone into an open object. */
void pl_evidence_write(const struct pl_evidence *e, struct pl_buf *b);
void pl_evidence_put(const struct pl_evidence *e, struct pl_jsonw *w);
/* Reads both members of `y`, which come from a log or were written by a user; unknown members are
 * left alone. Text in `a`. PL_E_FORMAT with the line. */
int pl_evidence_read(const struct pl_yaml *y, struct pl_arena *a, struct pl_evidence *ret,
                     struct pl_err *err);

#endif
