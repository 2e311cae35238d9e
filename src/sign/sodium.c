/* libsodium: secretbox and Ed25519ph. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "sign/sodium.h"

#include <sodium.h>

_Static_assert(PL_BOX_KEY == crypto_secretbox_KEYBYTES, "key of the box");
_Static_assert(PL_BOX_NONCE == crypto_secretbox_NONCEBYTES, "nonce of the box");
_Static_assert(PL_BOX_TAG == crypto_secretbox_MACBYTES, "tag of the box");

const char *pl_sodium_library(void)
{
    return "libsodium " SODIUM_VERSION_STRING;
}

static int ready(struct pl_err *err)
{
    return sodium_init() < 0 ? pl_fail(err, PL_E_UNSUP, "libsodium does not start") : 0;
}

int pl_box_seal(const uint8_t key[PL_BOX_KEY], const uint8_t nonce[PL_BOX_NONCE], struct pl_str in,
                uint8_t *out, struct pl_err *err)
{
    int r = ready(err);
    if (r == 0)
        crypto_secretbox_easy(out, (const uint8_t *)in.p, in.n, nonce, key);
    return r;
}

int pl_box_open(const uint8_t key[PL_BOX_KEY], const uint8_t nonce[PL_BOX_NONCE], struct pl_str in,
                uint8_t *out, struct pl_err *err)
{
    int r = ready(err);
    if (r == 0 && crypto_secretbox_open_easy(out, (const uint8_t *)in.p, in.n, nonce, key) != 0)
        return pl_fail(err, PL_E_SIG, "wrong password, or the file was changed");
    return r;
}

int pl_ed25519ph_verify(const uint8_t pub[32], struct pl_str bytes, struct pl_str sig,
                        struct pl_err *err)
{
    crypto_sign_ed25519ph_state st;
    int r = ready(err);
    if (r < 0)
        return r;
    if (sig.n != crypto_sign_BYTES)
        return pl_fail(err, PL_E_SIG, "signature does not hold");
    crypto_sign_ed25519ph_init(&st);
    crypto_sign_ed25519ph_update(&st, (const uint8_t *)bytes.p, bytes.n);
    if (crypto_sign_ed25519ph_final_verify(&st, (const uint8_t *)sig.p, pub) != 0)
        return pl_fail(err, PL_E_SIG, "signature does not hold");
    return 0;
}
