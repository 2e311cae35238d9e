/* Verification that was switched off, back on. formats/dockerfile.md section 9.1. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "check/mend.h"

/* Is there a bundle of CA certificates when instruction `i` runs? */
static bool has_bundle(struct pl_lint *l, size_t i)
{
    size_t s = l->in[i].stage;
    if (s == SIZE_MAX)
        return false;
    for (size_t k = 0; k <= i; k++)
        if (l->in[k].sh && l->in[k].stage == s &&
            pl_lint_has(l->in[k].sh->text.s, "ca-certificates"))
            return true;
    return pl_base_of(l, s).ca;
}

/* The package manager's command in the same RUN in front of `c` also installs the bundle. */
static void add_bundle(struct pl_lint *l, struct pl_lint_hit *h, const struct pl_lint_in *in,
                       uint32_t before)
{
    for (size_t i = 0; i < in->sh->script.n_cmds; i++) {
        const struct pl_sh_node *c = in->sh->script.cmds[i];
        if (c->off >= before || !pl_lint_is(c, "apt-get apt apk") ||
            !pl_lint_any_arg(c, "install add") || !c->n_word)
            continue;
        uint32_t end = c->word[c->n_word - 1].end;
        pl_lint_edit_sh(l, h, h->fix_class, in, end, end, PL_S(" ca-certificates"));
        return;
    }
}

/* A hit at a word of a command that the check itself left without edit: settings by command. */
static void by_command(struct pl_lint *l, struct pl_lint_hit *h)
{
    const struct pl_lint_in *in = pl_mend_in(l, h);
    const struct pl_sh_node *c = pl_mend_command(l, h);
    if (!c)
        return;
    enum pl_fix_class fix = has_bundle(l, in->index) ? PL_FIX_SAFE : PL_FIX_SUGGESTED;
    for (size_t i = 0; i < c->n_assign; i++) { /* NAME=0 command */
        struct pl_str name = c->assign[i].name;
        uint32_t from = i ? c->assign[i - 1].value.end : c->off;
        uint32_t to = i + 1 < c->n_assign ? c->assign[i].value.end
                      : c->n_word         ? c->word[0].off
                                          : c->assign[i].value.end;
        if (pl_df_src(&in->sh->text, c->off) != h->off ||
            !pl_lint_word_in(name, "PYTHONHTTPSVERIFY NODE_TLS_REJECT_UNAUTHORIZED "
                                   "NPM_CONFIG_STRICT_SSL npm_config_strict_ssl GIT_SSL_NO_VERIFY "
                                   "PIP_TRUSTED_HOST"))
            continue;
        if (!c->n_word && c->n_assign == 1)
            pl_mend_drop_command(l, h, fix, in, c);
        else
            pl_lint_edit_sh(l, h, fix, in, from, to, PL_S(""));
        return;
    }
    if (pl_lint_is(c, "export") && c->n_word == 2) {
        pl_mend_drop_command(l, h, fix, in, c);
        return;
    }
    if (pl_lint_is(c, "npm yarn pnpm git") &&
        (pl_lint_any_arg(c, "config") || pl_lint_any_arg(c, "set")) && c->n_word < 8 &&
        !pl_lint_any_arg(c, "install clone fetch ci")) {
        pl_mend_drop_command(l, h, fix, in, c);
        return;
    }
    for (size_t k = 1; k < c->n_word; k++) {
        struct pl_str s = c->word[k].simple;
        bool here = pl_df_src(&in->sh->text, c->word[k].off) == h->off;
        if (!here)
            continue;
        size_t from = k;
        if (pl_str_is(c->word[k - 1].simple, "-c") && pl_lint_is(c, "git"))
            from = k - 1; /* git -c http.sslVerify=false clone */
        else if (!pl_sh_is_flag(&c->word[k]) && !pl_lint_is(c, "echo"))
            return;
        if (pl_lint_is(c, "echo printf")) {
            if (c->n_word == 2)
                pl_mend_drop_command(l, h, PL_FIX_SUGGESTED, in, c);
            return;
        }
        bool value = pl_lint_word_in(s, "--strict-ssl --insecure-registry --extra-index-url") &&
                     k + 1 < c->n_word;
        if (pl_str_starts(s, PL_S("--extra-index-url")))
            return;
        pl_lint_edit_sh(l, h, fix, in, c->word[from - 1].end, c->word[k + value].end, PL_S(""));
        if (fix == PL_FIX_SUGGESTED)
            add_bundle(l, h, in, c->off);
        return;
    }
}

static void verification(struct pl_lint *l, struct pl_lint_hit *h)
{
    const struct pl_lint_in *in = pl_mend_in(l, h);
    if (!in)
        return;
    if (in->n->cmd != PL_DF_ENV && in->n->cmd != PL_DF_ARG) {
        by_command(l, h);
        return;
    }
    size_t step = in->n->cmd == PL_DF_ENV ? 3 : 1;
    for (size_t k = 0; k < in->n->n_args; k += step)
        if (pl_df_src(&in->n->text, in->n->args[k].at) == h->off) {
            pl_mend_drop_pair(l, h, pl_base_of(l, in->stage).ca ? PL_FIX_SAFE : PL_FIX_SUGGESTED,
                              h->node, k);
            return;
        }
}

/* A command may trust several hosts: the finding goes with the last. */
static void no_hosts(struct pl_lint *l, struct pl_lint_hit *h, const struct pl_lint_in *in,
                     const struct pl_sh_node *c, enum pl_fix_class fix)
{
    for (size_t k = 1; k < c->n_word; k++) {
        struct pl_str s = c->word[k].simple;
        bool alone = pl_str_is(s, "--trusted-host");
        if (!alone && !pl_str_starts(s, PL_S("--trusted-host=")))
            continue;
        size_t last = k + (alone && k + 1 < c->n_word);
        pl_lint_edit_sh(l, h, fix, in, c->word[k - 1].end, c->word[last].end, PL_S(""));
        k = last;
    }
}

/* The index that is asked anyway need not be an extra one. */
static void default_index(struct pl_lint *l, struct pl_lint_hit *h)
{
    const struct pl_lint_in *in = pl_mend_in(l, h);
    const struct pl_sh_node *c = pl_mend_command(l, h);
    if (!c || pl_sh_flag(c, "index-url") || pl_sh_flag(c, "i"))
        return;
    for (size_t k = 1; k < c->n_word; k++) {
        struct pl_str url = c->word[k].simple, name;
        bool here = pl_df_src(&in->sh->text, c->word[k].off) == h->off;
        pl_str_split(&url, '=', &name);
        if (!here || !pl_str_is(name, "--extra-index-url"))
            continue;
        size_t last = k + (!url.p && k + 1 < c->n_word);
        url = url.p ? url : c->word[last].simple;
        if (pl_lint_word_in(url, "https://pypi.org/simple https://pypi.org/simple/"))
            pl_lint_edit_sh(l, h, PL_FIX_SAFE, in, c->word[k - 1].end, c->word[last].end, PL_S(""));
        return;
    }
}

/* A flag that goes: safe where certificates can be checked, else with the bundle. */
static void flag_off(struct pl_lint *l, struct pl_lint_hit *h)
{
    const struct pl_lint_in *in = pl_mend_in(l, h);
    const struct pl_sh_node *c = pl_mend_command(l, h);
    for (size_t k = 1; c && k < c->n_word; k++) {
        struct pl_str s = c->word[k].simple;
        if (pl_df_src(&in->sh->text, c->word[k].off) != h->off || !pl_sh_is_flag(&c->word[k]))
            continue;
        enum pl_fix_class fix = has_bundle(l, in->index) ? PL_FIX_SAFE : PL_FIX_SUGGESTED;
        bool apt = pl_lint_is(c, "apt-get apt aptitude");
        if (pl_str_starts(s, PL_S("--trusted-host"))) {
            no_hosts(l, h, in, c, fix);
            return;
        }
        if (apt || pl_lint_is(c, "apk yum dnf tdnf microdnf rpm"))
            fix = PL_FIX_SUGGESTED;     /* the repository's key may be missing */
        if (s.n > 2 && s.p[1] != '-') { /* a bundle of letters: -fsSkL */
            char *p = pl_alloc(l->a, s.n);
            size_t n = 0;
            for (size_t i = 0; i < s.n; i++)
                if (s.p[i] != 'k')
                    p[n++] = s.p[i];
            if (!c->word[k].quoted && !c->word[k].dynamic && pl_lint_is(c, "curl"))
                pl_lint_edit_sh(l, h, fix, in, c->word[k].off, c->word[k].end, pl_str_n(p, n));
        } else {
            pl_lint_edit_sh(l, h, fix, in, c->word[k - 1].end, c->word[k].end, PL_S(""));
        }
        if (fix == PL_FIX_SUGGESTED && !apt && pl_lint_is(c, "curl wget git"))
            add_bundle(l, h, in, c->off);
        return;
    }
    verification(l, h);
}

const struct pl_mend pl_mend_verify[] = {
    { PL_RULE_D406, flag_off },     { PL_RULE_D407, flag_off },      { PL_RULE_D408, flag_off },
    { PL_RULE_D409, verification }, { PL_RULE_D410, verification },  { PL_RULE_D411, verification },
    { PL_RULE_D412, verification }, { PL_RULE_D413, flag_off },      { PL_RULE_D414, flag_off },
    { PL_RULE_D415, flag_off },     { PL_RULE_D416, default_index }, { PL_RULE_D417, verification },
    { PL_RULE_COUNT, NULL },
};
