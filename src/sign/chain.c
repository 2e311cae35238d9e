/* Chains to an authority of the trusted root at the time of signing. RFC 5280 section 6 by OpenSSL;
 * validity, use and the kind of every certificate are checked here, ends inclusive. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "sign/cert_int.h"

#define CHAIN_MAX 10

static const struct pl_str eku_oid[] = {
    [PL_USE_CODE_SIGNING] = { "\x2b\x06\x01\x05\x05\x07\x03\x03", 8 },
    [PL_USE_TIME_STAMPING] = { "\x2b\x06\x01\x05\x05\x07\x03\x08", 8 },
};

/* Extended key usage: is `use` in it, and how many are there? */
static int read_use(struct pl_str value, enum pl_use use, bool *ret_has, size_t *ret_n,
                    struct pl_err *err)
{
    struct pl_der seq, d;
    int r = pl_der_only(value, PL_DER_SEQ, "extended key usage", &seq, err);
    *ret_has = false;
    *ret_n = 0;
    while (r == 0 && seq.body.n) {
        r = pl_der_take(&seq.body, PL_DER_OID, "extended key usage", &d, err);
        if (r == 0 && pl_str_eq(d.body, eku_oid[use]))
            *ret_has = true;
        ++*ret_n;
    }
    return r;
}

/* The one that signs must name the use; time stamps: that one alone, and critical (RFC 3161 2.3).
 * Those above may leave it out. */
static int check_use(const struct pl_cert *c, enum pl_use use, bool leaf, struct pl_err *err)
{
    struct pl_str value;
    bool critical, has;
    size_t n;
    if (!pl_cert_ext(c, PL_S("\x55\x1d\x25"), &value, &critical))
        return leaf ? pl_fail(err, PL_E_SIG, "certificate names no use (extended key usage)") : 0;
    int r = read_use(value, use, &has, &n, err);
    if (r < 0)
        return r;
    if (!has || (leaf && use == PL_USE_TIME_STAMPING && (n != 1 || !critical)))
        return pl_fail(err, PL_E_SIG, "certificate is not meant for %s",
                       use == PL_USE_CODE_SIGNING ? "code signing" : "time stamping alone");
    return 0;
}

static int check_one(const struct pl_cert *c, int64_t at_ns, enum pl_use use, bool leaf,
                     bool anchor, struct pl_err *err)
{
    if (!pl_period_has(&c->period, at_ns))
        return pl_fail(err, PL_E_SIG, "%s was not valid at the time of signing",
                       leaf ? "the certificate" : "an issuing certificate");
    if (leaf && !anchor && X509_check_ca(c->x) == 1)
        return pl_fail(err, PL_E_SIG, "the signing certificate is an authority's");
    if (leaf && !(X509_get_key_usage(c->x) & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)))
        return pl_fail(err, PL_E_SIG, "the certificate's key is not for signatures");
    if (!leaf && X509_check_ca(c->x) != 1)
        return pl_fail(err, PL_E_SIG, "an issuing certificate is no authority");
    return check_use(c, use, leaf, err);
}

static const struct pl_cert *find(const struct pl_authority *ca, const X509 *x)
{
    for (size_t i = 0; i < ca->n_certs; i++)
        if (X509_cmp(ca->certs[i]->x, x) == 0)
            return ca->certs[i];
    return NULL;
}

static int check_all(X509_STORE_CTX *ctx, const struct pl_cert *leaf, const struct pl_authority *ca,
                     int64_t at_ns, enum pl_use use, const struct pl_cert **ret_issuer,
                     struct pl_err *err)
{
    STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(ctx);
    int n = sk_X509_num(chain);
    *ret_issuer = NULL;
    for (int i = 0; i < n; i++) {
        const struct pl_cert *c = i ? find(ca, sk_X509_value(chain, i)) : leaf;
        if (!c)
            return pl_fail(err, PL_E_SIG, "chain leaves the trusted root");
        if (i == 1)
            *ret_issuer = c;
        int r = check_one(c, at_ns, use, i == 0, i == n - 1, err);
        if (r < 0)
            return r;
    }
    return 0;
}

/* The times are checked here and not by the library: its last moment is exclusive. */
static int verify(X509_STORE_CTX *ctx, X509_STORE *store, STACK_OF(X509) * others,
                  const struct pl_cert *leaf, struct pl_err *err)
{
    if (X509_STORE_CTX_init(ctx, store, leaf->x, others) != 1)
        pl_oom();
    X509_VERIFY_PARAM *p = X509_STORE_CTX_get0_param(ctx);
    X509_VERIFY_PARAM_set_flags(p, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_NO_CHECK_TIME);
    X509_VERIFY_PARAM_set_depth(p, CHAIN_MAX);
    X509_VERIFY_PARAM_set_auth_level(p, 2);
    int ok = X509_verify_cert(ctx);
    ERR_clear_error();
    if (ok != 1)
        return pl_fail(err, PL_E_SIG, "no chain to the trusted root: %s",
                       X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx)));
    return 0;
}

int pl_cert_chain(const struct pl_cert *leaf, const struct pl_authority *ca, int64_t at_ns,
                  enum pl_use use, const struct pl_cert **ret_issuer, struct pl_err *err)
{
    if (!pl_period_has(&ca->valid, at_ns))
        return pl_fail(err, PL_E_SIG, "the authority was not trusted at the time of signing");
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    STACK_OF(X509) *others = sk_X509_new_null();
    if (!store || !ctx || !others || X509_STORE_add_cert(store, ca->certs[ca->n_certs - 1]->x) != 1)
        pl_oom();
    for (size_t i = 0; i + 1 < ca->n_certs; i++)
        if (!sk_X509_push(others, ca->certs[i]->x))
            pl_oom();
    int r = verify(ctx, store, others, leaf, err);
    if (r == 0)
        r = check_all(ctx, leaf, ca, at_ns, use, ret_issuer, err);
    sk_X509_free(others);
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    return r;
}
