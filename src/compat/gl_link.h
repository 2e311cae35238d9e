/* Links to the place of a finding on a forge. secrets.md section 8 (8). */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_COMPAT_GL_LINK_H
#define PL_COMPAT_GL_LINK_H

#include "compat/gl_detect.h"

enum pl_gl_platform {
    PL_GL_UNKNOWN,
    PL_GL_NO_LINKS,
    PL_GL_GITHUB,
    PL_GL_GITLAB,
    PL_GL_AZURE,
    PL_GL_GITEA,
    PL_GL_BITBUCKET
};

/* The platform called `name` ("" = unknown); false when there is none of that name. */
bool pl_gl_platform_of(const char *name, enum pl_gl_platform *ret);
/* The remote's address for links, in `a`: https instead of git@, no user, no ".git". With platform
 * unknown *p is set by the host, or stays unknown. */
struct pl_str pl_gl_link_base(struct pl_arena *a, struct pl_str remote, enum pl_gl_platform *p);
/* The link of `f`; empty when there is none. */
struct pl_str pl_gl_link(struct pl_arena *a, struct pl_str base, enum pl_gl_platform p,
                         const struct pl_gl_finding *f);

#endif
