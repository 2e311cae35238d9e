/* Faults of shell text that ShellCheck has codes for. formats/dockerfile.md section 4. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/cleanup.h"
#include "check/check.h"

#define WALK_DEPTH 200u

struct walk {
    struct pl_lint *l;
    const struct pl_lint_in *in;
    const struct pl_sh_script *s;
    PL_VEC(struct pl_str) assigned; /* names set in this text */
    unsigned depth;
};

/* What the codes mean, in our words. */
static const struct {
    const char *code, *text;
} meanings[] = {
    { "SC2086", "an unquoted variable splits at blanks and expands globs" },
    { "SC2155", "the status of the command substitution is lost" },
    { "SC2046", "unquoted command substitution splits at blanks" },
    { "SC2251", "a command with ! does not end a script under set -e" },
    { "SC2028", "echo does not expand escapes everywhere, printf does" },
    { "SC2043", "the loop runs once" },
    { "SC2016", "nothing is expanded in single quotes" },
    { "SC3009", "sh has no brace expansion" },
    { "SC3037", "flags of echo are not portable" },
    { "SC3001", "sh has no process substitution" },
    { "SC3040", "sh has no such option of set" },
    { "SC3046", "sh has no source, use ." },
    { "SC3010", "sh has no [[ ]]" },
    { "SC3014", "sh has no == in [ ], use =" },
    { "SC3028", "sh has no such variable" },
    { "SC1083", "a brace that is taken literally" },
    { "SC2153", "a variable that may be misspelt" },
    { "SC2154", "a variable that is never set" },
    { "SC2035", "a name may begin with -, write ./*" },
    { "SC2215", "a flag begins the line: a continuation may be missing" },
    { "SC2268", "the x in front is not needed" },
    { "SC2288", "a command name that ends in a symbol" },
    { "SC2164", "cd may fail, add || exit" },
    { "SC2038", "names with blanks break xargs, use -print0 and -0" },
    { "SC2166", "-a and -o in [ ] are not well defined" },
    { "SC2006", "use $( ) for backquotes" },
};

static void tell(struct walk *w, const char *code, uint32_t off, uint32_t end)
{
    struct pl_lint_hit *h = pl_lint_at_word(w->l, code, w->in, off, end);
    for (size_t i = 0; i < PL_COUNT(meanings) && !h->detail.n; i++)
        if (strcmp(meanings[i].code, code) == 0)
            h->detail = pl_str_c(meanings[i].text);
}

/* --- words that split --- */

/* Variables whose value has no blanks and no globs. */
static bool numeric(const struct pl_sh_part *p)
{
    return !p->s.n || pl_lint_word_in(p->s, "? # $ ! - LINENO PPID RANDOM UID EUID SECONDS SHLVL "
                                            "OPTIND");
}

static bool length_of(const struct pl_sh_script *s, const struct pl_sh_part *p)
{
    return p->braces && p->off + 2 < s->text.n && s->text.p[p->off + 2] == '#' && !p->op.n;
}

static bool set_by_file(struct walk *w, struct pl_str name);

static void splitting(struct walk *w, const struct pl_sh_node *c)
{
    bool var = false, sub = false;
    for (size_t i = 1; i < c->n_word; i++) {
        struct pl_str text = c->word[i].text;
        bool assigns =
            pl_lint_is(c, "export declare local readonly typeset") && memchr(text.p, '=', text.n);
        for (size_t k = 0; k < c->word[i].n; k++) {
            const struct pl_sh_part *p = &c->word[i].part[k];
            if (p->quoted || assigns)
                continue;
            if (p->kind == PL_SH_VAR && !var && !numeric(p) && !length_of(w->s, p) &&
                !pl_str_is(p->s, "@") && !pl_str_is(p->s, "*") && !set_by_file(w, p->s)) {
                tell(w, "SC2086", p->off, p->end);
                var = true;
            }
            if ((p->kind == PL_SH_CMDSUB || p->kind == PL_SH_TICKS) && !sub) {
                const struct pl_sh_node *in = p->sub && p->sub->n_kid == 1 ? p->sub->kid[0] : NULL;
                if (in && pl_lint_is(in, "id seq"))
                    continue;
                tell(w, "SC2046", p->off, p->end);
                sub = true;
            }
        }
    }
    for (size_t i = 0; i < c->n_redir; i++) /* targets of redirections split as well */
        for (size_t k = 0; k < c->redir[i].to.n && !var; k++) {
            const struct pl_sh_part *p = &c->redir[i].to.part[k];
            if (p->kind == PL_SH_VAR && !p->quoted && !numeric(p) && !length_of(w->s, p) &&
                !set_by_file(w, p->s) && !pl_str_starts(c->redir[i].op, PL_S("<<"))) {
                tell(w, "SC2086", p->off, p->end);
                var = true;
            }
        }
}

static void word_parts(struct walk *w)
{
    bool ticks = false, proc = false;
    for (size_t i = 0; i < w->s->n_words; i++)
        for (size_t k = 0; k < w->s->words[i]->n; k++) {
            const struct pl_sh_part *p = &w->s->words[i]->part[k];
            if (p->kind == PL_SH_TICKS && !ticks) {
                tell(w, "SC2006", p->off, p->end);
                ticks = true;
            }
            if (p->kind == PL_SH_PROC && !proc && !w->in->sh->bash) {
                tell(w, "SC3001", p->off, p->end);
                proc = true;
            }
        }
}

/* --- single commands --- */

static bool substitution_in(const struct pl_sh_word *word)
{
    for (size_t k = 0; k < word->n; k++)
        if (word->part[k].kind == PL_SH_CMDSUB || word->part[k].kind == PL_SH_TICKS)
            return true;
    return false;
}

static bool name_char(char c)
{
    return (unsigned)((c | 0x20) - 'a') < 26 || (unsigned)(c - '0') < 10 || c == '_';
}

static void declared_status(struct walk *w, const struct pl_sh_node *c)
{
    if (!pl_lint_is(c, "export declare local readonly typeset"))
        return;
    for (size_t i = 1; i < c->n_word; i++) {
        struct pl_str t = c->word[i].text;
        size_t k = 0;
        while (k < t.n && name_char(t.p[k]))
            k++;
        if (k && k < t.n && t.p[k] == '=' && substitution_in(&c->word[i])) {
            tell(w, "SC2155", c->word[i].off, c->word[i].end);
            return;
        }
    }
}

static void echo_text(struct walk *w, const struct pl_sh_node *c)
{
    if (!pl_lint_is(c, "echo"))
        return;
    bool flags = c->n_word > 1 && pl_sh_is_flag(&c->word[1]) && !c->word[1].quoted;
    if (flags && !w->in->sh->bash) {
        struct pl_str f = pl_str_sub(c->word[1].simple, 1, SIZE_MAX);
        bool known = true;
        for (size_t i = 0; i < f.n; i++)
            known &= strchr("neE", f.p[i]) != NULL;
        bool n = pl_str_is(f, "n") && pl_lint_word_in(w->in->sh->interpreter, "dash ash busybox");
        if (known && !n)
            tell(w, "SC3037", c->word[1].off, c->word[1].end);
    }
    if (flags && memchr(c->word[1].simple.p, 'e', c->word[1].simple.n))
        return;
    for (size_t i = 1; i < c->n_word; i++)
        for (size_t k = 0; k < c->word[i].n; k++) {
            const struct pl_sh_part *p = &c->word[i].part[k];
            bool lit = (p->kind == PL_SH_LIT && p->quoted) || p->kind == PL_SH_SQ;
            for (size_t b = 0; lit && b + 1 < p->s.n; b++)
                if (p->s.p[b] == '\\' && strchr("abefnrtvx0", p->s.p[b + 1]) && p->s.p[b + 1]) {
                    tell(w, "SC2028", c->word[i].off, c->word[i].end);
                    return;
                }
        }
}

/* Commands that expand what they are given, or whose language has dollars. */
static void single_quotes(struct walk *w, const struct pl_sh_node *c)
{
    if (pl_lint_is(
            c,
            "awk gawk mawk sed perl sh bash dash ash zsh ksh eval trap find xargs grep egrep "
            "envsubst jq yq su sudo ssh env gosu rename dpkg-query git mongo psql php ruby python "
            "python3 node printf cmd runuser make test [ [[ alias docker watch timeout tr"))
        return;
    for (size_t i = 1; i < c->n_word; i++)
        for (size_t k = 0; k < c->word[i].n; k++) {
            const struct pl_sh_part *p = &c->word[i].part[k];
            for (size_t b = 0; p->kind == PL_SH_SQ && b + 1 < p->s.n; b++) {
                char next = p->s.p[b + 1];
                bool name = name_char(next) || next == '{' || next == '(';
                if (p->s.p[b] == '$' && name) {
                    tell(w, "SC2016", p->off, p->end);
                    return;
                }
            }
        }
}

static void globs(struct walk *w, const struct pl_sh_node *c)
{
    if (pl_lint_is(c, "echo printf [ test eval dirname basename"))
        return;
    for (size_t i = 1; i < c->n_word; i++) {
        if (pl_str_is(c->word[i].simple, "--"))
            return;
        if (c->word[i].n && c->word[i].part[0].kind == PL_SH_GLOB &&
            (c->word[i].part[0].s.p[0] == '*' || c->word[i].part[0].s.p[0] == '?')) {
            tell(w, "SC2035", c->word[i].off, c->word[i].end);
            return;
        }
    }
}

static void braces(struct walk *w, const struct pl_sh_node *c)
{
    for (size_t i = 0; i < c->n_word; i++) {
        struct pl_str s = c->word[i].text;
        if (c->word[i].quoted || !s.n)
            continue;
        const char *open = memchr(s.p, '{', s.n), *close = memchr(s.p, '}', s.n);
        bool list = open && close && close > open + 1 &&
                    (memchr(open, ',', (size_t)(close - open)) ||
                     pl_lint_has(pl_str_n(open, (size_t)(close - open)), ".."));
        if (c->word[i].dynamic && !list)
            continue;
        if (list && !w->in->sh->bash && (open == s.p || open[-1] != '$')) {
            tell(w, "SC3009", c->word[i].off, c->word[i].end);
            return;
        }
        bool pair = pl_str_is(s, "{}") || pl_lint_is(c, "find xargs parallel git jq");
        if (!list && !pair && !c->word[i].dynamic && (!open != !close) && c->word[i].n == 1 &&
            !c->word[i].part[0].escaped) {
            tell(w, "SC1083", c->word[i].off, c->word[i].end);
            return;
        }
    }
}

static void names(struct walk *w, const struct pl_sh_node *c)
{
    struct pl_str n = pl_sh_name(c);
    if (!c->n_word || c->word[0].dynamic)
        return;
    if (n.n > 1 && n.p[0] == '-' && !c->word[0].quoted)
        tell(w, "SC2215", c->word[0].off, c->word[0].end);
    else if (n.n > 1 && strchr(",;\"'.:&", n.p[n.n - 1]) && !pl_str_is(n, "..") &&
             n.p[n.n - 1] != '.' && n.p[n.n - 1] != ':')
        tell(w, "SC2288", c->word[0].off, c->word[0].end);
    if (pl_str_is(n, "source") && !w->in->sh->bash &&
        !pl_lint_word_in(w->in->sh->interpreter, "ash busybox"))
        tell(w, "SC3046", c->word[0].off, c->word[0].end);
}

static void tests(struct walk *w, const struct pl_sh_node *c)
{
    if (!pl_lint_is(c, "[ test"))
        return;
    for (size_t i = 1; i < c->n_word; i++) {
        struct pl_str s = c->word[i].simple;
        if (pl_lint_word_in(s, "-a -o") && i > 1)
            tell(w, "SC2166", c->word[i].off, c->word[i].end);
        if (pl_str_is(s, "==") && !w->in->sh->bash)
            tell(w, "SC3014", c->word[i].off, c->word[i].end);
        struct pl_str t = c->word[i].text;
        if (c->word[i].dynamic && t.n > 1 && (t.p[0] | 0x20) == 'x' && c->word[i].n > 1 &&
            c->word[i].part[0].kind == PL_SH_LIT && c->word[i].part[0].s.n == 1 &&
            i + 1 < c->n_word && pl_lint_word_in(c->word[i + 1].simple, "= == !="))
            tell(w, "SC2268", c->word[i].off, c->word[i].end);
    }
}

static void options(struct walk *w, const struct pl_sh_node *c)
{
    static const char posix[] = "allexport errexit ignoreeof monitor noclobber noexec noglob nolog "
                                "notify nounset verbose vi xtrace";
    if (!pl_lint_is(c, "set") || w->in->sh->bash)
        return;
    for (size_t i = 1; i + 1 < c->n_word; i++) {
        struct pl_str s = c->word[i].simple;
        bool o = s.n > 1 && strchr("-+", s.p[0]) && s.p[s.n - 1] == 'o';
        bool ash = pl_lint_word_in(w->in->sh->interpreter, "ash busybox") &&
                   pl_str_is(c->word[i + 1].simple, "pipefail");
        if (o && !pl_lint_word_in(c->word[i + 1].simple, posix) && !ash)
            tell(w, "SC3040", c->word[i + 1].off, c->word[i + 1].end);
    }
}

/* --- variables --- */

static bool known_name(struct walk *w, struct pl_str name)
{
    struct pl_lint *l = w->l;
    static const char std[] =
        "HOME PATH PWD OLDPWD USER SHELL IFS TERM LANG LC_ALL HOSTNAME UID "
        "EUID TMPDIR PS1 PS2 OPTARG OPTIND LINENO PPID RANDOM SECONDS MACHTYPE "
        "OSTYPE HOSTTYPE BASH BASH_VERSION BASH_SOURCE FUNCNAME EDITOR LOGNAME "
        "MAIL REPLY COLUMNS LINES HTTP_PROXY http_proxy HTTPS_PROXY https_proxy "
        "FTP_PROXY ftp_proxy NO_PROXY no_proxy";
    if (pl_lint_word_in(name, std))
        return true;
    for (size_t i = 0; i < w->assigned.n && pl_lint_work(l, 1); i++)
        if (pl_str_eq(w->assigned.p[i], name))
            return true;
    if (set_by_file(w, name))
        return true;
    struct pl_df_mount m;
    for (size_t i = 0; i < w->in->n->n_flags && !w->in->extra; i++)
        if (pl_df_mount(l->a, w->in->n, i, &m) && pl_str_eq(m.env, name))
            return true;
    return false;
}

/* Is it an ARG or ENV of before? */
static bool set_by_file(struct walk *w, struct pl_str name)
{
    struct pl_lint *l = w->l;
    /* what ONBUILD holds runs in another build, whose variables are not known */
    for (size_t i = 0; i < w->in->index && !w->in->onbuild; i++) {
        if (!pl_lint_work(l, 1 + l->in[i].n->n_args))
            return true;
        const struct pl_df_node *n = l->in[i].n;
        size_t step = n->cmd == PL_DF_ENV ? 3 : 1;
        for (size_t k = 0; k < n->n_args && (n->cmd == PL_DF_ENV || n->cmd == PL_DF_ARG);
             k += step) {
            struct pl_str v = n->args[k].s, key;
            pl_str_split(&v, '=', &key);
            if (pl_str_eq(key, name))
                return true;
        }
    }
    return false;
}

static void collect(struct walk *w)
{
    for (size_t i = 0; i < w->s->n_cmds; i++) {
        const struct pl_sh_node *c = w->s->cmds[i];
        for (size_t k = 0; k < c->n_assign; k++)
            pl_vec_push(&w->assigned, c->assign[k].name);
        bool names =
            pl_lint_is(c, "export declare local readonly typeset read getopts unset printf");
        for (size_t k = 1; k < c->n_word && names; k++) {
            struct pl_str v = c->word[k].text, key;
            pl_str_split(&v, '=', &key);
            pl_vec_push(&w->assigned, key);
        }
    }
}

/* One edit away: same length and one letter, or one letter more or less. */
static bool one_edit(struct pl_str a, struct pl_str b)
{
    size_t i = 0, k = 0;
    while (i < a.n && i < b.n && a.p[i] == b.p[i])
        i++;
    while (k < a.n - i && k < b.n - i && a.p[a.n - 1 - k] == b.p[b.n - 1 - k])
        k++;
    size_t ra = a.n - i - k, rb = b.n - i - k;
    return ra <= 1 && rb <= 1 && ra + rb > 0;
}

static bool misspelt(struct pl_str name)
{
    static const char *const known[] = { "HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY" };
    for (size_t i = 0; i < PL_COUNT(known); i++)
        if (one_edit(name, pl_str_c(known[i])))
            return true;
    return false;
}

static bool guarded(struct pl_str op)
{
    size_t i = op.n && op.p[0] == ':' ? 1 : 0;
    return op.n > i && strchr("-=+?", op.p[i]);
}

static void variables(struct walk *w)
{
    size_t told = 0;
    collect(w);
    for (size_t i = 0; i < w->s->n_words && told < 20; i++)
        for (size_t k = 0; k < w->s->words[i]->n; k++) {
            const struct pl_sh_part *p = &w->s->words[i]->part[k];
            bool lower = false;
            if (p->kind != PL_SH_VAR || !p->s.n || guarded(p->op) || !name_char(p->s.p[0]) ||
                (unsigned)(p->s.p[0] - '0') < 10)
                continue;
            for (size_t b = 0; b < p->s.n; b++)
                lower |= (unsigned)(p->s.p[b] - 'a') < 26;
            bool special = pl_lint_word_in(p->s, "RANDOM SECONDS UID EUID HOSTNAME LINENO OSTYPE "
                                                 "MACHTYPE HOSTTYPE BASH_SOURCE FUNCNAME");
            if (special && !w->in->sh->bash && !pl_str_is(p->s, "LINENO")) {
                bool ash = pl_lint_word_in(w->in->sh->interpreter, "ash busybox");
                bool set = false;
                for (size_t b = 0; b < w->assigned.n && pl_lint_work(w->l, 1); b++)
                    set |= pl_str_eq(w->assigned.p[b], p->s);
                if (!set && !ash)
                    tell(w, "SC3028", p->off, p->end);
            } else if (!known_name(w, p->s)) {
                if (lower && !w->in->extra)
                    tell(w, "SC2154", p->off, p->end);
                else if (misspelt(p->s))
                    tell(w, "SC2153", p->off, p->end);
                else
                    continue;
                told++;
            }
        }
}

/* --- structure --- */

static void node(struct walk *w, const struct pl_sh_node *n);

static void list(struct walk *w, const struct pl_sh_node *n)
{
    for (size_t i = 0; i < n->n_kid; i++) {
        const struct pl_sh_node *k = n->kid[i];
        bool last = i + 1 == n->n_kid;
        if (k->bang && !last && n->join && (n->join[i] == ';' || n->join[i] == '\n'))
            tell(w, "SC2251", k->off, k->end);
        if (pl_lint_is(k, "cd") && !last && n->join && (n->join[i] == ';' || n->join[i] == '\n') &&
            !(i && n->join[i - 1] == '|'))
            tell(w, "SC2164", k->off, k->end);
    }
}

static void loop(struct walk *w, const struct pl_sh_node *n)
{
    if (!n->in_words || n->n_word != 1)
        return;
    const struct pl_sh_word *word = &n->word[0];
    bool glob = false;
    for (size_t k = 0; k < word->n; k++)
        glob |= word->part[k].kind == PL_SH_GLOB;
    if (!word->dynamic && !glob && !memchr(word->text.p, '{', word->text.n))
        tell(w, "SC2043", word->off, word->end);
}

static void pipe_of(struct walk *w, const struct pl_sh_node *n)
{
    for (size_t i = 0; i + 1 < n->n_kid; i++)
        if (pl_lint_is(n->kid[i], "find") && pl_lint_is(n->kid[i + 1], "xargs") &&
            !pl_sh_has_arg(n->kid[i], "-print0") && !pl_sh_flag(n->kid[i + 1], "0") &&
            !pl_sh_flag(n->kid[i + 1], "null"))
            tell(w, "SC2038", n->kid[i]->off, n->kid[i]->end);
}

static void node(struct walk *w, const struct pl_sh_node *n)
{
    if (++w->depth < WALK_DEPTH) {
        if (n->kind == PL_SH_LIST)
            list(w, n);
        else if (n->kind == PL_SH_FOR)
            loop(w, n);
        else if (n->kind == PL_SH_PIPE)
            pipe_of(w, n);
        else if (n->kind == PL_SH_COND && !w->in->sh->bash &&
                 !pl_lint_word_in(w->in->sh->interpreter, "ash busybox"))
            tell(w, "SC3010", n->off, n->off + 2);
        for (size_t i = 0; i < n->n_kid; i++)
            node(w, n->kid[i]);
    }
    w->depth--;
}

static void text(struct pl_lint *l, const struct pl_lint_in *in)
{
    const struct pl_sh_script *s = &in->sh->script;
    struct walk w = { .l = l, .in = in, .s = s };
    char code[16];
    if (s->error.msg) {
        if (!s->error.code)
            return;
        snprintf(code, sizeof code, "SC%u", s->error.code);
        pl_lint_at_word(l, code, in, s->error.off, s->error.off)->detail = pl_str_c(s->error.msg);
        return;
    }
    for (size_t i = 0; i < s->n_cmds; i++) {
        const struct pl_sh_node *c = s->cmds[i];
        splitting(&w, c);
        declared_status(&w, c);
        echo_text(&w, c);
        single_quotes(&w, c);
        globs(&w, c);
        braces(&w, c);
        names(&w, c);
        tests(&w, c);
        options(&w, c);
    }
    word_parts(&w);
    variables(&w);
    node(&w, s->root);
    pl_vec_release(&w.assigned);
}

static void run(struct pl_lint *l)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->in[i].sh && l->in[i].sh->posix)
            text(l, &l->in[i]);
    for (size_t i = 0; i < l->n_extra; i++)
        text(l, &l->extra[i]);
}

const struct pl_check pl_check_shell = { "shell", run };
