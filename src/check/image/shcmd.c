/* Simple commands of a shell script: builtins, functions, sourcing. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "check/image/shell_int.h"

static const struct pl_shv unknown = { { "", 0 }, false };

static bool in(struct pl_str s, const char *list)
{
    struct pl_str rest = pl_str_c(list), word;
    while (pl_next_word(&rest, &word))
        if (pl_str_eq(s, word))
            return true;
    return false;
}

static void set_params(struct pl_shrun *r, struct pl_shlist *w, size_t from)
{
    if (r->t->maybe) /* as it is when nothing special was asked for */
        return;
    r->param = pl_alloc_n(r->a, w->v.n + 1, sizeof *r->param);
    r->n_param = 0;
    for (size_t i = from; i < w->v.n; i++)
        r->param[r->n_param++] = w->v.p[i];
    r->param_open = w->open;
}

static void shift(struct pl_shrun *r, const struct pl_shlist *w)
{
    uint64_t n = 1;
    if (r->t->maybe || (w->v.n > 1 && !pl_str_u64(w->v.p[1].s, &n)))
        return;
    if (n > r->n_param)
        n = r->n_param;
    r->param += n;
    r->n_param -= (size_t)n;
}

/* local x=1 y; export PATH */
static void declare(struct pl_shrun *r, const struct pl_sh_node *n, struct pl_shlist *w)
{
    bool export = pl_str_is(w->v.p[0].s, "export");
    for (size_t i = 1; i < w->v.n; i++) {
        struct pl_str value = w->v.p[i].s, name;
        export |= pl_str_starts(value, PL_S("-")) && memchr(value.p, 'x', value.n);
        if (!value.n || value.p[0] == '-' || !pl_str_split(&value, '=', &name) || !name.n)
            continue;
        struct pl_shv v = { value, w->v.p[i].known };
        bool array = value.p && value.n && value.p[0] == '(';
        if (value.p && array)
            pl_shr_set(r, name, &unknown, 1, true);
        else if (value.p)
            pl_shr_set(r, name, &v, 1, false);
        else if (!pl_shr_var(r, name))
            pl_shr_set(r, name, NULL, 0, false);
        if (array)
            pl_shr_var(r, name)->open = true;
        if (export)
            pl_shr_var(r, name)->exported = true;
    }
    for (size_t i = 0; i < n->n_assign; i++) /* assignments the grammar took as such */
        if (!pl_shr_var(r, n->assign[i].name)) {
            struct pl_shv v = pl_shr_word(r, &n->assign[i].value);
            pl_shr_set(r, n->assign[i].name, &v, 1, false);
        }
}

static enum pl_tri call(struct pl_shrun *r, const struct pl_sh_node *f, struct pl_shlist *w)
{
    struct pl_shv *param = r->param;
    size_t n = r->n_param;
    bool open = r->param_open;
    if (r->calls >= PL_SH_CALLS || !f->n_kid)
        return PL_MAYBE;
    r->calls++;
    r->param = pl_alloc_n(r->a, w->v.n + 1, sizeof *r->param);
    r->n_param = 0;
    for (size_t i = 1; i < w->v.n; i++)
        r->param[r->n_param++] = w->v.p[i];
    r->param_open = w->open;
    bool unsure = r->ret_unsure;
    unsigned maybe = r->ret_maybe;
    r->ret_unsure = false;
    r->ret_maybe = r->t->maybe;
    enum pl_tri t = pl_shr_node(r, f->kid[0]);
    if (r->flow == PL_FLOW_RETURN) {
        r->flow = PL_FLOW_ON;
        t = r->ret;
    }
    if (r->ret_unsure)
        t = PL_MAYBE;
    r->ret_unsure = unsure;
    r->ret_maybe = maybe;
    r->param = param;
    r->n_param = n;
    r->param_open = open;
    r->calls--;
    return t;
}

/* Every script in the folder whose files the script looks at. */
static void each_script(struct pl_shrun *r, bool source)
{
    const struct pl_img *im = r->t->im;
    struct pl_str dir = r->dir_seen;
    size_t end;
    if (dir.n < 2)
        return;
    r->dir_seen = PL_S("");
    r->t->maybe++;
    for (size_t i = pl_img_below(im, dir, &end); i < end; i++) {
        const struct pl_img_file *f = &im->file[i];
        struct pl_shv path = { pl_printf(r->a, "/%.*s", PL_FMT(f->path)), true };
        if (!f->has_body || !pl_str_eq(pl_path_dir(path.s), dir))
            continue;
        if (source)
            pl_shr_source(r, path.s);
        else
            pl_shr_start(r->t, r, r->who, &path, 1, false, false, 0);
    }
    r->t->maybe--;
}

void pl_shr_source(struct pl_shrun *r, struct pl_str path)
{
    struct pl_trace *t = r->t;
    const struct pl_img_file *f = pl_img_open(t->im, r->cwd, path);
    if (!f || !f->has_body || t->depth >= PL_SH_RUNS)
        return;
    struct pl_sh_script s;
    struct pl_str script = r->script, text = r->text;
    enum pl_flow flow = r->flow;
    t->depth++;
    pl_sh_parse(r->a, f->body, &s);
    r->script = pl_printf(r->a, "/%.*s", PL_FMT(f->path));
    r->text = f->body;
    pl_shr_node(r, s.root);
    if (r->flow == PL_FLOW_RETURN)
        r->flow = flow;
    r->script = script;
    r->text = text;
    pl_sh_release(&s);
    t->depth--;
}

static enum pl_tri leave(struct pl_shrun *r, struct pl_str name, const struct pl_shlist *w)
{
    if (pl_str_is(name, "exit"))
        r->flow = PL_FLOW_EXIT;
    else if (pl_str_is(name, "return")) {
        r->flow = PL_FLOW_RETURN;
        r->ret_unsure |= r->t->maybe > r->ret_maybe;
        r->ret = w->v.n < 2 || !w->v.p[1].known ? PL_MAYBE
                 : pl_str_is(w->v.p[1].s, "0")  ? PL_YES
                                                : PL_NO;
    } else
        r->flow = PL_FLOW_BREAK;
    return PL_MAYBE;
}

static enum pl_tri run_exec(struct pl_shrun *r, const struct pl_sh_node *n, struct pl_shlist *w,
                            size_t from)
{
    while (from < w->v.n && w->v.p[from].known && w->v.p[from].s.n && w->v.p[from].s.p[0] == '-')
        from += pl_str_is(w->v.p[from].s, "-a") ? 2 : 1;
    if (from >= w->v.n)
        return PL_YES; /* only redirections */
    pl_shr_start(r->t, r, r->who, w->v.p + from, w->v.n - from, w->open, r->main,
                 pl_shr_line(r, n->off));
    r->flow = PL_FLOW_EXIT;
    return PL_MAYBE;
}

/* A name looked up along PATH. */
static enum pl_tri there(struct pl_shrun *r, const struct pl_shlist *w)
{
    const struct pl_shv *last = &w->v.p[w->v.n - 1];
    if (!last->known || w->v.n < 2)
        return PL_MAYBE;
    if (pl_map_get(&r->funcs, last->s) || pl_img_which(r->t->im, r->cwd, last->s))
        return PL_YES;
    return PL_NO;
}

static enum pl_tri builtin(struct pl_shrun *r, const struct pl_sh_node *n, struct pl_str name,
                           struct pl_shlist *w, bool *ret_done)
{
    *ret_done = true;
    if (in(name, ": true"))
        return PL_YES;
    if (pl_str_is(name, "false"))
        return PL_NO;
    if (in(name, "exit return break continue"))
        return leave(r, name, w);
    if (in(name, "[ test")) {
        size_t k = w->v.n;
        if (pl_str_is(name, "[") && k > 1 && pl_str_is(w->v.p[k - 1].s, "]"))
            k--;
        return w->open ? PL_MAYBE : pl_shr_test(r, w->v.p + 1, k - 1);
    }
    if (in(name, "local export readonly declare typeset")) {
        declare(r, n, w);
        return PL_YES;
    }
    if (pl_str_is(name, "set")) {
        for (size_t i = 1; i < w->v.n; i++)
            if (pl_str_is(w->v.p[i].s, "--")) {
                set_params(r, w, i + 1);
                break;
            }
        return PL_YES;
    }
    if (pl_str_is(name, "shift")) {
        shift(r, w);
        return PL_YES;
    }
    if (pl_str_is(name, "cd")) {
        if (w->v.n > 1 && w->v.p[w->v.n - 1].known)
            r->cwd = pl_img_resolve(r->t->im, r->cwd, w->v.p[w->v.n - 1].s);
        return PL_YES;
    }
    if (pl_str_is(name, "read") || pl_str_is(name, "getopts") || pl_str_is(name, "mapfile")) {
        for (size_t i = 1; i < w->v.n; i++)
            if (w->v.p[i].s.n && w->v.p[i].s.p[0] != '-')
                pl_shr_set(r, w->v.p[i].s, &unknown, 1, false);
        return PL_MAYBE;
    }
    if (in(name, "trap shopt unset alias umask ulimit wait hash jobs enable"))
        return PL_YES;
    *ret_done = false;
    return PL_MAYBE;
}

static void source_word(struct pl_shrun *r, const struct pl_shlist *w)
{
    if (w->v.n > 1 && w->v.p[1].known)
        pl_shr_source(r, w->v.p[1].s);
    else
        each_script(r, true);
}

static enum pl_tri prefixed(struct pl_shrun *r, const struct pl_sh_node *n, struct pl_shlist *w,
                            size_t from)
{
    struct pl_shlist rest = { .open = w->open };
    for (size_t i = from; i < w->v.n; i++)
        pl_vec_push(&rest.v, w->v.p[i]);
    enum pl_tri t = rest.v.n ? pl_shr_command(r, n, &rest) : PL_YES;
    pl_vec_release(&rest.v);
    return t;
}

enum pl_tri pl_shr_command(struct pl_shrun *r, const struct pl_sh_node *n, struct pl_shlist *w)
{
    struct pl_str name = w->v.p[0].s;
    bool done;
    if (!pl_shr_step(r->t))
        return PL_MAYBE;
    if (!w->v.p[0].known) {
        each_script(r, false);
        return PL_MAYBE;
    }
    const struct pl_sh_node *f = pl_map_get(&r->funcs, name);
    if (f)
        return call(r, f, w);
    enum pl_tri t = builtin(r, n, name, w, &done);
    if (done)
        return t;
    if (pl_str_is(name, "exec"))
        return run_exec(r, n, w, 1);
    if (pl_str_is(name, ".") || pl_str_is(name, "source")) {
        source_word(r, w);
        return PL_MAYBE;
    }
    if (pl_str_is(name, "which") || pl_str_is(name, "type") ||
        (pl_str_is(name, "command") && w->v.n > 1 && pl_str_starts(w->v.p[1].s, PL_S("-"))))
        return there(r, w);
    if (in(name, "command builtin"))
        return prefixed(r, n, w, 1);
    if (pl_str_is(name, "eval"))
        return PL_MAYBE;
    if (pl_shr_effect(r, n, name, w))
        return PL_MAYBE;
    return pl_shr_start(r->t, r, r->who, w->v.p, w->v.n, w->open, false, pl_shr_line(r, n->off));
}
