/* Closing what a child need not have. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SANDBOX_FDS_H
#define PL_SANDBOX_FDS_H

#include <stddef.h>

#include "base/err.h"

/* Closes every descriptor but the `n_keep` ones of `keep`, ascending and >= 0. PL_E_UNSUP when the
 * system offers no way to do it. */
int pl_sandbox_close_fds(const int *keep, size_t n_keep, struct pl_err *err);

#endif
