/* plimsoll attest: a signed statement about an image in a layout, or a file. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "cmd/sign_run.h"

static const struct pl_opt table[] = {
    { "key", 'k', PL_OPT_STR, offsetof(struct pl_sign_options, key), "FILE",
      "private key: FILE, env://NAME or -" },
    { "type", 0, PL_OPT_STR, offsetof(struct pl_sign_options, type), "TYPE",
      "what the predicate is: vuln, spdx, cyclonedx, openvex …, or a URI" },
    { "predicate", 0, PL_OPT_STR, offsetof(struct pl_sign_options, predicate), "FILE",
      "the predicate, JSON" },
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

static int run_attest(const void *options, const struct pl_operands *ops)
{
    return pl_sign_run("attest", /* attest= */ true, options, ops);
}

const struct pl_command pl_cmd_attest = {
    .name = "attest",
    .usage = "attest --key KEY --type TYPE --predicate FILE [flags] (IMAGE or --blob FILE)",
    .summary = "sign a statement about an image in a layout, or a file",
    .options = table,
    .n_options = PL_COUNT(table),
    .options_size = sizeof(struct pl_sign_options),
    .run = run_attest,
};
