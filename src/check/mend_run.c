/* Repairs of RUN as a whole: its shell, its directory, scripts that go on after a failure.
 * formats/dockerfile.md sections 9.1 and 9.3. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "check/mend.h"

/* A SHELL with pipefail in front of the RUN, where the base is known to have it. */
static void pipefail(struct pl_lint *l, struct pl_lint_hit *h)
{
    const struct pl_lint_in *in = pl_mend_in(l, h);
    if (!in || in->stage == SIZE_MAX || pl_lint_shell_at(l, in->stage, in->index, true))
        return;
    enum pl_base_shell sh = pl_base_of(l, in->stage).sh;
    if (sh == PL_BASE_SH_UNKNOWN)
        return;
    bool upper = in->top->word.p[0] == 'R';
    struct pl_str args = sh == PL_BASE_SH_ASH
                             ? PL_S(" [\"/bin/ash\", \"-eo\", \"pipefail\", \"-c\"]")
                             : PL_S(" [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]");
    pl_mend_line(l, h, PL_FIX_SUGGESTED, h->node,
                 pl_printf(l->a, "%s%.*s", upper ? "SHELL" : "shell", PL_FMT(args)));
}

/* Does anything behind the RUN depend on the working directory? */
static bool relied_on(struct pl_lint *l, size_t i)
{
    size_t s = l->in[i].stage;
    for (size_t k = i + 1; k < l->p->stages[s].end; k++) {
        const struct pl_df_node *n = l->in[k].top;
        if (n->cmd == PL_DF_WORKDIR && n->n_args)
            return n->args[0].s.p[0] != '/';
        if (n->cmd == PL_DF_RUN || n->cmd == PL_DF_COPY || n->cmd == PL_DF_ADD ||
            n->cmd == PL_DF_CMD || n->cmd == PL_DF_ENTRYPOINT || n->cmd == PL_DF_HEALTHCHECK ||
            n->cmd == PL_DF_ONBUILD)
            return true;
    }
    return true; /* whoever starts from the image */
}

/* RUN cd x && y → WORKDIR x, RUN y, and back. */
static void directory(struct pl_lint *l, struct pl_lint_hit *h)
{
    const struct pl_lint_in *in = pl_mend_in(l, h);
    if (!in || !in->sh || in->sh->script.error.msg || in->n->json || in->sh->heredoc ||
        in->stage == SIZE_MAX || in->n->n_heredocs)
        return;
    const struct pl_sh_node *root = in->sh->script.root;
    const struct pl_sh_node *c = root->n_kid > 1 ? root->kid[0] : NULL;
    if (!c || !pl_lint_is(c, "cd") || c->n_word != 2 || c->n_redir || root->join[0] != '&' ||
        c->word[1].quoted || c->word[1].dynamic || !c->word[1].text.n)
        return;
    for (size_t i = 1; i < in->sh->script.n_cmds; i++)
        if (pl_lint_is(in->sh->script.cmds[i], "cd pushd popd"))
            return;
    struct pl_str dir = c->word[1].text, old = pl_mend_workdir(l, h->node);
    bool back = relied_on(l, h->node);
    if (dir.p[0] != '/' && old.n && !pl_lint_has(dir, "..") && dir.p[0] != '-' && dir.p[0] != '~')
        dir =
            pl_printf(l->a, "%.*s/%.*s", pl_str_is(old, "/") ? 0 : (int)old.n, old.p, PL_FMT(dir));
    if (dir.p[0] != '/' || (back && !old.n) || pl_str_is(dir, "/"))
        return;
    if (pl_lint_word_in(dir, "/proc /sys /dev /boot /etc /bin /sbin /lib /lib64 /run /usr/bin"))
        return;
    bool upper = in->top->word.p[0] == 'R';
    pl_mend_line(l, h, PL_FIX_SUGGESTED, h->node,
                 pl_printf(l->a, "%s %.*s", upper ? "WORKDIR" : "workdir", PL_FMT(dir)));
    pl_lint_edit(l, h, PL_FIX_SUGGESTED, pl_df_src(&in->sh->text, c->off),
                 pl_df_src(&in->sh->text, root->kid[1]->off), PL_S(""));
    if (!back)
        return;
    struct pl_str line = pl_printf(l->a, "%s %.*s", upper ? "WORKDIR" : "workdir", PL_FMT(old));
    uint32_t off, end;
    pl_mend_lines(l, h->node, &off, &end);
    bool ends = end && l->f->src.p[end - 1] == '\n';
    const char *nl = l->f->crlf ? "\r\n" : "\n";
    pl_lint_edit(l, h, PL_FIX_SUGGESTED, end, end,
                 pl_printf(l->a, "%s%.*s%s", ends ? "" : nl, PL_FMT(line), ends ? nl : ""));
}

/* set -e at the beginning of a heredoc. */
static void set_e(struct pl_lint *l, struct pl_lint_hit *h)
{
    const struct pl_lint_in *in = pl_mend_in(l, h);
    if (!in || !in->sh || !in->sh->heredoc || !in->n->n_heredocs)
        return;
    const struct pl_df_heredoc *d = &in->n->heredocs[0];
    uint32_t at = d->src;
    if (pl_str_starts(in->sh->text.s, PL_S("#!"))) {
        const char *nl = memchr(d->raw.p, '\n', d->raw.n);
        if (!nl)
            return;
        at += (uint32_t)(nl - d->raw.p) + 1;
    }
    pl_lint_edit(l, h, PL_FIX_SUGGESTED, at, at,
                 l->f->crlf ? PL_S("set -e\r\n") : PL_S("set -e\n"));
}

/* sudo: root runs the command as well. */
static void sudo(struct pl_lint *l, struct pl_lint_hit *h)
{
    const struct pl_lint_in *in = pl_mend_in(l, h);
    if (!in || !in->sh || in->sh->script.error.msg)
        return;
    enum pl_fix_class fix = pl_base_root_at(l, h->node) ? PL_FIX_SAFE : PL_FIX_SUGGESTED;
    for (size_t i = 0; i < in->sh->script.n_cmds; i++) {
        const struct pl_sh_node *c = in->sh->script.cmds[i];
        size_t k = 1;
        if (!pl_lint_is(c, "sudo") || c->n_word < 2 || c->n_assign)
            continue;
        while (k + 1 < c->n_word && pl_lint_word_in(c->word[k].simple, "-E -H -n -S -EH -HE"))
            k++;
        if (pl_sh_is_flag(&c->word[k]) || memchr(c->word[k].text.p, '=', c->word[k].text.n))
            return;
        pl_lint_edit(l, h, fix, pl_df_src(&in->sh->text, c->word[0].off),
                     pl_df_src(&in->sh->text, c->word[k].off), PL_S(""));
    }
}

static bool one_command(const struct pl_lint_in *in)
{
    if (in->top->cmd != PL_DF_RUN || in->n->n_flags || in->n->n_heredocs || in->n->json ||
        !in->sh || !in->sh->posix || in->sh->script.error.msg)
        return false;
    const struct pl_sh_node *root = in->sh->script.root;
    return root->n_kid == 1 && root->join[0] == ';' && root->kid[0]->kind == PL_SH_SIMPLE &&
           !root->kid[0]->bang && root->end == in->sh->text.s.n &&
           !pl_lint_is(root->kid[0], "cd export set umask . source exit exec unset alias") &&
           root->kid[0]->n_word && !pl_lint_has(in->sh->text.s, " #");
}

/* Two RUNs of one command each. Never those with flags or heredocs. */
static void merge(struct pl_lint *l, struct pl_lint_hit *h)
{
    const struct pl_lint_in *in = pl_mend_in(l, h);
    if (!in || !h->node || !one_command(in) || !one_command(&l->in[h->node - 1]) ||
        in->top->n_comments || l->f->escape != '\\')
        return;
    const struct pl_df_node *first = l->in[h->node - 1].top;
    if (first->end_line + 1 != in->top->line)
        return;
    pl_lint_edit(l, h, PL_FIX_SUGGESTED, first->end, pl_df_src(&in->n->text, in->n->args_at),
                 l->f->crlf ? PL_S(" && \\\r\n    ") : PL_S(" && \\\n    "));
}

const struct pl_mend pl_mend_run[] = {
    { PL_RULE_D601, pipefail }, { PL_RULE_D602, directory }, { PL_RULE_D607, set_e },
    { PL_RULE_D304, sudo },     { PL_RULE_D604, merge },     { PL_RULE_COUNT, NULL },
};
