/* What a token takes and gives, and the forms of it that we use; apart from any token. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SIGN_PKCS11_INT_H
#define PL_SIGN_PKCS11_INT_H

#include "sign/outside.h"

/* A public key from the attributes of a token: modulus and exponent; curve (DER) and point, which
 * stands in an OCTET STRING or, with some tokens, bare. */
int pl_token_rsa(struct pl_str modulus, struct pl_str exponent, struct pl_pubkey **ret,
                 struct pl_err *err);
int pl_token_ec(struct pl_str params, struct pl_str point, bool edwards, struct pl_pubkey **ret,
                struct pl_err *err);
/* What is given to the token to sign `bytes`: a digest, a DigestInfo, or the bytes. */
void pl_token_input(enum pl_key_type type, struct pl_str bytes, struct pl_buf *out);
/* The token's signature as we write them: r and s become DER. PL_E_SIG. */
int pl_token_output(enum pl_key_type type, struct pl_str raw, struct pl_buf *sig,
                    struct pl_err *err);
/* Ends a token's session; a pl_signer's free. */
void pl_token_key_free(void *ctx);

#endif
