/* Names of severities and surfaces. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "model/severity.h"

static const char *const severities[PL_SEV_COUNT] = { "info", "low", "medium", "high", "critical" };

static const char *const surfaces[PL_SURF_COUNT] = {
#define X(name, text) text,
    PL_SURFACES(X)
#undef X
};

const char *pl_severity_name(enum pl_severity s)
{
    return s < PL_SEV_COUNT ? severities[s] : "info";
}

bool pl_severity_parse(struct pl_str s, enum pl_severity *ret)
{
    for (int i = 0; i < PL_SEV_COUNT; i++) {
        if (pl_str_is(s, severities[i])) {
            *ret = (enum pl_severity)i;
            return true;
        }
    }
    return false;
}

const char *pl_surface_name(enum pl_surface s)
{
    return s < PL_SURF_COUNT ? surfaces[s] : "file";
}
