/* Whether a token may be fetched from where a challenge points. registry.md section 5. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_REGISTRY_REALM_H
#define PL_REGISTRY_REALM_H

#include "io/url.h"
#include "model/report.h"

/* Is `realm` allowed for a registry at `registry`: its own host with the same or a better scheme;
 * or over https a host of the same registrable domain, or one of `token_hosts` ("host" or
 * "host:port")? PL_E_AUTH names the realm's host. */
int pl_realm_check(const struct pl_url *registry, const struct pl_url *realm,
                   const struct pl_names *token_hosts, struct pl_err *err);

/* Have two host names one registrable domain, by the public suffix list? Never for addresses, nor
 * for names that are public suffixes themselves. */
bool pl_realm_same_domain(struct pl_str x, struct pl_str y);

#endif
