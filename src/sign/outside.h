/* Private keys that are kept elsewhere: a helper program, a PKCS#11 token. formats/signing.md
 * section 1. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SIGN_OUTSIDE_H
#define PL_SIGN_OUTSIDE_H

#include "sign/key.h"

/* Who signs in place of a key in memory. */
struct pl_signer {
    /* Appends a signature over `bytes` to `sig`, in the form that pl_privkey_sign gives. */
    int (*sign)(void *ctx, const struct pl_pubkey *pub, struct pl_str bytes, struct pl_buf *sig,
                struct pl_err *err);
    void (*free)(void *ctx);
};
/* A private key whose work `s` does with `ctx`; takes `pub` and `ctx`. Each signature is verified
 * before it is handed on (PL_E_SIG). Heap. */
struct pl_privkey *pl_privkey_outside(struct pl_pubkey *pub, const struct pl_signer *s, void *ctx);

/* The key of a helper, `command` being a program and its arguments with blanks between. The helper
 * is run without a shell, and told by further arguments what to do:
 *   public        prints the public key as PEM;
 *   sign sha256   reads a digest of 32 bytes and prints the signature as base64 (ECDSA in DER);
 *   sign message  the same for Ed25519, reading the message itself.
 * It has a minute each time, and no password of ours in its environment. PL_E_USAGE: it cannot be
 * run, fails or answers nonsense. */
int pl_privkey_exec(struct pl_str command, struct pl_privkey **ret, struct pl_err *err);
/* Its public half alone. */
int pl_pubkey_exec(struct pl_str command, struct pl_pubkey **ret, struct pl_err *err);

/* Asked for the PIN of a token when its URI brings none; fills `pin`, which is wiped. */
typedef int pl_pin_fn(struct pl_buf *pin, struct pl_err *err);
/* The key that a "pkcs11:" URI (RFC 7512) names: in the module of its module-path, or in any that
 * p11-kit is configured with. PL_E_USAGE: no such key, or the token refuses; PL_E_UNSUP: not in
 * this build, or a kind of key that is not allowed. Heap. */
int pl_privkey_pkcs11(const char *uri, pl_pin_fn *pin, struct pl_privkey **ret, struct pl_err *err);
/* Its public half alone; no PIN is asked for. */
int pl_pubkey_pkcs11(const char *uri, struct pl_pubkey **ret, struct pl_err *err);

#endif
