/* What a regex needs before it can match: literals, how far in front of them a match may begin, and
 * the rest of the pattern from there on. Only claims what is certain; nothing else is a promise.
 * secrets.md section 9, stages 1 and 2. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_COMPAT_GL_SHAPE_H
#define PL_COMPAT_GL_SHAPE_H

#include "base/arena.h"
#include "base/vec.h"

#define PL_GL_INF UINT32_MAX

struct pl_gl_shape {
    /* Every match holds one of these (ASCII, any case, 2 bytes and more), ... */
    PL_VEC(struct pl_str) literals;
    /* ... beginning at most `lead` bytes behind the start of the match (PL_GL_INF: anywhere) */
    uint32_t lead;
    uint32_t longest; /* bytes of the longest match; PL_GL_INF = no bound */
    /* If n > 0: a pattern that must match with its start exactly at such a literal */
    struct pl_str core;
};

/* Fills `s` (strings in `a`) from RE2 syntax. False when nothing useful is known: then the regex
 * must be run on everything. */
bool pl_gl_shape_of(struct pl_arena *a, struct pl_str regex, struct pl_gl_shape *s);
void pl_gl_shape_release(struct pl_gl_shape *s);

#endif
