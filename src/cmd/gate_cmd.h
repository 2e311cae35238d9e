/* What the parts of `plimsoll gate` share. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CMD_GATE_CMD_H
#define PL_CMD_GATE_CMD_H

#include "cmd/registry_opt.h"
#include "gate/log.h"

#define PL_GATE_LOG_WAIT_MS 60000u /* for another run that writes the same log */

struct pl_gate_cmd {
    const char *policy, *log, *cache, *platform, *out, *form, *key, *as, *containerd, *podman, *db,
        *store;
    const char *expect;
    uint32_t cache_size;
    struct pl_opt_list formats, kube;
    bool explain, pin, lossy, quiet, offline, best_effort;
    struct pl_registry_cli reg;
};

struct pl_gate_engine;
/* A gate from the options; `ops` as for pl_registry_cli. The registry's options in `ro`, text in
 * `a` and `engine` (NULL: images are not read now) must outlive it. Prints what is wrong and
 * returns an exit code, or 0. */
int pl_gate_cmd_open(const struct pl_gate_cmd *o, struct pl_operands *ops, struct pl_arena *a,
                     struct pl_registry_opts *ro, const struct pl_gate_engine *engine,
                     struct pl_gate **ret);
/* The exit code that an answer means by itself. */
int pl_gate_cmd_code(const struct pl_gate_answer *x);
/* Of two exit codes the one that counts: 1, then 3, 4, 2, 0. */
int pl_gate_cmd_worse(int x, int y);

/* Writes answers as the options say. An exit code, or 0. */
int pl_gate_write(const struct pl_gate_cmd *o, const struct pl_gate *g,
                  const struct pl_gate_answer *x, size_t n);

/* The verbs below `gate`; operands without the verb. Exit codes. */
int pl_gate_test(const struct pl_gate_cmd *o, const struct pl_operands *ops);
int pl_gate_replay(const struct pl_gate_cmd *o, const struct pl_operands *ops);
int pl_gate_log_verify(const struct pl_gate_cmd *o, const struct pl_operands *ops);
int pl_gate_deploy(const struct pl_gate_cmd *o, const struct pl_operands *ops);
int pl_gate_export(const struct pl_gate_cmd *o, const struct pl_operands *ops);
int pl_gate_doctor(const struct pl_gate_cmd *o, const struct pl_operands *ops);

#endif
