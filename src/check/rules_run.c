/* Habits of RUN: commands, pipes, layers. formats/dockerfile.md sections 3 and 6. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "check/check.h"

/* Commands as the codes of hadolint see them: none when the text does not parse. */
static size_t commands(const struct pl_lint_in *in)
{
    return in->sh && !in->sh->script.error.msg && in->sh->posix ? in->sh->script.n_cmds : 0;
}

static const struct pl_sh_node *find(const struct pl_lint_in *in, const char *names)
{
    for (size_t k = 0; k < commands(in); k++)
        if (pl_lint_word_in(pl_sh_name(in->sh->script.cmds[k]), names))
            return in->sh->script.cmds[k];
    return NULL;
}

static void at_command(struct pl_lint *l, const char *code, const struct pl_lint_in *in,
                       const struct pl_sh_node *c)
{
    pl_lint_at_word(l, code, in, c->word[0].off, c->word[0].end);
}

static void habits(struct pl_lint *l, const struct pl_lint_in *in)
{
    const struct pl_sh_node *c;
    if ((c = find(in, "free kill mount ps service shutdown ssh top vim")) != NULL)
        at_command(l, "DL3001", in, c);
    if (!in->onbuild && (c = find(in, "cd")) != NULL)
        at_command(l, "DL3003", in, c);
    if ((c = find(in, "sudo")) != NULL) {
        at_command(l, "DL3004", in, c);
        at_command(l, "CKV2_DOCKER_1", in, c);
        at_command(l, "DKL-DI-0001", in, c);
        at_command(l, "DS-0010", in, c);
    }
    if ((c = find(in, "apt")) != NULL)
        at_command(l, "DL3027", in, c);
    for (size_t k = 0; k < commands(in); k++) {
        c = in->sh->script.cmds[k];
        if (pl_str_is(pl_sh_name(c), "ln") && pl_sh_has_arg(c, "/bin/sh")) {
            at_command(l, "DL4005", in, c);
            break;
        }
    }
    for (size_t k = 0; k < commands(in); k++) {
        c = in->sh->script.cmds[k];
        if (!pl_str_is(pl_sh_name(c), "useradd"))
            continue;
        for (size_t i = 1; i < c->n_word; i++) {
            struct pl_str s = c->word[i].simple, v = PL_S("");
            if (pl_str_starts(s, PL_S("--uid=")))
                v = pl_str_sub(s, 6, SIZE_MAX);
            else if ((pl_str_is(s, "-u") || pl_str_is(s, "--uid")) && i + 1 < c->n_word)
                v = c->word[i + 1].simple;
            else if (pl_sh_is_flag(&c->word[i]) && s.p[1] != '-' && s.p[s.n - 1] == 'u' &&
                     i + 1 < c->n_word)
                v = c->word[i + 1].simple;
            if (v.n > 5 && !pl_sh_flag(c, "l") && !pl_sh_flag(c, "no-log-init")) {
                at_command(l, "DL3046", in, c);
                return;
            }
        }
    }
}

static void wget_progress(struct pl_lint *l, const struct pl_lint_in *in)
{
    static const char *const flags[] = { "progress",    "q", "quiet",         "o",
                                         "output-file", "a", "append-output", "no-verbose" };
    for (size_t k = 0; k < commands(in); k++) {
        const struct pl_sh_node *c = in->sh->script.cmds[k];
        bool quiet = pl_sh_has_arg(c, "-nv");
        if (!pl_str_is(pl_sh_name(c), "wget"))
            continue;
        for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
            quiet |= pl_sh_flag(c, flags[i]);
        if (!quiet) {
            at_command(l, "DL3047", in, c);
            return;
        }
    }
}

/* A RUN with one of wget, curl when both have been seen in the stage. */
static void both(struct pl_lint *l)
{
    bool wget = false, curl = false, told = false;
    size_t stage = SIZE_MAX;
    for (size_t i = 0; i < l->n; i++) {
        const struct pl_lint_in *in = &l->in[i];
        if (in->stage != stage) {
            wget = curl = told = false;
            stage = in->stage;
        }
        if (in->top->cmd != PL_DF_RUN)
            continue;
        const struct pl_sh_node *w = find(in, "wget"), *c = find(in, "curl");
        wget |= w != NULL;
        curl |= c != NULL;
        if ((w || c) && wget && curl) {
            at_command(l, "DL4001", in, c ? c : w);
            if (!told)
                at_command(l, "DS-0014", in, c ? c : w);
            told = true;
        }
    }
}

static bool same_flags(const struct pl_df_node *a, const struct pl_df_node *b)
{
    if (a->n_flags != b->n_flags)
        return false;
    for (size_t i = 0; i < a->n_flags; i++)
        if (!pl_str_eq(a->flags[i].s, b->flags[i].s))
            return false;
    return true;
}

static size_t count(const struct pl_lint_in *in)
{
    size_t n = 0;
    if (!in->sh || in->sh->script.error.msg)
        return 0;
    for (size_t i = 0; i < in->sh->script.n_cmds; i++)
        n += in->sh->script.cmds[i]->n_word > 0 && !in->sh->script.cmds[i]->word[0].dynamic;
    return n;
}

static void consecutive(struct pl_lint *l)
{
    const struct pl_lint_in *before = NULL;
    for (size_t i = 0; i < l->n; i++) {
        const struct pl_lint_in *in = &l->in[i];
        if (in->top->cmd != PL_DF_RUN) {
            before = NULL;
            continue;
        }
        if (before && same_flags(before->n, in->n) && count(before) <= 1 && count(in) <= 1)
            pl_lint_at_node(l, "DL3059", i);
        else
            before = in;
    }
}

/* Does SHELL set pipefail, or is it none that has pipes of this kind? */
static bool pipefail(const struct pl_df_node *shell)
{
    bool o = false, word = false;
    if (!shell || !shell->n_args)
        return false;
    struct pl_str prog = pl_lint_base(shell->args[0].s);
    if (pl_str_starts(prog, PL_S("pwsh")) || pl_str_starts(prog, PL_S("powershell")) ||
        pl_str_starts(prog, PL_S("cmd")))
        return true;
    for (size_t i = 1; i < shell->n_args; i++) {
        struct pl_str s = shell->args[i].s;
        word |= pl_str_is(s, "pipefail");
        if (s.n > 1 && s.p[0] == '-' && s.p[1] != '-')
            o |= memchr(s.p, 'o', s.n) != NULL;
    }
    return o && word && pl_lint_word_in(prog, "bash zsh ash");
}

static void pipes(struct pl_lint *l, const struct pl_lint_in *in)
{
    if (in->onbuild || !in->sh->script.pipes || in->sh->script.error.msg)
        return;
    const struct pl_df_node *shell = pl_lint_shell_at(l, in->stage, in->index, false);
    if (!pipefail(shell) && in->sh->posix)
        pl_lint_at_node(l, "DL4006", in->index);
}

/* trivy: the text begins with cd, or a command behind && or ; does. */
static void trivy_habits(struct pl_lint *l, const struct pl_lint_in *in)
{
    if (in->onbuild || !in->sh->posix)
        return;
    for (size_t k = 0; k < in->sh->script.n_cmds; k++) {
        const struct pl_sh_node *c = in->sh->script.cmds[k];
        struct pl_str name = pl_sh_name(c);
        if (pl_str_is(name, "cd")) {
            at_command(l, "DS-0013", in, c);
            break;
        }
    }
    for (size_t k = 0; k < in->sh->script.n_cmds; k++) {
        const struct pl_sh_node *c = in->sh->script.cmds[k];
        bool run = pl_str_is(pl_sh_name(c), "RUN") && c->n_word > 1 &&
                   pl_str_is(c->word[1].simple, "sudo");
        if (pl_str_is(pl_sh_name(c), "sudo") && !in->sh->script.error.msg)
            break; /* told with the others */
        if (pl_str_is(pl_sh_name(c), "sudo") || run) {
            at_command(l, "DS-0010", in, c);
            break;
        }
    }
    const struct pl_sh_node *apt = find(in, "apt");
    if (apt)
        at_command(l, "CKV_DOCKER_9", in, apt);
}

/* A heredoc of several commands that goes on after a failure. */
static void set_e(struct pl_lint *l, const struct pl_lint_in *in)
{
    const struct pl_sh_node *root = in->sh->script.root;
    if (!in->sh->heredoc || !in->sh->posix || in->sh->script.error.msg || root->n_kid < 2)
        return;
    const struct pl_df_node *shell = pl_lint_shell_at(l, in->stage, in->index, true);
    for (size_t i = 1; shell && i < shell->n_args; i++) {
        struct pl_str s = shell->args[i].s;
        if (pl_str_is(s, "errexit") ||
            (s.n > 1 && s.p[0] == '-' && s.p[1] != '-' && memchr(s.p, 'e', s.n)))
            return;
    }
    struct pl_str first = in->sh->text.s, line;
    pl_str_split(&first, '\n', &line);
    if (pl_str_starts(line, PL_S("#!")) && pl_lint_has(line, " -e"))
        return;
    for (size_t k = 0; k < in->sh->script.n_cmds && k < 4; k++) {
        const struct pl_sh_node *c = in->sh->script.cmds[k];
        if (pl_str_is(pl_sh_name(c), "set") && (pl_sh_flag(c, "e") || pl_sh_has_arg(c, "errexit")))
            return;
    }
    pl_lint_rule(l, PL_RULE_D607, in->index, in->top->off,
                 in->top->off + (uint32_t)in->top->word.n);
}

static void rights(struct pl_lint *l, const struct pl_lint_in *in)
{
    for (size_t i = 0; i < in->n->n_flags; i++) {
        struct pl_str s = in->n->flags[i].s;
        uint32_t off = pl_df_src(&in->n->text, in->n->flags[i].at);
        if (pl_str_is(s, "--security=insecure") || pl_str_is(s, "--network=host") ||
            (pl_str_starts(s, PL_S("--mount=")) && pl_lint_has(s, "docker.sock")))
            pl_lint_rule(l, PL_RULE_D313, in->index, off, off + (uint32_t)s.n);
    }
}

static void run(struct pl_lint *l)
{
    for (size_t i = 0; i < l->n; i++) {
        const struct pl_lint_in *in = &l->in[i];
        if (!in->sh)
            continue;
        habits(l, in);
        wget_progress(l, in);
        pipes(l, in);
        trivy_habits(l, in);
        set_e(l, in);
        rights(l, in);
    }
    both(l);
    consecutive(l);
}

const struct pl_check pl_check_run = { "run", run };
