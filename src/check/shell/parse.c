/* Commands of a shell: lists, pipelines, compound commands, redirections. POSIX XCU 2.9, 2.10. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "check/shell/sh_int.h"

static struct pl_sh_node *list(struct pl_shp *p, const char *const *stops);
static struct pl_sh_node *pipeline(struct pl_shp *p);

bool pl_shp_fail(struct pl_shp *p, unsigned code, const char *msg)
{
    if (!p->out->error.msg)
        p->out->error = (struct pl_sh_error){ code, p->base + (uint32_t)p->i, msg };
    p->failed = true;
    return false;
}

void pl_shp_note(struct pl_shp *p, struct pl_sh_word *w)
{
    pl_vec_push(&p->words, w);
}

/* The bodies of heredocs whose line has just ended. */
static void bodies(struct pl_shp *p)
{
    for (size_t i = 0; i < p->here.n; i++) {
        const struct pl_sh_here *h = &p->here.p[i];
        size_t from = p->i, end = p->s.n;
        while (p->i < p->s.n) {
            const char *nl = memchr(p->s.p + p->i, '\n', p->s.n - p->i);
            size_t stop = nl ? (size_t)(nl - p->s.p) : p->s.n, at = p->i;
            while (h->chomp && at < stop && p->s.p[at] == '\t')
                at++;
            struct pl_str line = pl_str_sub(p->s, at, stop - at);
            end = p->i;
            p->i = nl ? stop + 1 : stop;
            if (pl_str_eq(line, h->name))
                break;
            end = p->i;
        }
        h->redir->body = pl_str_sub(p->s, from, end - from);
    }
    p->here.n = 0;
}

void pl_shp_blanks(struct pl_shp *p, bool lines)
{
    for (;;) {
        char c = pl_shp_at(p, 0);
        if (c == ' ' || c == '\t' || c == '\r') {
            p->i++;
        } else if (c == '\\' && pl_shp_at(p, 1) == '\n') {
            p->i += 2;
        } else if (c == '#') {
            while (p->i < p->s.n && p->s.p[p->i] != '\n')
                p->i++;
        } else if (c == '\n' && lines) {
            p->i++;
            bodies(p);
        } else {
            return;
        }
    }
}

static bool is_name(char c, bool first)
{
    return (unsigned)((c | 0x20) - 'a') < 26 || c == '_' || (!first && (unsigned)(c - '0') < 10);
}

static struct pl_sh_node *node(struct pl_shp *p, enum pl_sh_kind kind)
{
    struct pl_sh_node *n = PL_NEW(p->a, struct pl_sh_node);
    n->kind = kind;
    n->off = p->base + (uint32_t)p->i;
    return n;
}

static void end_node(struct pl_shp *p, struct pl_sh_node *n)
{
    size_t e = p->i;
    while (e && (p->s.p[e - 1] == ' ' || p->s.p[e - 1] == '\t'))
        e--;
    n->end = p->base + (uint32_t)e;
    if (n->end < n->off)
        n->end = n->off;
}

struct kids {
    PL_VEC(struct pl_sh_node *) v;
    struct pl_buf join;
};

static void give_kids(struct pl_shp *p, struct kids *k, struct pl_sh_node *n)
{
    n->kid = pl_alloc_n(p->a, k->v.n + 1, sizeof *n->kid);
    n->n_kid = k->v.n;
    if (k->v.n)
        memcpy(n->kid, k->v.p, k->v.n * sizeof *n->kid);
    n->join = pl_alloc(p->a, k->v.n + 1);
    if (k->join.n)
        memcpy(n->join, k->join.p, k->join.n < k->v.n ? k->join.n : k->v.n);
    pl_vec_release(&k->v);
    pl_buf_release(&k->join);
}

/* Does the reserved word `w` stand here, by itself? */
static bool reserved(const struct pl_shp *p, const char *w)
{
    if (pl_shp_at(p, 0) != *w) /* asked many times for every command */
        return false;
    size_t n = strlen(w);
    if (!pl_str_starts(pl_str_sub(p->s, p->i, SIZE_MAX), pl_str_c(w)))
        return false;
    char c = pl_shp_at(p, n);
    return !c || strchr(" \t\r\n;&|()<>", c) || (c == '\\' && pl_shp_at(p, n + 1) == '\n');
}

static bool take(struct pl_shp *p, const char *w)
{
    if (!reserved(p, w))
        return false;
    p->i += strlen(w);
    return true;
}

static bool expect(struct pl_shp *p, const char *w, const char *msg)
{
    pl_shp_blanks(p, true);
    if (p->failed)
        return false;
    if (!take(p, w))
        return pl_shp_fail(p, 1073, msg);
    return true;
}

/* --- redirections --- */

static size_t redir_op(const struct pl_shp *p, size_t k)
{
    static const char *const ops[] = { "<<<", "<<-", "<<",  "<&", "<>", ">>",
                                       ">&",  ">|",  "&>>", "&>", "<",  ">" };
    for (size_t i = 0; i < PL_COUNT(ops); i++)
        if (pl_str_starts(pl_str_sub(p->s, p->i + k, SIZE_MAX), pl_str_c(ops[i])))
            return strlen(ops[i]);
    return 0;
}

/* Where a redirection begins: the length of its descriptor, or -1 when none does. */
static int redir_here(const struct pl_shp *p)
{
    size_t k = 0;
    while ((unsigned)(pl_shp_at(p, k) - '0') < 10 && k < 4)
        k++;
    char c = pl_shp_at(p, k);
    if (c == '&' && !k)
        return pl_shp_at(p, 1) == '>' ? 0 : -1;
    if (c != '<' && c != '>')
        return -1;
    if (!k && pl_shp_at(p, 1) == '(')
        return -1;
    return (int)k;
}

struct redirs {
    PL_VEC(struct pl_sh_redir *) v;
};

static bool redirection(struct pl_shp *p, struct redirs *out)
{
    int k = redir_here(p);
    struct pl_sh_redir *r = PL_NEW(p->a, struct pl_sh_redir);
    r->off = p->base + (uint32_t)p->i;
    r->fd = k > 0 ? 0 : -1;
    for (int i = 0; i < k; i++)
        r->fd = r->fd * 10 + (p->s.p[p->i + (size_t)i] - '0');
    p->i += (size_t)k;
    size_t n = redir_op(p, 0);
    r->op = pl_str_sub(p->s, p->i, n);
    p->i += n;
    pl_shp_blanks(p, false);
    if (!pl_shp_word(p, &r->to))
        return pl_shp_fail(p, 1072, "a redirection without its target");
    pl_vec_push(&out->v, r);
    if (pl_str_is(r->op, "<<") || pl_str_is(r->op, "<<-"))
        pl_vec_push(&p->here, ((struct pl_sh_here){ r, r->to.text, n == 3 }));
    else
        pl_shp_note(p, &r->to);
    return true;
}

static void give_redirs(struct pl_shp *p, struct redirs *v, struct pl_sh_node *n)
{
    n->redir = pl_alloc_n(p->a, v->v.n + 1, sizeof *n->redir);
    for (size_t i = 0; i < v->v.n; i++) {
        n->redir[i] = *v->v.p[i];
        for (size_t k = 0; k < p->here.n; k++) /* the body is still to come */
            if (p->here.p[k].redir == v->v.p[i])
                p->here.p[k].redir = &n->redir[i];
    }
    n->n_redir = v->v.n;
    pl_vec_release(&v->v);
}

static bool trailing_redirs(struct pl_shp *p, struct pl_sh_node *n)
{
    struct redirs v = { 0 };
    bool ok = true;
    for (pl_shp_blanks(p, false); ok && redir_here(p) >= 0; pl_shp_blanks(p, false))
        ok = redirection(p, &v);
    give_redirs(p, &v, n);
    return ok;
}

/* --- simple commands --- */

/* name=, name+= or name[…]= at the start of a command; the length, or 0. */
static size_t assign_here(const struct pl_shp *p)
{
    size_t k = 0;
    if (!is_name(pl_shp_at(p, 0), true))
        return 0;
    while (is_name(pl_shp_at(p, k), false))
        k++;
    if (pl_shp_at(p, k) == '[') {
        while (pl_shp_at(p, k) && pl_shp_at(p, k) != ']' &&
               !strchr(" \t\n;&|<>()", pl_shp_at(p, k)))
            k++;
        if (pl_shp_at(p, k) != ']')
            return 0;
        k++;
    }
    if (pl_shp_at(p, k) == '+')
        k++;
    return pl_shp_at(p, k) == '=' ? k + 1 : 0;
}

struct simple {
    PL_VEC(struct pl_sh_assign) assign;
    PL_VEC(struct pl_sh_word) word;
    struct redirs redir;
};

static bool assignment(struct pl_shp *p, struct simple *s, size_t n)
{
    struct pl_sh_assign as = { 0 };
    size_t k = 0;
    while (is_name(pl_shp_at(p, k), false))
        k++;
    as.name = pl_str_sub(p->s, p->i, k);
    as.subscript = pl_shp_at(p, k) == '[';
    as.append = pl_shp_at(p, n - 2) == '+';
    p->i += n;
    if (!pl_shp_value(p, &as.value))
        return false;
    pl_vec_push(&s->assign, as);
    return true;
}

/* `export A=(x)`: an array behind a name in the arguments of a builtin that declares. */
static bool declares(const struct simple *s)
{
    static const char *const names[] = { "export", "declare", "local", "readonly", "typeset" };
    for (size_t i = 0; s->word.n && i < PL_COUNT(names); i++)
        if (pl_str_is(s->word.p[0].simple, names[i]))
            return true;
    return false;
}

static bool argument(struct pl_shp *p, struct simple *s)
{
    struct pl_sh_word w;
    size_t n = declares(s) ? assign_here(p) : 0;
    if (n && pl_shp_at(p, n) == '(') {
        struct pl_sh_word v;
        size_t at = p->i;
        p->i += n;
        if (!pl_shp_value(p, &v))
            return false;
        v.off = p->base + (uint32_t)at;
        v.text = v.simple = pl_str_sub(p->s, at, p->i - at);
        pl_vec_push(&s->word, v);
        return true;
    }
    if (!pl_shp_word(p, &w))
        return !p->failed && pl_shp_fail(p, 1072, "something that cannot stand here");
    pl_vec_push(&s->word, w);
    return true;
}

static bool at_end(const struct pl_shp *p)
{
    char c = pl_shp_at(p, 0);
    return !c || strchr("\n;|)", c) || (c == '&' && redir_here(p) < 0);
}

static void give_simple(struct pl_shp *p, struct simple *s, struct pl_sh_node *n)
{
    n->assign = pl_alloc_n(p->a, s->assign.n + 1, sizeof *n->assign);
    n->word = pl_alloc_n(p->a, s->word.n + 1, sizeof *n->word);
    if (s->assign.n)
        memcpy(n->assign, s->assign.p, s->assign.n * sizeof *n->assign);
    if (s->word.n)
        memcpy(n->word, s->word.p, s->word.n * sizeof *n->word);
    n->n_assign = s->assign.n;
    n->n_word = s->word.n;
    for (size_t i = 0; i < n->n_assign; i++)
        pl_shp_note(p, &n->assign[i].value);
    for (size_t i = 0; i < n->n_word; i++)
        pl_shp_note(p, &n->word[i]);
    pl_vec_release(&s->assign);
    pl_vec_release(&s->word);
    give_redirs(p, &s->redir, n);
}

static struct pl_sh_node *func(struct pl_shp *p, struct pl_sh_node *n, struct pl_str name);

static struct pl_sh_node *simple(struct pl_shp *p)
{
    struct pl_sh_node *n = node(p, PL_SH_SIMPLE);
    struct simple s = { 0 };
    bool ok = true, is_func = false;
    size_t k;
    pl_vec_push(&p->cmds, n);
    if (p->cmds.n > PL_SH_CMDS_MAX)
        ok = pl_shp_fail(p, 0, "too many commands");
    for (pl_shp_blanks(p, false); ok && !at_end(p); pl_shp_blanks(p, false)) {
        if (pl_shp_at(p, 0) == '(') {
            is_func = s.word.n == 1 && !s.assign.n && !s.redir.v.n;
            if (!is_func)
                ok = pl_shp_fail(p, s.word.n ? 1036 : 1072, "'(' cannot stand here");
            break;
        }
        if (redir_here(p) >= 0)
            ok = redirection(p, &s.redir);
        else if (!s.word.n && (k = assign_here(p)) > 0)
            ok = assignment(p, &s, k);
        else
            ok = argument(p, &s);
    }
    struct pl_str name = s.word.n ? s.word.p[0].text : PL_S("");
    give_simple(p, &s, n);
    end_node(p, n);
    if (ok && is_func) {
        for (size_t i = p->cmds.n; i-- > 0;)
            if (p->cmds.p[i] == n) {
                p->cmds.n = i;
                break;
            }
        return func(p, n, name);
    }
    if (ok && !n->n_word && !n->n_assign && !n->n_redir)
        pl_shp_fail(p, 1072, "a command is missing");
    return n;
}

/* --- compound commands --- */

static const char *const stop_do[] = { "do", NULL };
static const char *const stop_done[] = { "done", NULL };
static const char *const stop_then[] = { "then", NULL };
static const char *const stop_if[] = { "elif", "else", "fi", NULL };
static const char *const stop_brace[] = { "}", NULL };
static const char *const stop_esac[] = { "esac", NULL };
static const char *const no_stop[] = { NULL };

static struct pl_sh_node *func(struct pl_shp *p, struct pl_sh_node *n, struct pl_str name)
{
    n->kind = PL_SH_FUNC;
    n->name = name;
    n->n_word = 0;
    if (pl_shp_at(p, 0) == '(') {
        p->i++;
        pl_shp_blanks(p, false);
        if (pl_shp_at(p, 0) != ')') {
            pl_shp_fail(p, 1065, "a function is defined with parameters");
            return n;
        }
        p->i++;
    }
    pl_shp_blanks(p, true);
    char c = pl_shp_at(p, 0);
    if (c != '{' && c != '(' && !reserved(p, "if") && !reserved(p, "for") &&
        !reserved(p, "while") && !reserved(p, "case") && !reserved(p, "[[")) {
        pl_shp_fail(p, 1088, "a function without its body");
        return n;
    }
    struct kids k = { 0 };
    pl_vec_push(&k.v, pipeline(p));
    give_kids(p, &k, n);
    end_node(p, n);
    return n;
}

static struct pl_sh_node *if_command(struct pl_shp *p)
{
    struct pl_sh_node *n = node(p, PL_SH_IF);
    struct kids k = { 0 };
    p->i += 2;
    for (bool more = true; more && !p->failed;) {
        pl_vec_push(&k.v, list(p, stop_then));
        if (!expect(p, "then", "'if' without 'then'"))
            break;
        pl_vec_push(&k.v, list(p, stop_if));
        pl_shp_blanks(p, true);
        more = !p->failed && take(p, "elif");
    }
    if (!p->failed && take(p, "else"))
        pl_vec_push(&k.v, list(p, stop_if));
    if (!p->failed)
        expect(p, "fi", "'if' without 'fi'");
    give_kids(p, &k, n);
    end_node(p, n);
    return n;
}

static struct pl_sh_node *while_command(struct pl_shp *p)
{
    struct pl_sh_node *n = node(p, PL_SH_WHILE);
    struct kids k = { 0 };
    p->i += 5;
    pl_vec_push(&k.v, list(p, stop_do));
    if (expect(p, "do", "a loop without 'do'")) {
        pl_vec_push(&k.v, list(p, stop_done));
        expect(p, "done", "a loop without 'done'");
    }
    give_kids(p, &k, n);
    end_node(p, n);
    return n;
}

static void for_words(struct pl_shp *p, struct pl_sh_node *n)
{
    PL_VEC(struct pl_sh_word) v = { 0 };
    struct pl_sh_word w;
    n->in_words = true;
    for (pl_shp_blanks(p, false); pl_shp_word(p, &w); pl_shp_blanks(p, false))
        pl_vec_push(&v, w);
    n->word = pl_alloc_n(p->a, v.n + 1, sizeof *n->word);
    n->n_word = v.n;
    if (v.n)
        memcpy(n->word, v.p, v.n * sizeof *n->word);
    for (size_t i = 0; i < v.n; i++)
        pl_shp_note(p, &n->word[i]);
    pl_vec_release(&v);
}

/* The header of `for ((…))`: to its closing parentheses. */
static void for_arith(struct pl_shp *p)
{
    int open = 0;
    for (; p->i < p->s.n; p->i++) {
        open += p->s.p[p->i] == '(';
        open -= p->s.p[p->i] == ')';
        if (!open) {
            p->i++;
            return;
        }
    }
    pl_shp_fail(p, 1073, "'((' without '))'");
}

static struct pl_sh_node *for_command(struct pl_shp *p, size_t word)
{
    struct pl_sh_node *n = node(p, PL_SH_FOR);
    struct kids k = { 0 };
    p->i += word;
    pl_shp_blanks(p, false);
    if (pl_shp_at(p, 0) == '(') {
        for_arith(p);
    } else {
        size_t from = p->i;
        while (is_name(pl_shp_at(p, 0), p->i == from))
            p->i++;
        n->name = pl_str_sub(p->s, from, p->i - from);
        if (!n->name.n)
            pl_shp_fail(p, 1086, "'for' without a name");
        pl_shp_blanks(p, true);
        if (take(p, "in"))
            for_words(p, n);
    }
    pl_shp_blanks(p, true);
    if (!p->failed && pl_shp_at(p, 0) == ';')
        p->i++;
    if (!p->failed && expect(p, "do", "a loop without 'do'")) {
        pl_vec_push(&k.v, list(p, stop_done));
        expect(p, "done", "a loop without 'done'");
    }
    give_kids(p, &k, n);
    end_node(p, n);
    return n;
}

/* pattern | pattern ) */
static bool patterns(struct pl_shp *p)
{
    struct pl_sh_word w;
    if (pl_shp_at(p, 0) == '(')
        p->i++;
    for (;;) {
        pl_shp_blanks(p, true);
        if (!pl_shp_word(p, &w))
            return pl_shp_fail(p, 1073, "a pattern of 'case' is missing");
        pl_shp_blanks(p, true);
        char c = pl_shp_at(p, 0);
        p->i += p->i < p->s.n; /* tests/corpus/shell/crash-case-without-end */
        if (c == ')')
            return true;
        if (c != '|')
            return pl_shp_fail(p, 1073, "a pattern of 'case' without its ')'");
    }
}

static struct pl_sh_node *case_command(struct pl_shp *p)
{
    struct pl_sh_node *n = node(p, PL_SH_CASE);
    struct kids k = { 0 };
    p->i += 4;
    pl_shp_blanks(p, true);
    n->word = PL_NEW(p->a, struct pl_sh_word);
    n->n_word = pl_shp_word(p, n->word);
    if (!n->n_word)
        pl_shp_fail(p, 1073, "'case' without its word");
    if (!p->failed)
        expect(p, "in", "'case' without 'in'");
    for (pl_shp_blanks(p, true); !p->failed && !reserved(p, "esac"); pl_shp_blanks(p, true)) {
        if (!patterns(p))
            break;
        pl_vec_push(&k.v, list(p, stop_esac));
        pl_shp_blanks(p, true);
        if (pl_shp_at(p, 0) == ';' && (pl_shp_at(p, 1) == ';' || pl_shp_at(p, 1) == '&'))
            p->i += pl_shp_at(p, 2) == '&' ? 3 : 2;
        else if (!reserved(p, "esac"))
            pl_shp_fail(p, 1074, "an arm of 'case' without ';;'");
    }
    if (!p->failed)
        expect(p, "esac", "'case' without 'esac'");
    give_kids(p, &k, n);
    end_node(p, n);
    return n;
}

static struct pl_sh_node *cond_command(struct pl_shp *p)
{
    struct pl_sh_node *n = node(p, PL_SH_COND);
    PL_VEC(struct pl_sh_word) v = { 0 };
    struct pl_sh_word w;
    p->i += 2;
    while (!p->failed) {
        pl_shp_blanks(p, true);
        if (take(p, "]]"))
            break;
        char c = pl_shp_at(p, 0);
        if (!c) {
            pl_shp_fail(p, 1073, "'[[' without ']]'");
        } else if (strchr("()<>&|;", c)) {
            p->i++;
        } else if (pl_shp_word(p, &w)) {
            pl_vec_push(&v, w);
        }
    }
    n->word = pl_alloc_n(p->a, v.n + 1, sizeof *n->word);
    n->n_word = v.n;
    if (v.n)
        memcpy(n->word, v.p, v.n * sizeof *n->word);
    pl_vec_release(&v);
    end_node(p, n);
    return n;
}

static struct pl_sh_node *wrapped(struct pl_shp *p, enum pl_sh_kind kind)
{
    struct pl_sh_node *n = node(p, kind);
    struct kids k = { 0 };
    p->i++;
    if (kind == PL_SH_SUBSHELL) {
        pl_vec_push(&k.v, pl_shp_script(p, ')'));
    } else {
        pl_vec_push(&k.v, list(p, stop_brace));
        if (!p->failed)
            expect(p, "}", "'{' without '}'");
    }
    give_kids(p, &k, n);
    end_node(p, n);
    return n;
}

static struct pl_sh_node *let_command(struct pl_shp *p)
{
    struct pl_sh_node *n = node(p, PL_SH_LET);
    for_arith(p);
    end_node(p, n);
    return n;
}

static struct pl_sh_node *function_word(struct pl_shp *p)
{
    struct pl_sh_node *n = node(p, PL_SH_SIMPLE);
    p->i += 8;
    pl_shp_blanks(p, false);
    size_t from = p->i;
    while (pl_shp_at(p, 0) && !strchr(" \t\n;&|()<>{", pl_shp_at(p, 0)))
        p->i++;
    struct pl_str name = pl_str_sub(p->s, from, p->i - from);
    pl_shp_blanks(p, false);
    return func(p, n, name);
}

static struct pl_sh_node *compound(struct pl_shp *p)
{
    if (pl_shp_at(p, 0) == '(' && pl_shp_at(p, 1) == '(')
        return let_command(p);
    if (pl_shp_at(p, 0) == '(')
        return wrapped(p, PL_SH_SUBSHELL);
    if (reserved(p, "{"))
        return wrapped(p, PL_SH_GROUP);
    if (reserved(p, "if"))
        return if_command(p);
    if (reserved(p, "while") || reserved(p, "until"))
        return while_command(p);
    if (reserved(p, "for"))
        return for_command(p, 3);
    if (reserved(p, "select"))
        return for_command(p, 6);
    if (reserved(p, "case"))
        return case_command(p);
    if (reserved(p, "[["))
        return cond_command(p);
    if (reserved(p, "function"))
        return function_word(p);
    return NULL;
}

static struct pl_sh_node *command(struct pl_shp *p)
{
    static const char *const lost[] = { "then", "elif", "else", "fi", "do", "done", "esac", "}" };
    for (size_t i = 0; i < PL_COUNT(lost); i++)
        if (reserved(p, lost[i])) {
            struct pl_sh_node *n = node(p, PL_SH_SIMPLE);
            pl_shp_fail(p, 1089, "a closing word without what it closes");
            return n;
        }
    struct pl_sh_node *n = compound(p);
    if (!n)
        return simple(p);
    if (!p->failed && n->kind != PL_SH_FUNC)
        trailing_redirs(p, n);
    if (!p->failed && !at_end(p) && n->kind != PL_SH_FUNC) {
        bool closing = false;
        for (size_t i = 0; i < PL_COUNT(lost); i++)
            closing |= reserved(p, lost[i]);
        if (!closing)
            pl_shp_fail(p, 1141, "something behind a compound command");
    }
    return n;
}

static struct pl_sh_node *pipeline(struct pl_shp *p)
{
    struct kids k = { 0 };
    bool bang = false;
    uint32_t off = p->base + (uint32_t)p->i;
    if (++p->depth > PL_SH_DEPTH) {
        struct pl_sh_node *n = node(p, PL_SH_SIMPLE);
        pl_shp_fail(p, 1072, "too many things inside things");
        p->depth--;
        return n;
    }
    while (reserved(p, "!") || reserved(p, "time")) {
        bang |= pl_shp_at(p, 0) == '!';
        p->i += pl_shp_at(p, 0) == '!' ? 1 : 4;
        pl_shp_blanks(p, false);
    }
    struct pl_sh_node *n = command(p);
    pl_vec_push(&k.v, n);
    for (pl_shp_blanks(p, false); !p->failed && pl_shp_at(p, 0) == '|' && pl_shp_at(p, 1) != '|';
         pl_shp_blanks(p, false)) {
        p->i += pl_shp_at(p, 1) == '&' ? 2 : 1;
        p->out->pipes = true;
        pl_shp_blanks(p, true);
        pl_vec_push(&k.v, command(p));
    }
    p->depth--;
    if (k.v.n > 1) {
        n = node(p, PL_SH_PIPE);
        n->off = off;
        give_kids(p, &k, n);
        end_node(p, n);
    }
    pl_vec_release(&k.v);
    n->bang |= bang;
    return n;
}

static bool stops_here(const struct pl_shp *p, const char *const *stops)
{
    for (size_t i = 0; stops[i]; i++)
        if (reserved(p, stops[i]))
            return true;
    return false;
}

/* What joins two commands; 0 at the end of the list. */
static char joiner(struct pl_shp *p)
{
    char c = pl_shp_at(p, 0);
    if (c == '&' && pl_shp_at(p, 1) == '&') {
        p->i += 2;
        return '&';
    }
    if (c == '|' && pl_shp_at(p, 1) == '|') {
        p->i += 2;
        return '|';
    }
    if (c == ';' && (pl_shp_at(p, 1) == ';' || pl_shp_at(p, 1) == '&'))
        return 0;
    if (c == ';' || c == '&' || c == '\n') {
        if (c != '\n')
            p->i++;
        return c == '&' ? 'b' : c;
    }
    return 0;
}

static struct pl_sh_node *list(struct pl_shp *p, const char *const *stops)
{
    struct pl_sh_node *n = node(p, PL_SH_LIST);
    struct kids k = { 0 };
    while (!p->failed) {
        pl_shp_blanks(p, true);
        if (!pl_shp_at(p, 0) || pl_shp_at(p, 0) == ')' || stops_here(p, stops))
            break;
        if (pl_shp_at(p, 0) == ';' && (pl_shp_at(p, 1) == ';' || pl_shp_at(p, 1) == '&'))
            break;
        pl_vec_push(&k.v, pipeline(p));
        if (p->failed)
            break;
        pl_shp_blanks(p, false);
        char j = joiner(p);
        pl_buf_putc(&k.join, j ? j : ';');
        if (!j)
            break;
        if (j == '&' || j == '|') {
            pl_shp_blanks(p, true);
            if (!pl_shp_at(p, 0) || pl_shp_at(p, 0) == ')')
                pl_shp_fail(p, 1072, "a command is missing behind && or ||");
        }
    }
    give_kids(p, &k, n);
    end_node(p, n);
    return n;
}

struct pl_sh_node *pl_shp_script(struct pl_shp *p, char close)
{
    if (++p->depth > PL_SH_DEPTH) {
        pl_shp_fail(p, 1072, "too many things inside things");
        p->depth--;
        return node(p, PL_SH_LIST);
    }
    struct pl_sh_node *n = list(p, no_stop);
    p->depth--;
    if (p->failed)
        return n;
    pl_shp_blanks(p, true);
    char c = pl_shp_at(p, 0);
    if (close && c == close)
        p->i++;
    else if (close)
        pl_shp_fail(p, 1073, "'(' without ')'");
    else if (c)
        pl_shp_fail(p, c == ')' ? 1088 : 1072, "something that cannot stand here");
    return n;
}

void pl_sh_parse(struct pl_arena *a, struct pl_str text, struct pl_sh_script *ret)
{
    *ret = (struct pl_sh_script){ .text = text };
    struct pl_shp p = { .a = a, .s = text, .out = ret };
    ret->root = pl_shp_script(&p, 0);
    ret->cmds = pl_alloc_n(a, p.cmds.n + 1, sizeof *ret->cmds);
    for (size_t i = 0; i < p.cmds.n; i++)
        if (p.cmds.p[i]->n_word || p.cmds.p[i]->n_assign || p.cmds.p[i]->n_redir)
            ret->cmds[ret->n_cmds++] = p.cmds.p[i];
    ret->words = pl_alloc_n(a, p.words.n + 1, sizeof *ret->words);
    ret->n_words = p.words.n;
    if (p.words.n)
        memcpy(ret->words, p.words.p, p.words.n * sizeof *ret->words);
    pl_vec_release(&p.cmds);
    pl_vec_release(&p.words);
    pl_vec_release(&p.here);
}

void pl_sh_release(struct pl_sh_script *s)
{
    pl_vec_release(&s->braces);
}

struct pl_str pl_sh_name(const struct pl_sh_node *c)
{
    return c->n_word ? c->word[0].simple : PL_S("");
}

bool pl_sh_is_flag(const struct pl_sh_word *w)
{
    return w->simple.n > 1 && w->simple.p[0] == '-' && !pl_str_is(w->simple, "--");
}

unsigned pl_sh_flag_count(const struct pl_sh_node *c, const char *flag)
{
    size_t n = strlen(flag);
    unsigned count = 0;
    for (size_t i = 1; i < c->n_word; i++) {
        struct pl_str s = c->word[i].simple;
        if (!pl_sh_is_flag(&c->word[i]))
            continue;
        if (s.p[1] == '-') {
            count += s.n >= n + 2 && memcmp(s.p + 2, flag, n) == 0 &&
                     (s.n == n + 2 || s.p[n + 2] == '=');
        } else if (n == 1) {
            for (size_t k = 1; k < s.n && s.p[k] != '='; k++)
                count += s.p[k] == flag[0];
        }
    }
    return count;
}

bool pl_sh_flag(const struct pl_sh_node *c, const char *flag)
{
    return pl_sh_flag_count(c, flag) > 0;
}

bool pl_sh_has_arg(const struct pl_sh_node *c, const char *s)
{
    for (size_t i = 1; i < c->n_word; i++)
        if (pl_str_is(c->word[i].simple, s))
            return true;
    return false;
}
