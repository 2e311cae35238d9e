/* A build with a trusted root, which tools/embed turned into an array. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "sign/root.h"

extern const char pl_trusted_root_json[];
extern const size_t pl_trusted_root_json_len;

struct pl_str pl_root_builtin(void)
{
    return pl_str_n(pl_trusted_root_json, pl_trusted_root_json_len);
}
