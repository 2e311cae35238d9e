/* The configuration of gitleaks as the build embedded it. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_COMPAT_GL_DEFAULT_H
#define PL_COMPAT_GL_DEFAULT_H

#include "base/str.h"

/* Its text and the text of its licence; empty in a build without (option gitleaks_rules). */
struct pl_str pl_gl_default_rules(void);
struct pl_str pl_gl_default_licence(void);

#endif
