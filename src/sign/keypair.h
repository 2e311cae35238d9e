/* A key pair as two files, PREFIX.key and PREFIX.pub. formats/signing.md section 1. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SIGN_KEYPAIR_H
#define PL_SIGN_KEYPAIR_H

#include "sign/key.h"

/* PL_E_USAGE when one of the files is there and not to be overwritten (`force`). */
int pl_keypair_free(const char *prefix, bool force, struct pl_err *err);
/* Writes the private half, closed with `password` (mode 0600), and the public one (0644); each is
 * whole or not there. PL_E_USAGE. */
int pl_keypair_write(const struct pl_privkey *k, struct pl_str password, const char *prefix,
                     bool force, struct pl_err *err);

#endif
