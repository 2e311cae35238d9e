/* Secrets out of ARG, ENV and COPY, into mounts of the RUNs that need them.
 * formats/dockerfile.md section 9.1. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "check/mend.h"

/* Does the file's frontend know secrets as variables (1.10 and later)? */
static bool knows_env(const struct pl_lint *l)
{
    for (size_t i = 0; i < l->f->n_directives; i++) {
        struct pl_str v = l->f->directives[i].value;
        size_t at = pl_str_find(v, PL_S("docker/dockerfile:1."), 0);
        uint64_t minor = 0;
        if (!pl_str_is(l->f->directives[i].name, "syntax") || at == SIZE_MAX)
            continue;
        for (size_t k = at + 20; k < v.n && (unsigned)(v.p[k] - '0') < 10 && minor < 1000; k++)
            minor = minor * 10 + (unsigned)(v.p[k] - '0');
        return minor >= 10;
    }
    return true;
}

/* Is stage `s` that of the setting, or does it start from it? */
static bool sees(const struct pl_lint *l, size_t s, size_t of)
{
    for (unsigned k = 0; s != SIZE_MAX && k < 1000; k++) {
        if (s == of)
            return true;
        s = l->p->stages[s].base;
    }
    return false;
}

struct users {
    size_t *p, n;
    bool refused; /* something that cannot be given a mount reads it */
};

static struct users find_users(struct pl_lint *l, size_t node, size_t k, struct pl_str name)
{
    struct users u = { pl_alloc_n(l->a, l->n + 1, sizeof *u.p), 0, false };
    size_t stage = l->in[node].stage;
    bool env = l->in[node].n->cmd == PL_DF_ENV;
    for (size_t i = node; i < l->n && !u.refused; i++) {
        const struct pl_lint_in *in = &l->in[i];
        if (!pl_lint_work(l, 1 + in->n->text.s.n / 16))
            u.refused = true;
        bool here = stage == SIZE_MAX || in->stage == stage || (env && sees(l, in->stage, stage));
        if (!here)
            continue;
        if (i == node) { /* other pairs of the same instruction */
            size_t step = env ? 3 : 1;
            for (size_t a = 0; a < in->n->n_args; a += step)
                u.refused |= a != k && pl_mend_refers(in->n->args[a + (env ? 1 : 0)].s, name);
            continue;
        }
        bool reads =
            pl_mend_refers(in->n->text.s, name) || (in->sh && pl_mend_refers(in->sh->text.s, name));
        if (in->n->cmd == PL_DF_RUN && !in->onbuild && reads)
            u.p[u.n++] = i;
        else if (reads)
            u.refused = true;
        if (in->stage != stage && reads)
            u.refused = true; /* a later stage inherits it */
    }
    return u;
}

static bool mounted(struct pl_lint *l, const struct pl_df_node *n, struct pl_str name)
{
    struct pl_df_mount m;
    for (size_t i = 0; i < n->n_flags; i++)
        if (pl_df_mount(l->a, n, i, &m) && pl_str_eq(m.env, name))
            return true;
    return false;
}

static bool plain_name(struct pl_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!((unsigned)((s.p[i] | 0x20) - 'a') < 26 || (unsigned)(s.p[i] - '0') < 10 ||
              s.p[i] == '_'))
            return false;
    return s.n > 0;
}

static void setting(struct pl_lint *l, struct pl_lint_hit *h)
{
    const struct pl_lint_in *in = pl_mend_in(l, h);
    if (!in || (in->n->cmd != PL_DF_ENV && in->n->cmd != PL_DF_ARG) || !knows_env(l))
        return;
    const struct pl_df_node *n = in->n;
    size_t step = n->cmd == PL_DF_ENV ? 3 : 1, k = 0;
    while (k < n->n_args && pl_df_src(&n->text, n->args[k].at) != h->off)
        k += step;
    if (k >= n->n_args)
        return;
    struct pl_str v = n->args[k].s, name;
    pl_str_split(&v, '=', &name);
    if (!plain_name(name))
        return;
    struct users u = find_users(l, h->node, k, name);
    struct pl_str id = pl_lint_lower(l->a, name);
    enum pl_fix_class c = u.n || in->stage == SIZE_MAX ? PL_FIX_SUGGESTED : PL_FIX_UNSAFE;
    bool declared = in->stage == SIZE_MAX; /* the stage's own ARG is mended by itself */
    if (u.refused || !pl_mend_drop_pair(l, h, c, h->node, k))
        return;
    for (size_t i = 0; i < u.n && !declared; i++)
        if (!mounted(l, l->in[u.p[i]].n, name))
            pl_mend_flag(l, h, c, u.p[i],
                         pl_printf(l->a, "--mount=type=secret,id=%.*s,env=%.*s,required=true",
                                   PL_FMT(id), PL_FMT(name)));
    if (u.n)
        h->advice =
            pl_printf(l->a, "build with --secret id=%.*s,env=%.*s", PL_FMT(id), PL_FMT(name));
    else
        h->advice =
            pl_printf(l->a, "give %.*s when the container runs, if it is needed", PL_FMT(name));
}

/* --- files --- */

/* Credential files and the programs that read them. */
static const struct {
    const char *file, *programs;
} readers[] = {
    { ".npmrc", "npm npx yarn pnpm" },
    { ".yarnrc", "yarn" },
    { ".netrc", "curl git go pip pip3 wget poetry uv" },
    { ".pypirc", "pip pip3 twine python python3 poetry" },
    { "pip.conf", "pip pip3 python python3" },
    { ".git-credentials", "git go pip pip3 npm composer bundle cargo" },
    { "auth.json", "composer" },
    { "id_rsa", "git go pip pip3 npm yarn composer bundle ssh scp cargo" },
    { "id_ed25519", "git go pip pip3 npm yarn composer bundle ssh scp cargo" },
};

static bool runs_one_of(const struct pl_lint_in *in, const char *programs)
{
    for (size_t i = 0; in->sh && i < in->sh->script.n_cmds; i++)
        if (pl_lint_is(in->sh->script.cmds[i], programs))
            return true;
    return false;
}

/* Commands that remove the file: they would fail on a mount. */
static bool drop_removals(struct pl_lint *l, struct pl_lint_hit *h, const struct pl_lint_in *in,
                          struct pl_str base)
{
    for (size_t i = 0; in->sh && i < in->sh->script.n_cmds; i++) {
        const struct pl_sh_node *c = in->sh->script.cmds[i];
        size_t files = 0, ours = 0;
        if (!pl_lint_is(c, "rm unlink shred chmod chown"))
            continue;
        for (size_t k = 1; k < c->n_word; k++) {
            files += !pl_sh_is_flag(&c->word[k]);
            ours += pl_str_eq(pl_lint_base(c->word[k].simple), base);
        }
        bool mode = pl_lint_is(c, "chmod chown"); /* its first word is the mode */
        if (ours && (files != ours + mode || !pl_mend_drop_command(l, h, PL_FIX_SUGGESTED, in, c)))
            return false;
    }
    return true;
}

static void forget(struct pl_lint_hit *h)
{
    h->n_edits = 0;
    h->fix_class = PL_FIX_NONE;
}

/* Where the copy puts the file; empty when not known. */
static struct pl_str target_of(struct pl_lint *l, const struct pl_df_node *n, size_t index,
                               struct pl_str base)
{
    struct pl_str t = pl_lint_unquote(n->args[n->n_args - 1].s);
    bool dir = pl_str_ends(t, PL_S("/")) || pl_str_is(t, ".") || pl_str_ends(t, PL_S("/."));
    while (pl_str_starts(t, PL_S("./")))
        t = pl_str_sub(t, 2, SIZE_MAX);
    if (!t.n && dir)
        t = PL_S(".");
    if (!t.n || memchr(t.p, '$', t.n) || pl_lint_has(t, "..") || (t.p[0] == '~'))
        return PL_S("");
    if (t.p[0] != '/') {
        struct pl_str cwd = pl_mend_workdir(l, index);
        if (!cwd.n)
            return PL_S("");
        if (pl_str_is(t, "."))
            t = cwd;
        else
            t = pl_printf(l->a, "%.*s/%.*s", PL_FMT(cwd), PL_FMT(t));
    }
    while (t.n > 1 && t.p[t.n - 1] == '/')
        t.n--;
    return dir ? pl_printf(l->a, "%.*s/%.*s", pl_str_is(t, "/") ? 0 : (int)t.n, t.p, PL_FMT(base))
               : t;
}

static void copied(struct pl_lint *l, struct pl_lint_hit *h)
{
    const struct pl_lint_in *in = pl_mend_in(l, h);
    if (!in || in->n->cmd != PL_DF_COPY || in->n->json || in->n->n_args < 2 ||
        pl_df_flag(in->n, "from", NULL).p)
        return;
    const struct pl_df_node *n = in->n;
    size_t k = 0, r = 0, given = 0;
    while (k + 1 < n->n_args && pl_df_src(&n->text, n->args[k].at) != h->off)
        k++;
    struct pl_str base = pl_lint_base(pl_lint_unquote(n->args[k].s));
    while (r < PL_COUNT(readers) && !pl_str_is(base, readers[r].file))
        r++;
    if (k + 1 >= n->n_args || r == PL_COUNT(readers))
        return;
    struct pl_str target = target_of(l, n, h->node, base), id = base;
    while (id.n && id.p[0] == '.')
        id = pl_str_sub(id, 1, SIZE_MAX);
    if (!target.n)
        return;
    if (n->n_args == 2) {
        if (!pl_mend_drop(l, h, PL_FIX_SUGGESTED, h->node))
            return;
    } else {
        pl_lint_edit(l, h, PL_FIX_SUGGESTED, pl_df_src(&n->text, n->args[k].at),
                     pl_df_src(&n->text, n->args[k + 1].at), PL_S(""));
    }
    for (size_t i = h->node + 1; i < l->n && pl_lint_work(l, 20); i++) {
        const struct pl_lint_in *u = &l->in[i];
        if (!sees(l, u->stage, in->stage) || u->n->cmd != PL_DF_RUN || u->onbuild)
            continue;
        bool reads = runs_one_of(u, readers[r].programs);
        if (!drop_removals(l, h, u, base)) {
            forget(h);
            return;
        }
        if (!reads)
            continue;
        pl_mend_flag(l, h, PL_FIX_SUGGESTED, i,
                     pl_printf(l->a, "--mount=type=secret,id=%.*s,target=%.*s,required=true",
                               PL_FMT(id), PL_FMT(target)));
        given++;
    }
    if (!given) {
        forget(h);
        return;
    }
    h->advice =
        pl_printf(l->a, "build with --secret id=%.*s,src=%.*s and add %.*s to .dockerignore",
                  PL_FMT(id), PL_FMT(base), PL_FMT(base));
}

const struct pl_mend pl_mend_secret[] = {
    { PL_RULE_D201, setting },
    { PL_RULE_D202, copied },
    { PL_RULE_COUNT, NULL },
};
