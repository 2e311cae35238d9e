/* Registrable domains by libpsl. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/realm.h"

#include <libpsl.h>

#include "io/addr.h"

#define NAME_MAX_LEN 254u

/* The registrable domain of `host` within `buf`; NULL when it has none. */
static const char *registrable(const psl_ctx_t *psl, struct pl_str host, char *buf)
{
    if (!host.n || host.n >= NAME_MAX_LEN || pl_addr_literal(host))
        return NULL;
    memcpy(buf, host.p, host.n);
    buf[host.n] = 0;
    return psl_registrable_domain(psl, buf);
}

bool pl_realm_same_domain(struct pl_str x, struct pl_str y)
{
    char a[NAME_MAX_LEN], b[NAME_MAX_LEN];
    const psl_ctx_t *psl = psl_builtin();
    const char *p = psl ? registrable(psl, x, a) : NULL, *q = p ? registrable(psl, y, b) : NULL;
    return p && q && strcmp(p, q) == 0;
}
