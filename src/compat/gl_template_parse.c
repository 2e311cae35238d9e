/* Templates: text and actions to a tree. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include "base/limits.h"
#include "compat/gl_template_int.h"
#include "fmt/utf8.h"

struct parser {
    struct pl_gl_template *t;
    struct pl_str s;
    size_t i, end; /* of the action being read */
    unsigned nest;
};

static int bad(const struct parser *p, struct pl_err *err, const char *what)
{
    size_t line = 1;
    for (size_t i = 0; i < p->i && i < p->s.n; i++)
        line += p->s.p[i] == '\n';
    return pl_fail(err, PL_E_FORMAT, "template line %zu: %s", line, what);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_name(char c)
{
    return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '_' || c & 0x80;
}

static void skip_space(struct parser *p)
{
    while (p->i < p->end && is_space(p->s.p[p->i]))
        p->i++;
}

static bool peek(struct parser *p, const char *text)
{
    return pl_str_starts(pl_str_sub(p->s, p->i, p->end - p->i), pl_str_c(text));
}

static bool eat(struct parser *p, const char *text)
{
    if (!peek(p, text))
        return false;
    p->i += strlen(text);
    return true;
}

static struct pl_str name(struct parser *p)
{
    size_t from = p->i;
    while (p->i < p->end && is_name(p->s.p[p->i]))
        p->i++;
    return pl_str_sub(p->s, from, p->i - from);
}

/* A quoted string behind its first quote. */
static int quoted(struct parser *p, struct pl_str *ret, struct pl_err *err)
{
    static const char from[] = "abfnrtv\\\"'", to[] = "\a\b\f\n\r\t\v\\\"'";
    pl_auto_buf struct pl_buf b = { 0 };
    for (; p->i < p->end && p->s.p[p->i] != '"'; p->i++) {
        char c = p->s.p[p->i];
        if (c != '\\') {
            pl_buf_putc(&b, c);
            continue;
        }
        c = ++p->i < p->end ? p->s.p[p->i] : 0;
        const char *k = c ? strchr(from, c) : NULL;
        size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
        if (k) {
            pl_buf_putc(&b, to[k - from]);
        } else if (digits && p->i + digits < p->end) {
            char hex[9] = { 0 };
            memcpy(hex, p->s.p + p->i + 1, digits);
            uint32_t v = (uint32_t)strtoul(hex, NULL, 16);
            p->i += digits;
            if (digits == 2)
                pl_buf_putc(&b, (char)v);
            else
                pl_utf8_put(&b, v > 0x10FFFF ? 0xFFFD : v);
        } else {
            return bad(p, err, "unknown escape in a string");
        }
    }
    if (p->i >= p->end)
        return bad(p, err, "a string does not end");
    p->i++;
    *ret = pl_dup(&p->t->a, pl_buf_str(&b));
    return 0;
}

static int number(struct parser *p, struct tpl_value *ret, struct pl_err *err)
{
    char text[64];
    size_t from = p->i;
    while (p->i < p->end && (is_name(p->s.p[p->i]) || strchr("+-.", p->s.p[p->i])))
        p->i++;
    size_t n = p->i - from;
    if (n >= sizeof text)
        return bad(p, err, "a number is too long");
    memcpy(text, p->s.p + from, n);
    text[n] = '\0';
    char *end;
    errno = 0;
    *ret = (struct tpl_value){ .kind = TPL_INT, .i = strtoll(text, &end, 0) };
    if (*end) {
        ret->kind = TPL_FLOAT;
        ret->f = strtod(text, &end);
    }
    return *end || errno ? bad(p, err, "not a number") : 0;
}

static int pipeline(struct parser *p, struct tpl_pipe **ret, struct pl_err *err);

static int in_parens(struct parser *p, struct tpl_expr *e, struct pl_err *err)
{
    e->op = TPL_PIPE;
    if (++p->nest > TPL_MAX_NEST)
        return bad(p, err, "too deep");
    int r = pipeline(p, &e->pipe, err);
    p->nest--;
    if (r < 0)
        return r;
    return eat(p, ")") ? 0 : bad(p, err, "')' is missing");
}

static int word(struct parser *p, struct tpl_expr *e, struct pl_err *err)
{
    e->name = name(p);
    e->op = TPL_CONST;
    if (pl_str_is(e->name, "true") || pl_str_is(e->name, "false"))
        e->value = (struct tpl_value){ .kind = TPL_BOOL, .i = pl_str_is(e->name, "true") };
    else if (!pl_str_is(e->name, "nil"))
        e->op = TPL_CALL;
    if (e->op == TPL_CALL && !tpl_function(e->name))
        return pl_fail(err, PL_E_UNSUP, "template: function \"%.*s\" is not supported",
                       PL_FMT(e->name));
    return 0;
}

static int operand(struct parser *p, struct tpl_expr **ret, struct pl_err *err)
{
    struct tpl_expr *e = PL_NEW(&p->t->a, struct tpl_expr);
    pl_vec_push(&p->t->exprs, e);
    char c = p->i < p->end ? p->s.p[p->i] : 0;
    int r = 0;
    *ret = e;
    if (c == '.') {
        e->op = TPL_DOT;
        if (p->i + 1 >= p->end || !is_name(p->s.p[p->i + 1]))
            p->i++; /* the dot itself; else its fields follow below */
    } else if (c == '$') {
        p->i++;
        e->op = TPL_VAR;
        e->name = name(p);
    } else if (eat(p, "\"")) {
        e->value.kind = TPL_STR;
        r = quoted(p, &e->value.s, err);
    } else if (eat(p, "`")) {
        size_t from = p->i;
        while (p->i < p->end && p->s.p[p->i] != '`')
            p->i++;
        e->value = (struct tpl_value){ .kind = TPL_STR, .s = pl_str_sub(p->s, from, p->i - from) };
        r = eat(p, "`") ? 0 : bad(p, err, "a string does not end");
    } else if (eat(p, "(")) {
        r = in_parens(p, e, err);
    } else if ((c >= '0' && c <= '9') || c == '-' || c == '+') {
        r = number(p, &e->value, err);
    } else if (is_name(c)) {
        r = word(p, e, err);
    } else {
        r = bad(p, err, "something else than a value");
    }
    while (r >= 0 && p->i + 1 < p->end && p->s.p[p->i] == '.' && is_name(p->s.p[p->i + 1])) {
        p->i++;
        pl_vec_push(&e->fields, name(p));
    }
    return r;
}

static int command(struct parser *p, struct tpl_command *ret, struct pl_err *err)
{
    *ret = (struct tpl_command){ 0 };
    for (;;) {
        skip_space(p);
        if (p->i >= p->end || peek(p, "|") || peek(p, ")"))
            break;
        if (ret->n == TPL_MAX_ARGS)
            return bad(p, err, "too many arguments");
        int r = operand(p, &ret->args[ret->n++], err);
        if (r < 0)
            return r;
    }
    if (!ret->n)
        return bad(p, err, "a command is missing");
    if (ret->n > 1 && ret->args[0]->op != TPL_CALL)
        return bad(p, err, "a value takes no arguments");
    return 0;
}

/* "$x :=", "$i, $x :=", "$x =" in front of a pipeline. */
static void declaration(struct parser *p, struct tpl_pipe *pipe)
{
    size_t back = p->i;
    while (pipe->n_vars < 2 && eat(p, "$")) {
        pipe->vars[pipe->n_vars++] = name(p);
        skip_space(p);
        if (!eat(p, ","))
            break;
        skip_space(p);
    }
    if (pipe->n_vars && eat(p, ":="))
        return;
    if (pipe->n_vars && peek(p, "=") && eat(p, "=")) {
        pipe->assign = true;
        return;
    }
    pipe->n_vars = 0;
    p->i = back;
}

static int pipeline(struct parser *p, struct tpl_pipe **ret, struct pl_err *err)
{
    struct tpl_pipe *pipe = PL_NEW(&p->t->a, struct tpl_pipe);
    pl_vec_push(&p->t->pipes, pipe);
    *ret = pipe;
    skip_space(p);
    declaration(p, pipe);
    do {
        struct tpl_command c;
        int r = command(p, &c, err);
        if (r < 0)
            return r;
        pl_vec_push(&pipe->commands, c);
    } while (eat(p, "|"));
    return 0;
}

static int list(struct parser *p, struct tpl_node **ret, struct pl_str *ret_stop,
                struct pl_err *err);

/* The end of the action that begins at p->i (behind "{{"): where its "}}" stands. */
static int action_end(struct parser *p, size_t *ret, struct pl_err *err)
{
    char quote = 0;
    for (size_t i = p->i; i + 1 < p->s.n; i++) {
        char c = p->s.p[i];
        if (quote) {
            if (c == '\\' && quote == '"')
                i++;
            else if (c == quote)
                quote = 0;
        } else if (c == '"' || c == '`') {
            quote = c;
        } else if (c == '}' && p->s.p[i + 1] == '}') {
            *ret = i;
            return 0;
        }
    }
    return bad(p, err, "an action does not end");
}

static int comment(struct parser *p, size_t *ret_end, struct pl_err *err)
{
    size_t end = pl_str_find(p->s, PL_S("*/"), p->i);
    if (end == SIZE_MAX)
        return bad(p, err, "a comment does not end");
    p->i = end + 2;
    *ret_end = pl_str_find(p->s, PL_S("}}"), p->i);
    return *ret_end == SIZE_MAX ? bad(p, err, "a comment does not end") : 0;
}

static struct pl_str keyword(struct parser *p)
{
    static const char *const words[] = { "if",    "else",     "end",    "range",    "with",
                                         "break", "continue", "define", "template", "block" };
    size_t back = p->i;
    struct pl_str w = name(p);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (pl_str_is(w, words[i]))
            return w;
    p->i = back;
    return PL_S("");
}

/* The body of if, with, range, and what follows its else. */
static int block(struct parser *p, struct tpl_node *n, struct pl_err *err)
{
    struct pl_str stop;
    size_t end = p->end;
    int r = pipeline(p, &n->pipe, err);
    if (r < 0)
        return r;
    skip_space(p);
    if (p->i < end)
        return bad(p, err, "more than a pipeline");
    if (++p->nest > TPL_MAX_NEST)
        return bad(p, err, "too deep");
    r = list(p, &n->body, &stop, err);
    if (r >= 0 && pl_str_is(stop, "else")) {
        skip_space(p);
        struct pl_str w = keyword(p);
        if (pl_str_is(w, "if") || pl_str_is(w, "with")) {
            n->otherwise = PL_NEW(&p->t->a, struct tpl_node);
            n->otherwise->kind = pl_str_is(w, "if") ? TPL_IF : TPL_WITH;
            r = block(p, n->otherwise, err);
            p->nest--;
            return r;
        }
        r = list(p, &n->otherwise, &stop, err);
    }
    p->nest--;
    if (r < 0)
        return r;
    return pl_str_is(stop, "end") ? 0 : bad(p, err, "{{end}} is missing");
}

/* One action; *ret_stop is set for "else" and "end", which belong to the list around. */
static int action(struct parser *p, struct tpl_node *n, struct pl_str *ret_stop, struct pl_err *err)
{
    struct pl_str w;
    skip_space(p);
    w = keyword(p);
    *ret_stop = PL_S("");
    if (!w.n) {
        n->kind = TPL_ACTION;
        int r = pipeline(p, &n->pipe, err);
        skip_space(p);
        return r < 0 ? r : p->i < p->end ? bad(p, err, "more than a pipeline") : 0;
    }
    if (pl_str_is(w, "else") || pl_str_is(w, "end")) {
        *ret_stop = w;
        return 0;
    }
    if (pl_str_is(w, "break") || pl_str_is(w, "continue")) {
        n->kind = pl_str_is(w, "break") ? TPL_BREAK : TPL_CONTINUE;
        return 0;
    }
    n->kind = pl_str_is(w, "if") ? TPL_IF : pl_str_is(w, "with") ? TPL_WITH : TPL_RANGE;
    if (n->kind == TPL_RANGE && !pl_str_is(w, "range"))
        return pl_fail(err, PL_E_UNSUP, "template: {{%.*s}} is not supported", PL_FMT(w));
    return block(p, n, err);
}

static void cut_tail(struct tpl_node *text)
{
    while (text->text.n && is_space(text->text.p[text->text.n - 1]))
        text->text.n--;
}

/* Behind an action: p->i moves over "}}" and, after "-}}", over white space. */
static void close_action(struct parser *p, size_t end, bool trim)
{
    p->i = end + 2;
    while (trim && p->i < p->s.n && is_space(p->s.p[p->i]))
        p->i++;
}

/* Text and actions up to the "end" or "else" that is not theirs (then p stands behind that word's
 * action, or for "else" at what follows the word). */
static int list(struct parser *p, struct tpl_node **ret, struct pl_str *ret_stop,
                struct pl_err *err)
{
    struct tpl_node **tail = ret;
    *ret_stop = PL_S("");
    if (p->end > p->i || p->end) /* leave the action we came from */
        close_action(p, p->end + (p->end && p->s.p[p->end] == '-'),
                     p->end && p->s.p[p->end] == '-');
    for (;;) {
        size_t open = pl_str_find(p->s, PL_S("{{"), p->i), end = 0;
        struct tpl_node *n = *tail = PL_NEW(&p->t->a, struct tpl_node);
        n->text = pl_str_sub(p->s, p->i, (open == SIZE_MAX ? p->s.n : open) - p->i);
        tail = &n->next;
        if (open == SIZE_MAX) {
            p->i = p->s.n;
            return 0;
        }
        p->i = open + 2;
        if (p->i + 1 < p->s.n && p->s.p[p->i] == '-' && is_space(p->s.p[p->i + 1])) {
            cut_tail(n);
            p->i++;
        }
        size_t first = p->i;
        while (first < p->s.n && is_space(p->s.p[first]))
            first++;
        bool note = pl_str_starts(pl_str_sub(p->s, first, 2), PL_S("/*"));
        int r = note ? comment(p, &end, err) : action_end(p, &end, err);
        if (r < 0)
            return r;
        bool trim = end > p->i && p->s.p[end - 1] == '-' &&
                    (note || (end > p->i + 1 && is_space(p->s.p[end - 2])));
        p->end = trim ? end - 1 : end;
        if (note) {
            close_action(p, end, trim);
            continue;
        }
        n = *tail = PL_NEW(&p->t->a, struct tpl_node);
        r = action(p, n, ret_stop, err);
        if (r < 0)
            return r;
        if (ret_stop->n) {
            *tail = NULL;
            if (pl_str_is(*ret_stop, "end"))
                skip_space(p);
            return 0;
        }
        tail = &n->next;
        if (n->kind == TPL_ACTION || n->kind == TPL_BREAK || n->kind == TPL_CONTINUE)
            close_action(p, end, trim);
        else /* the block read on to its own end */
            close_action(p, p->end + (p->s.p[p->end] == '-'), p->s.p[p->end] == '-');
    }
}

int tpl_parse(struct pl_gl_template *t, struct pl_str text, struct pl_err *err)
{
    struct parser p = { .t = t, .s = pl_dup(&t->a, text) };
    struct pl_str stop;
    int r = list(&p, &t->first, &stop, err);
    if (r >= 0 && stop.n)
        r = bad(&p, err, "{{end}} or {{else}} without a beginning");
    return r;
}
