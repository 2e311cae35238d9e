/* BuildKit's own checks. formats/dockerfile.md section 5. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>

#include "check/check.h"
#include "check/ignore.h"

static bool all_case(struct pl_str s, bool upper)
{
    for (size_t i = 0; i < s.n; i++)
        if (upper ? islower((unsigned char)s.p[i]) : isupper((unsigned char)s.p[i]))
            return false;
    return true;
}

static bool described(const struct pl_df_node *n, struct pl_str word)
{
    if (n->cmd == PL_DF_FROM) {
        struct pl_str s = n->args[2].s;
        return pl_str_ieq(s, word) && all_case(word, false);
    }
    for (size_t i = 0; i < n->n_args; i++) {
        struct pl_str v = n->args[i].s, key;
        pl_str_split(&v, '=', &key);
        if (pl_str_eq(key, word))
            return true;
    }
    return false;
}

static void description(struct pl_lint *l, size_t i, const struct pl_df_node *n)
{
    if (!n->n_comments || (n->cmd == PL_DF_FROM && n->n_args < 3))
        return;
    struct pl_str rest = n->comments[n->n_comments - 1], word;
    pl_str_split(&rest, ' ', &word);
    if (!described(n, word))
        pl_lint_at_node(l, "InvalidDefinitionDescription", i);
}

/* What BuildKit says while it reads the instructions. */
static void reading(struct pl_lint *l)
{
    for (size_t i = 0; i < l->n; i++) {
        const struct pl_lint_in *in = &l->in[i];
        const struct pl_df_node *n = in->top;
        bool reached = pl_df_plan_reached(l->p, PL_DF_PHASE_READ, i);
        if (n->empty_continuation) {
            if (pl_df_plan_reached(l->p, PL_DF_PHASE_READ, 0)) {
                struct pl_lint_hit *h = pl_lint_at_node(l, "NoEmptyContinuation", i);
                h->code_line[h->n_codes - 1] = n->end_line;
            } else {
                pl_lint_rule(l, PL_RULE_D004, i, n->off, n->off + (uint32_t)n->word.n);
            }
        }
        if (!reached || n->error)
            continue;
        if (n->cmd == PL_DF_MAINTAINER) {
            struct pl_lint_hit *h = pl_lint_at_node(l, "MaintainerDeprecated", i);
            struct pl_str v = n->n_args ? pl_lint_unquote(n->args[0].s) : PL_S("");
            bool plain = v.n && !memchr(v.p, '"', v.n) && !memchr(v.p, '$', v.n) &&
                         !memchr(v.p, '\\', v.n) && n->text.n_seg == 1;
            if (plain)
                pl_lint_edit(l, h, PL_FIX_SAFE, n->off, n->end,
                             pl_printf(l->a, "%s org.opencontainers.image.authors=\"%.*s\"",
                                       all_case(n->word, true) ? "LABEL" : "label", PL_FMT(v)));
        }
        if (n->cmd == PL_DF_ARG && !pl_df_refused(l->a, n))
            description(l, i, n);
        if (n->cmd != PL_DF_FROM)
            continue;
        if (n->n_args == 3 && !all_case(n->args[2].s, false))
            pl_lint_at_arg(l, "StageNameCasing", in, &n->args[2]);
        if (n->n_args >= 3 && (all_case(n->word, true) || all_case(n->word, false)) &&
            !all_case(n->args[1].s, all_case(n->word, true))) {
            struct pl_lint_hit *h = pl_lint_at_arg(l, "FromAsCasing", in, &n->args[1]);
            pl_lint_edit(l, h, PL_FIX_SAFE, h->off, h->end,
                         all_case(n->word, true) ? PL_S("AS") : PL_S("as"));
        }
        if (!pl_df_refused(l->a, n))
            description(l, i, n);
    }
}

static void casing(struct pl_lint *l)
{
    size_t low = 0, up = 0;
    for (size_t i = 0; i < l->n; i++) {
        if (l->in[i].stage == SIZE_MAX)
            continue;
        struct pl_str w = l->in[i].top->word;
        if (all_case(w, false))
            low++;
        else if (all_case(w, true))
            up++;
    }
    for (size_t i = 0; i < l->n; i++)
        if (l->in[i].stage != SIZE_MAX && !all_case(l->in[i].top->word, low <= up)) {
            struct pl_lint_hit *h = pl_lint_at_node(l, "ConsistentInstructionCasing", i);
            struct pl_str w = l->in[i].top->word;
            char *p = pl_alloc(l->a, w.n + 1);
            for (size_t k = 0; k < w.n; k++)
                p[k] = (char)(low <= up ? toupper((unsigned char)w.p[k])
                                        : tolower((unsigned char)w.p[k]));
            pl_lint_edit(l, h, PL_FIX_SAFE, h->off, h->end, pl_str_n(p, w.n));
        }
}

static void stage_names(struct pl_lint *l)
{
    for (size_t s = 0; s < l->p->n_stages; s++) {
        struct pl_str name = l->p->stages[s].lower;
        const struct pl_lint_in *in = &l->in[pl_lint_from(l, s)];
        if (!name.n)
            continue;
        if (pl_str_is(name, "scratch") || pl_str_is(name, "context"))
            pl_lint_at_arg(l, "ReservedStageName", in, &in->n->args[2]);
        if (pl_df_plan_find(l->p, name, s) != SIZE_MAX)
            pl_lint_at_arg(l, "DuplicateStageName", in, &in->n->args[2]);
    }
}

static bool secret_part(struct pl_arena *a, struct pl_str name)
{
    struct pl_str rest = pl_lint_lower(a, name), part;
    bool secret = false;
    while (pl_str_split(&rest, '_', &part)) {
        if (pl_lint_word_in(part, "public file version"))
            return false;
        secret |= pl_lint_word_in(part, "apikey auth credential credentials key password pword "
                                        "passwd secret token");
    }
    return secret;
}

/* key value -> key=value, or key="value" where blanks stand in it; only when it means the same. */
static void legacy(struct pl_lint *l, const struct pl_lint_in *in, struct pl_lint_hit *h)
{
    const struct pl_df_node *n = in->top;
    struct pl_str v = n->args[1].s;
    bool blank = false, quote = false;
    for (size_t i = 0; i < v.n; i++) {
        blank |= strchr(" \t", v.p[i]) != NULL;
        quote |= strchr("\"'\\`", v.p[i]) != NULL;
    }
    if (quote || !v.n || memchr(n->args[0].s.p, '$', n->args[0].s.n))
        return;
    uint32_t from = pl_df_src(&n->text, n->args[0].end - 1) + 1;
    uint32_t at = pl_df_src(&n->text, n->args[1].at);
    uint32_t end = pl_df_src(&n->text, n->args[1].end - 1) + 1;
    if (end - at != n->args[1].end - n->args[1].at) /* goes over a continuation */
        return;
    pl_lint_edit(l, h, PL_FIX_SAFE, from, at, blank ? PL_S("=\"") : PL_S("="));
    if (blank)
        pl_lint_edit(l, h, PL_FIX_SAFE, end, end, PL_S("\""));
}

static void settings(struct pl_lint *l)
{
    for (size_t i = 0; i < l->n; i++) {
        const struct pl_lint_in *in = &l->in[i];
        const struct pl_df_node *n = in->top;
        bool pairs = n->cmd == PL_DF_ENV || n->cmd == PL_DF_LABEL;
        if ((!pairs && n->cmd != PL_DF_ARG) || n->error || in->stage == SIZE_MAX ||
            !pl_df_plan_reached(l->p, PL_DF_PHASE_DISPATCH, i))
            continue;
        if (pairs && n->n_args >= 3 && !n->args[2].s.n)
            legacy(l, in, pl_lint_at_node(l, "LegacyKeyValueFormat", i));
        for (size_t k = 0; k < n->n_args && n->cmd != PL_DF_LABEL; k += pairs ? 3 : 1) {
            struct pl_str v = n->args[k].s, key;
            pl_str_split(&v, '=', &key);
            if (secret_part(l->a, key))
                pl_lint_at_arg(l, "SecretsUsedInArgOrEnv", in, &n->args[k]);
        }
    }
}

static const struct {
    const char *code;
    enum pl_df_phase phase;
} events[] = {
    [PL_DF_EV_UNDEFINED_VAR] = { "UndefinedVar", PL_DF_PHASE_DISPATCH },
    [PL_DF_EV_UNDEFINED_FROM_ARG] = { "UndefinedArgInFrom", PL_DF_PHASE_BASES },
    [PL_DF_EV_INVALID_DEFAULT] = { "InvalidDefaultArgInFrom", PL_DF_PHASE_BASES },
    [PL_DF_EV_REDUNDANT_PLATFORM] = { "RedundantTargetPlatform", PL_DF_PHASE_BASES },
    [PL_DF_EV_CONST_PLATFORM] = { "FromPlatformFlagConstDisallowed", PL_DF_PHASE_BASES },
    [PL_DF_EV_EXPOSE_CASE] = { "ExposeProtoCasing", PL_DF_PHASE_DISPATCH },
    [PL_DF_EV_EXPOSE_FORM] = { "ExposeInvalidFormat", PL_DF_PHASE_DISPATCH },
    [PL_DF_EV_RELATIVE_WORKDIR] = { "WorkdirRelativePath", PL_DF_PHASE_DISPATCH },
    [PL_DF_EV_SHELL_FORM] = { "JSONArgsRecommended", PL_DF_PHASE_DISPATCH },
    [PL_DF_EV_OVERRIDDEN] = { "MultipleInstructionsDisallowed", PL_DF_PHASE_DISPATCH },
};

static void planned(struct pl_lint *l)
{
    for (size_t i = 0; i < l->p->events.n; i++) {
        const struct pl_df_event *e = &l->p->events.p[i];
        const struct pl_df_node *n = l->in[e->node].top;
        /* the check of defaults looks at all bases before the first can be refused */
        size_t at = e->kind == PL_DF_EV_INVALID_DEFAULT ? 0 : e->node;
        if (!pl_df_plan_reached(l->p, events[e->kind].phase, at))
            continue;
        uint32_t off = n->off, end = off + (uint32_t)n->word.n;
        const char *code = events[e->kind].code;
        struct pl_lint_hit *h;
        if (e->kind == PL_DF_EV_OVERRIDDEN && n->cmd != PL_DF_CMD)
            h = pl_lint_code_as(l, code, n->cmd == PL_DF_ENTRYPOINT ? PL_RULE_D703 : PL_RULE_D704,
                                e->node, off, end);
        else
            h = pl_lint_code(l, code, e->node, off, end);
        h->detail = e->name;
    }
}

static void run(struct pl_lint *l)
{
    reading(l);
    if (pl_df_plan_reached(l->p, PL_DF_PHASE_BASES, 0)) {
        stage_names(l);
        casing(l);
    }
    settings(l);
    planned(l);
}

const struct pl_check pl_check_buildkit = { "buildkit", run };
