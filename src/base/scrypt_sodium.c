/* scrypt by libsodium, which takes three quarters of the time that OpenSSL takes. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>

#include "base/err.h"
#include "base/hash.h"

void pl_scrypt(const void *pass, size_t n, const void *salt, size_t salt_n, uint64_t cost,
               uint8_t *out)
{
    if (sodium_init() < 0 || crypto_pwhash_scryptsalsa208sha256_ll(pass, n, salt, salt_n, cost, 8,
                                                                   1, out, PL_SHA256_LEN) != 0)
        pl_oom();
}
