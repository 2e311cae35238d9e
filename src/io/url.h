/* http and https addresses, read strictly so that no two readers can disagree on the host. RFC
 * 3986; what is not plain ASCII, user names and other schemes are refused. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_IO_URL_H
#define PL_IO_URL_H

#include "base/arena.h"
#include "base/err.h"

struct pl_url {
    bool https;
    struct pl_str host;   /* lower case; IPv6 in brackets */
    uint32_t port;        /* 1 … 65535, the scheme's own when none was written */
    struct pl_str target; /* path and query; begins with '/', without dot segments */
};

/* Reads an absolute address; a fragment is dropped. Text in `a`. PL_E_FORMAT. */
int pl_url_parse(struct pl_str s, struct pl_arena *a, struct pl_url *ret, struct pl_err *err);
/* The address that `ref` (absolute, //host, /path, path or ?query) means, seen from `base`. */
int pl_url_resolve(const struct pl_url *base, struct pl_str ref, struct pl_arena *a,
                   struct pl_url *ret, struct pl_err *err);
/* The address of `target` at `host` ("name", "name:port", "[::1]:5000"). PL_E_FORMAT. */
int pl_url_at(bool https, struct pl_str host, struct pl_str target, struct pl_arena *a,
              struct pl_url *ret, struct pl_err *err);
/* Same scheme, host and port. */
bool pl_url_same_origin(const struct pl_url *x, const struct pl_url *y);
/* The whole text, in `a`. */
struct pl_str pl_url_text(struct pl_arena *a, const struct pl_url *u);
/* The text for people: of a query only that there is one, since signatures stand there. */
struct pl_str pl_url_shown(struct pl_arena *a, const struct pl_url *u);
/* "host", or "host:port" where the port is not the scheme's own; in `a`. */
struct pl_str pl_url_host(struct pl_arena *a, const struct pl_url *u);
/* `u` with "name=value" added to its query, the value percent-encoded; in `a`. */
struct pl_url pl_url_with(struct pl_arena *a, struct pl_url u, const char *name,
                          struct pl_str value);

#endif
