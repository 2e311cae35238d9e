/* plimsoll attest: a signed statement about an image, or a file. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "cmd/sign_run.h"

static const struct pl_opt table[] = {
    PL_SIGN_OPTION_KEY,
    { "type", 0, PL_OPT_STR, offsetof(struct pl_sign_options, type), "TYPE",
      "what the predicate is: vuln, spdx, cyclonedx, openvex …, or a URI" },
    { "predicate", 0, PL_OPT_STR, offsetof(struct pl_sign_options, predicate), "FILE",
      "the predicate, JSON" },
    PL_SIGN_OPTIONS,
};

static int run_attest(const void *options, const struct pl_operands *ops)
{
    return pl_sign_run("attest", /* attest= */ true, options, ops);
}

const struct pl_command pl_cmd_attest = {
    .name = "attest",
    .usage = "attest --key KEY --type TYPE --predicate FILE [flags] (IMAGE or --blob FILE)",
    .summary = "sign a statement about an image, or a file",
    .options = table,
    .n_options = PL_COUNT(table),
    .options_size = sizeof(struct pl_sign_options),
    .run = run_attest,
};
