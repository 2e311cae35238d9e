/* Package managers of languages: pip, npm, gem, yarn, go. formats/dockerfile.md section 3. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "check/check.h"

static void tell(const struct pl_run_text *r, const char *code, const struct pl_sh_node *c)
{
    pl_lint_at_word(r->l, code, r->in, c->word[0].off, c->word[0].end);
}

/* --- pip --- */

static bool pip_command(const struct pl_sh_node *c)
{
    struct pl_str n = pl_sh_name(c);
    if (pl_str_starts(n, PL_S("pip")) && !pl_str_starts(n, PL_S("pipenv")))
        return pl_lint_any_arg(c, "install");
    if (!pl_str_starts(n, PL_S("python")))
        return false;
    for (size_t i = 1; i + 2 < c->n_word; i++)
        if (pl_str_is(c->word[i].simple, "-m") && pl_str_is(c->word[i + 1].simple, "pip"))
            return pl_lint_any_arg(c, "install");
    return false;
}

static bool vcs(struct pl_str s)
{
    static const char *const schemes[] = { "git+", "hg+", "svn+", "bzr+" };
    for (size_t i = 0; i < PL_COUNT(schemes); i++)
        if (pl_str_starts(s, pl_str_c(schemes[i])))
            return true;
    return false;
}

static bool pip_pinned(struct pl_str s)
{
    static const char *const ops[] = { "==", ">=", "<=", ">", "<", "!=", "~=", "===" };
    for (size_t i = 0; i < PL_COUNT(ops); i++)
        if (pl_lint_has(s, ops[i]))
            return true;
    if (vcs(s))
        return memchr(s.p, '@', s.n) != NULL;
    return (s.n && memchr(s.p, '/', s.n)) || pl_str_ends(s, PL_S(".whl")) ||
           pl_str_ends(s, PL_S(".tar.gz"));
}

static const struct pl_sh_word *pip_open(const struct pl_sh_node *c)
{
    static const char valued[] =
        "abi b build e editable extra-index-url f find-links i index-url implementation no-binary "
        "only-binary platform prefix progress-bar proxy python python-version root "
        "root-user-action src t target trusted-host upgrade-strategy";
    bool seen = false;
    if (pl_lint_any_arg(c, "-r --requirement . -c --constraint") || pl_sh_flag(c, "requirement") ||
        pl_sh_flag(c, "constraint") || pl_sh_flag(c, "r") || pl_sh_flag(c, "c"))
        return NULL;
    for (size_t i = 1; i < c->n_word; i++) {
        struct pl_str s = c->word[i].simple;
        if (!seen) {
            seen = pl_str_is(s, "install");
            continue;
        }
        if (pl_sh_is_flag(&c->word[i])) {
            struct pl_str name = pl_str_sub(s, s.p[1] == '-' ? 2 : 1, SIZE_MAX);
            i += pl_lint_word_in(name, valued);
            continue;
        }
        if (!pip_pinned(s))
            return &c->word[i];
    }
    return NULL;
}

static bool truthy(struct pl_str s)
{
    return pl_lint_word_in(pl_lint_unquote(s), "1 true True TRUE on On ON yes Yes YES");
}

static bool no_cache_env(const struct pl_run_text *r)
{
    size_t stage = r->in->stage, end = r->in->index;
    for (unsigned depth = 0; depth < 1000; depth++) {
        size_t first = stage == SIZE_MAX ? 0 : pl_lint_from(r->l, stage);
        for (size_t k = end; k-- > first;) {
            const struct pl_df_node *n = r->l->in[k].n;
            if (!pl_lint_work(r->l, 1 + n->n_args))
                return true;
            for (size_t i = 0; i + 1 < n->n_args && n->cmd == PL_DF_ENV; i += 3)
                if (pl_str_is(n->args[i].s, "PIP_NO_CACHE_DIR"))
                    return truthy(n->args[i + 1].s);
        }
        if (stage == SIZE_MAX || (stage = pl_lint_parent(r->l, stage)) == SIZE_MAX)
            return false;
        end = r->l->p->stages[stage].end;
    }
    return false;
}

static bool no_cache_text(const struct pl_run_text *r)
{
    static const char key[] = "PIP_NO_CACHE_DIR=";
    for (size_t i = 0; i < r->n; i++) {
        const struct pl_sh_node *c = r->cmd[i];
        for (size_t k = 0; k < c->n_assign; k++)
            if (pl_str_is(c->assign[k].name, "PIP_NO_CACHE_DIR") &&
                truthy(c->assign[k].value.simple))
                return true;
        for (size_t k = 1; k < c->n_word; k++)
            if (pl_lint_is(c, "export env") && pl_str_starts(c->word[k].simple, pl_str_c(key)) &&
                truthy(pl_str_sub(c->word[k].simple, sizeof key - 1, SIZE_MAX)))
                return true;
    }
    return false;
}

static void pip(const struct pl_run_text *r)
{
    bool open = false, cache = false;
    for (size_t i = 0; i < r->n; i++) {
        const struct pl_sh_node *c = r->cmd[i];
        if (!pip_command(c))
            continue;
        const struct pl_sh_word *w = pip_open(c);
        if (w && !open)
            pl_lint_at_word(r->l, "DL3013", r->in, w->off, w->end);
        open |= w != NULL;
        if (cache || pl_sh_flag(c, "no-cache-dir") || pl_str_starts(pl_sh_name(c), PL_S("pipx")))
            continue;
        if (no_cache_env(r) || no_cache_text(r) || pl_lint_cache_mount(r->l, r->in, ".cache/pip"))
            continue;
        struct pl_lint_hit *h =
            pl_lint_at_word(r->l, "DL3042", r->in, c->word[0].off, c->word[0].end);
        for (size_t k = 1; k < c->n_word && !h->n_edits; k++)
            if (pl_str_is(c->word[k].simple, "install"))
                pl_lint_edit_sh(r->l, h, PL_FIX_SAFE, r->in, c->word[k].end, c->word[k].end,
                                PL_S(" --no-cache-dir"));
        cache = true;
    }
}

/* --- npm --- */

static bool npm_pinned(struct pl_str s)
{
    size_t at = s.n && s.p[0] == '@' ? 1 : 0;
    bool git = pl_str_starts(s, PL_S("git://")) || pl_str_starts(s, PL_S("git+"));
    if (git)
        return memchr(s.p, '#', s.n) != NULL;
    if (pl_str_ends(s, PL_S(".tar")) || pl_str_ends(s, PL_S(".tar.gz")) ||
        pl_str_ends(s, PL_S(".tgz")))
        return true;
    if (pl_str_starts(s, PL_S("/")) || pl_str_starts(s, PL_S("./")) ||
        pl_str_starts(s, PL_S("../")) || pl_str_starts(s, PL_S("~/")))
        return true;
    return s.n > at && memchr(s.p + at, '@', s.n - at) != NULL;
}

static void npm(const struct pl_run_text *r)
{
    for (size_t i = 0; i < r->n; i++) {
        const struct pl_sh_node *c = r->cmd[i];
        bool install = false;
        if (!pl_lint_is(c, "npm"))
            continue;
        for (size_t k = 1; k < c->n_word; k++) {
            struct pl_str s = c->word[k].simple;
            if (pl_sh_is_flag(&c->word[k])) {
                k += pl_lint_word_in(s, "--loglevel --registry");
                continue;
            }
            if (!install) {
                install = pl_str_is(s, "install");
                if (!install)
                    break;
            } else if (!npm_pinned(s)) {
                pl_lint_at_word(r->l, "DL3016", r->in, c->word[k].off, c->word[k].end);
                return;
            }
        }
    }
}

/* --- gem, yarn, go --- */

static void gem(const struct pl_run_text *r)
{
    for (size_t i = 0; i < r->n; i++) {
        const struct pl_sh_node *c = r->cmd[i];
        if (!pl_lint_is(c, "gem") || !pl_lint_any_arg(c, "install i") || pl_sh_flag(c, "version") ||
            pl_sh_flag(c, "v"))
            continue;
        for (size_t k = 1; k < c->n_word; k++) {
            struct pl_str s = c->word[k].simple;
            if (pl_str_is(s, "--"))
                break;
            if (pl_sh_is_flag(&c->word[k])) {
                k += !memchr(s.p, '=', s.n);
                continue;
            }
            if (pl_lint_word_in(s, "install i") || memchr(s.p ? s.p : "", ':', s.n))
                continue;
            pl_lint_at_word(r->l, "DL3028", r->in, c->word[k].off, c->word[k].end);
            return;
        }
    }
}

static bool shipped(const struct pl_lint *l, size_t s)
{
    if (s == SIZE_MAX || s + 1 == l->p->n_stages)
        return true;
    for (size_t k = s + 1; k < l->p->n_stages; k++)
        if (pl_lint_parent(l, k) == s)
            return true;
    return false;
}

static void yarn(const struct pl_run_text *r)
{
    for (size_t i = 0; i < r->n; i++) {
        bool clean = false;
        if (!pl_lint_is(r->cmd[i], "yarn") || !pl_lint_any_arg(r->cmd[i], "install"))
            continue;
        for (size_t k = i + 1; k < r->n && pl_lint_work(r->l, 1); k++)
            clean |= pl_lint_is(r->cmd[k], "yarn") && pl_lint_any_arg(r->cmd[k], "cache") &&
                     pl_lint_any_arg(r->cmd[k], "clean");
        if (!clean && !pl_lint_cache_mount(r->l, r->in, ".cache/yarn") &&
            shipped(r->l, r->in->stage)) {
            tell(r, "DL3060", r->cmd[i]);
            return;
        }
    }
}

static bool go_open(struct pl_str s)
{
    if (pl_str_starts(s, PL_S("/")) || pl_str_starts(s, PL_S(".")))
        return false;
    return !(s.n && memchr(s.p, '@', s.n)) || pl_str_ends(s, PL_S("@latest")) ||
           pl_str_ends(s, PL_S("@none"));
}

static void go(const struct pl_run_text *r)
{
    for (size_t i = 0; i < r->n; i++) {
        const struct pl_sh_node *c = r->cmd[i];
        bool first_only = false, verb = false;
        if (!pl_lint_is(c, "go"))
            continue;
        for (size_t k = 1; k < c->n_word; k++) {
            struct pl_str s = c->word[k].simple;
            if (pl_sh_is_flag(&c->word[k]))
                continue;
            if (!verb) {
                verb = pl_lint_word_in(s, "install get run");
                first_only = pl_str_is(s, "run");
                if (!verb)
                    break;
                continue;
            }
            if (pl_str_is(s, "tool"))
                continue;
            if (go_open(s)) {
                pl_lint_at_word(r->l, "DL3062", r->in, c->word[k].off, c->word[k].end);
                return;
            }
            if (first_only)
                break;
        }
    }
}

static void run(struct pl_lint *l)
{
    for (size_t i = 0; i < l->n; i++) {
        const struct pl_lint_in *in = &l->in[i];
        if (!in->sh || in->sh->script.error.msg || !in->sh->posix)
            continue;
        struct pl_run_text r = { l, in, in->sh->script.cmds, in->sh->script.n_cmds };
        pip(&r);
        npm(&r);
        gem(&r);
        yarn(&r);
        go(&r);
    }
}

const struct pl_check pl_check_language = { "language", run };
