/* COPY and ADD. formats/dockerfile.md sections 3, 5, 6, 7. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "check/check.h"
#include "check/dockerfile/lex.h"
#include "fmt/glob.h"

static const char archives[] = ".tar .Z .bz2 .gz .lz .lzma .tZ .tb2 .tbz .tbz2 .tgz .tlz .tpz "
                               ".txz .xz";

static bool is_archive(struct pl_str s)
{
    struct pl_str rest = pl_str_c(archives), ext;
    while (pl_str_split(&rest, ' ', &ext))
        if (pl_str_ends(s, ext))
            return true;
    return false;
}

static bool is_url(struct pl_str s)
{
    return pl_str_starts(s, PL_S("http://")) || pl_str_starts(s, PL_S("https://"));
}

static struct pl_str source(const struct pl_df_node *n, size_t i)
{
    return pl_lint_unquote(n->args[i].s);
}

static struct pl_str target(const struct pl_df_node *n)
{
    return n->n_args ? source(n, n->n_args - 1) : PL_S("");
}

static bool absolute(struct pl_str s)
{
    bool drive = s.n > 1 && s.p[1] == ':' && (unsigned)((s.p[0] | 0x20) - 'a') < 26;
    return s.n && (s.p[0] == '/' || s.p[0] == '$' || drive);
}

static void add(struct pl_lint *l, const struct pl_lint_in *in)
{
    const struct pl_df_node *n = in->n;
    bool plain = false, odd = false;
    for (size_t i = 0; i + 1 < n->n_args; i++) {
        struct pl_str s = source(n, i);
        bool here = pl_df_is_heredoc(l->a, n->args[i].s);
        bool url = is_url(s) || pl_str_starts(s, PL_S("git@")) || pl_str_ends(s, PL_S(".git"));
        plain |= !is_archive(s) && !is_url(s) && !here;
        odd |= !pl_lint_has(s, ".tar") && !url && !here;
        struct pl_str sum = pl_df_flag(n, "checksum", NULL);
        if (is_url(s) && !sum.n) {
            uint32_t off = pl_df_src(&n->text, n->args[i].at);
            pl_lint_rule(l, PL_RULE_D401, in->index, off, off + (uint32_t)n->args[i].s.n);
        }
    }
    if (plain && !in->onbuild)
        pl_lint_at_node(l, "DL3020", in->index);
    if (odd && !in->onbuild) {
        struct pl_lint_hit *h = pl_lint_at_node(l, "DS-0005", in->index);
        bool flags = pl_df_flag(n, "checksum", NULL).p || pl_df_flag(n, "unpack", NULL).p ||
                     pl_df_flag(n, "keep-git-dir", NULL).p;
        bool all = plain && !flags;
        for (size_t i = 0; i + 1 < n->n_args; i++) /* a variable may name anything */
            all &= !is_archive(source(n, i)) && !is_url(source(n, i)) &&
                   !pl_lint_has(source(n, i), "$") && !pl_lint_has(source(n, i), "*") &&
                   !pl_lint_has(source(n, i), ".git") && !pl_lint_has(source(n, i), "@");
        if (all)
            pl_lint_edit(l, h, PL_FIX_SAFE, h->off, h->end,
                         n->word.p[0] == 'a' ? PL_S("copy") : PL_S("COPY"));
    }
    if (odd)
        pl_lint_at_node(l, "CKV_DOCKER_4", in->index);
    uint32_t at = in->top->off, end = at + 3;
    if (!odd && !plain && pl_df_flag(n, "checksum", NULL).n)
        return;                        /* a checked download: nothing else does that */
    if (!odd && !plain && n->n_args) { /* at the address, as the rule itself */
        at = pl_df_src(&n->text, n->args[0].at);
        end = at + (uint32_t)n->args[0].s.n;
    }
    pl_lint_code_as(l, "CIS-DI-0009", odd || plain ? PL_RULE_D402 : PL_RULE_D401, in->index, at,
                    end);
}

static size_t from_stage(const struct pl_lint *l, const struct pl_lint_in *in, struct pl_str from)
{
    uint64_t num;
    if (pl_str_u64(from, &num))
        return num <= in->stage ? (size_t)num : SIZE_MAX;
    for (size_t i = in->stage + 1; i-- > 0;)
        if (pl_str_eq(l->p->stages[i].name, from))
            return i;
    return SIZE_MAX;
}

static void copy_from(struct pl_lint *l, const struct pl_lint_in *in)
{
    const struct pl_df_arg *flag;
    struct pl_str from = pl_df_flag(in->n, "from", &flag);
    if (!from.n)
        return;
    bool in_stage = in->stage != SIZE_MAX, external = pl_lint_has(from, ":");
    size_t at = in_stage ? from_stage(l, in, from) : SIZE_MAX;
    uint64_t num;
    bool number = pl_str_u64(from, &num);
    bool earlier = false;
    for (size_t i = 0; in_stage && i < in->stage; i++)
        earlier |= l->p->stages[i].name.n && pl_str_eq(l->p->stages[i].name, from);
    if (number)
        earlier = in_stage && num < in->stage + 1;
    bool self =
        in_stage && l->p->stages[in->stage].name.n && pl_str_eq(l->p->stages[in->stage].name, from);
    if (!external && !earlier && !self)
        pl_lint_at_arg(l, "DL3022", in, flag);
    if (self)
        pl_lint_at_arg(l, "DL3023", in, flag);
    if (in_stage && pl_str_ieq(l->p->stages[in->stage].name, from))
        pl_lint_at_arg(l, "DS-0006", in, flag);
    (void)at;
    if (in->n->n_args >= 2 && pl_str_is(target(in->n), "/"))
        for (size_t i = 0; i + 1 < in->n->n_args; i++)
            if (pl_str_is(source(in->n, i), "/")) {
                pl_lint_at_node(l, "DL3067", in->index);
                break;
            }
}

/* trivy counts a copy from an earlier part of the file's only stage as its own. */
static void many(struct pl_lint *l, const struct pl_lint_in *in)
{
    const struct pl_df_node *n = in->n;
    struct pl_str t = target(n);
    bool slash = t.n && t.p[t.n - 1] == '/';
    size_t sources = n->n_args ? n->n_args - 1 : 0;
    if (n->cmd == PL_DF_COPY && sources > 1 && !slash && !in->onbuild) {
        pl_lint_at_arg(l, "DL3021", in, &n->args[n->n_args - 1]);
        if (!pl_str_starts(n->args[0].s, PL_S("file:")) &&
            !pl_str_starts(n->args[0].s, PL_S("multi:")))
            pl_lint_at_arg(l, "DS-0011", in, &n->args[n->n_args - 1]);
    } else if (sources > 1 && !slash) {
        const struct pl_df_arg *a = &n->args[n->n_args - 1];
        uint32_t off = pl_df_src(&n->text, a->at);
        pl_lint_rule(l, PL_RULE_D014, in->index, off, off + (uint32_t)a->s.n);
    }
}

/* Was WORKDIR set before node `i`, in this stage or those it starts from by name? */
static bool workdir_before(struct pl_lint *l, size_t stage, size_t i)
{
    for (unsigned depth = 0; depth < 1000; depth++) {
        size_t first = stage == SIZE_MAX ? 0 : pl_lint_from(l, stage);
        for (size_t k = i; k > first && pl_lint_work(l, 1); k--)
            if (l->in[k - 1].top->cmd == PL_DF_WORKDIR)
                return true;
        if (stage == SIZE_MAX || (stage = pl_lint_parent(l, stage)) == SIZE_MAX)
            return false;
        i = l->p->stages[stage].end;
    }
    return false;
}

static void relative(struct pl_lint *l, const struct pl_lint_in *in)
{
    if (in->onbuild || in->n->cmd != PL_DF_COPY || in->n->n_args < 2)
        return;
    if (!absolute(target(in->n)) && !workdir_before(l, in->stage, in->index))
        pl_lint_at_arg(l, "DL3045", in, &in->n->args[in->n->n_args - 1]);
}

/* --- archives that a later RUN unpacks --- */

static bool unpacks(const struct pl_sh_node *c, struct pl_str name)
{
    struct pl_str cmd = pl_sh_name(c);
    bool tar = pl_str_is(cmd, "tar") &&
               (pl_sh_flag(c, "x") || pl_sh_flag(c, "extract") || pl_sh_flag(c, "get"));
    if (!tar && !pl_lint_word_in(cmd, "unzip gunzip bunzip2 unlzma unxz zgz uncompress zcat gzcat"))
        return false;
    for (size_t i = 1; i < c->n_word; i++)
        if (pl_str_eq(pl_lint_base(c->word[i].simple), name))
            return true;
    return false;
}

static void unpacked_later(struct pl_lint *l, const struct pl_lint_in *in)
{
    const struct pl_df_node *n = in->n;
    if (in->onbuild || n->cmd != PL_DF_COPY || pl_df_flag(n, "from", NULL).p)
        return;
    for (size_t i = 0; i + 1 < n->n_args; i++) {
        struct pl_str name = pl_lint_base(is_archive(target(n)) ? target(n) : source(n, i));
        if (!is_archive(name))
            continue;
        for (size_t k = in->index + 1; k < l->n && l->in[k].stage == in->stage; k++) {
            const struct pl_lint_shell *sh = l->in[k].onbuild ? NULL : l->in[k].sh;
            if (!pl_lint_work(l, 1))
                return;
            for (size_t c = 0; sh && c < sh->script.n_cmds && pl_lint_work(l, 50); c++)
                if (unpacks(sh->script.cmds[c], name)) {
                    pl_lint_at_node(l, "DL3010", in->index);
                    return;
                }
        }
    }
}

/* --- .dockerignore --- */

struct patterns {
    PL_VEC(struct pl_str) v;
    bool exceptions;
};

static void read_patterns(struct pl_lint *l, struct patterns *p)
{
    struct pl_str rest = l->o->dockerignore, line;
    if (pl_str_starts(rest, PL_S("\xef\xbb\xbf")))
        rest = pl_str_sub(rest, 3, SIZE_MAX);
    while (pl_str_split(&rest, '\n', &line) && p->v.n < 10000) {
        if (line.n && line.p[0] == '#')
            continue;
        line = pl_str_trim(line);
        p->exceptions |= line.n && line.p[0] == '!';
        while (line.n > 1 && line.p[line.n - 1] == '/')
            line.n--;
        while (pl_str_starts(line, PL_S("./")))
            line = pl_str_sub(line, 2, SIZE_MAX);
        if (line.n && line.p[0] == '/')
            line = pl_str_sub(line, 1, SIZE_MAX);
        if (line.n)
            pl_vec_push(&p->v, line);
    }
}

/* Does a pattern match the path or a directory above it? */
static bool ignored(struct pl_lint *l, const struct patterns *p, struct pl_str path)
{
    for (size_t i = 0; i < p->v.n; i++) {
        for (size_t end = path.n; end > 0 && pl_lint_work(l, end);) {
            if (pl_glob_match(p->v.p[i], pl_str_sub(path, 0, end)))
                return true;
            do
                end--;
            while (end && path.p[end] != '/');
        }
    }
    return false;
}

static bool root_ignored(const struct patterns *p)
{
    for (size_t i = 0; i < p->v.n; i++)
        if (pl_lint_word_in(p->v.p[i], "* ** **/*"))
            return true;
    return false;
}

/* filepath.Clean as far as sources need it. */
static struct pl_str clean(struct pl_str s)
{
    while (pl_str_starts(s, PL_S("./")) || (s.n > 1 && s.p[0] == '/'))
        s = pl_str_sub(s, s.p[0] == '/' ? 1 : 2, SIZE_MAX);
    while (s.n > 1 && s.p[s.n - 1] == '/')
        s.n--;
    return s.n ? s : PL_S(".");
}

static void check_ignored(struct pl_lint *l)
{
    struct patterns p = { 0 };
    if (!l->o->has_dockerignore)
        return;
    read_patterns(l, &p);
    for (size_t i = 0; i < l->n && !p.exceptions && p.v.n; i++) {
        const struct pl_lint_in *in = &l->in[i];
        bool from = pl_df_flag(in->n, "from", NULL).n > 0;
        if (in->onbuild || from || (in->n->cmd != PL_DF_COPY && in->n->cmd != PL_DF_ADD))
            continue;
        for (size_t k = 0; k + 1 < in->n->n_args; k++) {
            struct pl_str s = source(in->n, k);
            if (is_url(s) || pl_df_is_heredoc(l->a, s))
                continue;
            struct pl_str c = clean(s);
            bool root = pl_str_is(c, ".") || pl_str_is(c, "/");
            if (root ? root_ignored(&p) : ignored(l, &p, c))
                if (pl_df_plan_reached(l->p, PL_DF_PHASE_DISPATCH, i))
                    pl_lint_at_arg(l, "CopyIgnoredFile", in, &in->n->args[k]);
        }
    }
    pl_vec_release(&p.v);
}

static void run(struct pl_lint *l)
{
    for (size_t i = 0; i < l->n; i++) {
        const struct pl_lint_in *in = &l->in[i];
        if (in->n->cmd != PL_DF_COPY && in->n->cmd != PL_DF_ADD)
            continue;
        if (in->n->cmd == PL_DF_ADD)
            add(l, in);
        else if (!in->onbuild)
            copy_from(l, in);
        many(l, in);
        relative(l, in);
        unpacked_later(l, in);
    }
    check_ignored(l);
}

const struct pl_check pl_check_copy = { "copy", run };
