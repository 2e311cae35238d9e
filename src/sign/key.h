/* Keys and what they sign: P-256, P-384, P-521, RSA, Ed25519. formats/signing.md sections 2, 3. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SIGN_KEY_H
#define PL_SIGN_KEY_H

#include "base/arena.h"
#include "base/buf.h"

enum pl_key_type { PL_KEY_P256, PL_KEY_P384, PL_KEY_P521, PL_KEY_RSA, PL_KEY_ED25519 };
enum pl_md { PL_MD_SHA256, PL_MD_SHA384, PL_MD_SHA512 };
#define PL_MD_COUNT 3
#define PL_MD_MAX 64

/* Bytes of a digest; its name "sha256"; the other way round, names of protobuf ("SHA2_256") too. */
size_t pl_md_len(enum pl_md md);
const char *pl_md_name(enum pl_md md);
bool pl_md_named(struct pl_str name, enum pl_md *ret);
/* Digest of bytes at once to out[pl_md_len]. */
void pl_md_bytes(enum pl_md md, struct pl_str s, uint8_t *out);

/* What was signed: bytes in memory, an open file, or only digests of it. Zero-initialise, with fd
 * -1; fill in what is known; digests are worked out when first asked for. */
struct pl_message {
    struct pl_str bytes; /* p == NULL: not in memory */
    int fd;              /* a regular file, the caller's; -1 none */
    char *own;           /* bytes read from `fd` */
    bool have[PL_MD_COUNT];
    uint8_t digest[PL_MD_COUNT][PL_MD_MAX];
};
/* A message in memory, which must outlive it. */
void pl_message_init(struct pl_message *m, struct pl_str bytes);
void pl_message_release(struct pl_message *m);
/* Its digest, a view on `m`. PL_E_UNSUP: only digests are known and not this one; PL_E_IO. */
int pl_message_digest(struct pl_message *m, enum pl_md md, struct pl_str *ret, struct pl_err *err);
/* Its bytes; a file of up to 256 MiB is read. PL_E_UNSUP: only digests are known; PL_E_LIMIT. */
int pl_message_bytes(struct pl_message *m, struct pl_str *ret, struct pl_err *err);

/* ---- public keys ---- */

struct pl_pubkey;

/* From PEM "PUBLIC KEY"; from SubjectPublicKeyInfo DER; from PKCS#1 RSAPublicKey DER. Heap.
 * PL_E_FORMAT: malformed; PL_E_UNSUP: a kind of key that is not allowed, by name. */
int pl_pubkey_pem(struct pl_str pem, struct pl_pubkey **ret, struct pl_err *err);
int pl_pubkey_spki(struct pl_str der, struct pl_pubkey **ret, struct pl_err *err);
int pl_pubkey_pkcs1(struct pl_str der, struct pl_pubkey **ret, struct pl_err *err);
void pl_pubkey_free(struct pl_pubkey *k);
enum pl_key_type pl_pubkey_type(const struct pl_pubkey *k);
/* "ecdsa-p256", "rsa-3072", "ed25519"; static or inside `k`. */
const char *pl_pubkey_name(const struct pl_pubkey *k);
/* Its SubjectPublicKeyInfo, a view on `k`. */
struct pl_str pl_pubkey_der(const struct pl_pubkey *k);
/* SHA-256 of that: the key id. */
void pl_pubkey_id(const struct pl_pubkey *k, uint8_t out[32]);
/* "sha256:hex" of it in `a`. */
struct pl_str pl_pubkey_id_text(const struct pl_pubkey *k, struct pl_arena *a);
/* Appends it as PEM "PUBLIC KEY". */
void pl_pubkey_write(const struct pl_pubkey *k, struct pl_buf *b);

/* Does `sig` hold over `m`? ECDSA with the curve's hash or SHA-256; RSA PKCS#1 v1.5 with any of the
 * three, with `pss` PSS instead; Ed25519 pure, then prehashed. 0, or PL_E_SIG; PL_E_UNSUP: more of
 * the message is needed than is known. */
int pl_pubkey_verify(const struct pl_pubkey *k, struct pl_message *m, struct pl_str sig, bool pss,
                     struct pl_err *err);
/* The same over bytes, for ECDSA and RSA with `md` alone. */
int pl_pubkey_verify_md(const struct pl_pubkey *k, enum pl_md md, struct pl_str bytes,
                        struct pl_str sig, struct pl_err *err);

/* The same for RSA PKCS#1 v1.5 over SHA-1: Alpine's indexes are still signed so. PL_E_SIG. */
int pl_pubkey_verify_sha1(const struct pl_pubkey *k, struct pl_str bytes, struct pl_str sig,
                          struct pl_err *err);

/* ---- private keys ---- */

struct pl_privkey; /* holds a secret; wiped when freed */

/* A new one of `type`: ecdsa-p256, ecdsa-p384, ecdsa-p521, rsa-3072, ed25519. Heap. PL_E_USAGE. */
int pl_privkey_generate(struct pl_str type, struct pl_privkey **ret, struct pl_err *err);
/* From PKCS#8 DER; from PEM "PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY". Heap. */
int pl_privkey_pkcs8(struct pl_str der, struct pl_privkey **ret, struct pl_err *err);
int pl_privkey_pem(struct pl_str pem, struct pl_privkey **ret, struct pl_err *err);
void pl_privkey_free(struct pl_privkey *k);
/* Its public half, owned by `k`. */
const struct pl_pubkey *pl_privkey_public(const struct pl_privkey *k);
/* PKCS#8 DER, appended to `b`; the caller wipes it with pl_wipe. */
int pl_privkey_der(const struct pl_privkey *k, struct pl_buf *b, struct pl_err *err);
/* Appends the signature over `bytes`: ECDSA and RSA PKCS#1 v1.5 with SHA-256, Ed25519 pure. */
int pl_privkey_sign(const struct pl_privkey *k, struct pl_str bytes, struct pl_buf *sig,
                    struct pl_err *err);

/* Overwrites `n` bytes in a way that compilers keep. */
void pl_wipe(void *p, size_t n);
/* Wipes the whole buffer and frees it. */
void pl_buf_wipe(struct pl_buf *b);

#endif
