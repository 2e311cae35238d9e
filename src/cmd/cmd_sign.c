/* plimsoll sign: an image or a file, with a key. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "cmd/sign_run.h"

static const struct pl_opt table[] = {
    PL_SIGN_OPTION_KEY,
    PL_SIGN_OPTIONS,
};

static int run_sign(const void *options, const struct pl_operands *ops)
{
    return pl_sign_run("sign", /* attest= */ false, options, ops);
}

const struct pl_command pl_cmd_sign = {
    .name = "sign",
    .usage = "sign --key KEY [flags] (IMAGE or --blob FILE)",
    .summary = "sign an image, or a file",
    .options = table,
    .n_options = PL_COUNT(table),
    .options_size = sizeof(struct pl_sign_options),
    .run = run_sign,
};
