/* Message digests: the low-level SHA interface, which costs no provider look-up at start. */
/* SPDX-License-Identifier: Apache-2.0 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "base/hash.h"

#include <openssl/md5.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

struct pl_hash {
    enum pl_hash_alg alg;
    union {
        SHA256_CTX s256;
        SHA512_CTX s512;
        SHA_CTX s1;
    } u;
};

void pl_hash_reset(struct pl_hash *h)
{
    switch (h->alg) {
    case PL_HASH_SHA256:
        SHA256_Init(&h->u.s256);
        break;
    case PL_HASH_SHA512:
        SHA512_Init(&h->u.s512);
        break;
    case PL_HASH_SHA1:
        SHA1_Init(&h->u.s1);
        break;
    }
}

struct pl_hash *pl_hash_new(enum pl_hash_alg alg)
{
    struct pl_hash *h = calloc(1, sizeof *h);
    if (!h)
        pl_oom();
    h->alg = alg;
    pl_hash_reset(h);
    return h;
}

void pl_hash_add(struct pl_hash *h, const void *p, size_t n)
{
    switch (h->alg) {
    case PL_HASH_SHA256:
        SHA256_Update(&h->u.s256, p, n);
        break;
    case PL_HASH_SHA512:
        SHA512_Update(&h->u.s512, p, n);
        break;
    case PL_HASH_SHA1:
        SHA1_Update(&h->u.s1, p, n);
        break;
    }
}

void pl_hash_end(struct pl_hash *h, uint8_t *out)
{
    switch (h->alg) {
    case PL_HASH_SHA256:
        SHA256_Final(out, &h->u.s256);
        break;
    case PL_HASH_SHA512:
        SHA512_Final(out, &h->u.s512);
        break;
    case PL_HASH_SHA1:
        SHA1_Final(out, &h->u.s1);
        break;
    }
}

void pl_hash_free(struct pl_hash *h)
{
    free(h);
}

size_t pl_hash_len(enum pl_hash_alg alg)
{
    switch (alg) {
    case PL_HASH_SHA512:
        return SHA512_DIGEST_LENGTH;
    case PL_HASH_SHA1:
        return SHA_DIGEST_LENGTH;
    case PL_HASH_SHA256:
        break;
    }
    return SHA256_DIGEST_LENGTH;
}

void pl_md5(const void *p, size_t n, uint8_t *out)
{
    MD5_CTX c;
    MD5_Init(&c);
    MD5_Update(&c, p, n);
    MD5_Final(out, &c);
}

void pl_sha1(const void *p, size_t n, uint8_t *out)
{
    SHA_CTX c;
    SHA1_Init(&c);
    SHA1_Update(&c, p, n);
    SHA1_Final(out, &c);
}

void pl_sha256(const void *p, size_t n, uint8_t *out)
{
    SHA256_CTX c;
    SHA256_Init(&c);
    SHA256_Update(&c, p, n);
    SHA256_Final(out, &c);
}

void pl_hmac_sha256(const void *key, size_t key_len, const void *p, size_t n, uint8_t *out)
{
    uint8_t k[SHA256_CBLOCK] = { 0 }, pad[SHA256_CBLOCK];
    SHA256_CTX c;
    if (key_len > sizeof k)
        pl_sha256(key, key_len, k);
    else if (key_len)
        memcpy(k, key, key_len);
    for (size_t i = 0; i < sizeof k; i++)
        pad[i] = k[i] ^ 0x36;
    SHA256_Init(&c);
    SHA256_Update(&c, pad, sizeof pad);
    SHA256_Update(&c, p, n);
    SHA256_Final(out, &c);
    for (size_t i = 0; i < sizeof k; i++)
        pad[i] = k[i] ^ 0x5c;
    SHA256_Init(&c);
    SHA256_Update(&c, pad, sizeof pad);
    SHA256_Update(&c, out, SHA256_DIGEST_LENGTH);
    SHA256_Final(out, &c);
}

uint32_t pl_crc32(const void *p, size_t n)
{
    const uint8_t *c = p;
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < n; i++) {
        crc ^= c[i];
        for (unsigned bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    return ~crc;
}
