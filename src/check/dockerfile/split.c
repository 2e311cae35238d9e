/* One instruction: word, flags, arguments in the form each instruction has. formats/dockerfile.md
 * sections 1.2 to 1.5. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "check/dockerfile/df_int.h"
#include "check/dockerfile/lex.h"
#include "fmt/utf8.h"

#define ONBUILD_DEPTH 32u

static const char *const names[PL_DF_COUNT] = { [PL_DF_UNKNOWN] = "",
#define X(name, text) [PL_DF_##name] = (text),
                                                PL_DF_COMMANDS(X)
#undef X
};

const char *pl_df_name(enum pl_df_cmd c)
{
    return names[c];
}

enum pl_df_cmd pl_df_find(struct pl_str word)
{
    for (int i = 1; i < PL_DF_COUNT; i++)
        if (pl_str_ieq(word, pl_str_c(names[i])))
            return (enum pl_df_cmd)i;
    return PL_DF_UNKNOWN;
}

size_t pl_df_space(struct pl_str s)
{
    uint32_t cp;
    if (!s.n)
        return 0;
    unsigned char c = (unsigned char)s.p[0];
    if (c < 0x80)
        return c == ' ' || (c >= 9 && c <= 13);
    size_t n = pl_utf8_next(s, &cp);
    bool space = cp == 0x85 || cp == 0xa0 || cp == 0x1680 || (cp >= 0x2000 && cp <= 0x200a) ||
                 cp == 0x2028 || cp == 0x2029 || cp == 0x202f || cp == 0x205f || cp == 0x3000;
    return n && space ? n : 0;
}

struct pl_str pl_df_trim(struct pl_str s)
{
    size_t n;
    while ((n = pl_df_space(s)) > 0)
        s = pl_str_sub(s, n, SIZE_MAX);
    while (s.n) {
        size_t k = 1;
        while (k < 4 && k < s.n && ((unsigned char)s.p[s.n - k] & 0xc0) == 0x80)
            k++;
        if (pl_df_space(pl_str_sub(s, s.n - k, k)) != k)
            break;
        s.n -= k;
    }
    return s;
}

/* The blanks that part an instruction word from its arguments. */
static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\v' || c == '\f' || c == '\r';
}

static void give_args(struct pl_arena *a, struct pl_df_args *v, struct pl_df_arg **ret,
                      size_t *ret_n)
{
    *ret = pl_alloc_n(a, v->v.n + 1, sizeof **ret);
    if (v->v.n)
        memcpy(*ret, v->v.p, v->v.n * sizeof **ret);
    *ret_n = v->v.n;
    pl_vec_release(&v->v);
}

static void push(struct pl_df_args *v, struct pl_str s, size_t at, size_t end)
{
    pl_vec_push(&v->v, ((struct pl_df_arg){ s, (uint32_t)at, (uint32_t)end }));
}

/* --- flags --- */

struct flags {
    struct pl_arena *a;
    struct pl_str s; /* the text from the word on */
    char escape;
    struct pl_buf word;
    bool blank_ok;
    char quote;
};

/* BuildKit reads flags byte by byte; a byte above 127 becomes the character of that number. */
static void put_byte(struct pl_buf *b, char c)
{
    if ((unsigned char)c < 0x80)
        pl_buf_putc(b, c);
    else
        pl_utf8_put(b, (unsigned char)c);
}

static bool byte_space(char c)
{
    unsigned char u = (unsigned char)c;
    return u == ' ' || (u >= 9 && u <= 13) || u == 0x85 || u == 0xa0;
}

/* Reads one flag from `pos`; returns where it ends. */
static size_t read_flag(struct flags *f, size_t pos)
{
    struct pl_str s = f->s;
    char quote = 0;
    pl_buf_clear(&f->word);
    f->blank_ok = false;
    for (; pos < s.n; pos++) {
        char c = s.p[pos];
        if (!quote && byte_space(c))
            break;
        if (!quote && (c == '\'' || c == '"')) {
            quote = c;
            f->blank_ok = true;
            continue;
        }
        if (quote && c == quote) {
            quote = 0;
            continue;
        }
        if (c == f->escape) {
            if (pos + 1 == s.n) {
                quote = 0;
                continue;
            }
            c = s.p[++pos];
        }
        put_byte(&f->word, c);
    }
    return pos;
}

/* Returns where the arguments begin. */
static size_t read_flags(struct pl_arena *a, struct pl_df_node *n, char escape, size_t pos)
{
    struct flags f = { .a = a, .s = n->text.s, .escape = escape };
    struct pl_df_args v = { 0 };
    bool more = true;
    while (more) {
        while (pos < f.s.n && byte_space(f.s.p[pos]))
            pos++;
        if (pos + 1 >= f.s.n || f.s.p[pos] != '-' || f.s.p[pos + 1] != '-')
            break;
        size_t at = pos;
        pos = read_flag(&f, pos);
        if (f.word.n == 2 && memcmp(f.word.p, "--", 2) == 0)
            more = false;
        else if (f.blank_ok || f.word.n)
            push(&v, pl_dup(a, pl_buf_str(&f.word)), at, pos);
    }
    pl_buf_release(&f.word);
    give_args(a, &v, &n->flags, &n->n_flags);
    return pos;
}

struct pl_str pl_df_flag(const struct pl_df_node *n, const char *name,
                         const struct pl_df_arg **ret_arg)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < n->n_flags; i++) {
        struct pl_str s = n->flags[i].s;
        if (s.n < len + 2 || memcmp(s.p + 2, name, len) != 0)
            continue;
        if (s.n > len + 2 && s.p[len + 2] != '=')
            continue;
        if (ret_arg)
            *ret_arg = &n->flags[i];
        return s.n > len + 2 ? pl_str_sub(s, len + 3, SIZE_MAX) : PL_S("");
    }
    return (struct pl_str){ NULL, 0 };
}

/* --- words --- */

struct words {
    struct pl_str s;
    char escape;
    size_t pos;
};

/* The next word with quotes and escapes kept; false at the end. A word ends at an unquoted blank;
 * an escape character at the very end is dropped. */
static bool next_word(struct words *w, struct pl_str *ret)
{
    struct pl_str s = w->s;
    size_t n, cut = 0;
    char quote = 0;
    while ((n = pl_df_space(pl_str_sub(s, w->pos, 4))) > 0)
        w->pos += n;
    size_t at = w->pos;
    while (w->pos < s.n) {
        char c = s.p[w->pos];
        if (!quote && pl_df_space(pl_str_sub(s, w->pos, 4)))
            break;
        if (!quote && (c == '\'' || c == '"'))
            quote = c;
        else if (quote && c == quote)
            quote = 0;
        if (c == w->escape && quote != '\'') {
            if (w->pos + 1 == s.n)
                cut = 1;
            else
                w->pos++;
        }
        w->pos++;
        while (w->pos < s.n && ((unsigned char)s.p[w->pos] & 0xc0) == 0x80)
            w->pos++;
    }
    *ret = pl_str_n(s.p + at, w->pos - at - cut);
    return w->pos > at;
}

static void split_words(struct pl_df_args *v, struct pl_df_node *n, struct pl_str rest, char escape)
{
    struct words w = { .s = rest, .escape = escape };
    struct pl_str word;
    size_t base = (size_t)(rest.p - n->text.s.p);
    while (next_word(&w, &word))
        if (word.n) {
            size_t at = base + (size_t)(word.p - rest.p);
            push(v, word, at, at + word.n);
        }
}

static void split_blanks(struct pl_df_args *v, struct pl_df_node *n, struct pl_str rest)
{
    size_t base = (size_t)(rest.p - n->text.s.p), i = 0;
    if (!rest.n)
        return;
    for (;;) {
        size_t at = i;
        while (i < rest.n && !is_blank(rest.p[i]))
            i++;
        push(v, pl_str_sub(rest, at, i - at), base + at, base + i);
        if (i == rest.n)
            break;
        while (i < rest.n && is_blank(rest.p[i]))
            i++;
    }
}

/* ENV and LABEL. */
static void split_pairs(struct pl_df_args *v, struct pl_df_node *n, struct pl_str rest, char escape)
{
    struct words w = { .s = rest, .escape = escape };
    struct pl_str word;
    size_t base = (size_t)(rest.p - n->text.s.p), i = 0;
    if (!next_word(&w, &word))
        return;
    if (!memchr(word.p, '=', word.n)) {
        while (i < rest.n && !is_blank(rest.p[i]))
            i++;
        size_t k = i;
        while (k < rest.n && is_blank(rest.p[k]))
            k++;
        if (k == i) {
            n->error = "a key without a value";
            return;
        }
        push(v, pl_str_sub(rest, 0, i), base, base + i);
        push(v, pl_str_sub(rest, k, SIZE_MAX), base + k, base + rest.n);
        push(v, PL_S(""), base + i, base + k);
        return;
    }
    do {
        const char *eq = memchr(word.p, '=', word.n);
        size_t at = base + (size_t)(word.p - rest.p);
        if (!eq) {
            n->error = "a word of a key=value list has no '='";
            return;
        }
        size_t k = (size_t)(eq - word.p);
        push(v, pl_str_sub(word, 0, k), at, at + k);
        push(v, pl_str_sub(word, k + 1, SIZE_MAX), at + k + 1, at + word.n);
        push(v, PL_S("="), at + k, at + k + 1);
    } while (next_word(&w, &word));
}

/* JSON form if it is one; 1 done, 0 not JSON, -1 refused. */
static int split_json(struct pl_arena *a, struct pl_df_args *v, struct pl_df_node *n,
                      struct pl_str rest)
{
    struct pl_df_arg *list;
    size_t n_list, base;
    size_t blanks = 0, k;
    while ((k = pl_df_space(pl_str_sub(rest, blanks, 4))) > 0)
        blanks += k;
    rest = pl_str_sub(rest, blanks, SIZE_MAX);
    base = (size_t)(rest.p - n->text.s.p);
    int r = rest.n && rest.p[0] == '[' ? pl_df_json(a, rest, &list, &n_list) : 0;
    if (r < 0)
        n->error = "the JSON form takes strings only";
    for (size_t i = 0; r > 0 && i < n_list; i++)
        push(v, list[i].s, base + list[i].at, base + list[i].end);
    n->json = r > 0;
    return r;
}

static void split_string(struct pl_df_args *v, struct pl_df_node *n, struct pl_str rest)
{
    size_t at = (size_t)(rest.p - n->text.s.p);
    if (rest.n)
        push(v, rest, at, at + rest.n);
}

static void split_health(struct pl_arena *a, struct pl_df_args *v, struct pl_df_node *n,
                         struct pl_str rest)
{
    size_t sep = 0, at = (size_t)(rest.p - n->text.s.p);
    while (sep < rest.n && !byte_space(rest.p[sep]))
        sep++;
    if (!sep)
        return;
    push(v, pl_str_sub(rest, 0, sep), at, at + sep);
    while (sep < rest.n && byte_space(rest.p[sep]))
        sep++;
    rest = pl_str_sub(rest, sep, SIZE_MAX);
    if (rest.n && split_json(a, v, n, rest) == 0)
        split_string(v, n, rest);
}

static void split_child(struct pl_arena *a, struct pl_df_node *n, char escape, unsigned depth)
{
    if (n->args_at >= n->text.s.n)
        return;
    if (depth >= ONBUILD_DEPTH) {
        n->error = "ONBUILD inside ONBUILD too many times";
        return;
    }
    struct pl_df_node *c = PL_NEW(a, struct pl_df_node);
    c->text = n->text;
    c->line = n->line;
    c->off = pl_df_src(&n->text, n->args_at);
    pl_df_split(a, c, escape, n->args_at, depth + 1);
    n->error = c->error;
    n->child = c;
}

static void split_args(struct pl_arena *a, struct pl_df_node *n, struct pl_str rest, char escape)
{
    struct pl_df_args v = { 0 };
    switch (n->cmd) {
    case PL_DF_ENV:
    case PL_DF_LABEL:
        split_pairs(&v, n, rest, escape);
        break;
    case PL_DF_ARG:
        split_words(&v, n, rest, escape);
        break;
    case PL_DF_EXPOSE:
    case PL_DF_FROM:
        split_blanks(&v, n, rest);
        break;
    case PL_DF_ADD:
    case PL_DF_COPY:
    case PL_DF_VOLUME:
        if (split_json(a, &v, n, rest) == 0)
            split_blanks(&v, n, rest);
        break;
    case PL_DF_CMD:
    case PL_DF_ENTRYPOINT:
    case PL_DF_RUN:
    case PL_DF_SHELL:
        if (rest.n && split_json(a, &v, n, rest) == 0)
            split_string(&v, n, rest);
        break;
    case PL_DF_HEALTHCHECK:
        split_health(a, &v, n, rest);
        break;
    case PL_DF_MAINTAINER:
    case PL_DF_STOPSIGNAL:
    case PL_DF_USER:
    case PL_DF_WORKDIR:
        split_string(&v, n, rest);
        break;
    default:
        break;
    }
    give_args(a, &v, &n->args, &n->n_args);
}

void pl_df_split(struct pl_arena *a, struct pl_df_node *n, char escape, uint32_t from,
                 unsigned depth)
{
    struct pl_str all = n->text.s, line = pl_df_trim(pl_str_sub(all, from, SIZE_MAX));
    size_t at = (size_t)(line.p - all.p), i = 0;
    while (i < line.n && !is_blank(line.p[i]))
        i++;
    n->word = pl_str_sub(line, 0, i);
    n->word_at = (uint32_t)at;
    n->cmd = pl_df_find(n->word);
    n->text.s.n = at + line.n; /* nothing behind counts */
    size_t pos = at + i;
    while (pos < n->text.s.n && is_blank(all.p[pos]))
        pos++;
    pos = read_flags(a, n, escape, pos);
    struct pl_str rest = pl_df_trim(pl_str_sub(n->text.s, pos, SIZE_MAX));
    n->args_at = (uint32_t)(rest.p - all.p);
    if (!rest.n)
        n->args_at = (uint32_t)n->text.s.n;
    if (n->cmd == PL_DF_ONBUILD)
        split_child(a, n, escape, depth);
    else
        split_args(a, n, rest, escape);
}

/* --- heredocs --- */

/* Reads `word` as [digits]<<[-]NAME. */
static bool heredoc_word(struct pl_arena *a, struct pl_str word, struct pl_df_heredoc *ret,
                         const char **ret_error)
{
    struct pl_df_lex lex = { .a = a, .escape = '\\', .skip_unset = true };
    struct pl_df_words w, raw;
    size_t i = 0;
    *ret = (struct pl_df_heredoc){ 0 };
    while (i < word.n && (unsigned)(word.p[i] - '0') < 10) {
        if (ret->fd < 100000)
            ret->fd = ret->fd * 10 + (unsigned)(word.p[i] - '0');
        i++;
    }
    if (word.n < i + 2 || word.p[i] != '<' || word.p[i + 1] != '<')
        return false;
    i += 2;
    if (i < word.n && word.p[i] == '-') {
        ret->chomp = true;
        i++;
    }
    while (i < word.n && (is_blank(word.p[i]) || word.p[i] == '\n') && word.p[i] != '\v')
        i++;
    struct pl_str rest = pl_str_sub(word, i, SIZE_MAX);
    if (!rest.n || memchr(rest.p, '<', rest.n))
        return false;
    if (pl_df_lex_words(&lex, rest, &w, ret_error) < 0 || w.n != 1)
        return false;
    lex.raw_quotes = true;
    if (pl_df_lex_words(&lex, rest, &raw, ret_error) < 0)
        return false;
    if (raw.n != 1) {
        *ret_error = "a heredoc word that cannot be read";
        return false;
    }
    size_t quotes = 0;
    for (size_t k = 0; k < w.p[0].n; k++)
        quotes += w.p[0].p[k] == '\'' || w.p[0].p[k] == '"';
    for (size_t k = 0; k < raw.p[0].n; k++)
        quotes -= raw.p[0].p[k] == '\'' || raw.p[0].p[k] == '"';
    ret->name = w.p[0];
    ret->expand = quotes == 0;
    return true;
}

bool pl_df_is_heredoc(struct pl_arena *a, struct pl_str word)
{
    struct pl_df_heredoc h;
    const char *error = NULL;
    return heredoc_word(a, word, &h, &error);
}

void pl_df_heredocs(struct pl_arena *a, struct pl_df_node *n)
{
    struct pl_df_node *owner = n->child ? n->child : n;
    struct pl_df_lex lex = {
        .a = a, .escape = '\\', .skip_unset = true, .raw_quotes = true, .raw_escapes = true
    };
    struct pl_df_words w;
    const char *ignored = NULL;
    if (owner->cmd != PL_DF_RUN && owner->cmd != PL_DF_COPY && owner->cmd != PL_DF_ADD)
        return;
    if (owner->json || pl_str_find(n->text.s, PL_S("<<"), 0) == SIZE_MAX)
        return;
    /* words of a line that does not lex are not looked at, and that is no error here */
    if (pl_df_lex_words(&lex, n->text.s, &w, &ignored) < 0)
        return;
    owner->heredocs = pl_alloc_n(a, w.n + 1, sizeof *owner->heredocs);
    for (size_t i = 0; i < w.n; i++) {
        const char *error = NULL;
        if (heredoc_word(a, w.p[i], &owner->heredocs[owner->n_heredocs], &error))
            owner->n_heredocs++;
        else if (error)
            n->error = error;
    }
}
