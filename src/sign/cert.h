/* Certificates: strict reading, chains to an authority at a given time, who is named in them, and
 * the proof that they were logged. RFC 5280, RFC 6962; formats/signing.md section 9. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SIGN_CERT_H
#define PL_SIGN_CERT_H

#include "sign/key.h"

/* A time span, both ends inclusive. */
struct pl_period {
    int64_t start, end;
    bool has_start, has_end;
};
bool pl_period_has(const struct pl_period *p, int64_t at_ns);

struct pl_cert;

/* Reads one certificate, all of `der`, which is copied. Heap. PL_E_FORMAT. */
int pl_cert_parse(struct pl_str der, struct pl_cert **ret, struct pl_err *err);
void pl_cert_free(struct pl_cert *c);
/* Views on the certificate. */
struct pl_str pl_cert_der(const struct pl_cert *c);
struct pl_str pl_cert_spki(const struct pl_cert *c);
/* Issuer's name, own name, serial number, as DER contents. */
struct pl_str pl_cert_issuer(const struct pl_cert *c);
struct pl_str pl_cert_subject(const struct pl_cert *c);
struct pl_str pl_cert_serial(const struct pl_cert *c);
/* The contents of the subject key identifier, or empty. */
struct pl_str pl_cert_key_id(const struct pl_cert *c);
/* First and last moment, both inclusive. */
struct pl_period pl_cert_period(const struct pl_cert *c);
/* Its public key, owned by `c`; PL_E_UNSUP for a kind that is not allowed. */
int pl_cert_key(struct pl_cert *c, const struct pl_pubkey **ret, struct pl_err *err);
bool pl_cert_is_ca(const struct pl_cert *c);
/* Signed by its own key. */
bool pl_cert_self_signed(const struct pl_cert *c);
/* Value of the extension with OID contents `oid`; false when there is none. */
bool pl_cert_ext(const struct pl_cert *c, struct pl_str oid, struct pl_str *ret_value,
                 bool *ret_critical);

/* ---- chains ---- */

enum pl_use { PL_USE_CODE_SIGNING, PL_USE_TIME_STAMPING };

/* An authority of the trusted root: `certs` from the one that signs up to the one that is trusted.
 */
struct pl_authority {
    struct pl_cert **certs;
    size_t n_certs;
    struct pl_period valid;
};

/* Does `leaf` chain to the last certificate of `ca`, all of them valid at `at_ns` and meant for
 * `use`? *ret_issuer (owned by `ca`; may be NULL when `leaf` itself is the trusted one) signed it.
 * PL_E_SIG with the reason. */
int pl_cert_chain(const struct pl_cert *leaf, const struct pl_authority *ca, int64_t at_ns,
                  enum pl_use use, const struct pl_cert **ret_issuer, struct pl_err *err);

/* ---- identity ---- */

#define PL_NAMES_MAX 16u
/* Who a certificate was given to: subject alternative names (URI, e-mail, Fulcio's other name) and
 * the issuer of the identity as the two extensions have it. Views. */
struct pl_identity {
    struct pl_str names[PL_NAMES_MAX];
    size_t n_names;
    struct pl_str issuer, issuer_raw; /* extension .8 and .1; p == NULL when absent */
};
/* PL_E_FORMAT; PL_E_LIMIT: more than PL_NAMES_MAX names. */
int pl_cert_identity(const struct pl_cert *c, struct pl_identity *ret, struct pl_err *err);

/* ---- certificate transparency ---- */

/* A log of the trusted root. */
struct pl_log {
    struct pl_str base_url, host, hostport; /* host name without and with the port */
    struct pl_str id;
    struct pl_pubkey *key; /* NULL: not usable, for the reason in `why` */
    const char *why;
    enum pl_md md;
    struct pl_period valid;
};
/* Is `leaf`, signed by `issuer`, known to one of the logs? PL_E_SIG with the reason; PL_E_NOENT: it
 * carries no proof at all. *ret_log is the log. */
int pl_cert_logged(const struct pl_cert *leaf, const struct pl_cert *issuer,
                   const struct pl_log *logs, size_t n_logs, const struct pl_log **ret_log,
                   struct pl_err *err);

#endif
