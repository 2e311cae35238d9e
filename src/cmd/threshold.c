/* --severity and --fail-on. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/threshold.h"

#include <stdio.h>

#include "cmd/exit.h"

int pl_threshold_parse(const struct pl_opt_list *severity, const char *fail_on,
                       struct pl_threshold *ret)
{
    struct pl_str word;
    enum pl_severity s;
    *ret = (struct pl_threshold){ .fail_on = PL_SEV_HIGH };
    for (size_t i = 0; i < PL_SEV_COUNT; i++)
        ret->shown[i] = severity->n == 0;
    for (size_t i = 0; i < severity->n; i++) {
        struct pl_str rest = pl_str_c(severity->p[i]);
        while (pl_str_split(&rest, ',', &word)) {
            if (!pl_severity_parse(pl_str_trim(word), &s)) {
                fprintf(stderr,
                        "plimsoll: --severity: '%s' is none of critical, high, medium, low, info\n",
                        severity->p[i]);
                return PL_EXIT_USAGE;
            }
            ret->shown[s] = true;
        }
    }
    ret->fail_none = fail_on && strcmp(fail_on, "none") == 0;
    if (!fail_on || ret->fail_none || pl_severity_parse(pl_str_c(fail_on), &ret->fail_on))
        return 0;
    fprintf(stderr,
            "plimsoll: --fail-on: '%s' is none of critical, high, medium, low, info, none\n",
            fail_on);
    return PL_EXIT_USAGE;
}
