/* cosign's encrypted private key files: scrypt and XSalsa20-Poly1305 around PKCS#8.
 * formats/signing.md section 2. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SIGN_KEYFILE_H
#define PL_SIGN_KEYFILE_H

#include "sign/key.h"

/* Is it such a file (by its PEM label)? */
bool pl_keyfile_is(struct pl_str pem);
/* Opens one. PL_E_SIG: wrong password or changed file; PL_E_UNSUP: a cipher or cost that is not
 * allowed, or a build without libsodium; PL_E_FORMAT. Heap. */
int pl_keyfile_open(struct pl_str pem, struct pl_str password, struct pl_privkey **ret,
                    struct pl_err *err);
/* Appends the file of `k` to `b`. */
int pl_keyfile_write(const struct pl_privkey *k, struct pl_str password, struct pl_buf *b,
                     struct pl_err *err);

#endif
