/* Secrets overwritten inside containers whose length stays: zip (stored or deflated members), gzip,
 * tar, and in one another. Sums are made right again. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_IO_REDACT_H
#define PL_IO_REDACT_H

#include "base/err.h"
#include "base/str.h"

#define PL_REDACT_MAX ((size_t)16 << 20) /* of what is packed, and of each thing in it */

/* Overwrites every value in the `n` bytes at `p` and in what is packed there, with as many 'x'.
 * PL_E_UNSUP: something of the format forbids it, or a value stands where it cannot be overwritten;
 * the bytes may be changed then. */
int pl_redact_inside(uint8_t *p, size_t n, const struct pl_str *values, size_t n_values,
                     struct pl_err *err);

#endif
