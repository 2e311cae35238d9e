/* A build without the configuration of gitleaks. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "compat/gl_default.h"

struct pl_str pl_gl_default_rules(void)
{
    return PL_S("");
}

struct pl_str pl_gl_default_licence(void)
{
    return PL_S("");
}
