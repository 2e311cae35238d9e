/* What libsodium is used for: the box of cosign's key files and prehashed Ed25519. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SIGN_SODIUM_H
#define PL_SIGN_SODIUM_H

#include "base/err.h"
#include "base/str.h"

#define PL_BOX_KEY 32u
#define PL_BOX_NONCE 24u
#define PL_BOX_TAG 16u

/* Library and version, or NULL when this build lacks it. */
const char *pl_sodium_library(void);
/* XSalsa20-Poly1305 ("secretbox"): seals `in` to out[in.n + PL_BOX_TAG], tag first. PL_E_UNSUP. */
int pl_box_seal(const uint8_t key[PL_BOX_KEY], const uint8_t nonce[PL_BOX_NONCE], struct pl_str in,
                uint8_t *out, struct pl_err *err);
/* Opens to out[in.n - PL_BOX_TAG]; in.n >= PL_BOX_TAG. PL_E_SIG: wrong key or changed; PL_E_UNSUP.
 */
int pl_box_open(const uint8_t key[PL_BOX_KEY], const uint8_t nonce[PL_BOX_NONCE], struct pl_str in,
                uint8_t *out, struct pl_err *err);
/* Ed25519ph (RFC 8032, prehash SHA-512) over `bytes`. PL_E_SIG, PL_E_UNSUP. */
int pl_ed25519ph_verify(const uint8_t pub[32], struct pl_str bytes, struct pl_str sig,
                        struct pl_err *err);

#endif
