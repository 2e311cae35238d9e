/* The server's certificate, its key and the authorities of clients: read, checked against each
 * other, and replaced while connections are made. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SERVE_TLS_H
#define PL_SERVE_TLS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct pl_tls;

/* Files in PEM; `client_ca` may be NULL: clients need no certificate. Heap. PL_E_USAGE names the
 * file and what is wrong with it; PL_E_UNSUP without the library. */
int pl_tls_new(const char *cert, const char *key, const char *client_ca, struct pl_tls **ret,
               struct pl_err *err);
/* Reads the files again. On failure everything stays as it was. Thread-safe. */
int pl_tls_reload(struct pl_tls *t, struct pl_err *err);
/* When the certificate ends, seconds since the epoch. */
int64_t pl_tls_expires_s(struct pl_tls *t);
/* The text of the client authorities at the start, NUL-terminated; NULL without any. */
const char *pl_tls_client_ca(const struct pl_tls *t);
/* Does the client of `session` (a gnutls_session_t) have a certificate of these authorities that is
 * good for clients? True when none are asked for. */
bool pl_tls_client_ok(struct pl_tls *t, void *session);
/* Makes `t` the one that pl_tls_choose gives certificates of; one server in a process. */
void pl_tls_use(struct pl_tls *t);
/* The address of a gnutls_certificate_retrieve_function2 over it. */
void *pl_tls_chooser(void);
/* Frees; no connection is left that could use it. Accepts NULL. */
void pl_tls_free(struct pl_tls *t);

#endif
