/* Private keys by OpenSSL: made, imported, used. What holds key bytes is wiped. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/cleanup.h"
#include "sign/key_int.h"
#include "sign/outside.h"
#include "sign/pem.h"

struct pl_privkey {
    EVP_PKEY *pkey; /* NULL: it is kept elsewhere */
    struct pl_pubkey *pub;
    const struct pl_signer *outside;
    void *ctx;
};

/* Takes `pkey`, also on failure. */
static int wrap_key(EVP_PKEY *pkey, struct pl_privkey **ret, struct pl_err *err)
{
    unsigned char *der = NULL;
    struct pl_pubkey *pub = NULL;
    int n = i2d_PUBKEY(pkey, &der);
    int r = n > 0 ? pl_pubkey_spki(pl_str_n(der, (size_t)n), &pub, err)
                  : pl_fail(err, PL_E_UNSUP, "private key without a public half");
    OPENSSL_free(der);
    ERR_clear_error();
    if (r < 0) {
        EVP_PKEY_free(pkey);
        return r;
    }
    struct pl_privkey *k = calloc(1, sizeof *k);
    if (!k)
        pl_oom();
    k->pkey = pkey;
    k->pub = pub;
    *ret = k;
    return 0;
}

int pl_privkey_generate(struct pl_str type, struct pl_privkey **ret, struct pl_err *err)
{
    EVP_PKEY *pkey = NULL;
    if (pl_str_is(type, "ecdsa-p256"))
        pkey = EVP_EC_gen("P-256");
    else if (pl_str_is(type, "ecdsa-p384"))
        pkey = EVP_EC_gen("P-384");
    else if (pl_str_is(type, "ecdsa-p521"))
        pkey = EVP_EC_gen("P-521");
    else if (pl_str_is(type, "rsa-3072"))
        pkey = EVP_RSA_gen(3072);
    else if (pl_str_is(type, "ed25519"))
        pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    else
        return pl_fail(err, PL_E_USAGE,
                       "no key type '%.*s' (ecdsa-p256, ecdsa-p384, ecdsa-p521, rsa-3072, ed25519)",
                       (int)(type.n < 40 ? type.n : 40), type.p);
    if (!pkey)
        return pl_fail(err, PL_E_UNSUP, "a key of this type cannot be made here");
    return wrap_key(pkey, ret, err);
}

static int from_der(struct pl_str der, int type, struct pl_privkey **ret, struct pl_err *err)
{
    const unsigned char *p = (const unsigned char *)der.p;
    EVP_PKEY *pkey = NULL;
    if (der.n && der.n < 65536)
        pkey = type == EVP_PKEY_NONE ? d2i_AutoPrivateKey(NULL, &p, (long)der.n)
                                     : d2i_PrivateKey(type, NULL, &p, (long)der.n);
    ERR_clear_error();
    if (!pkey)
        return pl_fail(err, PL_E_FORMAT, "no private key that is understood");
    if (p != (const unsigned char *)der.p + der.n) {
        EVP_PKEY_free(pkey);
        return pl_fail(err, PL_E_FORMAT, "something follows the private key");
    }
    return wrap_key(pkey, ret, err);
}

int pl_privkey_pkcs8(struct pl_str der, struct pl_privkey **ret, struct pl_err *err)
{
    return from_der(der, EVP_PKEY_NONE, ret, err);
}

int pl_privkey_pem(struct pl_str pem, struct pl_privkey **ret, struct pl_err *err)
{
    static const struct {
        const char *label;
        int type;
    } labels[] = {
        { "PRIVATE KEY", EVP_PKEY_NONE },
        { "EC PRIVATE KEY", EVP_PKEY_EC },
        { "RSA PRIVATE KEY", EVP_PKEY_RSA },
    };
    struct pl_arena a = { 0 };
    struct pl_pem block = { 0 };
    int r;
    do /* "EC PARAMETERS" may stand before the key */
        r = pl_pem_next(&pem, &a, &block, err);
    while (r == 0 && pl_str_is(block.label, "EC PARAMETERS"));
    size_t i = 0;
    while (r == 0 && i < PL_COUNT(labels) && !pl_str_is(block.label, labels[i].label))
        i++;
    if (r == 0 && i == PL_COUNT(labels))
        r = pl_fail(err, PL_E_UNSUP, "PEM block '%.*s' is not imported",
                    (int)(block.label.n < 40 ? block.label.n : 40), block.label.p);
    if (r == 0)
        r = from_der(block.body, labels[i].type, ret, err);
    if (i < PL_COUNT(labels) && block.body.n)
        pl_wipe((void *)block.body.p, block.body.n);
    pl_arena_release(&a);
    return r;
}

void pl_privkey_free(struct pl_privkey *k)
{
    if (!k)
        return;
    EVP_PKEY_free(k->pkey); /* OpenSSL wipes private numbers */
    if (k->outside)
        k->outside->free(k->ctx);
    pl_pubkey_free(k->pub);
    free(k);
}

const struct pl_pubkey *pl_privkey_public(const struct pl_privkey *k)
{
    return k->pub;
}

int pl_privkey_der(const struct pl_privkey *k, struct pl_buf *b, struct pl_err *err)
{
    if (k->outside)
        return pl_fail(err, PL_E_UNSUP, "a key that is kept elsewhere cannot be written");
    unsigned char *der = NULL;
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(k->pkey);
    int n = info ? i2d_PKCS8_PRIV_KEY_INFO(info, &der) : -1;
    PKCS8_PRIV_KEY_INFO_free(info);
    ERR_clear_error();
    if (n <= 0)
        return pl_fail(err, PL_E_FORMAT, "private key cannot be written");
    int r = pl_buf_add(b, der, (size_t)n, err);
    OPENSSL_clear_free(der, (size_t)n);
    return r;
}

struct pl_privkey *pl_privkey_outside(struct pl_pubkey *pub, const struct pl_signer *s, void *ctx)
{
    struct pl_privkey *k = calloc(1, sizeof *k);
    if (!k)
        pl_oom();
    k->pub = pub;
    k->outside = s;
    k->ctx = ctx;
    return k;
}

/* What comes from elsewhere is believed when it holds. */
static int sign_outside(const struct pl_privkey *k, struct pl_str bytes, struct pl_buf *sig,
                        struct pl_err *err)
{
    size_t before = sig->n;
    int r = k->outside->sign(k->ctx, k->pub, bytes, sig, err);
    if (r == 0 && pl_pubkey_verify_md(k->pub, PL_MD_SHA256, bytes,
                                      pl_str_sub(pl_buf_str(sig), before, sig->n), NULL) < 0)
        r = pl_fail(err, PL_E_SIG, "what the key's keeper signed does not hold");
    return r;
}

int pl_privkey_sign(const struct pl_privkey *k, struct pl_str bytes, struct pl_buf *sig,
                    struct pl_err *err)
{
    if (k->outside)
        return sign_outside(k, bytes, sig, err);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    const EVP_MD *md = pl_pubkey_type(k->pub) == PL_KEY_ED25519 ? NULL : EVP_sha256();
    const unsigned char *p = (const unsigned char *)bytes.p;
    unsigned char out[1024];
    size_t n = sizeof out;
    if (!ctx)
        pl_oom();
    bool ok = EVP_DigestSignInit(ctx, NULL, md, NULL, k->pkey) == 1 &&
              EVP_DigestSign(ctx, out, &n, p, bytes.n) == 1;
    EVP_MD_CTX_free(ctx);
    ERR_clear_error();
    return ok ? pl_buf_add(sig, out, n, err) : pl_fail(err, PL_E_SIG, "cannot sign with this key");
}
