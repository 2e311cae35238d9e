/* Compose files and Kubernetes manifests, judged. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "check/deploy/deploy.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static bool secret(void *arg, struct pl_str name, struct pl_str value)
{
    (void)arg;
    return name.n > value.n;
}

static struct pl_str digest(void *arg, struct pl_str image)
{
    (void)arg;
    return image.n ? PL_S("sha256:"
                          "0000000000000000000000000000000000000000000000000000000000000001")
                   : PL_S("");
}

static const struct pl_lint_source source = { .digest = digest };

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct pl_limits l;
    struct pl_arena a = { 0 };
    struct pl_deploy_result x;
    struct pl_err err = { 0 };
    pl_limits_init(&l);
    struct pl_str text = pl_str_n(p, n);
    struct pl_deploy_opts o = { .limits = &l, .secret = secret };
    int r = pl_deploy_lint(&a, text, &o, &x, &err);
    for (size_t i = 0; i < x.n; i++)
        if (x.hits[i].rule >= PL_DEPLOY_RULE_COUNT || !x.hits[i].line)
            abort();
    if (r < 0 && err.msg[0] == 0)
        abort();
    struct pl_str after;
    o.source = &source;
    if (r == 0 && n < 2048 &&
        pl_deploy_mend(&a, text, &o, PL_FIX_UNSAFE, &after, NULL, &err) == 0 &&
        pl_deploy_lint(&a, after, &o, &x, &err) < 0)
        abort(); /* what was read is still read */
    pl_arena_release(&a);
    return r == 0 && x.form != PL_DEPLOY_NONE ? 0 : -1;
}
