/* Signed time stamps, RFC 3161: responses as bundles carry them. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SIGN_TSA_H
#define PL_SIGN_TSA_H

#include "sign/root.h"

/* Is `response` a time stamp over `signed_bytes` by an authority of `root`? *ret_ns is its time.
 * PL_E_SIG with the reason; PL_E_FORMAT; PL_E_LIMIT. */
int pl_timestamp_verify(struct pl_str response, struct pl_str signed_bytes,
                        const struct pl_root *root, int64_t *ret_ns, struct pl_err *err);

#endif
