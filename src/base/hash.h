/* Message digests by libcrypto. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_BASE_HASH_H
#define PL_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define PL_SHA256_LEN 32
#define PL_HASH_MAX 64

enum pl_hash_alg { PL_HASH_SHA256, PL_HASH_SHA512, PL_HASH_SHA1 };

struct pl_hash; /* one running digest */

/* A new running digest on the heap; ends the process when memory is gone. */
struct pl_hash *pl_hash_new(enum pl_hash_alg alg);
/* Starts again. */
void pl_hash_reset(struct pl_hash *h);
/* Adds `n` bytes. */
void pl_hash_add(struct pl_hash *h, const void *p, size_t n);
/* Writes the digest (32, 64 or 20 bytes) to `out`; the digest must be reset before more is added.
 */
void pl_hash_end(struct pl_hash *h, uint8_t *out);
/* Frees; accepts NULL. */
void pl_hash_free(struct pl_hash *h);
/* Length in bytes of a digest of `alg`. */
size_t pl_hash_len(enum pl_hash_alg alg);
/* SHA-256 of `n` bytes at once, to out[32]. */
void pl_sha256(const void *p, size_t n, uint8_t *out);
/* MD5 (out[16]) and SHA-1 (out[20]) of `n` bytes: what lists of files hold. */
void pl_md5(const void *p, size_t n, uint8_t *out);
void pl_sha1(const void *p, size_t n, uint8_t *out);
/* CRC-32 of `n` bytes at `p` (ISO-HDLC, as in gzip); for the few bytes of a token's checksum. */
uint32_t pl_crc32(const void *p, size_t n);
/* HMAC-SHA-256 of `n` bytes at `p` under `key`, to out[32] (RFC 2104). */
void pl_hmac_sha256(const void *key, size_t key_len, const void *p, size_t n, uint8_t *out);

/* scrypt (RFC 7914) with r 8, p 1 and `cost` a power of two, to out[32]; takes cost KiB of memory.
 * Ends the process when that is not there. */
void pl_scrypt(const void *pass, size_t n, const void *salt, size_t salt_n, uint64_t cost,
               uint8_t *out);

#endif
