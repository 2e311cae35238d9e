/* Which proxy a request goes through, from the environment as curl and others read it. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_IO_PROXY_H
#define PL_IO_PROXY_H

#include "io/url.h"

/* The proxy for `u`, or NULL: https_proxy or HTTPS_PROXY, http_proxy (lower case only, since a web
 * server could set the other), all_proxy, ALL_PROXY; none for hosts that no_proxy names and for
 * loopback. A view on the environment. */
const char *pl_proxy_for(const struct pl_url *u);
/* Does the list `no` ("host,.domain,*") name `host`? */
bool pl_proxy_skips(struct pl_str no, struct pl_str host);

#endif
