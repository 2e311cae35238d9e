/* Policies: refused with a reason, or taken; and then every name finds its scope or none. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "policy/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct pl_policy *policy = NULL;
    struct pl_err err = { 0 };
    int r = pl_policy_parse("dir/p.yaml", pl_str_n(p, n), 1800000000, &policy, &err);
    if (r < 0 ? !err.code || policy : !policy || policy->n_scopes == 0)
        abort();
    if (r < 0)
        return -1;
    pl_policy_scope(policy, PL_S("docker.io/library/alpine"));
    pl_policy_scope(policy, PL_S("[::1]:5000/x"));
    for (size_t i = 0; i < policy->n_scopes; i++)
        for (size_t k = 0; k < policy->scopes[i].n_signatures; k++)
            if (policy->scopes[i].signatures[k].need == 0 ||
                policy->scopes[i].signatures[k].candidates == 0)
                abort(); /* would hold for anybody */
    pl_policy_check_needs(policy, &err);
    pl_policy_free(policy);
    return 0;
}
