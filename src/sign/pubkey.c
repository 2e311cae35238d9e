/* Public keys by OpenSSL: reading, and which signatures hold. formats/signing.md section 3. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/hash.h"
#include "sign/key_int.h"
#include "sign/pem.h"
#include "sign/sodium.h"

static int ec_kind(EVP_PKEY *pkey, enum pl_key_type *ret, struct pl_err *err)
{
    static const struct {
        const char *group;
        enum pl_key_type type;
    } curves[] = {
        { "prime256v1", PL_KEY_P256 },
        { "secp384r1", PL_KEY_P384 },
        { "secp521r1", PL_KEY_P521 },
    };
    char group[64] = "";
    size_t n = 0;
    EVP_PKEY_get_utf8_string_param(pkey, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group, &n);
    for (size_t i = 0; i < sizeof curves / sizeof *curves; i++) {
        if (strcmp(group, curves[i].group) == 0) {
            *ret = curves[i].type;
            return 0;
        }
    }
    return pl_fail(err, PL_E_UNSUP, "elliptic curve '%s' is not allowed (P-256, P-384, P-521 are)",
                   group[0] ? group : "unnamed");
}

static int rsa_kind(EVP_PKEY *pkey, char name[16], struct pl_err *err)
{
    int bits = EVP_PKEY_get_bits(pkey);
    BIGNUM *e = NULL;
    if (bits != 2048 && bits != 3072 && bits != 4096)
        return pl_fail(err, PL_E_UNSUP, "RSA of %d bits is not allowed (2048, 3072, 4096 are)",
                       bits);
    bool small = !EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &e) || BN_num_bits(e) < 17 ||
                 BN_num_bits(e) > 32;
    BN_free(e);
    if (small)
        return pl_fail(err, PL_E_UNSUP, "RSA with this public exponent is not allowed");
    snprintf(name, 16, "rsa-%d", bits);
    return 0;
}

int pl_key_kind(EVP_PKEY *pkey, enum pl_key_type *ret, char name[16], struct pl_err *err)
{
    static const char *const names[] = { "ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "rsa",
                                         "ed25519" };
    int r = 0;
    switch (EVP_PKEY_get_base_id(pkey)) {
    case EVP_PKEY_EC:
        r = ec_kind(pkey, ret, err);
        break;
    case EVP_PKEY_RSA:
        *ret = PL_KEY_RSA;
        return rsa_kind(pkey, name, err);
    case EVP_PKEY_ED25519:
        *ret = PL_KEY_ED25519;
        break;
    default: {
        const char *kind = EVP_PKEY_get0_type_name(pkey);
        return pl_fail(err, PL_E_UNSUP, "keys of kind '%s' are not allowed", kind ? kind : "?");
    }
    }
    if (r == 0)
        snprintf(name, 16, "%s", names[*ret]);
    return r;
}

int pl_pubkey_of(EVP_PKEY *pkey, struct pl_pubkey **ret, struct pl_err *err)
{
    struct pl_pubkey *k = calloc(1, sizeof *k);
    if (!k)
        pl_oom();
    k->pkey = pkey;
    int r = pl_key_kind(pkey, &k->type, k->name, err);
    int n = r < 0 ? -1 : i2d_PUBKEY(pkey, &k->der);
    if (r == 0 && n <= 0)
        r = pl_fail(err, PL_E_FORMAT, "public key cannot be written");
    if (r < 0) {
        pl_pubkey_free(k);
        ERR_clear_error();
        return r;
    }
    k->der_n = (size_t)n;
    *ret = k;
    return 0;
}

int pl_pubkey_spki(struct pl_str der, struct pl_pubkey **ret, struct pl_err *err)
{
    const unsigned char *p = (const unsigned char *)der.p;
    EVP_PKEY *pkey = der.n && der.n < 65536 ? d2i_PUBKEY(NULL, &p, (long)der.n) : NULL;
    ERR_clear_error();
    if (!pkey)
        return pl_fail(err, PL_E_FORMAT, "no public key (SubjectPublicKeyInfo)");
    if (p != (const unsigned char *)der.p + der.n) {
        EVP_PKEY_free(pkey);
        return pl_fail(err, PL_E_FORMAT, "something follows the public key");
    }
    return pl_pubkey_of(pkey, ret, err);
}

int pl_pubkey_pkcs1(struct pl_str der, struct pl_pubkey **ret, struct pl_err *err)
{
    const unsigned char *p = (const unsigned char *)der.p;
    EVP_PKEY *pkey =
        der.n && der.n < 65536 ? d2i_PublicKey(EVP_PKEY_RSA, NULL, &p, (long)der.n) : NULL;
    ERR_clear_error();
    if (!pkey)
        return pl_fail(err, PL_E_FORMAT, "no public key (PKCS#1)");
    if (p != (const unsigned char *)der.p + der.n) {
        EVP_PKEY_free(pkey);
        return pl_fail(err, PL_E_FORMAT, "something follows the public key");
    }
    return pl_pubkey_of(pkey, ret, err);
}

int pl_pubkey_pem(struct pl_str pem, struct pl_pubkey **ret, struct pl_err *err)
{
    struct pl_arena a = { 0 };
    struct pl_pem block;
    int r = pl_pem_next(&pem, &a, &block, err);
    if (r == 0 && !pl_str_is(block.label, "PUBLIC KEY"))
        r = pl_fail(err, PL_E_FORMAT, "PEM block '%.*s' is no public key",
                    (int)(block.label.n < 40 ? block.label.n : 40), block.label.p);
    if (r == 0)
        r = pl_pubkey_spki(block.body, ret, err);
    pl_arena_release(&a);
    return r;
}

void pl_pubkey_free(struct pl_pubkey *k)
{
    if (!k)
        return;
    EVP_PKEY_free(k->pkey);
    OPENSSL_free(k->der);
    free(k);
}

enum pl_key_type pl_pubkey_type(const struct pl_pubkey *k)
{
    return k->type;
}

const char *pl_pubkey_name(const struct pl_pubkey *k)
{
    return k->name;
}

struct pl_str pl_pubkey_der(const struct pl_pubkey *k)
{
    return pl_str_n(k->der, k->der_n);
}

void pl_pubkey_id(const struct pl_pubkey *k, uint8_t out[32])
{
    pl_sha256(k->der, k->der_n, out);
}

struct pl_str pl_pubkey_id_text(const struct pl_pubkey *k, struct pl_arena *a)
{
    uint8_t id[32];
    char hex[65];
    pl_pubkey_id(k, id);
    pl_hex(id, sizeof id, hex);
    return pl_printf(a, "sha256:%s", hex);
}

void pl_pubkey_write(const struct pl_pubkey *k, struct pl_buf *b)
{
    pl_pem_write(b, "PUBLIC KEY", pl_pubkey_der(k));
}

static const EVP_MD *evp(enum pl_md md)
{
    return md == PL_MD_SHA256 ? EVP_sha256() : md == PL_MD_SHA384 ? EVP_sha384() : EVP_sha512();
}

/* Over a digest: ECDSA and RSA. */
static bool holds_over(const struct pl_pubkey *k, const EVP_MD *md, struct pl_str digest,
                       struct pl_str sig, bool pss)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(k->pkey, NULL);
    if (!ctx)
        pl_oom();
    bool ok = EVP_PKEY_verify_init(ctx) == 1;
    if (ok && k->type == PL_KEY_RSA)
        ok = EVP_PKEY_CTX_set_rsa_padding(ctx, pss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING) > 0;
    ok = ok && EVP_PKEY_CTX_set_signature_md(ctx, md) > 0;
    if (ok && pss)
        ok = EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) > 0;
    ok = ok && EVP_PKEY_verify(ctx, (const unsigned char *)sig.p, sig.n,
                               (const unsigned char *)digest.p, digest.n) == 1;
    EVP_PKEY_CTX_free(ctx);
    ERR_clear_error();
    return ok;
}

static bool holds(const struct pl_pubkey *k, enum pl_md md, struct pl_str digest, struct pl_str sig,
                  bool pss)
{
    return holds_over(k, evp(md), digest, sig, pss);
}

static bool pure_ed25519(const struct pl_pubkey *k, struct pl_str bytes, struct pl_str sig)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (!ctx)
        pl_oom();
    bool ok = EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, k->pkey) == 1 &&
              EVP_DigestVerify(ctx, (const unsigned char *)sig.p, sig.n,
                               (const unsigned char *)bytes.p, bytes.n) == 1;
    EVP_MD_CTX_free(ctx);
    ERR_clear_error();
    return ok;
}

static int verify_ed25519(const struct pl_pubkey *k, struct pl_message *m, struct pl_str sig,
                          struct pl_err *err)
{
    struct pl_str bytes;
    uint8_t raw[32];
    size_t n = sizeof raw;
    int r = pl_message_bytes(m, &bytes, err);
    if (r < 0)
        return r;
    if (pure_ed25519(k, bytes, sig))
        return 0;
    if (!pl_sodium_library())
        return pl_fail(err, PL_E_SIG, "signature does not hold (prehashed ones need libsodium)");
    if (EVP_PKEY_get_raw_public_key(k->pkey, raw, &n) != 1)
        return pl_fail(err, PL_E_SIG, "signature does not hold");
    return pl_ed25519ph_verify(raw, bytes, sig, err);
}

/* The digests to try, in order; returns their number. */
static size_t candidates(const struct pl_pubkey *k, enum pl_md out[PL_MD_COUNT])
{
    size_t n = 0;
    if (k->type == PL_KEY_P384)
        out[n++] = PL_MD_SHA384;
    if (k->type == PL_KEY_P521)
        out[n++] = PL_MD_SHA512;
    out[n++] = PL_MD_SHA256;
    if (k->type == PL_KEY_RSA) {
        out[n++] = PL_MD_SHA384;
        out[n++] = PL_MD_SHA512;
    }
    return n;
}

int pl_pubkey_verify(const struct pl_pubkey *k, struct pl_message *m, struct pl_str sig, bool pss,
                     struct pl_err *err)
{
    enum pl_md md[PL_MD_COUNT];
    bool tried = false;
    if (k->type == PL_KEY_ED25519)
        return verify_ed25519(k, m, sig, err);
    size_t n = candidates(k, md);
    for (size_t i = 0; i < n; i++) {
        struct pl_str digest;
        int r = pl_message_digest(m, md[i], &digest, err);
        if (r == PL_E_UNSUP)
            continue;
        if (r < 0)
            return r;
        tried = true;
        if (holds(k, md[i], digest, sig, pss))
            return 0;
    }
    if (!tried)
        return pl_fail(err, PL_E_UNSUP, "this signature is over another digest than the given one");
    return pl_fail(err, PL_E_SIG, "signature does not hold");
}

int pl_pubkey_verify_md(const struct pl_pubkey *k, enum pl_md md, struct pl_str bytes,
                        struct pl_str sig, struct pl_err *err)
{
    uint8_t digest[PL_MD_MAX];
    bool ok;
    if (k->type == PL_KEY_ED25519) {
        ok = pure_ed25519(k, bytes, sig);
    } else {
        pl_md_bytes(md, bytes, digest);
        ok = holds(k, md, pl_str_n(digest, pl_md_len(md)), sig, /* pss= */ false);
    }
    return ok ? 0 : pl_fail(err, PL_E_SIG, "signature does not hold");
}

int pl_pubkey_verify_sha1(const struct pl_pubkey *k, struct pl_str bytes, struct pl_str sig,
                          struct pl_err *err)
{
    uint8_t digest[PL_HASH_MAX];
    struct pl_hash *h = pl_hash_new(PL_HASH_SHA1);
    pl_hash_add(h, bytes.p, bytes.n);
    pl_hash_end(h, digest);
    pl_hash_free(h);
    struct pl_str d = pl_str_n(digest, pl_hash_len(PL_HASH_SHA1));
    bool ok = k->type == PL_KEY_RSA && holds_over(k, EVP_sha1(), d, sig, /* pss= */ false);
    return ok ? 0 : pl_fail(err, PL_E_SIG, "signature does not hold");
}
