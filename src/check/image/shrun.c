/* Control flow of a shell script: what is known to be false is not walked, what is not known is
 * walked both ways. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "check/image/shell_int.h"
#include "fmt/glob.h"

#define LOOP_MAX 32u

bool pl_shr_step(struct pl_trace *t)
{
    if (++t->steps > PL_SH_STEPS)
        t->exhausted = true;
    return !t->exhausted;
}

uint32_t pl_shr_line(const struct pl_shrun *r, uint32_t off)
{
    uint32_t line = 1;
    for (uint32_t i = 0; i < off && i < r->text.n; i++)
        line += r->text.p[i] == '\n';
    return line;
}

static enum pl_tri not(enum pl_tri t) {
    return t == PL_MAYBE ? PL_MAYBE
           : t == PL_YES ? PL_NO
                         : PL_YES;
}

/* Walks what may or may not happen: an end inside it is no end of what follows. Its status, if it
 * happens. */
static enum pl_tri perhaps(struct pl_shrun *r, const struct pl_sh_node *n)
{
    struct pl_trace *t = r->t;
    enum pl_flow before = r->flow;
    t->maybe++;
    enum pl_tri x = pl_shr_node(r, n);
    t->maybe--;
    if (r->flow != before)
        x = PL_MAYBE;
    r->flow = before;
    return x;
}

/* Does this end the script or the function when it is reached? */
static bool ends(const struct pl_sh_node *n, unsigned depth)
{
    if (!n || depth > PL_SH_DEPTH)
        return false;
    if (n->kind == PL_SH_SIMPLE) {
        struct pl_str name = pl_sh_name(n);
        return pl_str_is(name, "exit") || pl_str_is(name, "return");
    }
    for (size_t i = 0; i < n->n_kid; i++)
        if (n->kind != PL_SH_FUNC && ends(n->kid[i], depth + 1))
            return true;
    return false;
}

/* `touch X || { say so; exit 0; }`: writing is tried, not needed; nor is what comes after it. */
static void tolerate(struct pl_shrun *r, size_t from, bool guards)
{
    struct pl_trace *t = r->t;
    for (size_t i = from; i < t->acts.n; i++) {
        t->acts.p[i].optional = true;
        if (guards && t->acts.p[i].path.n)
            pl_vec_push(&t->guarded, t->acts.p[i].path);
    }
}

static enum pl_tri list(struct pl_shrun *r, const struct pl_sh_node *n)
{
    enum pl_tri status = PL_YES;
    char join = ';';
    size_t acts = r->t->acts.n;
    for (size_t i = 0; i < n->n_kid && r->flow == PL_FLOW_ON && !r->t->exhausted; i++) {
        const struct pl_sh_node *k = n->kid[i];
        if (join != '&' && join != '|')
            acts = r->t->acts.n;
        bool skip = (join == '&' && status == PL_NO) || (join == '|' && status == PL_YES);
        bool unsure = (join == '&' || join == '|') && status == PL_MAYBE;
        if (join == '|' && status != PL_YES)
            tolerate(r, acts, ends(k, 0));
        if (!skip && !unsure) {
            status = pl_shr_node(r, k);
        } else if (!skip) {
            enum pl_tri x = perhaps(r, k);
            bool decides = join == '&' ? x == PL_NO : x == PL_YES;
            status = decides ? x : PL_MAYBE;
        }
        join = n->join[i];
    }
    return status;
}

static enum pl_tri conditional(struct pl_shrun *r, const struct pl_sh_node *n)
{
    enum pl_tri so_far = PL_NO; /* has a branch been taken? */
    size_t i = 0;
    for (; i + 1 < n->n_kid; i += 2) {
        size_t guards = r->t->guarded.n, acts = r->t->acts.n;
        enum pl_tri c = so_far == PL_NO ? pl_shr_node(r, n->kid[i]) : perhaps(r, n->kid[i]);
        if (r->flow != PL_FLOW_ON)
            return PL_MAYBE;
        if (c == PL_NO)
            continue;
        /* `if ! touch X`, `if [ ! -w X ]; then say so; exit; fi` */
        bool tried = r->t->acts.n > acts;
        if (tried)
            tolerate(r, acts, ends(n->kid[i + 1], 0) || i + 2 < n->n_kid);
        if (r->t->guarded.n > guards && !ends(n->kid[i + 1], 0) && !tried)
            acts = r->t->acts.n;
        if (c == PL_YES && so_far == PL_NO)
            return pl_shr_node(r, n->kid[i + 1]);
        perhaps(r, n->kid[i + 1]);
        so_far = PL_MAYBE;
        if (c == PL_YES)
            return PL_MAYBE;
    }
    if (i < n->n_kid && so_far == PL_NO)
        return pl_shr_node(r, n->kid[i]);
    if (i < n->n_kid)
        perhaps(r, n->kid[i]);
    return so_far == PL_NO ? PL_YES : PL_MAYBE;
}

static void loop_end(struct pl_shrun *r)
{
    if (r->flow == PL_FLOW_BREAK)
        r->flow = PL_FLOW_ON;
}

/* `find DIR … | while read f`, `ls DIR | …`: the loop is about the files of DIR. */
static enum pl_tri while_loop(struct pl_shrun *r, const struct pl_sh_node *n)
{
    if (n->n_kid < 2)
        return PL_MAYBE;
    enum pl_tri c = pl_shr_node(r, n->kid[0]);
    bool until = pl_str_starts(pl_str_sub(r->text, n->off, 5), PL_S("until"));
    if ((until ? not(c) : c) != PL_NO)
        perhaps(r, n->kid[1]);
    loop_end(r);
    return PL_MAYBE;
}

static enum pl_tri for_loop(struct pl_shrun *r, const struct pl_sh_node *n)
{
    struct pl_shlist w = { 0 };
    static const struct pl_shv unknown = { { "", 0 }, false };
    if (!n->in_words) {
        for (size_t i = 0; i < r->n_param; i++)
            pl_vec_push(&w.v, r->param[i]);
        w.open = r->param_open;
    }
    for (size_t i = 0; i < n->n_word; i++)
        pl_shr_words(r, &n->word[i], &w);
    for (size_t i = 0; n->n_kid && i < w.v.n && i < LOOP_MAX && r->flow == PL_FLOW_ON; i++) {
        pl_shr_set(r, n->name, &w.v.p[i], 1, false);
        pl_shr_node(r, n->kid[0]);
        loop_end(r);
    }
    if (n->n_kid && r->flow == PL_FLOW_ON && (w.open || w.v.n > LOOP_MAX || !w.v.n)) {
        pl_shr_set(r, n->name, &unknown, 1, false);
        if (w.open || w.v.n)
            perhaps(r, n->kid[0]);
    }
    pl_vec_release(&w.v);
    return PL_MAYBE;
}

/* The patterns in front of an arm, from the text: "a|b)" . */
static enum pl_tri arm_matches(struct pl_str head, struct pl_shv subject)
{
    struct pl_str pattern;
    enum pl_tri t = PL_NO;
    head = pl_str_trim(head);
    if (head.n && head.p[head.n - 1] == ')')
        head.n--;
    if (head.n && head.p[0] == '(')
        head = pl_str_sub(head, 1, head.n);
    while (head.p && pl_str_split(&head, '|', &pattern)) {
        pl_auto_buf struct pl_buf p = { 0 };
        struct pl_err err;
        bool dynamic = false;
        pattern = pl_str_trim(pattern);
        for (size_t i = 0; i < pattern.n; i++) {
            char c = pattern.p[i];
            dynamic |= c == '$' || c == '`' || (c == '*' && !subject.known);
            if (c == '"' || c == '\'')
                continue;
            pl_buf_putc(&p, c);
            if (c == '*')
                pl_buf_putc(&p, '*');
        }
        if (pl_str_is(pl_buf_str(&p), "**"))
            return t == PL_NO ? PL_YES : t; /* everything that got here */
        if (dynamic || !subject.known)
            t = PL_MAYBE;
        else if (pl_glob_check(pl_buf_str(&p), &err) == 0 &&
                 pl_glob_match(pl_buf_str(&p), subject.s))
            return PL_YES;
    }
    return t;
}

static enum pl_tri case_of(struct pl_shrun *r, const struct pl_sh_node *n)
{
    if (!n->n_word)
        return PL_MAYBE;
    struct pl_shv v = pl_shr_word(r, &n->word[0]);
    size_t from = pl_str_find(r->text, PL_S("in"), n->word[0].end);
    bool sure = true;
    from = from == SIZE_MAX ? n->word[0].end : from + 2;
    for (size_t i = 0; i < n->n_kid && r->flow == PL_FLOW_ON; i++) {
        const struct pl_sh_node *k = n->kid[i];
        struct pl_str head = pl_str_sub(r->text, from, k->off > from ? k->off - from : 0);
        size_t close = pl_str_find(head, PL_S(")"), 0); /* an empty arm begins behind its blanks */
        enum pl_tri t = arm_matches(pl_str_sub(head, 0, close == SIZE_MAX ? head.n : close + 1), v);
        size_t next = pl_str_find(r->text, PL_S(";"), k->end);
        from = next == SIZE_MAX ? k->end : next;
        while (from < r->text.n && strchr(";&", r->text.p[from]))
            from++;
        if (t == PL_NO)
            continue;
        if (t == PL_YES && sure)
            return pl_shr_node(r, k);
        perhaps(r, k);
        if (t == PL_YES)
            return PL_MAYBE;
        sure = false;
    }
    return PL_MAYBE;
}

static enum pl_tri pipeline(struct pl_shrun *r, const struct pl_sh_node *n)
{
    enum pl_tri t = PL_MAYBE;
    enum pl_flow before = r->flow;
    for (size_t i = 0; i < n->n_kid && !r->t->exhausted; i++) {
        t = pl_shr_node(r, n->kid[i]);
        if (n->n_kid > 1)
            r->flow = before; /* each in a process of its own */
    }
    if (n->n_kid > 1)
        t = PL_MAYBE;
    return n->bang ? not(t) : t;
}

static void redirections(struct pl_shrun *r, const struct pl_sh_node *n)
{
    for (size_t i = 0; i < n->n_redir; i++) {
        const struct pl_sh_redir *d = &n->redir[i];
        if (pl_str_starts(d->op, PL_S("<<")) && !pl_str_is(d->op, "<<<")) {
            struct pl_shv temp = { PL_S("/tmp/"), false };
            if (r->bash)
                pl_shr_act(r, PL_ACT_TEMP, temp, "a heredoc", d->off);
            continue;
        }
        struct pl_shv v = pl_shr_word(r, &d->to);
        bool writes = memchr(d->op.p, '>', d->op.n) != NULL;
        bool number = v.known && v.s.n && strspn(pl_dup(r->a, v.s).p, "0123456789-") == v.s.n;
        if (writes && v.s.n && !(memchr(d->op.p, '&', d->op.n) && number))
            pl_shr_act(r, PL_ACT_WRITE, v, "a redirection", d->off);
    }
}

static void assignments(struct pl_shrun *r, const struct pl_sh_node *n)
{
    for (size_t i = 0; i < n->n_assign; i++) {
        const struct pl_sh_assign *s = &n->assign[i];
        struct pl_shlist w = { 0 };
        bool array = s->value.n == 1 && s->value.part[0].kind == PL_SH_ARRAY;
        if (array)
            for (size_t k = 0; k < s->value.part[0].n_words; k++)
                pl_shr_words(r, &s->value.part[0].words[k], &w);
        else
            pl_vec_push(&w.v, pl_shr_word(r, &s->value));
        struct pl_shvar *old = pl_shr_var(r, s->name);
        if (s->subscript || (s->append && !array)) { /* some of it is known no longer */
            struct pl_shv v = { PL_S(""), false };
            pl_shr_set(r, s->name, &v, 1, old && old->array);
            pl_shr_var(r, s->name)->open = true;
        } else if (s->append && old) {
            for (size_t k = 0; k < w.v.n && old->n < 4096; k++) {
                struct pl_shv *v = pl_alloc_n(r->a, old->n + 2, sizeof *v);
                memcpy(v, old->v, old->n * sizeof *v);
                v[old->n] = w.v.p[k];
                old->v = v;
                old->n++;
            }
        } else if (r->t->maybe && old && !array &&
                   (!old->n || !pl_str_eq(old->v[0].s, w.v.p[0].s))) {
            w.v.p[0].known = false; /* one or the other */
            w.v.p[0].s = PL_S("");
            pl_shr_set(r, s->name, w.v.p, 1, false);
        } else {
            pl_shr_set(r, s->name, w.v.p, w.v.n, array);
        }
        if (w.open && pl_shr_var(r, s->name))
            pl_shr_var(r, s->name)->open = true;
        pl_vec_release(&w.v);
    }
}

static enum pl_tri simple(struct pl_shrun *r, const struct pl_sh_node *n)
{
    struct pl_shlist w = { 0 };
    enum pl_tri t = PL_YES;
    redirections(r, n);
    for (size_t i = 0; i < n->n_word; i++)
        pl_shr_words(r, &n->word[i], &w);
    if (!n->n_word)
        assignments(r, n);
    if (w.v.n)
        t = pl_shr_command(r, n, &w);
    pl_vec_release(&w.v);
    return n->bang ? not(t) : t;
}

enum pl_tri pl_shr_node(struct pl_shrun *r, const struct pl_sh_node *n)
{
    enum pl_tri t = PL_MAYBE;
    enum pl_flow before = r->flow;
    if (!n || !pl_shr_step(r->t))
        return PL_MAYBE;
    if (n->kind != PL_SH_SIMPLE)
        redirections(r, n);
    switch (n->kind) {
    case PL_SH_SIMPLE:
        return simple(r, n);
    case PL_SH_PIPE:
        return pipeline(r, n);
    case PL_SH_LIST:
    case PL_SH_GROUP:
        t = list(r, n);
        break;
    case PL_SH_SUBSHELL:
        t = list(r, n);
        r->flow = before;
        break;
    case PL_SH_IF:
        t = conditional(r, n);
        break;
    case PL_SH_WHILE:
        t = while_loop(r, n);
        break;
    case PL_SH_FOR:
        t = for_loop(r, n);
        break;
    case PL_SH_CASE:
        t = case_of(r, n);
        break;
    case PL_SH_FUNC:
        *pl_map_put(&r->funcs, n->name) = (void *)(uintptr_t)n;
        t = PL_YES;
        break;
    case PL_SH_COND:
        t = pl_shr_cond(r, n);
        break;
    case PL_SH_LET:
        break;
    }
    return n->bang ? not(t) : t;
}
