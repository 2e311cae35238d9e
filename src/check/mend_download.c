/* Repairs of downloads: checksums of ADD, scripts from a pipe, files used unchecked, plain http.
 * formats/dockerfile.md section 9.1. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "check/mend.h"

#define FILE_NAME "/tmp/download"

static struct pl_str sum_of(struct pl_lint *l, struct pl_str url)
{
    if (!l->o->source || !l->o->source->checksum || !url.n || memchr(url.p, '$', url.n))
        return PL_S("");
    return l->o->source->checksum(l->o->source->arg, url);
}

static void add(struct pl_lint *l, struct pl_lint_hit *h)
{
    const struct pl_lint_in *in = pl_mend_in(l, h);
    if (!in || in->n->cmd != PL_DF_ADD || in->n->n_args != 2 || in->n->json)
        return;
    struct pl_str sum = sum_of(l, pl_lint_unquote(in->n->args[0].s));
    if (sum.n)
        pl_mend_flag(l, h, PL_FIX_SUGGESTED, in->index,
                     pl_printf(l->a, "--checksum=sha256:%.*s", PL_FMT(sum)));
}

static bool is_url(struct pl_str s)
{
    return pl_str_starts(s, PL_S("http://")) || pl_str_starts(s, PL_S("https://"));
}

/* The one address of a download command; empty when there are several or none. */
static struct pl_str only_url(const struct pl_sh_node *c)
{
    struct pl_str url = PL_S("");
    for (size_t k = 1; k < c->n_word; k++) {
        if (!is_url(c->word[k].text))
            continue;
        if (url.n || c->word[k].dynamic)
            return PL_S("");
        url = c->word[k].text;
    }
    return url;
}

/* The download with its output in `file`; empty when it goes somewhere already. */
static struct pl_str to_file(struct pl_lint *l, const struct pl_lint_in *in,
                             const struct pl_sh_node *c, const char *file)
{
    pl_auto_buf struct pl_buf b = { 0 };
    bool wget = pl_lint_is(c, "wget"), out = !wget;
    if ((!wget && !pl_lint_is(c, "curl")) || c->n_assign || c->n_redir)
        return PL_S("");
    for (size_t k = 0; k < c->n_word; k++) {
        struct pl_str s = c->word[k].simple, raw = pl_mend_text(in, c->word[k].off, c->word[k].end);
        bool dash = k + 1 < c->n_word && pl_str_is(c->word[k + 1].simple, "-");
        if (wget && dash && (pl_str_is(s, "-O") || pl_str_is(s, "--output-document"))) {
            out = true;
            k++;
            continue;
        }
        if (wget && (pl_str_is(s, "-O-") || pl_str_is(s, "--output-document=-"))) {
            out = true;
            continue;
        }
        bool bundle = k && pl_sh_is_flag(&c->word[k]) && s.p[1] != '-' && s.n > 2;
        if (wget && bundle && pl_str_ends(s, PL_S("O-"))) { /* -qO- */
            raw = pl_str_sub(raw, 0, raw.n - 2);
            out = true;
        } else if (wget && bundle && s.p[s.n - 1] == 'O' && dash) { /* -qO - */
            raw = pl_str_sub(raw, 0, raw.n - 1);
            out = true;
            k++;
        } else if (wget && k && pl_sh_flag(c, "O") && bundle && memchr(s.p, 'O', s.n)) {
            return PL_S("");
        }
        if (!wget && k && pl_sh_is_flag(&c->word[k]) &&
            (pl_str_is(s, "--output") || pl_str_is(s, "--remote-name") ||
             (s.p[1] != '-' && (memchr(s.p, 'o', s.n) || memchr(s.p, 'O', s.n)))))
            return PL_S("");
        pl_buf_printf(&b, "%s%.*s", k ? " " : "", PL_FMT(raw));
        if (!k && !wget)
            pl_buf_printf(&b, " -o %s", file);
    }
    if (wget)
        pl_buf_printf(&b, " -O %s", file);
    return out ? pl_dup(l->a, pl_buf_str(&b)) : PL_S("");
}

/* Comparing `file` with `sum`; without a pipe where there was none. */
static struct pl_str compare(struct pl_lint *l, const struct pl_lint_in *in, struct pl_str sum,
                             struct pl_str file)
{
    if (in->sh->script.pipes)
        return pl_printf(l->a, "echo \"%.*s  %.*s\" | sha256sum -c -", PL_FMT(sum), PL_FMT(file));
    return pl_printf(l->a, "echo \"%.*s  %.*s\" > /tmp/SHA256SUM && sha256sum -c /tmp/SHA256SUM",
                     PL_FMT(sum), PL_FMT(file));
}

/* What reads the pipe, reading the file instead: an interpreter, or tar. */
static struct pl_str reader(struct pl_lint *l, const struct pl_lint_in *in,
                            const struct pl_sh_node *c)
{
    pl_auto_buf struct pl_buf b = { 0 };
    size_t k = 0;
    bool tar = false, placed = false;
    if (c->n_redir || !c->n_word)
        return PL_S("");
    pl_buf_putn(&b, in->sh->text.s.p + c->off, c->word[0].off - c->off); /* assignments */
    for (; k < c->n_word; k++) {                                         /* sudo -E env A=b bash */
        struct pl_str s = c->word[k].simple, raw = pl_mend_text(in, c->word[k].off, c->word[k].end);
        bool wrap = pl_lint_word_in(s, "sudo env exec nohup") ||
                    (k && pl_sh_is_flag(&c->word[k])) || (k && memchr(s.p, '=', s.n));
        pl_buf_printf(&b, "%s%.*s", k ? " " : "", PL_FMT(raw));
        if (!wrap)
            break;
    }
    if (k == c->n_word)
        return PL_S("");
    tar = pl_lint_word_in(pl_lint_base(c->word[k].simple), "tar bsdtar");
    for (k++; k < c->n_word; k++) {
        struct pl_str s = c->word[k].simple, raw = pl_mend_text(in, c->word[k].off, c->word[k].end);
        if (pl_str_is(s, "-")) { /* standard input by name */
            pl_buf_printf(&b, " " FILE_NAME);
            if (placed)
                return PL_S("");
            placed = true;
            continue;
        }
        if (!tar && (pl_str_is(s, "-s") || (pl_str_is(s, "--") && !placed))) {
            if (!placed)
                pl_buf_printf(&b, " " FILE_NAME);
            placed = true;
            if (k + 1 < c->n_word && pl_str_is(c->word[k + 1].simple, "-"))
                k++;
            if (k + 1 < c->n_word && pl_str_is(c->word[k + 1].simple, "--"))
                k++;
            continue;
        }
        if (!tar && !placed && (!pl_sh_is_flag(&c->word[k]) || memchr(s.p, 's', s.n)))
            return PL_S(""); /* an argument that is a file of its own */
        if (pl_str_starts(s, PL_S("--file")))
            return PL_S("");
        pl_buf_printf(&b, " %.*s", PL_FMT(raw));
    }
    if (!placed)
        pl_buf_puts(&b, tar ? " -f " FILE_NAME : " " FILE_NAME);
    return pl_dup(l->a, pl_buf_str(&b));
}

static const struct pl_sh_node *pipe_at(const struct pl_sh_node *n, uint32_t off, unsigned depth)
{
    if (n->kind == PL_SH_PIPE && n->off <= off && off < n->end && n->n_kid >= 2)
        return n;
    for (size_t i = 0; i < n->n_kid && depth < 40; i++) {
        const struct pl_sh_node *f = pipe_at(n->kid[i], off, depth + 1);
        if (f)
            return f;
    }
    return NULL;
}

static void replace(struct pl_lint *l, struct pl_lint_hit *h, const struct pl_lint_in *in,
                    const struct pl_sh_node *n, struct pl_str get, struct pl_str check,
                    struct pl_str run)
{
    pl_lint_edit_sh(l, h, PL_FIX_SUGGESTED, in, n->off, n->end,
                    pl_printf(l->a, "%.*s && %.*s && %.*s && rm " FILE_NAME, PL_FMT(get),
                              PL_FMT(check), PL_FMT(run)));
}

/* curl … | sh: download, compare, run. */
static void from_pipe(struct pl_lint *l, struct pl_lint_hit *h, const struct pl_lint_in *in,
                      const struct pl_sh_node *n)
{
    if (n->n_kid != 2 || n->bang || n->kid[0]->kind != PL_SH_SIMPLE ||
        n->kid[1]->kind != PL_SH_SIMPLE)
        return;
    struct pl_str url = only_url(n->kid[0]), sum = sum_of(l, url);
    struct pl_str get = to_file(l, in, n->kid[0], FILE_NAME), run = reader(l, in, n->kid[1]);
    if (sum.n && get.n && run.n)
        replace(l, h, in, n, get, compare(l, in, sum, PL_S(FILE_NAME)), run);
}

static const struct pl_sh_node *only_command(const struct pl_sh_node *sub)
{
    while (sub && sub->n_kid == 1)
        sub = sub->kid[0];
    return sub && sub->kind == PL_SH_SIMPLE ? sub : NULL;
}

/* sh -c "$(curl …)" NAME ARGS, bash <(curl …) ARGS */
static void from_substitution(struct pl_lint *l, struct pl_lint_hit *h, const struct pl_lint_in *in,
                              const struct pl_sh_node *c)
{
    bool with_c = c->n_word > 2 && pl_str_is(c->word[1].simple, "-c");
    size_t k = with_c ? 2 : 1;
    if (c->n_word <= k || c->n_redir || c->word[k].n != 1 || !c->word[k].part[0].sub)
        return;
    const struct pl_sh_part *p = &c->word[k].part[0];
    const struct pl_sh_node *get = p->kind == PL_SH_TICKS ? NULL : only_command(p->sub);
    if (!get || (p->kind == PL_SH_PROC) == with_c || !pl_lint_is(c, "sh bash dash ash zsh"))
        return;
    struct pl_str sum = sum_of(l, only_url(get)), cmd = to_file(l, in, get, FILE_NAME);
    size_t first = k + 1 + (with_c && k + 1 < c->n_word); /* behind $0 */
    pl_auto_buf struct pl_buf run = { 0 };
    if (!sum.n || !cmd.n)
        return;
    pl_buf_printf(&run, "%.*s " FILE_NAME, PL_FMT(pl_mend_text(in, c->off, c->word[0].end)));
    for (size_t i = first; i < c->n_word; i++)
        pl_buf_printf(&run, " %.*s", PL_FMT(pl_mend_text(in, c->word[i].off, c->word[i].end)));
    replace(l, h, in, c, cmd, compare(l, in, sum, PL_S(FILE_NAME)), pl_buf_str(&run));
}

static uint32_t sh_offset(const struct pl_lint_in *in, uint32_t src)
{
    for (uint32_t i = 0; i < in->sh->text.s.n; i++)
        if (pl_df_src(&in->sh->text, i) == src)
            return i;
    return UINT32_MAX;
}

static void piped(struct pl_lint *l, struct pl_lint_hit *h)
{
    const struct pl_lint_in *in = pl_mend_in(l, h);
    if (!in || !in->sh || in->n->json || in->sh->script.error.msg)
        return;
    uint32_t at = sh_offset(in, h->off);
    const struct pl_sh_node *n = at == UINT32_MAX ? NULL : pipe_at(in->sh->script.root, at, 0);
    if (n) {
        from_pipe(l, h, in, n);
        return;
    }
    const struct pl_sh_node *c = pl_mend_command(l, h);
    for (size_t i = 0; i < in->sh->script.n_cmds && at != UINT32_MAX; i++)
        if (in->sh->script.cmds[i]->off == at)
            c = in->sh->script.cmds[i];
    if (c)
        from_substitution(l, h, in, c);
}

/* The file that a download makes; empty when not certain. */
static struct pl_str made(const struct pl_sh_node *c, struct pl_str url)
{
    bool wget = pl_lint_is(c, "wget"), remote = wget;
    for (size_t k = 1; k < c->n_word; k++) {
        struct pl_str s = c->word[k].simple;
        if (!pl_sh_is_flag(&c->word[k]))
            continue;
        bool is_short = s.p[1] != '-';
        char want = wget ? 'O' : 'o';
        if ((is_short && s.p[s.n - 1] == want) ||
            pl_str_is(s, wget ? "--output-document" : "--output"))
            return k + 1 < c->n_word && !c->word[k + 1].dynamic ? c->word[k + 1].simple : PL_S("");
        if (is_short && s.p[1] == want)
            return pl_str_sub(s, 2, SIZE_MAX);
        if (wget && (pl_str_starts(s, PL_S("-P")) || pl_str_starts(s, PL_S("--directory"))))
            return PL_S("");
        remote |= !wget && (pl_str_is(s, "--remote-name") || (is_short && memchr(s.p, 'O', s.n)));
    }
    struct pl_str name = pl_lint_base(url);
    bool odd = !name.n || memchr(name.p, '?', name.n) || memchr(name.p, '&', name.n);
    if (c->n_redir == 1 && pl_str_is(c->redir[0].op, ">") && !c->redir[0].to.dynamic)
        return c->redir[0].to.simple;
    return remote && !odd ? name : PL_S("");
}

/* A file that is used: compared right behind the download. */
static void unchecked(struct pl_lint *l, struct pl_lint_hit *h)
{
    const struct pl_sh_node *c = pl_mend_command(l, h), *list;
    const struct pl_lint_in *in = pl_mend_in(l, h);
    size_t at;
    if (!c || (!pl_lint_is(c, "curl") && !pl_lint_is(c, "wget")))
        return;
    const struct pl_sh_node *n = pipe_at(in->sh->script.root, c->off, 0);
    if (n && n->kid[0] == c) {
        from_pipe(l, h, in, n);
        return;
    }
    struct pl_str url = only_url(c), sum = sum_of(l, url), file = made(c, url);
    list = pl_mend_list_of(&in->sh->script, c, &at);
    if (!sum.n || !file.n || !list || (list->join[at] != '&' && list->join[at] != ';') ||
        memchr(file.p, '"', file.n) || memchr(file.p, '\\', file.n))
        return;
    pl_lint_edit_sh(l, h, PL_FIX_SUGGESTED, in, c->end, c->end,
                    pl_printf(l->a, " && %.*s", PL_FMT(compare(l, in, sum, file))));
}

static void plain_http(struct pl_lint *l, struct pl_lint_hit *h)
{
    struct pl_str url = pl_str_sub(l->f->src, h->off, h->end - h->off);
    if (!l->o->source || !l->o->source->https || !pl_mend_in(l, h))
        return;
    size_t at = pl_str_find(url, PL_S("http://"), 0);
    if (at == SIZE_MAX || at > 1 || memchr(url.p, '\n', url.n))
        return;
    struct pl_str bare = pl_lint_unquote(pl_str_sub(url, at, SIZE_MAX));
    if (l->o->source->https(l->o->source->arg, bare))
        pl_lint_edit(l, h, PL_FIX_SUGGESTED, h->off + (uint32_t)at, h->off + (uint32_t)at + 4,
                     PL_S("https"));
}

const struct pl_mend pl_mend_download[] = {
    { PL_RULE_D401, add },        { PL_RULE_D403, piped }, { PL_RULE_D404, unchecked },
    { PL_RULE_D405, plain_http }, { PL_RULE_COUNT, NULL },
};
