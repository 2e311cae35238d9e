/* GnuTLS, loaded with the server that needs it (http_late.h). */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SERVE_TLS_LATE_H
#define PL_SERVE_TLS_LATE_H

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "base/err.h"

#define PL_GNUTLS_FUNCTIONS(X)              \
    X(gnutls_certificate_get_peers)         \
    X(gnutls_pcert_deinit)                  \
    X(gnutls_pcert_import_x509)             \
    X(gnutls_privkey_deinit)                \
    X(gnutls_privkey_import_x509)           \
    X(gnutls_privkey_init)                  \
    X(gnutls_strerror)                      \
    X(gnutls_x509_crt_deinit)               \
    X(gnutls_x509_crt_get_expiration_time)  \
    X(gnutls_x509_crt_get_key_id)           \
    X(gnutls_x509_crt_import)               \
    X(gnutls_x509_crt_init)                 \
    X(gnutls_x509_crt_list_import)          \
    X(gnutls_x509_privkey_deinit)           \
    X(gnutls_x509_privkey_get_key_id)       \
    X(gnutls_x509_privkey_import2)          \
    X(gnutls_x509_privkey_init)             \
    X(gnutls_x509_trust_list_add_trust_mem) \
    X(gnutls_x509_trust_list_deinit)        \
    X(gnutls_x509_trust_list_init)          \
    X(gnutls_x509_trust_list_verify_crt2)

/* The functions under their own names. */
struct pl_gnutls {
#define PL_GNUTLS_POINTER(f) __typeof__(&(f)) f;
    PL_GNUTLS_FUNCTIONS(PL_GNUTLS_POINTER)
#undef PL_GNUTLS_POINTER
};

/* Fills `ret`; further calls are cheap. PL_E_UNSUP when the library is not on this machine. */
int pl_gnutls_load(struct pl_gnutls *ret, struct pl_err *err);

#endif
