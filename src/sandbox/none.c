/* Where there is neither Landlock nor seccomp: nothing can be closed, and that is said. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "sandbox/sandbox.h"

int pl_sandbox_probe(char *buf, size_t n)
{
    if (n)
        snprintf(buf, n, "landlock, seccomp");
    return 2;
}

int pl_sandbox_enter(const struct pl_sandbox_opts *o, struct pl_err *err)
{
    if (o->mode == PL_SANDBOX_REQUIRE)
        return pl_fail(err, PL_E_UNSUP, "this system has no landlock");
    return 0;
}
