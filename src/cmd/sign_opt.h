/* What keygen, sign, attest and verify share. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CMD_SIGN_OPT_H
#define PL_CMD_SIGN_OPT_H

#include "cmd/opt.h"
#include "sign/keyref.h"
#include "sign/statement.h"
#include "sign/verify.h"

/* "NAME=VALUE" of a list as annotations in `a`; PL_E_USAGE. */
int pl_annotations(const struct pl_opt_list *list, struct pl_arena *a, struct pl_annotation **ret,
                   struct pl_err *err);
/* Prints "plimsoll VERB: message"; the exit code of a failed call: 2 usage, 3 limits, 4 others. */
int pl_sign_failed(const char *verb, const struct pl_err *err);

#endif
