/* Inside the key files: OpenSSL's objects. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SIGN_KEY_INT_H
#define PL_SIGN_KEY_INT_H

#include <openssl/evp.h>

#include "sign/key.h"

struct pl_pubkey {
    EVP_PKEY *pkey;
    enum pl_key_type type;
    char name[16];
    unsigned char *der; /* OpenSSL's heap */
    size_t der_n;
};

/* Sorts out the kind of `pkey` and its name; PL_E_UNSUP for one that is not allowed. */
int pl_key_kind(EVP_PKEY *pkey, enum pl_key_type *ret, char name[16], struct pl_err *err);
/* A public key of `pkey`, which it takes, also on failure. */
int pl_pubkey_of(EVP_PKEY *pkey, struct pl_pubkey **ret, struct pl_err *err);

#endif
