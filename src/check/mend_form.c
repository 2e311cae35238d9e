/* Repairs of form: empty lines, what is overridden, JSON, paths, protocols.
 * formats/dockerfile.md section 9.3. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>

#include "base/cleanup.h"
#include "check/mend.h"

static void empty_lines(struct pl_lint *l, struct pl_lint_hit *h)
{
    const struct pl_df_node *n = &l->f->nodes[h->node];
    uint32_t last = n->end_line;
    if (n->error)
        return;
    if (n->n_heredocs) { /* a body is not to be touched */
        uint32_t col;
        pl_df_place(l->f, n->heredocs[0].src, &last, &col);
        last--;
    }
    for (uint32_t i = n->line + 1; i < last; i++)
        if (!pl_str_trim(pl_df_line(l->f, i)).n)
            pl_lint_edit(l, h, PL_FIX_SAFE, l->f->line_off[i - 1], l->f->line_off[i], PL_S(""));
}

static void protocol(struct pl_lint *l, struct pl_lint_hit *h)
{
    const struct pl_lint_in *in = pl_mend_in(l, h);
    for (size_t k = 0; in && k < in->n->n_args && in->n->cmd == PL_DF_EXPOSE; k++) {
        struct pl_str s = in->n->args[k].s;
        const char *slash = s.n ? memchr(s.p, '/', s.n) : NULL;
        if (!slash || memchr(s.p, '$', s.n) || memchr(s.p, '"', s.n))
            continue;
        struct pl_str proto = pl_str_sub(s, (size_t)(slash - s.p) + 1, SIZE_MAX);
        struct pl_str low = pl_lint_lower(l->a, proto);
        uint32_t at = pl_df_src(&in->n->text, in->n->args[k].at) + (uint32_t)(slash - s.p) + 1;
        if (!pl_str_eq(low, proto))
            pl_lint_edit(l, h, PL_FIX_SAFE, at, at + (uint32_t)proto.n, low);
    }
}

static void slash(struct pl_lint *l, struct pl_lint_hit *h)
{
    const struct pl_lint_in *in = pl_mend_in(l, h);
    if (!in || in->n->n_args < 3)
        return;
    const struct pl_df_arg *t = &in->n->args[in->n->n_args - 1];
    uint32_t end = pl_df_src(&in->n->text, t->end - 1) + 1;
    bool quote = l->f->src.p[end - 1] == '"' || l->f->src.p[end - 1] == '\'';
    pl_lint_edit(l, h, PL_FIX_SAFE, end - quote, end - quote, PL_S("/"));
}

/* Of several instructions of a kind all but the last one go. */
static void overridden(struct pl_lint *l, struct pl_lint_hit *h)
{
    const struct pl_lint_in *in = pl_mend_in(l, h);
    if (!in || in->stage == SIZE_MAX)
        return;
    size_t first = pl_lint_from(l, in->stage) + 1, end = l->p->stages[in->stage].end;
    size_t before = SIZE_MAX, after = SIZE_MAX;
    for (size_t i = first; i < end; i++) {
        if (l->in[i].top->cmd != in->top->cmd)
            continue;
        if (i < h->node)
            before = i;
        if (i > h->node && after == SIZE_MAX)
            after = i;
    }
    size_t gone = after != SIZE_MAX ? h->node : before;
    if (gone != SIZE_MAX && !l->in[gone].top->error)
        pl_mend_drop(l, h, PL_FIX_SAFE, gone);
}

/* --- the JSON form --- */

static void put_json(struct pl_buf *b, struct pl_str s)
{
    pl_buf_putc(b, '"');
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '"' || s.p[i] == '\\')
            pl_buf_putc(b, '\\');
        pl_buf_putc(b, s.p[i]);
    }
    pl_buf_putc(b, '"');
}

static bool other_in_stage(const struct pl_lint *l, size_t s, enum pl_df_cmd cmd)
{
    for (size_t i = pl_lint_from(l, s) + 1; i < l->p->stages[s].end; i++)
        if (l->in[i].top->cmd == cmd)
            return true;
    return false;
}

/* Words of one command without anything for a shell to do; false when there is. */
static bool plain_words(struct pl_lint *l, struct pl_str text, struct pl_buf *out)
{
    static const char builtins[] = "cd exec export source . set eval test [ [[ if for while case "
                                   "until { ! ulimit umask trap wait unset read alias type";
    struct pl_sh_script s;
    pl_sh_parse(l->a, text, &s);
    const struct pl_sh_node *c = s.root && s.root->n_kid == 1 ? s.root->kid[0] : NULL;
    bool ok = !s.error.msg && c && c->kind == PL_SH_SIMPLE && s.n_cmds == 1 && c->n_word &&
              !c->n_assign && !c->n_redir && !c->bang && s.root->join[0] == ';' && c->end == text.n;
    size_t first = ok && c->n_word > 1 && pl_str_is(pl_sh_name(c), "exec") ? 1 : 0;
    ok = ok && !pl_lint_word_in(c->word[first].simple, builtins);
    pl_buf_putc(out, '[');
    for (size_t k = first; ok && k < c->n_word; k++) {
        const struct pl_sh_word *w = &c->word[k];
        ok = !w->dynamic && w->text.n && (w->quoted || w->text.p[0] != '~');
        for (size_t p = 0; p < w->n; p++)
            ok &= w->part[p].kind != PL_SH_GLOB && w->part[p].kind != PL_SH_DSQ;
        for (size_t b = 0; ok && b < w->text.n; b++)
            ok = (unsigned char)w->text.p[b] >= ' ' && (w->quoted || !strchr("{}*?", w->text.p[b]));
        if (k > first)
            pl_buf_puts(out, ", ");
        if (ok)
            put_json(out, w->text);
    }
    pl_buf_putc(out, ']');
    pl_sh_release(&s);
    return ok;
}

static void json_form(struct pl_lint *l, struct pl_lint_hit *h)
{
    const struct pl_lint_in *in = pl_mend_in(l, h);
    pl_auto_buf struct pl_buf out = { 0 };
    if (!in || in->stage == SIZE_MAX || in->n->json || in->n->text.n_seg != 1)
        return;
    const struct pl_df_node *n = in->n, *shell = pl_lint_shell_at(l, in->stage, in->index, true);
    size_t arg = n->cmd == PL_DF_HEALTHCHECK ? 1 : 0;
    if (n->n_args != arg + 1 || l->f->escape != '\\' ||
        (n->cmd != PL_DF_CMD && n->cmd != PL_DF_ENTRYPOINT && n->cmd != PL_DF_HEALTHCHECK))
        return;
    if (shell && !pl_lint_word_in(pl_lint_base(shell->args[0].s), "sh bash ash dash zsh"))
        return;
    if ((n->cmd == PL_DF_ENTRYPOINT && other_in_stage(l, in->stage, PL_DF_CMD)) ||
        (n->cmd == PL_DF_CMD && other_in_stage(l, in->stage, PL_DF_ENTRYPOINT)))
        return; /* the one is the arguments of the other */
    if (n->args[arg].s.p[0] == '[' || !plain_words(l, n->args[arg].s, &out))
        return;
    uint32_t from = pl_df_src(&n->text, n->args[arg].at);
    uint32_t to = pl_df_src(&n->text, n->args[arg].end - 1) + 1;
    pl_lint_edit(l, h, PL_FIX_SUGGESTED, from, to, pl_dup(l->a, pl_buf_str(&out)));
}

/* ['a', 'b'] → ["a", "b"], a missing bracket at the end. */
static void mend_json(struct pl_lint *l, struct pl_lint_hit *h)
{
    const struct pl_lint_in *in = pl_mend_in(l, h);
    if (!in || in->n->text.n_seg != 1)
        return;
    size_t arg = in->n->cmd == PL_DF_HEALTHCHECK ? 1 : 0;
    if (in->n->n_args <= arg)
        return;
    const struct pl_df_arg *first = &in->n->args[arg], *last = &in->n->args[in->n->n_args - 1];
    uint32_t from = pl_df_src(&in->n->text, first->at);
    uint32_t to = pl_df_src(&in->n->text, last->end - 1) + 1;
    struct pl_str s = pl_str_trim(pl_str_sub(l->f->src, from, to - from));
    if (memchr(s.p, '\\', s.n))
        return;
    char *p = pl_alloc(l->a, s.n + 2);
    size_t n = s.n;
    bool doubled = memchr(s.p, '"', s.n) != NULL;
    memcpy(p, s.p, s.n);
    for (size_t i = 0; i < n && !doubled; i++)
        if (p[i] == '\'')
            p[i] = '"';
    if (p[n - 1] != ']')
        p[n++] = ']';
    struct pl_df_arg *args;
    size_t count;
    if (pl_df_json(l->a, pl_str_n(p, n), &args, &count) == 1)
        pl_lint_edit(l, h, PL_FIX_SUGGESTED, from, from + (uint32_t)s.n, pl_str_n(p, n));
}

/* --- directories --- */

static void absolute(struct pl_lint *l, struct pl_lint_hit *h)
{
    const struct pl_lint_in *in = pl_mend_in(l, h);
    if (!in || in->n->cmd != PL_DF_WORKDIR || !in->n->n_args || in->stage == SIZE_MAX)
        return;
    struct pl_str s = in->n->args[0].s, cwd = pl_mend_workdir(l, h->node);
    uint32_t at = pl_df_src(&in->n->text, in->n->args[0].at);
    uint32_t skip = 0;
    if (!cwd.n || !s.n || s.p[0] == '"' || s.p[0] == '\'' || pl_lint_has(s, "..") ||
        pl_str_is(s, "."))
        return;
    while (pl_str_starts(pl_str_sub(s, skip, SIZE_MAX), PL_S("./")))
        skip += 2;
    pl_lint_edit(l, h, PL_FIX_SUGGESTED, at, at + skip,
                 pl_str_is(cwd, "/") ? cwd : pl_printf(l->a, "%.*s/", PL_FMT(cwd)));
}

/* ENV k v, LABEL k v in forms that the rule itself does not mend: a value in quotes of its own. */
static void key_value(struct pl_lint *l, struct pl_lint_hit *h)
{
    const struct pl_lint_in *in = pl_mend_in(l, h);
    if (!in || (in->n->cmd != PL_DF_ENV && in->n->cmd != PL_DF_LABEL) || in->n->n_args < 3)
        return;
    const struct pl_df_node *n = in->n;
    struct pl_str v = n->args[1].s;
    bool blank = false;
    char q = v.n > 1 ? v.p[0] : 0;
    for (size_t i = 0; i < v.n; i++)
        blank |= v.p[i] == ' ' || v.p[i] == '\t';
    bool whole = (q == '"' || q == '\'') && v.p[v.n - 1] == q &&
                 memchr(v.p + 1, q, v.n - 2) == NULL && !memchr(v.p, '\\', v.n);
    if ((blank && !whole) || !v.n || memchr(n->args[0].s.p, '$', n->args[0].s.n))
        return;
    pl_lint_edit(l, h, PL_FIX_SAFE, pl_df_src(&n->text, n->args[0].end - 1) + 1,
                 pl_df_src(&n->text, n->args[1].at), PL_S("="));
}

/* Files and directories that everybody may write: only the owner and the group. */
static void mode(struct pl_lint *l, struct pl_lint_hit *h)
{
    struct pl_str s = pl_str_sub(l->f->src, h->off, h->end - h->off);
    size_t eq = pl_str_find(s, PL_S("--chmod="), 0);
    uint32_t at = h->off + (eq == 0 ? 8 : 0);
    s = pl_str_trim(pl_str_sub(s, eq == 0 ? 8 : 0, SIZE_MAX));
    bool octal = s.n == 3 || s.n == 4;
    for (size_t i = 0; i < s.n; i++)
        octal &= (unsigned)(s.p[i] - '0') < 8;
    if (octal && pl_mend_in(l, h))
        pl_lint_edit(l, h, PL_FIX_UNSAFE, at + (uint32_t)s.n - 1, at + (uint32_t)s.n,
                     pl_printf(l->a, "%c", s.p[s.n - 1] & ~2));
}

/* A flag of the build that hands out rights. */
static void rights(struct pl_lint *l, struct pl_lint_hit *h)
{
    const struct pl_lint_in *in = pl_mend_in(l, h);
    for (size_t i = 0; in && i < in->n->n_flags; i++) {
        uint32_t off = pl_df_src(&in->n->text, in->n->flags[i].at);
        uint32_t next = i + 1 < in->n->n_flags ? in->n->flags[i + 1].at : in->n->args_at;
        if (off == h->off)
            pl_lint_edit(l, h, PL_FIX_UNSAFE, off, pl_df_src(&in->n->text, next), PL_S(""));
    }
}

const struct pl_mend pl_mend_form[] = {
    { PL_RULE_D004, empty_lines }, { PL_RULE_D018, protocol },   { PL_RULE_D014, slash },
    { PL_RULE_D702, overridden },  { PL_RULE_D703, overridden }, { PL_RULE_D704, overridden },
    { PL_RULE_D701, json_form },   { PL_RULE_D706, mend_json },  { PL_RULE_D707, absolute },
    { PL_RULE_D711, key_value },   { PL_RULE_D312, mode },       { PL_RULE_D313, rights },
    { PL_RULE_COUNT, NULL },
};
