/* The word for how closed a child is to be, from an option or the environment. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "sandbox/sandbox.h"

int pl_sandbox_mode_of(const char *word, enum pl_sandbox_mode *ret, struct pl_err *err)
{
    const char *s = word ? word : getenv("PLIMSOLL_SANDBOX");
    if (!s || strcmp(s, "auto") == 0)
        *ret = PL_SANDBOX_AUTO;
    else if (strcmp(s, "require") == 0)
        *ret = PL_SANDBOX_REQUIRE;
    else if (strcmp(s, "off") == 0)
        *ret = PL_SANDBOX_OFF;
    else
        return pl_fail(err, PL_E_USAGE, "--sandbox is auto, require or off, not '%s'", s);
    return 0;
}
