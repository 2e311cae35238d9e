/* The trusted root that a user imported. formats/signing.md sections 9.2 and 12. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CMD_TRUST_FILE_H
#define PL_CMD_TRUST_FILE_H

#include "base/arena.h"
#include "base/buf.h"

/* Its fixed place, in `a`: $XDG_CONFIG_HOME/plimsoll/trusted_root.json, or below ~/.config; p ==
 * NULL when neither is known. */
struct pl_str pl_trust_path(struct pl_arena *a);
/* The root to use where none is named: the imported one (read into `b`), else the built-in one.
 * *ret_name says which; p == NULL: there is none. PL_E_USAGE: the imported one cannot be read. */
int pl_trust_default(struct pl_arena *a, struct pl_buf *b, struct pl_str *ret,
                     const char **ret_name, struct pl_err *err);

#endif
