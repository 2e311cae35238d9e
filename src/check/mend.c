/* What repairs share: places of instructions and commands, edits on them. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "check/mend.h"

#include "base/cleanup.h"

static const struct pl_mend *const tables[] = {
    pl_mend_base, pl_mend_download, pl_mend_secret,  pl_mend_user,
    pl_mend_run,  pl_mend_verify,   pl_mend_package, pl_mend_form,
};

void pl_mend_all(struct pl_lint *l)
{
    for (size_t i = 0; i < l->hits.n; i++) {
        struct pl_lint_hit *h = &l->hits.p[i];
        if (h->node == SIZE_MAX || h->n_edits)
            continue;
        for (size_t t = 0; t < PL_COUNT(tables); t++)
            for (const struct pl_mend *m = tables[t]; m->fn && !h->n_edits; m++)
                if (m->rule == h->rule && pl_lint_work(l, 100))
                    m->fn(l, h);
    }
}

const struct pl_lint_in *pl_mend_in(const struct pl_lint *l, const struct pl_lint_hit *h)
{
    const struct pl_lint_in *in = h->node < l->n ? &l->in[h->node] : NULL;
    return in && !in->onbuild && !in->n->error ? in : NULL;
}

/* --- lines --- */

void pl_mend_lines(const struct pl_lint *l, size_t i, uint32_t *ret_off, uint32_t *ret_end)
{
    const struct pl_df_node *n = l->in[i].top;
    *ret_off = l->f->line_off[n->line - 1];
    *ret_end = l->f->line_off[n->end_line];
}

static bool speaks(const struct pl_df_node *n)
{
    for (size_t k = 0; k < n->n_comments; k++)
        if (pl_lint_has(n->comments[k], "ignore") || pl_lint_has(n->comments[k], "skip=") ||
            pl_lint_has(n->comments[k], "shell="))
            return true;
    return false;
}

bool pl_mend_drop(struct pl_lint *l, struct pl_lint_hit *h, enum pl_fix_class c, size_t i)
{
    uint32_t off, end;
    if (speaks(l->in[i].top))
        return false;
    pl_mend_lines(l, i, &off, &end);
    pl_lint_edit(l, h, c, off, end, PL_S(""));
    return true;
}

bool pl_mend_drop_pair(struct pl_lint *l, struct pl_lint_hit *h, enum pl_fix_class c, size_t i,
                       size_t k)
{
    const struct pl_df_node *n = l->in[i].n;
    size_t step = n->cmd == PL_DF_ARG ? 1 : 3;
    if (n->n_args <= step)
        return pl_mend_drop(l, h, c, i);
    if (step == 3 && !n->args[k + 2].s.n)
        return false;
    uint32_t from, to;
    size_t last = k + (step == 3 ? 1 : 0);
    if (k == 0) { /* up to the next one */
        from = pl_df_src(&n->text, n->args[0].at);
        to = pl_df_src(&n->text, n->args[step].at);
    } else {
        from = pl_df_src(&n->text, n->args[k - (step == 3 ? 2 : 1)].end - 1) + 1;
        to = pl_df_src(&n->text, n->args[last].end - 1) + 1;
    }
    if (from >= to)
        return false;
    pl_lint_edit(l, h, c, from, to, PL_S(""));
    return true;
}

void pl_mend_line(struct pl_lint *l, struct pl_lint_hit *h, enum pl_fix_class c, size_t i,
                  struct pl_str line)
{
    const char *nl = l->f->crlf ? "\r\n" : "\n";
    struct pl_str src = l->f->src;
    if (i >= l->n) {
        bool ends = src.n && src.p[src.n - 1] == '\n';
        pl_lint_edit(l, h, c, (uint32_t)src.n, (uint32_t)src.n,
                     pl_printf(l->a, "%s%.*s%s", ends ? "" : nl, PL_FMT(line), ends ? nl : ""));
        return;
    }
    const struct pl_df_node *n = l->in[i].top;
    uint32_t at = n->n_comments && n->first_comment ? n->first_comment : n->line;
    uint32_t off = l->f->line_off[at - 1];
    pl_lint_edit(l, h, c, off, off, pl_printf(l->a, "%.*s%s", PL_FMT(line), nl));
}

void pl_mend_flag(struct pl_lint *l, struct pl_lint_hit *h, enum pl_fix_class c, size_t i,
                  struct pl_str flag)
{
    const struct pl_df_node *n = l->in[i].n;
    uint32_t off = pl_df_src(&n->text, n->n_flags ? n->flags[0].at : n->args_at);
    pl_lint_edit(l, h, c, off, off, pl_printf(l->a, "%.*s ", PL_FMT(flag)));
}

/* --- commands --- */

static const struct pl_sh_node *list_in(const struct pl_sh_node *n, const struct pl_sh_node *c,
                                        size_t *ret_at, unsigned depth)
{
    for (size_t i = 0; i < n->n_kid && depth < 40; i++) {
        if (n->kid[i] == c && n->kind == PL_SH_LIST) {
            *ret_at = i;
            return n;
        }
        const struct pl_sh_node *f = list_in(n->kid[i], c, ret_at, depth + 1);
        if (f)
            return f;
    }
    return NULL;
}

const struct pl_sh_node *pl_mend_list_of(const struct pl_sh_script *s, const struct pl_sh_node *c,
                                         size_t *ret_at)
{
    return s->root ? list_in(s->root, c, ret_at, 0) : NULL;
}

const struct pl_sh_node *pl_mend_command(struct pl_lint *l, const struct pl_lint_hit *h)
{
    const struct pl_lint_in *in = pl_mend_in(l, h);
    const struct pl_sh_node *best = NULL;
    if (!in || !in->sh || in->sh->script.error.msg || in->n->json)
        return NULL;
    for (size_t i = 0; i < in->sh->script.n_cmds; i++) {
        const struct pl_sh_node *c = in->sh->script.cmds[i];
        if (c->end > c->off && pl_df_src(&in->sh->text, c->off) <= h->off &&
            h->off <= pl_df_src(&in->sh->text, c->end - 1))
            best = c;
    }
    return best;
}

struct pl_str pl_mend_text(const struct pl_lint_in *in, uint32_t off, uint32_t end)
{
    return pl_str_sub(in->sh->text.s, off, end - off);
}

bool pl_mend_drop_command(struct pl_lint *l, struct pl_lint_hit *h, enum pl_fix_class cl,
                          const struct pl_lint_in *in, const struct pl_sh_node *c)
{
    size_t at;
    const struct pl_sh_node *list = pl_mend_list_of(&in->sh->script, c, &at);
    if (!list || in->n->json)
        return false;
    char before = at ? list->join[at - 1] : ';', after = list->join[at];
    bool fine = (before == '&' || before == ';') && (after == '&' || after == ';');
    if (!fine)
        return false;
    if (list->n_kid == 1)
        return list == in->sh->script.root && !in->n->n_heredocs &&
               pl_mend_drop(l, h, cl, in->index);
    if (at)
        pl_lint_edit_sh(l, h, cl, in, list->kid[at - 1]->end, c->end, PL_S(""));
    else
        pl_lint_edit(l, h, cl, pl_df_src(&in->sh->text, c->off),
                     pl_df_src(&in->sh->text, list->kid[1]->off), PL_S(""));
    return true;
}

bool pl_mend_refers(struct pl_str text, struct pl_str name)
{
    size_t at = 0;
    while (name.n && (at = pl_str_find(text, name, at)) != SIZE_MAX) {
        char before = at ? text.p[at - 1] : 0, before2 = at > 1 ? text.p[at - 2] : 0;
        size_t e = at + name.n;
        char after = e < text.n ? text.p[e] : 0;
        bool word =
            (unsigned)((after | 0x20) - 'a') < 26 || (unsigned)(after - '0') < 10 || after == '_';
        if (!word && (before == '$' || (before == '{' && before2 == '$')))
            return true;
        at = e;
    }
    return false;
}

/* --- working directory --- */

static struct pl_str join_path(struct pl_arena *a, struct pl_str dir, struct pl_str s)
{
    while (pl_str_starts(s, PL_S("./")))
        s = pl_str_sub(s, 2, SIZE_MAX);
    if (!s.n || pl_str_is(s, "."))
        return dir;
    if (s.p[0] == '/')
        return s;
    bool root = pl_str_is(dir, "/");
    return pl_printf(a, "%.*s/%.*s", root ? 0 : (int)dir.n, dir.p, PL_FMT(s));
}

static struct pl_str workdir(struct pl_lint *l, size_t stage, size_t i, unsigned depth)
{
    if (stage == SIZE_MAX || depth > 64)
        return PL_S("");
    for (size_t k = i; k > pl_lint_from(l, stage) && pl_lint_work(l, 1); k--) {
        const struct pl_df_node *n = l->in[k - 1].top;
        if (n->cmd != PL_DF_WORKDIR || !n->n_args)
            continue;
        struct pl_str s = pl_lint_unquote(n->args[0].s);
        if (!s.n || memchr(s.p, '$', s.n) || pl_lint_has(s, "..") || memchr(s.p, '\\', s.n))
            return PL_S("");
        if (s.p[0] == '/')
            return s;
        struct pl_str up = workdir(l, stage, k - 1, depth + 1);
        return up.n ? join_path(l->a, up, s) : up;
    }
    size_t up = pl_lint_parent(l, stage);
    if (up != SIZE_MAX)
        return workdir(l, up, l->p->stages[up].end, depth + 1);
    return pl_base_of(l, stage).at_root ? PL_S("/") : PL_S("");
}

struct pl_str pl_mend_workdir(struct pl_lint *l, size_t i)
{
    return workdir(l, l->in[i].stage, i, 0);
}
