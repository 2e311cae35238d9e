/* plimsoll sign: an image in a layout, or a file, with a key. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "cmd/sign_run.h"

static const struct pl_opt table[] = {
    { "key", 'k', PL_OPT_STR, offsetof(struct pl_sign_options, key), "FILE",
      "private key: FILE, env://NAME or -" },
    { "annotation", 'a', PL_OPT_LIST, offsetof(struct pl_sign_options, annotations), "NAME=VALUE",
      "signed along (repeatable)" },
    { "format", 0, PL_OPT_STR, offsetof(struct pl_sign_options, form), "FORM",
      "both (the default), legacy or bundle" },
    { "sign-container-identity", 0, PL_OPT_STR, offsetof(struct pl_sign_options, repo), "NAME",
      "HOST/REPO that the image is signed as" },
    { "recursive", 0, PL_OPT_FLAG, offsetof(struct pl_sign_options, recursive), NULL,
      "an index, and each of its children" },
    { "blob", 0, PL_OPT_STR, offsetof(struct pl_sign_options, blob), "FILE",
      "a file instead of an image" },
    { "bundle", 0, PL_OPT_STR, offsetof(struct pl_sign_options, bundle), "FILE",
      "where the bundle of --blob goes (default: standard output)" },
    { "quiet", 'q', PL_OPT_FLAG, offsetof(struct pl_sign_options, quiet), NULL, "only errors" },
};

static int run_sign(const void *options, const struct pl_operands *ops)
{
    return pl_sign_run("sign", /* attest= */ false, options, ops);
}

const struct pl_command pl_cmd_sign = {
    .name = "sign",
    .usage = "sign --key KEY [flags] (IMAGE or --blob FILE)",
    .summary = "sign an image in a layout, or a file",
    .options = table,
    .n_options = PL_COUNT(table),
    .options_size = sizeof(struct pl_sign_options),
    .run = run_sign,
};
