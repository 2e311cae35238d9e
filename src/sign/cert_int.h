/* Inside the certificate files. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SIGN_CERT_INT_H
#define PL_SIGN_CERT_INT_H

#include <openssl/x509.h>

#include "fmt/der.h"
#include "sign/cert.h"

#define PL_EXTS_MAX 64u

struct pl_ext {
    struct pl_str oid, value, whole;
    bool critical;
};

struct pl_cert {
    char *own;
    struct pl_str der;
    struct pl_str tbs, before_exts; /* contents of the part that is signed; up to the extensions */
    struct pl_str serial, issuer, subject, spki;
    struct pl_period period;
    struct pl_ext exts[PL_EXTS_MAX];
    size_t n_exts;
    struct pl_pubkey *key;
    X509 *x;
};

#endif
