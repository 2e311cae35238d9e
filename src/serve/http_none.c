/* The server of builds without libmicrohttpd: there is none, and it says so. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/http.h"
#include "serve/tls.h"

static int none(struct pl_err *err)
{
    return pl_fail(err, PL_E_UNSUP,
                   "a server is not in this build: it was made without the option 'serve' "
                   "(libmicrohttpd, GnuTLS)");
}

int pl_httpd_new(const struct pl_httpd_opts *o, struct pl_httpd **ret, struct pl_err *err)
{
    (void)o, (void)ret;
    return none(err);
}

void pl_httpd_answer(struct pl_httpd_req *req, unsigned status, const char *type,
                     struct pl_str body)
{
    (void)req, (void)status, (void)type, (void)body;
}

void pl_httpd_reap(struct pl_httpd *h)
{
    (void)h;
}

struct pl_conns_stats pl_httpd_stats(struct pl_httpd *h)
{
    (void)h;
    return (struct pl_conns_stats){ 0 };
}

void pl_httpd_quiesce(struct pl_httpd *h)
{
    (void)h;
}

unsigned pl_httpd_pending(struct pl_httpd *h)
{
    (void)h;
    return 0;
}

void pl_httpd_free(struct pl_httpd *h)
{
    (void)h;
}

int pl_tls_new(const char *cert, const char *key, const char *client_ca, struct pl_tls **ret,
               struct pl_err *err)
{
    (void)cert, (void)key, (void)client_ca, (void)ret;
    return none(err);
}

int pl_tls_reload(struct pl_tls *t, struct pl_err *err)
{
    (void)t;
    return none(err);
}

int64_t pl_tls_expires_s(struct pl_tls *t)
{
    (void)t;
    return 0;
}

void pl_tls_free(struct pl_tls *t)
{
    (void)t;
}
