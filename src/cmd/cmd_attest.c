/* plimsoll attest: a signed statement about an image, or a file. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "cmd/sign_run.h"

static const struct pl_opt table[] = {
    PL_SIGN_OPTION_KEY,
    { "type", 0, PL_OPT_STR, offsetof(struct pl_sign_options, type), "TYPE",
      "what the predicate is: vuln, scan, cyclonedx, openvex …, or a URI" },
    { "predicate", 0, PL_OPT_STR, offsetof(struct pl_sign_options, predicate), "FILE",
      "the predicate, JSON" },
    { "result", 0, PL_OPT_STR, offsetof(struct pl_sign_options, result), "FILE",
      "or a result of ours (JSON) to make one of, with its time" },
    { "started", 0, PL_OPT_STR, offsetof(struct pl_sign_options, started), "TIME",
      "when that work began (RFC 3339); default: when it ended" },
    { "finished", 0, PL_OPT_STR, offsetof(struct pl_sign_options, finished), "TIME",
      "when it ended; default: when FILE was written" },
    PL_SIGN_OPTIONS,
};

static int run_attest(const void *options, const struct pl_operands *ops)
{
    return pl_sign_run("attest", /* attest= */ true, options, ops);
}

const struct pl_command pl_cmd_attest = {
    .name = "attest",
    .usage = "attest --key KEY --type TYPE (--predicate FILE or --result FILE) [flags] (IMAGE or "
             "--blob FILE)",
    .summary = "sign a statement about an image, or a file",
    .options = table,
    .n_options = PL_COUNT(table),
    .options_size = sizeof(struct pl_sign_options),
    .run = run_attest,
};
