/* Package managers: what belongs to an install, and to the same RUN.
 * formats/dockerfile.md section 9.2. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "check/mend.h"

/* apt → apt-get where both take the same words. */
static void apt_get(struct pl_lint *l, struct pl_lint_hit *h)
{
    const struct pl_sh_node *c;
    const struct pl_lint_in *in = pl_mend_in(l, h);
    if (!in || !in->sh || in->n->json)
        return;
    for (size_t i = 0; i < in->sh->script.n_cmds; i++) {
        c = in->sh->script.cmds[i];
        if (!pl_lint_is(c, "apt"))
            continue;
        if (!pl_lint_any_arg(c, "update install upgrade remove purge autoremove clean autoclean "
                                "dist-upgrade source build-dep"))
            return;
        pl_lint_edit_sh(l, h, PL_FIX_SUGGESTED, in, c->word[0].end, c->word[0].end, PL_S("-get"));
    }
}

static bool mergeable(const struct pl_lint_in *in)
{
    if (in->top->cmd != PL_DF_RUN || in->n->n_flags || in->n->n_heredocs || in->n->json ||
        !in->sh || in->sh->script.error.msg || !in->sh->posix)
        return false;
    const struct pl_sh_node *root = in->sh->script.root;
    for (size_t i = 0; i + 1 < root->n_kid; i++)
        if (root->join[i] != '&')
            return false;
    char last = root->n_kid ? root->join[root->n_kid - 1] : 0;
    return last == ';' && root->end == in->sh->text.s.n && !pl_lint_has(in->sh->text.s, " #");
}

/* An update of lists alone moves into the install that follows. */
static void join_update(struct pl_lint *l, struct pl_lint_hit *h)
{
    const struct pl_lint_in *in = pl_mend_in(l, h);
    size_t i = h->node + 1;
    if (!in || i >= l->n || !mergeable(in) || !mergeable(&l->in[i]) ||
        l->in[i].stage != in->stage || in->sh->script.root->n_kid != 1 ||
        in->top->end_line != in->top->line)
        return;
    bool installs = false;
    for (size_t k = 0; k < l->in[i].sh->script.n_cmds; k++)
        installs |= pl_lint_is(l->in[i].sh->script.cmds[k], "apt-get apt apk yum dnf zypper") &&
                    pl_lint_any_arg(l->in[i].sh->script.cmds[k], "install add upgrade in");
    if (!installs || !pl_mend_drop(l, h, PL_FIX_SUGGESTED, h->node))
        return;
    uint32_t at = pl_df_src(&l->in[i].n->text, l->in[i].n->args_at);
    pl_lint_edit(l, h, PL_FIX_SUGGESTED, at, at,
                 pl_printf(l->a, "%.*s && ", PL_FMT(pl_str_trim(in->sh->text.s))));
}

/* Text at the end of the whole RUN when that is a plain chain. */
static void at_the_end(struct pl_lint *l, struct pl_lint_hit *h, const struct pl_lint_in *in,
                       const char *text)
{
    uint32_t end = in->sh ? (uint32_t)in->sh->text.s.n : 0;
    if (!end || !mergeable(in) || in->sh->text.s.p[end - 1] == ';')
        return;
    pl_lint_edit_sh(l, h, PL_FIX_SAFE, in, end, end, pl_str_c(text));
}

static void yarn_cache(struct pl_lint *l, struct pl_lint_hit *h)
{
    const struct pl_lint_in *in = pl_mend_in(l, h);
    if (!in || !in->sh)
        return;
    struct pl_lint_in copy = *in;
    struct pl_df_node plain = *in->n;
    plain.n_flags = 0; /* flags do not matter for the end of the text */
    copy.n = &plain;
    if (mergeable(&copy))
        at_the_end(l, h, &copy, " && yarn cache clean");
}

/* wget of GNU, not that of busybox. */
static void wget_progress(struct pl_lint *l, struct pl_lint_hit *h)
{
    const struct pl_sh_node *c = pl_mend_command(l, h);
    const struct pl_lint_in *in = pl_mend_in(l, h);
    if (!c || !pl_lint_is(c, "wget") || in->stage == SIZE_MAX ||
        pl_base_of(l, in->stage).sh != PL_BASE_SH_BASH)
        return;
    for (size_t i = 0; i < in->sh->script.n_cmds; i++) {
        const struct pl_sh_node *w = in->sh->script.cmds[i];
        if (pl_lint_is(w, "wget"))
            pl_lint_edit_sh(l, h, PL_FIX_SUGGESTED, in, w->word[0].end, w->word[0].end,
                            PL_S(" --progress=dot:giga"));
    }
}

static void log_init(struct pl_lint *l, struct pl_lint_hit *h)
{
    const struct pl_sh_node *c = pl_mend_command(l, h);
    if (c && pl_lint_is(c, "useradd"))
        pl_lint_edit_sh(l, h, PL_FIX_SUGGESTED, pl_mend_in(l, h), c->word[0].end, c->word[0].end,
                        PL_S(" --no-log-init"));
}

/* The clean-up of a python that has no flag of its own, and of the apt lists, stand with the rules.
 */

static const struct {
    enum pl_rule_id rule;
    const char *manager, *commands, *verbs, *sep;
} kinds[] = {
    { PL_RULE_D501, "apt", "apt-get apt", "install", "=" },
    { PL_RULE_D508, "apk", "apk", "add", "=" },
    { PL_RULE_D512, "yum", "yum", "install", "-" },
    { PL_RULE_D518, "dnf", "dnf microdnf", "install", "-" },
    { PL_RULE_D519, "pip", "pip pip3 python python3", "install", "==" },
    { PL_RULE_D521, "npm", "npm", "install", "@" },
    { PL_RULE_D522, "gem", "gem", "install i", ":" },
};

/* Versions that a lock file names, for every package of the RUN. */
static void versions(struct pl_lint *l, struct pl_lint_hit *h)
{
    const struct pl_lint_in *in = pl_mend_in(l, h);
    size_t k = 0;
    while (k < PL_COUNT(kinds) && kinds[k].rule != h->rule)
        k++;
    if (!in || !in->sh || in->n->json || k == PL_COUNT(kinds) || !l->o->source ||
        !l->o->source->version)
        return;
    for (size_t i = 0; i < in->sh->script.n_cmds; i++) {
        const struct pl_sh_node *c = in->sh->script.cmds[i];
        bool verb = false;
        if (!pl_lint_is(c, kinds[k].commands))
            continue;
        for (size_t w = 1; w < c->n_word; w++) {
            struct pl_str s = c->word[w].simple;
            if (!verb || pl_sh_is_flag(&c->word[w]) || c->word[w].dynamic || c->word[w].quoted) {
                verb |= pl_lint_word_in(s, kinds[k].verbs);
                continue;
            }
            struct pl_str v = l->o->source->version(l->o->source->arg, kinds[k].manager, s);
            if (v.n && !memchr(s.p, kinds[k].sep[0], s.n))
                pl_lint_edit_sh(l, h, PL_FIX_SUGGESTED, in, c->word[w].end, c->word[w].end,
                                pl_printf(l->a, "%s%.*s", kinds[k].sep, PL_FMT(v)));
        }
    }
}

const struct pl_mend pl_mend_package[] = {
    { PL_RULE_D501, versions },   { PL_RULE_D508, versions },      { PL_RULE_D512, versions },
    { PL_RULE_D518, versions },   { PL_RULE_D519, versions },      { PL_RULE_D521, versions },
    { PL_RULE_D522, versions },   { PL_RULE_D505, apt_get },       { PL_RULE_D506, join_update },
    { PL_RULE_D523, yarn_cache }, { PL_RULE_D608, wget_progress }, { PL_RULE_D309, log_init },
    { PL_RULE_COUNT, NULL },
};
