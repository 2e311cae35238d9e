/* Names of the states of a fix. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "model/advisory.h"

static const char *const states[] = {
#define X(name, text) text,
    PL_FIX_STATES(X)
#undef X
};

const char *pl_fix_state_name(enum pl_fix_state s)
{
    return s < PL_FIX_COUNT ? states[s] : "unknown";
}

bool pl_fix_state_parse(struct pl_str s, enum pl_fix_state *ret)
{
    for (unsigned i = 0; i < PL_FIX_COUNT; i++) {
        size_t n = strlen(states[i]), k = 0;
        while (n == s.n && k < n &&
               (s.p[k] == states[i][k] || (s.p[k] == '_' && states[i][k] == '-')))
            k++;
        if (n == s.n && k == n) {
            *ret = (enum pl_fix_state)i;
            return true;
        }
    }
    return false;
}
