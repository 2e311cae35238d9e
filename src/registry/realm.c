/* Registrable domains by libpsl, loaded when two hosts are compared. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/realm.h"

#include <libpsl.h>

#include "base/cleanup.h"
#include "fmt/late.h"
#include "io/addr.h"

#define NAME_MAX_LEN 254u

static struct {
    __typeof__(&psl_builtin) builtin;
    __typeof__(&psl_registrable_domain) registrable_domain;
} lib; /* once-built */

static bool load(void)
{
    static const char *const names[] = { "psl_builtin", "psl_registrable_domain" };
    void *at[PL_COUNT(names)];
    _Static_assert(sizeof lib == sizeof at, "nothing but pointers");
    if (!lib.builtin && pl_late("libpsl.so.5", names, PL_COUNT(names), at, NULL) == 0)
        memcpy(&lib, at, sizeof at);
    return lib.builtin;
}

/* The registrable domain of `host` within `buf`; NULL when it has none. */
static const char *registrable(const psl_ctx_t *psl, struct pl_str host, char *buf)
{
    if (!host.n || host.n >= NAME_MAX_LEN || pl_addr_literal(host))
        return NULL;
    memcpy(buf, host.p, host.n);
    buf[host.n] = 0;
    return lib.registrable_domain(psl, buf);
}

bool pl_realm_same_domain(struct pl_str x, struct pl_str y)
{
    char a[NAME_MAX_LEN], b[NAME_MAX_LEN];
    const psl_ctx_t *psl = load() ? lib.builtin() : NULL;
    const char *p = psl ? registrable(psl, x, a) : NULL, *q = p ? registrable(psl, y, b) : NULL;
    return p && q && strcmp(p, q) == 0;
}
