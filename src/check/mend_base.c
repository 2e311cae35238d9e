/* Repairs of FROM: digests, platforms, names of stages. formats/dockerfile.md sections 9.1, 9.3. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "check/mend.h"

static bool plain(struct pl_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (strchr("$\"'\\ `@", s.p[i]))
            return false;
    return s.n > 0;
}

/* Does anything but the base of stage `s` look at the ARG `name`? */
static bool used_elsewhere(struct pl_lint *l, size_t s, struct pl_str name)
{
    for (size_t i = 0; i < l->n; i++) {
        const struct pl_df_node *n = l->in[i].n;
        if (!pl_lint_work(l, 1 + n->text.s.n / 16))
            return true;
        if (i == pl_lint_from(l, s))
            continue;
        if (pl_mend_refers(n->text.s, name))
            return true;
        for (size_t k = 0; k < n->n_args && n->cmd == PL_DF_ARG && l->in[i].stage != SIZE_MAX;
             k++) {
            struct pl_str v = n->args[k].s, key;
            pl_str_split(&v, '=', &key);
            if (pl_str_eq(key, name))
                return true;
        }
    }
    return false;
}

/* The variable that a base's text ends with; empty when it ends with something else. */
static struct pl_str last_variable(struct pl_str s)
{
    size_t end = s.n, at;
    bool brace = end && s.p[end - 1] == '}';
    end -= brace;
    for (at = end; at > 0; at--) {
        char c = s.p[at - 1];
        if (!((unsigned)((c | 0x20) - 'a') < 26 || (unsigned)(c - '0') < 10 || c == '_'))
            break;
    }
    bool fine =
        brace ? at > 1 && s.p[at - 1] == '{' && s.p[at - 2] == '$' : at > 0 && s.p[at - 1] == '$';
    return fine && at < end ? pl_str_sub(s, at, end - at) : PL_S("");
}

/* The tag comes from an ARG: its default takes the digest. */
static void pin_argument(struct pl_lint *l, struct pl_lint_hit *h, size_t s, struct pl_str digest)
{
    struct pl_str name = last_variable(l->f->nodes[h->node].args[0].s);
    if (!name.n || used_elsewhere(l, s, name))
        return;
    for (size_t i = pl_lint_from(l, 0); i-- > 0;) {
        const struct pl_df_node *n = l->in[i].top;
        for (size_t k = 0; k < n->n_args && n->cmd == PL_DF_ARG; k++) {
            struct pl_str v = n->args[k].s, key;
            pl_str_split(&v, '=', &key);
            if (!pl_str_eq(key, name) || !v.p || !v.n)
                continue;
            bool quote = v.p[v.n - 1] == '"' || v.p[v.n - 1] == '\'';
            if (memchr(v.p, '$', v.n))
                return;
            uint32_t at = pl_df_src(&n->text, n->args[k].end - 1) + (quote ? 0 : 1);
            pl_lint_edit(l, h, PL_FIX_SUGGESTED, at, at, pl_printf(l->a, "@%.*s", PL_FMT(digest)));
            return;
        }
    }
}

static void pin(struct pl_lint *l, struct pl_lint_hit *h)
{
    const struct pl_lint_in *in = pl_mend_in(l, h);
    if (!l->o->source || !l->o->source->digest || !in || in->n->cmd != PL_DF_FROM ||
        in->stage == SIZE_MAX)
        return;
    const struct pl_df_stage *st = &l->p->stages[in->stage];
    struct pl_str text = in->n->args[0].s, image = pl_lint_unquote(st->image_default);
    if (!plain(image) || st->base != SIZE_MAX)
        return;
    struct pl_df_ref r = pl_df_ref_split(image);
    if (!r.tag.n)
        image = pl_printf(l->a, "%.*s:latest", PL_FMT(image));
    struct pl_str digest = l->o->source->digest(l->o->source->arg, image);
    if (!digest.n)
        return;
    if (!pl_str_eq(text, pl_lint_unquote(st->image_default))) {
        if (r.tag.n)
            pin_argument(l, h, in->stage, digest);
        return;
    }
    uint32_t at = pl_df_src(&in->n->text, in->n->args[0].end - 1) + 1;
    pl_lint_edit(l, h, PL_FIX_SUGGESTED, at, at,
                 pl_printf(l->a, "%s@%.*s", r.tag.n ? "" : ":latest", PL_FMT(digest)));
}

/* The flag that asks for what is the default. */
static void platform(struct pl_lint *l, struct pl_lint_hit *h)
{
    const struct pl_lint_in *in = pl_mend_in(l, h);
    const struct pl_df_arg *arg;
    if (!in || in->n->cmd != PL_DF_FROM || !pl_df_flag(in->n, "platform", &arg).n ||
        in->n->n_flags != 1 || in->n->args_at <= arg->at)
        return;
    pl_lint_edit(l, h, PL_FIX_SAFE, pl_df_src(&in->n->text, arg->at),
                 pl_df_src(&in->n->text, in->n->args_at), PL_S(""));
}

static void lower_at(struct pl_lint *l, struct pl_lint_hit *h, const struct pl_df_node *n,
                     uint32_t at, struct pl_str name)
{
    uint32_t off = pl_df_src(&n->text, at);
    struct pl_str low = pl_lint_lower(l->a, name);
    if (pl_str_eq(pl_str_sub(l->f->src, off, name.n), name) && !pl_str_eq(low, name))
        pl_lint_edit(l, h, PL_FIX_SAFE, off, off + (uint32_t)name.n, low);
}

/* The name of a stage in lower case, and wherever it is meant. */
static void stage_name(struct pl_lint *l, struct pl_lint_hit *h)
{
    const struct pl_lint_in *in = pl_mend_in(l, h);
    if (!in || in->n->cmd != PL_DF_FROM || in->n->n_args < 3)
        return;
    struct pl_str name = in->n->args[2].s;
    lower_at(l, h, in->n, in->n->args[2].at, name);
    for (size_t i = h->node + 1; i < l->n && pl_lint_work(l, 1); i++) {
        const struct pl_df_node *n = l->in[i].n;
        if (n->cmd == PL_DF_FROM && n->n_args && pl_str_ieq(n->args[0].s, name))
            lower_at(l, h, n, n->args[0].at, n->args[0].s);
        for (size_t k = 0; k < n->n_flags; k++) {
            struct pl_str f = n->flags[k].s;
            struct pl_df_mount m;
            if (n->cmd == PL_DF_COPY && pl_str_starts(f, PL_S("--from=")) &&
                pl_str_ieq(pl_str_sub(f, 7, SIZE_MAX), name))
                lower_at(l, h, n, n->flags[k].at + 7, pl_str_sub(f, 7, SIZE_MAX));
            if (n->cmd != PL_DF_RUN || !pl_df_mount(l->a, n, k, &m) || !pl_str_ieq(m.from, name))
                continue;
            size_t at = pl_str_find(f, pl_printf(l->a, "from=%.*s", PL_FMT(m.from)), 0);
            if (at != SIZE_MAX)
                lower_at(l, h, n, n->flags[k].at + (uint32_t)at + 5, m.from);
        }
    }
}

const struct pl_mend pl_mend_base[] = {
    { PL_RULE_D101, pin },      { PL_RULE_D102, pin },        { PL_RULE_D103, pin },
    { PL_RULE_D107, platform }, { PL_RULE_D803, stage_name }, { PL_RULE_COUNT, NULL },
};
