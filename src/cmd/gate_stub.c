/* Verbs below gate that are not in this build. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/gate_cmd.h"
#define S(n)                                                          \
    int n(const struct pl_gate_cmd *o, const struct pl_operands *ops) \
    {                                                                 \
        (void)o;                                                      \
        (void)ops;                                                    \
        return PL_EXIT_USAGE;                                         \
    }
S(pl_gate_test)
S(pl_gate_replay) S(pl_gate_log_verify) S(pl_gate_deploy) S(pl_gate_export) S(pl_gate_doctor)
