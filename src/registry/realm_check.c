/* The rule about realms. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/realm.h"

static bool listed(const struct pl_names *hosts, const struct pl_url *realm)
{
    bool yes = false;
    struct pl_arena a = { 0 };
    struct pl_str with_port = pl_url_host(&a, realm);
    for (size_t i = 0; hosts && i < hosts->n; i++)
        yes |= pl_str_ieq(hosts->p[i], with_port);
    pl_arena_release(&a);
    return yes;
}

int pl_realm_check(const struct pl_url *registry, const struct pl_url *realm,
                   const struct pl_names *token_hosts, struct pl_err *err)
{
    if (pl_str_eq(registry->host, realm->host)) {
        if (registry->https && !realm->https)
            return pl_fail(err, PL_E_AUTH, "the token realm of '%.*s' is plain http: refused",
                           PL_FMT(registry->host));
        return 0;
    }
    if (!realm->https)
        return pl_fail(err, PL_E_AUTH,
                       "the token realm is at another host, '%.*s', over plain http: refused",
                       PL_FMT(realm->host));
    if (listed(token_hosts, realm) || pl_realm_same_domain(registry->host, realm->host))
        return 0;
    return pl_fail(
        err, PL_E_AUTH,
        "the token realm is at a foreign host, '%.*s': refused; if that is right, list it "
        "under token-hosts in a file for --registry-config",
        PL_FMT(realm->host));
}
