/* A build without libsodium: key files of cosign and prehashed Ed25519 are refused by name. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "sign/sodium.h"

static int none(struct pl_err *err)
{
    return pl_fail(err, PL_E_UNSUP, "this build lacks libsodium (option 'sign')");
}

const char *pl_sodium_library(void)
{
    return NULL;
}

int pl_box_seal(const uint8_t key[PL_BOX_KEY], const uint8_t nonce[PL_BOX_NONCE], struct pl_str in,
                uint8_t *out, struct pl_err *err)
{
    (void)key, (void)nonce, (void)in, (void)out;
    return none(err);
}

int pl_box_open(const uint8_t key[PL_BOX_KEY], const uint8_t nonce[PL_BOX_NONCE], struct pl_str in,
                uint8_t *out, struct pl_err *err)
{
    (void)key, (void)nonce, (void)in, (void)out;
    return none(err);
}

int pl_ed25519ph_verify(const uint8_t pub[32], struct pl_str bytes, struct pl_str sig,
                        struct pl_err *err)
{
    (void)pub, (void)bytes, (void)sig;
    return none(err);
}
