/* scrypt by OpenSSL, where libsodium is not there. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/evp.h>
#include <openssl/sha.h>

#include "base/err.h"
#include "base/hash.h"

void pl_scrypt(const void *pass, size_t n, const void *salt, size_t salt_n, uint64_t cost,
               uint8_t *out)
{
    if (EVP_PBE_scrypt(pass, n, salt, salt_n, cost, 8, 1, 256u << 20, out, SHA256_DIGEST_LENGTH) !=
        1)
        pl_oom();
}
