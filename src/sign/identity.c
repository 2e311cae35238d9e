/* Who a certificate was given to: subject alternative names and Fulcio's extensions. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "sign/cert_int.h"

#define OID_SAN "\x55\x1d\x11"
/* 1.3.6.1.4.1.57264.1.N */
#define OID_FULCIO "\x2b\x06\x01\x04\x01\x83\xbf\x30\x01"

/* OtherName 1.3.6.1.4.1.57264.1.7 with a UTF8String; others are passed over. */
static int other_name(struct pl_str s, struct pl_str *ret, struct pl_err *err)
{
    struct pl_der oid, d;
    int r = pl_der_take(&s, PL_DER_OID, "other name", &oid, err);
    if (r < 0 || !pl_str_eq(oid.body, PL_S(OID_FULCIO "\x07")))
        return r;
    if ((r = pl_der_only(s, PL_DER_CTX_CONS, "other name", &d, err)) == 0 &&
        (r = pl_der_only(d.body, PL_DER_UTF8, "other name", &d, err)) == 0)
        *ret = d.body;
    return r;
}

static int read_names(struct pl_str value, struct pl_identity *ret, struct pl_err *err)
{
    struct pl_der seq, d;
    int r = pl_der_only(value, PL_DER_SEQ, "subject alternative name", &seq, err);
    while (r == 0 && seq.body.n) {
        struct pl_str name = { 0 };
        r = pl_der_next(&seq.body, &d, err);
        if (r == 0 && (d.tag == PL_DER_CTX + 1 || d.tag == PL_DER_CTX + 6))
            name = d.body;
        else if (r == 0 && d.tag == PL_DER_CTX_CONS)
            r = other_name(d.body, &name, err);
        if (r < 0 || !name.p)
            continue;
        if (ret->n_names == PL_NAMES_MAX)
            return pl_fail(err, PL_E_LIMIT, "certificate has more than %u names", PL_NAMES_MAX);
        ret->names[ret->n_names++] = name;
    }
    return r;
}

int pl_cert_identity(const struct pl_cert *c, struct pl_identity *ret, struct pl_err *err)
{
    struct pl_str value;
    struct pl_der d;
    int r = 0;
    *ret = (struct pl_identity){ 0 };
    if (pl_cert_ext(c, PL_S(OID_SAN), &value, NULL))
        r = read_names(value, ret, err);
    if (r == 0 && pl_cert_ext(c, PL_S(OID_FULCIO "\x08"), &value, NULL)) {
        r = pl_der_only(value, PL_DER_UTF8, "issuer extension", &d, err);
        if (r == 0)
            ret->issuer = d.body;
    }
    if (r == 0 && pl_cert_ext(c, PL_S(OID_FULCIO "\x01"), &value, NULL))
        ret->issuer_raw = value;
    return r;
}
