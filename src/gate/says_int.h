/* Inside the reading of attestations. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_GATE_SAYS_INT_H
#define PL_GATE_SAYS_INT_H

#include "fmt/json.h"
#include "gate/gate_int.h"

/* What a scanner's result says (ours, or in the JSON of Trivy or Grype), counted after VEX. A form
 * that is not known says nothing. */
void pl_says_report(struct pl_gathering *w, struct pl_str type, const struct pl_json *result,
                    const struct pl_vex *vex, struct pl_proof *f);
/* Is the package URL `purl` the one that is denied? Without a version every one is. */
bool pl_says_is_package(struct pl_str purl, struct pl_str denied);

#endif
