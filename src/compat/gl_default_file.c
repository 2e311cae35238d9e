/* A build with the configuration of gitleaks, which tools/embed turned into an array. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "compat/gl_default.h"

extern const char pl_gl_default_toml[];
extern const size_t pl_gl_default_toml_len;
extern const char pl_gl_default_copying[];
extern const size_t pl_gl_default_copying_len;

struct pl_str pl_gl_default_rules(void)
{
    return pl_str_n(pl_gl_default_toml, pl_gl_default_toml_len);
}

struct pl_str pl_gl_default_licence(void)
{
    return pl_str_n(pl_gl_default_copying, pl_gl_default_copying_len);
}
