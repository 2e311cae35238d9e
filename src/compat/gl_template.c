/* Templates: running one over the findings. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/limits.h"
#include "compat/gl_template_int.h"

struct variable {
    struct pl_str name;
    struct tpl_value value;
};

struct state {
    const struct pl_gl_template *t;
    struct pl_arena a;
    struct pl_buf *out;
    PL_VEC(struct variable) vars;
    uint64_t steps;
    unsigned nest;
};

/* What a list of nodes ended with, besides a negative code. */
enum { DONE, STOP_LOOP, NEXT_TURN };

static int field(const struct tpl_value *v, struct pl_str name, struct tpl_value *ret,
                 struct pl_err *err)
{
    static const struct pl_gl_commit none;
    const struct pl_gl_finding *f = v->finding;
    if (v->kind != TPL_FINDING)
        return pl_fail(err, PL_E_FORMAT, "template: no field .%.*s here", PL_FMT(name));
    const struct pl_gl_commit *c = f->commit ? f->commit : &none;
    const struct {
        const char *name;
        struct pl_str s;
    } texts[] = { { "RuleID", f->rule->id },     { "Description", f->rule->description },
                  { "Line", f->line },           { "Match", f->match },
                  { "Secret", f->secret },       { "File", f->file },
                  { "SymlinkFile", f->symlink }, { "Commit", c->sha },
                  { "Link", f->link },           { "Author", c->author },
                  { "Email", c->email },         { "Date", c->date },
                  { "Message", c->message },     { "Fingerprint", f->fingerprint } };
    const struct {
        const char *name;
        int64_t i;
    } numbers[] = { { "StartLine", f->start_line },
                    { "EndLine", f->end_line },
                    { "StartColumn", f->start_column },
                    { "EndColumn", f->end_column } };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (pl_str_is(name, texts[i].name)) {
            *ret = (struct tpl_value){ .kind = TPL_STR, .s = texts[i].s };
            return 0;
        }
    }
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (pl_str_is(name, numbers[i].name)) {
            *ret = (struct tpl_value){ .kind = TPL_INT, .i = numbers[i].i };
            return 0;
        }
    }
    if (pl_str_is(name, "Entropy"))
        *ret = (struct tpl_value){ .kind = TPL_FLOAT, .f = (double)f->entropy, .single = true };
    else if (pl_str_is(name, "Tags"))
        *ret = (struct tpl_value){ .kind = TPL_STRS, .strs = f->tags.p, .n = f->tags.n };
    else
        return pl_fail(err, PL_E_FORMAT, "template: findings have no field .%.*s", PL_FMT(name));
    return 0;
}

static struct variable *variable(struct state *s, struct pl_str name)
{
    for (size_t i = s->vars.n; i-- > 0;)
        if (pl_str_eq(s->vars.p[i].name, name))
            return &s->vars.p[i];
    return NULL;
}

static int run_pipe(struct state *s, const struct tpl_pipe *p, const struct tpl_value *dot,
                    struct tpl_value *ret, struct pl_err *err);

static int operand(struct state *s, const struct tpl_expr *e, const struct tpl_value *dot,
                   struct tpl_value *ret, struct pl_err *err)
{
    const struct variable *v;
    int r = 0;
    switch (e->op) {
    case TPL_CONST:
        *ret = e->value;
        break;
    case TPL_DOT:
        *ret = *dot;
        break;
    case TPL_VAR:
        v = variable(s, e->name);
        if (!v)
            return pl_fail(err, PL_E_FORMAT, "template: no variable $%.*s", PL_FMT(e->name));
        *ret = v->value;
        break;
    case TPL_CALL:
        r = tpl_call(&s->a, e->name, NULL, 0, ret, err);
        break;
    case TPL_PIPE:
        r = run_pipe(s, e->pipe, dot, ret, err);
        break;
    }
    for (size_t i = 0; r >= 0 && i < e->fields.n; i++) {
        struct tpl_value of = *ret;
        r = field(&of, e->fields.p[i], ret, err);
    }
    return r;
}

static int run_command(struct state *s, const struct tpl_command *c, const struct tpl_value *dot,
                       const struct tpl_value *last, struct tpl_value *ret, struct pl_err *err)
{
    struct tpl_value v[TPL_MAX_ARGS + 1];
    size_t n = 0;
    if (c->args[0]->op != TPL_CALL) {
        if (last)
            return pl_fail(err, PL_E_FORMAT, "template: a value takes no arguments");
        return operand(s, c->args[0], dot, ret, err);
    }
    for (size_t i = 1; i < c->n; i++) {
        int r = operand(s, c->args[i], dot, &v[n++], err);
        if (r < 0)
            return r;
    }
    if (last)
        v[n++] = *last;
    return tpl_call(&s->a, c->args[0]->name, v, n, ret, err);
}

static int run_pipe(struct state *s, const struct tpl_pipe *p, const struct tpl_value *dot,
                    struct tpl_value *ret, struct pl_err *err)
{
    struct tpl_value last = { 0 };
    if (++s->steps > TPL_MAX_STEPS)
        return pl_fail(err, PL_E_LIMIT, "template: more than %u steps", TPL_MAX_STEPS);
    if (s->a.total > PL_GIB(1))
        return pl_fail(err, PL_E_LIMIT, "template: too much text");
    for (size_t i = 0; i < p->commands.n; i++) {
        struct tpl_value v = { 0 };
        int r = run_command(s, &p->commands.p[i], dot, i ? &last : NULL, &v, err);
        if (r < 0)
            return r;
        last = v;
    }
    *ret = last;
    return 0;
}

static int set_variables(struct state *s, const struct tpl_pipe *p, const struct tpl_value *v,
                         struct pl_err *err)
{
    for (size_t i = 0; i < p->n_vars; i++) {
        struct variable *old = p->assign ? variable(s, p->vars[i]) : NULL;
        if (p->assign && !old)
            return pl_fail(err, PL_E_FORMAT, "template: no variable $%.*s", PL_FMT(p->vars[i]));
        if (old)
            old->value = v[i];
        else
            pl_vec_push(&s->vars, (struct variable){ p->vars[i], v[i] });
    }
    return 0;
}

static int run_list(struct state *s, const struct tpl_node *n, const struct tpl_value *dot,
                    struct pl_err *err);

static struct tpl_value element(const struct tpl_value *v, size_t i)
{
    if (v->kind == TPL_STRS)
        return (struct tpl_value){ .kind = TPL_STR, .s = v->strs[i] };
    return (struct tpl_value){ .kind = TPL_FINDING, .finding = &v->finding[i] };
}

static int run_range(struct state *s, const struct tpl_node *n, const struct tpl_value *over,
                     const struct tpl_value *dot, struct pl_err *err)
{
    bool is_list = over->kind == TPL_STRS || over->kind == TPL_LIST;
    if (!is_list && over->kind != TPL_NIL)
        return pl_fail(err, PL_E_FORMAT, "template: range over something that is no list");
    if (!is_list || !over->n)
        return run_list(s, n->otherwise, dot, err);
    for (size_t i = 0; i < over->n; i++) {
        size_t mark = s->vars.n;
        struct tpl_value v[2] = { { .kind = TPL_INT, .i = (int64_t)i }, element(over, i) };
        int r = set_variables(s, n->pipe, n->pipe->n_vars == 2 ? v : v + 1, err);
        r = r < 0 ? r : run_list(s, n->body, &v[1], err);
        if (!n->pipe->assign)
            s->vars.n = mark;
        if (r < 0)
            return r;
        if (r == STOP_LOOP)
            break;
    }
    return DONE;
}

static int run_block(struct state *s, const struct tpl_node *n, const struct tpl_value *dot,
                     struct pl_err *err)
{
    struct tpl_value v = { 0 };
    size_t mark = s->vars.n;
    int r = run_pipe(s, n->pipe, dot, &v, err);
    if (r < 0)
        return r;
    if (n->kind == TPL_RANGE) {
        r = run_range(s, n, &v, dot, err);
    } else {
        bool yes = tpl_true(&v);
        r = set_variables(s, n->pipe, &v, err);
        if (r >= 0)
            r = run_list(s, yes ? n->body : n->otherwise, yes && n->kind == TPL_WITH ? &v : dot,
                         err);
    }
    s->vars.n = mark;
    return r;
}

static int run_action(struct state *s, const struct tpl_node *n, const struct tpl_value *dot,
                      struct pl_err *err)
{
    struct tpl_value v = { 0 };
    int r = run_pipe(s, n->pipe, dot, &v, err);
    if (r < 0)
        return r;
    if (n->pipe->n_vars)
        return set_variables(s, n->pipe, &v, err);
    return tpl_print(s->out, &v, err);
}

static int run_list(struct state *s, const struct tpl_node *n, const struct tpl_value *dot,
                    struct pl_err *err)
{
    int r = DONE;
    for (; n && r == DONE; n = n->next) {
        if (n->kind == TPL_TEXT)
            pl_buf_putn(s->out, n->text.p, n->text.n);
        else if (n->kind == TPL_ACTION)
            r = run_action(s, n, dot, err);
        else if (n->kind == TPL_BREAK || n->kind == TPL_CONTINUE)
            return n->kind == TPL_BREAK ? STOP_LOOP : NEXT_TURN;
        else
            r = run_block(s, n, dot, err);
    }
    return r;
}

int pl_gl_template_new(struct pl_str text, struct pl_gl_template **ret, struct pl_err *err)
{
    struct pl_gl_template *t = calloc(1, sizeof *t);
    if (!t)
        pl_oom();
    int r = tpl_parse(t, text, err);
    if (r < 0)
        pl_gl_template_free(t);
    else
        *ret = t;
    return r < 0 ? r : 0;
}

int pl_gl_template_run(const struct pl_gl_template *t, const pl_gl_findings *v, struct pl_buf *out,
                       struct pl_err *err)
{
    struct state s = { .t = t, .out = out };
    struct tpl_value all = { .kind = TPL_LIST, .finding = v->p, .n = v->n };
    pl_vec_push(&s.vars, (struct variable){ PL_S(""), all });
    int r = run_list(&s, t->first, &all, err);
    pl_vec_release(&s.vars);
    pl_arena_release(&s.a);
    return r < 0 ? r : 0;
}

void pl_gl_template_free(struct pl_gl_template *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < t->pipes.n; i++)
        pl_vec_release(&t->pipes.p[i]->commands);
    for (size_t i = 0; i < t->exprs.n; i++)
        pl_vec_release(&t->exprs.p[i]->fields);
    pl_vec_release(&t->pipes);
    pl_vec_release(&t->exprs);
    pl_arena_release(&t->a);
    free(t);
}
