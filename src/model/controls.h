/* Which checks stand for which controls of CIS (Docker benchmark, sections 4 and 5), NIST SP
 * 800-190 and MITRE ATT&CK for Containers. Numbers only: their texts are not ours.
 * formats/hardening.md section 7. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_MODEL_CONTROLS_H
#define PL_MODEL_CONTROLS_H

#include "base/arena.h"
#include "model/report.h"

/* One control: its id ("CIS-4.1", "NIST-4.1.2", "T1611") and what looks at it. */
struct pl_control {
    struct pl_str id;
    /* Words parted by blanks: rules ("PL-D301"), beginnings of rules ("PL-C0*"), kinds of findings
     * ("kind:secret"). Empty: outside of what is looked at. */
    const char *checks;
};

/* All controls in the order of their ids, `a` keeps the list. */
const struct pl_control *pl_controls_all(struct pl_arena *a, size_t *ret_n);
/* The ids of the controls that a finding of `rule` and `kind` speaks of, in order; in `a`. */
struct pl_names pl_controls_of(struct pl_arena *a, struct pl_str rule, enum pl_kind kind);
/* Does one of the words of `checks` name such a finding? */
bool pl_control_covers(const char *checks, struct pl_str rule, enum pl_kind kind);

#endif
