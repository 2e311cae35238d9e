/* Secrets by value anywhere in the file, arguments that end up in a layer, credentials that a copy
 * of the whole context takes along. formats/dockerfile.md section 7. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "check/mend.h"
#include "fmt/glob.h"

/* The instruction that a source offset lies in, SIZE_MAX when none. */
static size_t node_at(const struct pl_lint *l, size_t off)
{
    size_t lo = 0, hi = l->n;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (l->in[mid].top->off > off)
            hi = mid;
        else
            lo = mid + 1;
    }
    if (!lo)
        return SIZE_MAX;
    const struct pl_df_node *n = l->in[lo - 1].top;
    return off < l->f->line_off[n->end_line] ? lo - 1 : SIZE_MAX;
}

static bool in_comment(const struct pl_lint *l, size_t off)
{
    for (size_t i = 0; i < l->f->n_comments; i++)
        if (l->f->comments[i].off <= off && off < l->f->line_off[l->f->comments[i].line])
            return true;
    return false;
}

/* A secret of the text: of a setting, or in a command, label or file. */
static void found(void *arg, size_t off, size_t len)
{
    struct pl_lint *l = arg;
    size_t i = node_at(l, off);
    if (i == SIZE_MAX || in_comment(l, off) || !pl_lint_work(l, 1 + l->f->n_comments))
        return;
    const struct pl_df_node *n = l->in[i].n;
    if (n->cmd != PL_DF_ENV && n->cmd != PL_DF_ARG) {
        pl_lint_rule(l, PL_RULE_D203, i, (uint32_t)off, (uint32_t)(off + len))->detail =
            PL_S("a value that is a secret by its form");
        return;
    }
    size_t step = n->cmd == PL_DF_ENV ? 3 : 1, k = 0;
    for (size_t a = 0; a < n->n_args; a += step)
        if (pl_df_src(&n->text, n->args[a].at) <= off)
            k = a;
    if (k >= n->n_args)
        return;
    uint32_t at = pl_df_src(&n->text, n->args[k].at);
    for (size_t h = 0; h < l->hits.n; h++) /* the one told by its name */
        if (l->hits.p[h].rule == PL_RULE_D201 && l->hits.p[h].node == i && l->hits.p[h].off == at) {
            l->hits.p[h].severity = PL_SEV_HIGH;
            return;
        }
    struct pl_str v = n->args[k].s, name;
    pl_str_split(&v, '=', &name);
    pl_lint_rule(l, PL_RULE_D201, i, at, at + (uint32_t)name.n)->severity = PL_SEV_HIGH;
}

/* --- arguments --- */

/* Does the command leave the value behind in a file? */
static bool keeps(const struct pl_sh_node *c, struct pl_str name)
{
    bool reads = false;
    for (size_t k = 1; k < c->n_word; k++)
        reads |= pl_mend_refers(c->word[k].text, name);
    if (!reads)
        return false;
    for (size_t k = 0; k < c->n_redir; k++)
        if (pl_str_starts(c->redir[k].op, PL_S(">")) && c->redir[k].op.n < 3 &&
            !pl_str_starts(c->redir[k].to.simple, PL_S("/dev/")))
            return true;
    struct pl_str cmd = pl_sh_name(c);
    if (pl_lint_word_in(cmd, "npm yarn pnpm git pip pip3 composer bundle poetry"))
        return pl_lint_any_arg(c, "config set clone") && !pl_lint_any_arg(c, "--unset");
    return false;
}

static void argument(struct pl_lint *l, struct pl_lint_hit *h)
{
    const struct pl_lint_in *in = &l->in[h->node];
    struct pl_str name = pl_str_sub(l->f->src, h->off, h->end - h->off), v = name;
    if (in->n->cmd != PL_DF_ARG || in->stage == SIZE_MAX || h->severity >= PL_SEV_HIGH)
        return;
    pl_str_split(&v, '=', &name);
    for (size_t i = h->node + 1; i < l->p->stages[in->stage].end; i++) {
        const struct pl_lint_in *u = &l->in[i];
        const char *how = NULL;
        if (!pl_lint_work(l, 1 + u->n->text.s.n / 16))
            return;
        if ((u->n->cmd == PL_DF_ENV || u->n->cmd == PL_DF_LABEL) &&
            pl_mend_refers(u->n->text.s, name))
            how = u->n->cmd == PL_DF_ENV ? "kept by ENV" : "kept by LABEL";
        for (size_t k = 0; u->sh && k < u->sh->script.n_cmds && !how; k++)
            if (keeps(u->sh->script.cmds[k], name))
                how = "written to a file by RUN";
        if (!how)
            continue;
        h->severity = PL_SEV_HIGH;
        h->detail = pl_printf(l->a, "%.*s is %s in line %u", PL_FMT(name), how, u->top->line);
        return;
    }
}

/* --- the whole context --- */

static bool ignored(const struct pl_lint_opts *o, struct pl_str path)
{
    struct pl_str rest = o->dockerignore, line;
    bool out = false;
    while (o->has_dockerignore && pl_str_split(&rest, '\n', &line)) {
        line = pl_str_trim(line);
        bool back = line.n && line.p[0] == '!';
        struct pl_str p = pl_str_sub(line, back, SIZE_MAX);
        while (pl_str_starts(p, PL_S("./")) || pl_str_starts(p, PL_S("/")))
            p = pl_str_sub(p, p.p[0] == '/' ? 1 : 2, SIZE_MAX);
        while (p.n > 1 && p.p[p.n - 1] == '/')
            p.n--;
        if (!p.n || line.p[0] == '#')
            continue;
        for (size_t end = path.n; end > 0;) {
            if (pl_glob_match(p, pl_str_sub(path, 0, end)))
                out = !back;
            do
                end--;
            while (end && path.p[end] != '/');
        }
    }
    return out;
}

static void whole_context(struct pl_lint *l, const struct pl_lint_in *in)
{
    const struct pl_df_node *n = in->n;
    if ((n->cmd != PL_DF_COPY && n->cmd != PL_DF_ADD) || n->n_args < 2 || !l->o->context ||
        pl_df_flag(n, "from", NULL).p || in->onbuild)
        return;
    for (size_t k = 0; k + 1 < n->n_args; k++) {
        struct pl_str s = pl_lint_unquote(n->args[k].s);
        size_t count = 0;
        if (!pl_lint_word_in(s, ". ./ / * ./*"))
            continue;
        const struct pl_str *files = l->o->context(l->o->context_arg, &count);
        for (size_t i = 0; i < count && i < 100; i++) {
            if (!pl_lint_work(l, 1000) || ignored(l->o, files[i]))
                continue;
            uint32_t off = pl_df_src(&n->text, n->args[k].at);
            struct pl_lint_hit *h =
                pl_lint_rule(l, PL_RULE_D202, in->index, off, off + (uint32_t)n->args[k].s.n);
            h->detail =
                pl_printf(l->a, "%.*s%.*s", PL_FMT(files[i]), count > 1 ? 11 : 0, " and others");
            h->severity = pl_str_is(files[i], ".git") ? PL_SEV_MEDIUM : PL_SEV_HIGH;
            break;
        }
    }
}

/* Files of editors, version control and builds. */
static void left_over(struct pl_lint *l, const struct pl_lint_in *in)
{
    const struct pl_df_node *n = in->n;
    for (size_t k = 0; k + 1 < n->n_args && (n->cmd == PL_DF_COPY || n->cmd == PL_DF_ADD); k++) {
        struct pl_str s = pl_lint_base(pl_lint_unquote(n->args[k].s));
        if (pl_lint_word_in(s, "Dockerfile docker-compose.yml docker-compose.yaml compose.yaml "
                               "Vagrantfile .vimrc .vscode .idea .DS_Store Thumbs.db .svn .hg "
                               ".dockerignore .gitignore .editorconfig"))
            pl_lint_at_arg(l, "DKL-LI-0003", in, &n->args[k]);
    }
}

static void run(struct pl_lint *l)
{
    for (size_t i = 0; i < l->n; i++) {
        whole_context(l, &l->in[i]);
        left_over(l, &l->in[i]);
    }
    if (l->o->secrets)
        l->o->secrets(l->o->secret_arg, l->f->src, found, l);
    for (size_t h = 0; h < l->hits.n; h++)
        if (l->hits.p[h].rule == PL_RULE_D201 && l->hits.p[h].node != SIZE_MAX)
            argument(l, &l->hits.p[h]);
}

const struct pl_check pl_check_flow = { "flow", run };
