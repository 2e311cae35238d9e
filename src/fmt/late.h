/* Libraries loaded at their first use. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_FMT_LATE_H
#define PL_FMT_LATE_H

#include <stddef.h>

#include "base/err.h"

/* Loads `library` and writes the addresses of its `n` functions `names` to `at`. The library stays.
 * PL_E_UNSUP. */
int pl_late(const char *library, const char *const *names, size_t n, void **at, struct pl_err *err);

#endif
