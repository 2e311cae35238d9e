/* Reading certificates, RFC 5280 section 4.1, by our own reader; OpenSSL reads the same bytes. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/limits.h"
#include "sign/cert_int.h"

#define CERT_MAX PL_KIB(64)

bool pl_period_has(const struct pl_period *p, int64_t at_ns)
{
    return (!p->has_start || at_ns >= p->start) && (!p->has_end || at_ns <= p->end);
}

static int read_period(struct pl_str body, struct pl_period *ret, struct pl_err *err)
{
    struct pl_der from, to;
    int r = pl_der_next(&body, &from, err);
    if (r == 0)
        r = pl_der_next(&body, &to, err);
    if (r == 0)
        r = pl_der_end(body, "validity", err);
    if (r == 0)
        r = pl_der_time(&from, &ret->start, err);
    if (r == 0)
        r = pl_der_time(&to, &ret->end, err);
    ret->has_start = ret->has_end = true;
    return r;
}

static int read_ext(struct pl_cert *c, struct pl_str *in, struct pl_err *err)
{
    struct pl_ext *x = &c->exts[c->n_exts];
    struct pl_der seq, d;
    if (c->n_exts == PL_EXTS_MAX)
        return pl_fail(err, PL_E_LIMIT, "certificate has more than %u extensions", PL_EXTS_MAX);
    int r = pl_der_take(in, PL_DER_SEQ, "extension", &seq, err);
    if (r < 0)
        return r;
    struct pl_str s = seq.body;
    *x = (struct pl_ext){ .whole = seq.whole };
    if ((r = pl_der_take(&s, PL_DER_OID, "extension", &d, err)) < 0)
        return r;
    x->oid = d.body;
    if (pl_der_is(s, PL_DER_BOOL) &&
        ((r = pl_der_next(&s, &d, err)) < 0 || (r = pl_der_bool(d.body, &x->critical, err)) < 0))
        return r;
    if ((r = pl_der_take(&s, PL_DER_OCTETS, "extension", &d, err)) < 0)
        return r;
    x->value = d.body;
    for (size_t i = 0; i < c->n_exts; i++)
        if (pl_str_eq(c->exts[i].oid, x->oid))
            return pl_fail(err, PL_E_FORMAT, "an extension stands twice");
    c->n_exts++;
    return pl_der_end(s, "extension", err);
}

static int read_exts(struct pl_cert *c, struct pl_str s, struct pl_err *err)
{
    struct pl_der d;
    int r = 0;
    /* unique identifiers of version 2 */
    for (uint8_t tag = PL_DER_CTX + 1; r == 0 && tag <= PL_DER_CTX + 2; tag++)
        if (pl_der_is(s, tag))
            r = pl_der_next(&s, &d, err);
    c->before_exts = pl_str_n(c->tbs.p, (size_t)(s.p - c->tbs.p));
    if (r < 0 || s.n == 0)
        return r;
    if ((r = pl_der_only(s, PL_DER_CTX_CONS + 3, "extensions", &d, err)) < 0 ||
        (r = pl_der_only(d.body, PL_DER_SEQ, "extensions", &d, err)) < 0)
        return r;
    s = d.body;
    while (r == 0 && s.n)
        r = read_ext(c, &s, err);
    return r;
}

static int read_tbs(struct pl_cert *c, struct pl_err *err)
{
    struct pl_str s = c->tbs;
    struct pl_der d;
    int r = 0;
    if (pl_der_is(s, PL_DER_CTX_CONS))
        r = pl_der_next(&s, &d, err);
    if (r == 0 && (r = pl_der_take(&s, PL_DER_INT, "serial number", &d, err)) == 0)
        c->serial = d.body;
    if (r == 0)
        r = pl_der_take(&s, PL_DER_SEQ, "algorithm", NULL, err);
    if (r == 0 && (r = pl_der_take(&s, PL_DER_SEQ, "issuer", &d, err)) == 0)
        c->issuer = d.body;
    if (r == 0 && (r = pl_der_take(&s, PL_DER_SEQ, "validity", &d, err)) == 0)
        r = read_period(d.body, &c->period, err);
    if (r == 0 && (r = pl_der_take(&s, PL_DER_SEQ, "subject", &d, err)) == 0)
        c->subject = d.body;
    if (r == 0 && (r = pl_der_take(&s, PL_DER_SEQ, "public key", &d, err)) == 0)
        c->spki = d.whole;
    return r < 0 ? r : read_exts(c, s, err);
}

static int read_cert(struct pl_cert *c, struct pl_err *err)
{
    struct pl_der cert, tbs;
    const unsigned char *p = (const unsigned char *)c->der.p;
    int r = pl_der_only(c->der, PL_DER_SEQ, "certificate", &cert, err);
    if (r < 0)
        return r;
    struct pl_str s = cert.body;
    if ((r = pl_der_take(&s, PL_DER_SEQ, "certificate", &tbs, err)) < 0 ||
        (r = pl_der_take(&s, PL_DER_SEQ, "algorithm", NULL, err)) < 0 ||
        (r = pl_der_take(&s, PL_DER_BITS, "signature", NULL, err)) < 0 ||
        (r = pl_der_end(s, "certificate", err)) < 0)
        return r;
    c->tbs = tbs.body;
    if ((r = read_tbs(c, err)) < 0)
        return r;
    c->x = d2i_X509(NULL, &p, (long)c->der.n);
    ERR_clear_error();
    if (!c->x || X509_check_purpose(c->x, -1, 0) != 1)
        return pl_fail(err, PL_E_FORMAT, "certificate is not well-formed");
    return 0;
}

int pl_cert_parse(struct pl_str der, struct pl_cert **ret, struct pl_err *err)
{
    if (der.n > CERT_MAX)
        return pl_fail(err, PL_E_LIMIT, "limit certificate: more than 64 KiB");
    struct pl_cert *c = calloc(1, sizeof *c);
    if (!c || !(c->own = malloc(der.n + 1)))
        pl_oom();
    if (der.n)
        memcpy(c->own, der.p, der.n);
    c->der = pl_str_n(c->own, der.n);
    int r = read_cert(c, err);
    if (r < 0) {
        pl_cert_free(c);
        return r;
    }
    *ret = c;
    return 0;
}

void pl_cert_free(struct pl_cert *c)
{
    if (!c)
        return;
    X509_free(c->x);
    pl_pubkey_free(c->key);
    free(c->own);
    free(c);
}

struct pl_str pl_cert_der(const struct pl_cert *c)
{
    return c->der;
}

struct pl_str pl_cert_spki(const struct pl_cert *c)
{
    return c->spki;
}

struct pl_str pl_cert_issuer(const struct pl_cert *c)
{
    return c->issuer;
}

struct pl_str pl_cert_subject(const struct pl_cert *c)
{
    return c->subject;
}

struct pl_str pl_cert_serial(const struct pl_cert *c)
{
    return c->serial;
}

struct pl_period pl_cert_period(const struct pl_cert *c)
{
    return c->period;
}

int pl_cert_key(struct pl_cert *c, const struct pl_pubkey **ret, struct pl_err *err)
{
    int r = c->key ? 0 : pl_pubkey_spki(c->spki, &c->key, err);
    if (r < 0)
        return pl_wrap(err, "key of the certificate");
    *ret = c->key;
    return 0;
}

bool pl_cert_is_ca(const struct pl_cert *c)
{
    return X509_check_ca(c->x) == 1;
}

bool pl_cert_self_signed(const struct pl_cert *c)
{
    bool ok = X509_self_signed(c->x, /* verify_signature= */ 1) == 1;
    ERR_clear_error();
    return ok;
}

bool pl_cert_ext(const struct pl_cert *c, struct pl_str oid, struct pl_str *ret_value,
                 bool *ret_critical)
{
    for (size_t i = 0; i < c->n_exts; i++) {
        if (!pl_str_eq(c->exts[i].oid, oid))
            continue;
        *ret_value = c->exts[i].value;
        if (ret_critical)
            *ret_critical = c->exts[i].critical;
        return true;
    }
    return false;
}

struct pl_str pl_cert_key_id(const struct pl_cert *c)
{
    struct pl_str value;
    struct pl_der d;
    struct pl_err ignored;
    if (!pl_cert_ext(c, PL_S("\x55\x1d\x0e"), &value, NULL) ||
        pl_der_only(value, PL_DER_OCTETS, "key identifier", &d, &ignored) < 0)
        return PL_S("");
    return d.body;
}
