/* Paths as text, by the rules of Go's path/filepath. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_COMPAT_GL_PATHS_H
#define PL_COMPAT_GL_PATHS_H

#include "base/arena.h"

/* The shortest form of `path`: no "//", "/./", "x/.."; "." when nothing is left. NUL-terminated. */
const char *pl_gl_path_clean(struct pl_arena *a, const char *path);
/* `dir` and `name` joined and cleaned. */
const char *pl_gl_path_join(struct pl_arena *a, const char *dir, const char *name);
/* The way from folder `base` to `path`, both made absolute. NULL when that cannot be said. */
const char *pl_gl_path_rel(struct pl_arena *a, const char *base, const char *path);
/* Where the path leads when every link in it is followed; relative as long as no link is absolute.
 * NULL with errno. */
const char *pl_gl_path_resolve(struct pl_arena *a, const char *path);

#endif
