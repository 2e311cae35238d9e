/* Shell texts outside RUN: CMD, ENTRYPOINT and HEALTHCHECK, the script of sh -c, scripts that COPY
 * writes. What is found in them is told natively only. formats/dockerfile.md section 2. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "check/check.h"

#define EXTRA_MAX 2000u

static const char shells[] = "sh bash dash ash ksh zsh busybox";

static void add(struct pl_lint *l, const struct pl_lint_in *in, struct pl_df_text text,
                struct pl_str interpreter)
{
    if (l->n_extra >= l->room || !text.s.n)
        return;
    struct pl_lint_in *x = &l->extra[l->n_extra++];
    *x = *in;
    x->extra = true;
    x->sh = PL_NEW(l->a, struct pl_lint_shell);
    x->sh->text = text;
    x->sh->interpreter = interpreter;
    x->sh->posix = true;
    x->sh->bash = pl_lint_word_in(interpreter, "bash ksh zsh");
    pl_sh_parse(l->a, text.s, &x->sh->script);
}

/* A literal word as a text of its own: what stands inside its quotes. */
static bool inside(const struct pl_sh_word *w, uint32_t *ret_off, uint32_t *ret_end)
{
    if (w->n != 1 || w->dynamic || w->part[0].kind != PL_SH_SQ)
        return false;
    *ret_off = w->off + 1;
    *ret_end = w->end - 1;
    return *ret_off < *ret_end;
}

/* sh -c '…' in shell text. */
static void nested(struct pl_lint *l, const struct pl_lint_in *in)
{
    uint32_t off, end;
    for (size_t i = 0; i < in->sh->script.n_cmds; i++) {
        const struct pl_sh_node *c = in->sh->script.cmds[i];
        struct pl_str name = pl_lint_base(pl_sh_name(c));
        if (!pl_lint_word_in(name, shells) || c->n_word < 3)
            continue;
        for (size_t k = 1; k + 1 < c->n_word; k++) {
            struct pl_str s = c->word[k].simple;
            bool last = s.n > 1 && s.p[0] == '-' && s.p[1] != '-' && s.p[s.n - 1] == 'c';
            if (last && inside(&c->word[k + 1], &off, &end)) {
                add(l, in, pl_lint_stretch(l->a, &in->sh->text, off, end), name);
                break;
            }
        }
    }
}

/* ["sh", "-c", "…"]; texts with escapes have no places of their own and are left. */
static void json_script(struct pl_lint *l, const struct pl_lint_in *in)
{
    const struct pl_df_node *n = in->n;
    for (size_t k = 0; k + 2 < n->n_args; k++) {
        struct pl_str name = pl_lint_base(n->args[k].s), flag = n->args[k + 1].s;
        const struct pl_df_arg *a = &n->args[k + 2];
        bool c = flag.n > 1 && flag.p[0] == '-' && flag.p[flag.n - 1] == 'c';
        if (!pl_lint_word_in(name, shells) || !c || a->end - a->at != a->s.n + 2)
            continue;
        add(l, in, pl_lint_stretch(l->a, &n->text, a->at + 1, a->end - 1), name);
        return;
    }
}

static void command(struct pl_lint *l, const struct pl_lint_in *in)
{
    const struct pl_df_node *n = in->n;
    size_t arg = n->cmd == PL_DF_HEALTHCHECK ? 1 : 0;
    if (n->error || n->n_args <= arg)
        return;
    if (n->json) {
        json_script(l, in);
        return;
    }
    const struct pl_df_node *shell = pl_lint_shell_at(l, in->stage, in->index, true);
    struct pl_str name = shell && shell->n_args ? pl_lint_base(shell->args[0].s) : PL_S("sh");
    if (pl_lint_word_in(name, shells))
        add(l, in, pl_lint_stretch(l->a, &n->text, n->args[arg].at, n->args[n->n_args - 1].end),
            name);
}

/* The scripts that a COPY with heredocs writes. */
static void copied(struct pl_lint *l, const struct pl_lint_in *in)
{
    const struct pl_df_node *n = in->n;
    struct pl_str target = n->n_args ? n->args[n->n_args - 1].s : PL_S("");
    for (size_t i = 0; i < n->n_heredocs; i++) {
        struct pl_df_text body = n->heredocs[i].body;
        struct pl_str rest = body.s, line, name = PL_S(""), word;
        pl_str_split(&rest, '\n', &line);
        if (pl_str_starts(line, PL_S("#!"))) {
            struct pl_str prog = pl_str_trim(pl_str_sub(line, 2, SIZE_MAX));
            while (pl_str_split(&prog, ' ', &word)) {
                name = pl_lint_base(word);
                if (!pl_str_is(name, "env") && word.n && word.p[0] != '-')
                    break;
            }
        } else if (n->n_heredocs == 1 && pl_str_ends(target, PL_S(".sh"))) {
            name = PL_S("sh");
        }
        if (pl_lint_word_in(name, shells))
            add(l, in, body, name);
    }
}

void pl_lint_find_extra(struct pl_lint *l)
{
    size_t room = 0; /* as many as there can be */
    for (size_t i = 0; i < l->n; i++)
        room += l->in[i].sh ? l->in[i].sh->script.n_cmds : 1 + l->in[i].n->n_heredocs;
    l->room = room < EXTRA_MAX ? room : EXTRA_MAX;
    l->extra = pl_alloc_n(l->a, l->room + 1, sizeof *l->extra);
    for (size_t i = 0; i < l->n && pl_lint_work(l, 1); i++) {
        const struct pl_lint_in *in = &l->in[i];
        if (in->sh && in->sh->posix && !in->sh->script.error.msg)
            nested(l, in);
        else if (in->n->cmd == PL_DF_CMD || in->n->cmd == PL_DF_ENTRYPOINT ||
                 in->n->cmd == PL_DF_HEALTHCHECK)
            command(l, in);
        else if (in->n->cmd == PL_DF_COPY || in->n->cmd == PL_DF_ADD)
            copied(l, in);
    }
}
