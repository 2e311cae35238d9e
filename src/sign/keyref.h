/* Keys by reference, as users name them, and passwords. formats/signing.md section 1. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SIGN_KEYREF_H
#define PL_SIGN_KEYREF_H

#include "sign/key.h"

/* Reads what `ref` names: a path, "-" (standard input), "env://NAME"; at most `max` bytes. Text of
 * keys is to be wiped by the caller. PL_E_USAGE; other schemes are refused by name. */
int pl_ref_read(const char *ref, size_t max, struct pl_buf *b, struct pl_err *err);
/* The public key that `ref` names, which may also be "exec:PROGRAM" or a "pkcs11:" URI; PL_E_USAGE
 * when it cannot be read. Heap. */
int pl_ref_pubkey(const char *ref, struct pl_pubkey **ret, struct pl_err *err);
/* The private key that `ref` names, asking for its password or PIN where it has one. Heap. */
int pl_ref_privkey(const char *ref, struct pl_privkey **ret, struct pl_err *err);

/* Fills `b` with the password of a private key: PLIMSOLL_PASSWORD, COSIGN_PASSWORD, the terminal
 * (`twice`: asked again, both must agree), standard input to its end. Wipe with pl_buf_wipe. */
int pl_password(bool twice, struct pl_buf *b, struct pl_err *err);

#endif
