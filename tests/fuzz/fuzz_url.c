/* Addresses: of realms, redirects, Location and Link, alone and seen from another. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "io/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void check(const struct pl_url *u)
{
    struct pl_arena a = { 0 };
    struct pl_url again;
    struct pl_str text = pl_url_text(&a, u);
    if (u->port == 0 || u->port > 65535 || !u->host.n || !u->target.n || u->target.p[0] != '/')
        abort();
    if (memchr(u->host.p, '@', u->host.n) || memchr(u->host.p, '/', u->host.n))
        abort();
    /* what is handed on means the same when it is read again */
    if (pl_url_parse(text, &a, &again, NULL) < 0 || !pl_url_same_origin(u, &again) ||
        !pl_str_eq(u->target, again.target))
        abort();
    pl_url_shown(&a, u);
    pl_arena_release(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct pl_arena a = { 0 };
    struct pl_url base, u;
    struct pl_err err = { 0 };
    struct pl_str s = pl_str_n(p, n);
    int r = pl_url_parse(s, &a, &u, &err);
    if (r < 0 && (err.code == 0 || !err.msg[0]))
        abort();
    if (r == 0)
        check(&u);
    if (pl_url_parse(PL_S("https://reg.example:5000/v2/x/y?z=1"), &a, &base, NULL) < 0)
        abort();
    if (pl_url_resolve(&base, s, &a, &u, NULL) == 0) {
        check(&u);
        r = 0;
    }
    pl_arena_release(&a);
    return r == 0 ? 0 : -1;
}
