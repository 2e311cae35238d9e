/* Auth files and answers of credential helpers. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "registry/authfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void sane(const struct pl_credential *c)
{
    if (c->set && (!pl_secret_sane(c->user) || !pl_secret_sane(c->secret)))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static const char *const hosts[] = { "reg.example", "reg.example:5000", "docker.io" };
    struct pl_arena a = { 0 };
    int best = -1;
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        struct pl_auth_hit hit = { 0 };
        struct pl_err err = { 0 };
        int r =
            pl_authfile_find(pl_str_n(p, n), pl_str_c(hosts[i]), PL_S("team/app"), &a, &hit, &err);
        if (r < 0 && (err.code != PL_E_FORMAT || !err.msg[0]))
            abort();
        if (r == 0 && hit.helper.n && !pl_helper_name(hit.helper))
            abort();
        sane(&hit.cred);
        best = r == 0 ? 0 : best;
    }
    struct pl_credential c = { 0 };
    if (pl_helper_answer(pl_str_n(p, n), &a, &c, NULL) == 0)
        best = 0;
    sane(&c);
    pl_arena_release(&a);
    return best;
}
