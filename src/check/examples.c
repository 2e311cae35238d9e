/* An example for each rule of lint. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "check/lint.h"

#define HERE true
#define ELSEWHERE false
const struct pl_lint_example pl_lint_examples[PL_RULE_COUNT] = {
#define PL_LINT_EXAMPLE(id, where, bad, good) [PL_RULE_##id] = { where, bad, good },
#include "check/examples.inc"
#undef PL_LINT_EXAMPLE
};
