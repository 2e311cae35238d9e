/* A regex as a tree, with the place of each part in the pattern. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_COMPAT_GL_SHAPE_INT_H
#define PL_COMPAT_GL_SHAPE_INT_H

#include "compat/gl_shape.h"

enum pl_gl_node_kind { GL_EMPTY, GL_CHAR, GL_CLASS, GL_CAT, GL_ALT, GL_REPEAT };

#define GL_FLAG_I 1u
#define GL_FLAG_M 2u
#define GL_FLAG_S 4u
#define GL_FLAG_U 8u

struct pl_gl_node {
    enum pl_gl_node_kind kind;
    bool wide;       /* of a class: characters beyond ASCII too */
    uint32_t ch;     /* of a character */
    uint64_t set[2]; /* of a class: its ASCII part */
    uint32_t lo, hi; /* of a repeat */
    unsigned flags;  /* in force where the part begins */
    size_t at;       /* offset in the pattern */
    struct pl_gl_node **kids;
    size_t n;
};

/* Parses; NULL for what it does not know (not an error: the shape is then unknown). */
struct pl_gl_node *pl_gl_shape_parse(struct pl_arena *a, struct pl_str regex);

#endif
