/* What stands at an address: one request with its redirects. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CMD_FETCH_H
#define PL_CMD_FETCH_H

#include "base/err.h"
#include "base/str.h"

struct pl_http_field; /* io/http.h */

struct pl_fetch {
    const char *method;
    const char *ca_file; /* authorities beside the system's; may be NULL */
    unsigned connect_s, stall_s;
    unsigned max_gib;                   /* of the body */
    const struct pl_http_field *fields; /* of the request, beside its own */
    size_t n_fields;
    struct pl_str body; /* of the request: then no redirect is followed (PL_E_NET) */
    /* Called before each request, after a redirect too: what came so far does not count. */
    int (*begin)(void *arg, struct pl_err *err);
    int (*data)(void *arg, const void *p, size_t n, struct pl_err *err);
    void *arg;
};

/* Gives the body to `data`; 0 when the last answer is a success. Follows up to 10 redirects, never
 * to a network that is less public than the one before, nor from TLS to none. PL_E_NOENT: status
 * 404; PL_E_NET: another status; PL_E_AUTH: a refused address; PL_E_LIMIT, PL_E_FORMAT. */
int pl_fetch(struct pl_str url, const struct pl_fetch *f, struct pl_err *err);

#endif
