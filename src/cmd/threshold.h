/* Which severities are shown, and which fail: --severity, --fail-on. commands.md "Exit codes". */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_CMD_THRESHOLD_H
#define PL_CMD_THRESHOLD_H

#include "cmd/opt.h"
#include "model/severity.h"

struct pl_threshold {
    bool shown[PL_SEV_COUNT];
    enum pl_severity fail_on; /* the lowest that fails */
    bool fail_none;
};

/* Reads both options; a missing list shows all, a missing severity is high. Prints what is wrong
 * and returns an exit code, or 0. */
int pl_threshold_parse(const struct pl_opt_list *severity, const char *fail_on,
                       struct pl_threshold *ret);
/* Does a finding of that severity fail? */
static inline bool pl_threshold_fails(const struct pl_threshold *t, enum pl_severity s)
{
    return !t->fail_none && s >= t->fail_on;
}

#endif
