/* Proxies by environment variables. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "io/proxy.h"

#include <stdlib.h>

#include "io/addr.h"

static const char *variable(const char *a, const char *b)
{
    const char *v = getenv(a);
    if (!v && b)
        v = getenv(b);
    return v && v[0] ? v : NULL;
}

bool pl_proxy_skips(struct pl_str no, struct pl_str host)
{
    struct pl_str one;
    while (pl_str_split(&no, ',', &one)) {
        one = pl_str_trim(one);
        if (pl_str_is(one, "*"))
            return true;
        if (one.n && one.p[0] == '.')
            one = pl_str_sub(one, 1, one.n);
        if (!one.n || !pl_str_iends(host, one))
            continue;
        if (host.n == one.n || host.p[host.n - one.n - 1] == '.')
            return true;
    }
    return false;
}

const char *pl_proxy_for(const struct pl_url *u)
{
    const char *own =
        u->https ? variable("https_proxy", "HTTPS_PROXY") : variable("http_proxy", NULL);
    const char *proxy = own ? own : variable("all_proxy", "ALL_PROXY");
    if (!proxy || pl_addr_loopback_host(u->host))
        return NULL;
    return pl_proxy_skips(pl_str_c(variable("no_proxy", "NO_PROXY")), u->host) ? NULL : proxy;
}
