/* A parsed template and the values it works on. Go's text/template, the part that reports use. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_COMPAT_GL_TEMPLATE_INT_H
#define PL_COMPAT_GL_TEMPLATE_INT_H

#include "compat/gl_report.h"

#define TPL_MAX_NEST 64
#define TPL_MAX_ARGS 16
#define TPL_MAX_STEPS 10000000u /* loops in loops end */

enum tpl_kind { TPL_NIL, TPL_BOOL, TPL_INT, TPL_FLOAT, TPL_STR, TPL_STRS, TPL_FINDING, TPL_LIST };

struct tpl_value {
    enum tpl_kind kind;
    int64_t i; /* also of a bool */
    double f;
    bool single; /* a float of 32 bits */
    struct pl_str s;
    const struct pl_str *strs;
    const struct pl_gl_finding *finding;
    size_t n; /* of strs, of a list of findings */
};

/* An operand: a value, or what gives one, with fields taken of it. */
enum tpl_operand { TPL_CONST, TPL_DOT, TPL_VAR, TPL_CALL, TPL_PIPE };

struct tpl_expr {
    enum tpl_operand op;
    struct tpl_value value;
    struct pl_str name; /* of a variable or function */
    struct tpl_pipe *pipe;
    PL_VEC(struct pl_str) fields;
};

struct tpl_command {
    struct tpl_expr *args[TPL_MAX_ARGS]; /* the first is the function or the value */
    size_t n;
};

struct tpl_pipe {
    struct pl_str vars[2]; /* declared or set */
    size_t n_vars;
    bool assign;
    PL_VEC(struct tpl_command) commands;
};

enum tpl_node_kind { TPL_TEXT, TPL_ACTION, TPL_IF, TPL_WITH, TPL_RANGE, TPL_BREAK, TPL_CONTINUE };

struct tpl_node {
    enum tpl_node_kind kind;
    struct pl_str text;
    struct tpl_pipe *pipe;
    struct tpl_node *body, *otherwise, *next;
};

struct pl_gl_template {
    struct pl_arena a;
    struct tpl_node *first;
    PL_VEC(struct tpl_pipe *) pipes; /* to be freed */
    PL_VEC(struct tpl_expr *) exprs;
};

/* Parses t->a's copy of the text into t->first. */
int tpl_parse(struct pl_gl_template *t, struct pl_str text, struct pl_err *err);

/* Is there a function of that name? */
bool tpl_function(struct pl_str name);
/* Calls it; strings in `a`. */
int tpl_call(struct pl_arena *a, struct pl_str name, const struct tpl_value *v, size_t n,
             struct tpl_value *ret, struct pl_err *err);
/* The value as `{{ }}` prints it. */
int tpl_print(struct pl_buf *out, const struct tpl_value *v, struct pl_err *err);
bool tpl_true(const struct tpl_value *v);

#endif
