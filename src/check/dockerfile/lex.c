/* BuildKit's own word expansion. formats/dockerfile.md section 1.6. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "check/dockerfile/lex.h"

#include <stdlib.h>

#include "base/vec.h"

#define LEX_DEPTH 32u
#define PATTERN_MAX 4096u /* bytes of a value that a pattern is held against */

struct state {
    struct pl_df_lex *lex;
    struct pl_str s;
    size_t i;
    bool raw_escapes;
    const char *error;
    PL_VEC(struct pl_str) words;
    struct pl_buf word; /* the word being collected */
    bool in_word;
};

static const char missing_brace[] = "a '${' without its '}'";

static int at(const struct state *st)
{
    return st->i < st->s.n ? (unsigned char)st->s.p[st->i] : -1;
}

static int fail(struct state *st, const char *msg)
{
    st->error = msg;
    return -1;
}

static int put(struct state *st, struct pl_buf *out, struct pl_str s)
{
    if (out->n + s.n > PL_DF_VALUE_MAX + st->s.n)
        return fail(st, "a value that grows beyond 64 KiB");
    pl_buf_putn(out, s.p, s.n);
    return 0;
}

/* --- words --- */

static void end_word(struct state *st)
{
    if (st->word.n)
        pl_vec_push(&st->words, pl_dup(st->lex->a, pl_buf_str(&st->word)));
    pl_buf_clear(&st->word);
    st->in_word = false;
}

/* Characters of a result: blanks part words. */
static void word_text(struct state *st, struct pl_str s)
{
    while (s.n) {
        size_t n = pl_df_space(s);
        if (n && st->in_word) {
            if (st->word.n)
                end_word(st);
        } else if (!n) {
            pl_buf_putc(&st->word, s.p[0]);
            st->in_word = true;
        }
        s = pl_str_sub(s, n ? n : 1, SIZE_MAX);
    }
}

static void word_raw(struct state *st, struct pl_str s)
{
    pl_buf_putn(&st->word, s.p, s.n);
    st->in_word = true;
}

/* --- names and values --- */

#define NAMES_MAX 256u /* names of one word that are remembered */

static void note_name(struct pl_df_lex *lex, struct pl_df_words *list, struct pl_str name)
{
    if (!lex->get || list->n >= NAMES_MAX)
        return;
    for (size_t i = 0; i < list->n; i++)
        if (pl_str_eq(list->p[i], name))
            return;
    if ((list->n & (list->n - 1)) == 0) { /* full at powers of two */
        struct pl_str *p = pl_alloc_n(lex->a, list->n ? 2 * list->n : 1, sizeof *p);
        if (list->n)
            memcpy(p, list->p, list->n * sizeof *p);
        list->p = p;
    }
    list->p[list->n++] = name;
}

static bool get(struct state *st, struct pl_str name, struct pl_str *ret)
{
    struct pl_df_lex *lex = st->lex;
    *ret = PL_S("");
    bool set = lex->get && lex->get(lex->env, name, ret);
    note_name(lex, set ? &lex->matched : &lex->unmatched, name);
    return set;
}

static bool is_name(int c, bool first)
{
    return (unsigned)((c | 0x20) - 'a') < 26 || c == '_' || (!first && (unsigned)(c - '0') < 10) ||
           c >= 0x80;
}

static struct pl_str name(struct state *st)
{
    size_t from = st->i;
    int c = at(st);
    if (c >= 0 && (unsigned)(c - '0') < 10) {
        while (at(st) >= 0 && (unsigned)(at(st) - '0') < 10)
            st->i++;
    } else if (c > 0 && strchr("@*#?-$!", c)) {
        st->i++;
    } else {
        while (at(st) >= 0 && is_name(at(st), st->i == from))
            st->i++;
    }
    return pl_str_sub(st->s, from, st->i - from);
}

/* --- patterns of ${x#p}, ${x%p}, ${x/p/r} --- */

/* Does `p` match all of `s`? '*' any, '?' one, a backslash the next as it is. */
static bool match(struct pl_str p, struct pl_str s)
{
    size_t i = 0, k = 0, star = SIZE_MAX, mark = 0;
    while (k < s.n) {
        bool lit = i < p.n && p.p[i] == '\\' && i + 1 < p.n;
        if (i < p.n && !lit && p.p[i] == '*') {
            star = i++;
            mark = k;
        } else if (i < p.n && (lit ? p.p[i + 1] == s.p[k] : p.p[i] == '?' || p.p[i] == s.p[k])) {
            i += lit ? 2 : 1;
            k++;
        } else if (star != SIZE_MAX) {
            i = star + 1;
            k = ++mark;
        } else {
            return false;
        }
    }
    while (i < p.n && p.p[i] == '*')
        i++;
    return i == p.n;
}

static struct pl_str trim(struct pl_str p, struct pl_str v, bool suffix, bool greedy)
{
    if (v.n > PATTERN_MAX || p.n > PATTERN_MAX)
        return v;
    for (size_t i = 0; i <= v.n; i++) {
        size_t n = greedy ? v.n - i : i;
        if (!suffix && match(p, pl_str_sub(v, 0, n)))
            return pl_str_sub(v, n, SIZE_MAX);
        if (suffix && match(p, pl_str_sub(v, v.n - n, n)))
            return pl_str_sub(v, 0, v.n - n);
    }
    return v;
}

static struct pl_str replace(struct pl_df_lex *lex, struct pl_str v, struct pl_str p,
                             struct pl_str r, bool all)
{
    struct pl_buf out = { .max = PL_DF_VALUE_MAX * 4 };
    bool done = false;
    if (v.n > PATTERN_MAX / 8 || p.n > PATTERN_MAX || !p.n || r.n > PATTERN_MAX / 8)
        return v;
    for (size_t i = 0; i < v.n;) {
        size_t n = done && !all ? 0 : v.n - i;
        while (n && !match(p, pl_str_sub(v, i, n)))
            n--;
        if (n)
            pl_buf_putn(&out, r.p, r.n);
        else
            pl_buf_putc(&out, v.p[i]);
        done |= n > 0;
        i += n ? n : 1;
    }
    v = pl_dup(lex->a, pl_buf_str(&out));
    pl_buf_release(&out);
    return v;
}

/* --- the reader --- */

static int run(struct state *st, struct pl_buf *out, int stop, bool collect, bool raw_escapes,
               unsigned depth);

/* Everything up to `stop`, expanded, as one text. */
static int inner(struct state *st, int stop, bool raw_escapes, unsigned depth, struct pl_str *ret)
{
    struct pl_buf b = { .max = PL_DF_FILE_MAX };
    int r = depth > LEX_DEPTH ? fail(st, "variables inside variables too many times")
                              : run(st, &b, stop, false, raw_escapes, depth);
    if (r == 0)
        *ret = pl_dup(st->lex->a, pl_buf_str(&b));
    else if (at(st) < 0)
        st->error = missing_brace;
    pl_buf_release(&b);
    return r;
}

static int unset_as_written(struct state *st, size_t from, struct pl_buf *out)
{
    return put(st, out, pl_str_sub(st->s, from, st->i - from));
}

/* ${x/p/r}; behind the first '/'. */
static int substitute(struct state *st, struct pl_str var, size_t from, struct pl_buf *out,
                      unsigned depth)
{
    struct pl_str pattern, with, value;
    bool all = at(st) == '/';
    st->i += all;
    if (inner(st, '/', true, depth + 1, &pattern) < 0 || inner(st, '}', true, depth + 1, &with) < 0)
        return -1;
    bool set = get(st, var, &value);
    if (!set && st->lex->skip_unset)
        return unset_as_written(st, from, out);
    return put(st, out, replace(st->lex, value, pattern, with, all));
}

/* ${x:-w} and its like; behind the operator. */
static int modify(struct state *st, struct pl_str var, int op, bool null_unset, size_t from,
                  struct pl_buf *out, unsigned depth)
{
    struct pl_str word, value;
    if (inner(st, '}', op == '#' || op == '%', depth + 1, &word) < 0)
        return -1;
    bool set = get(st, var, &value);
    if (!set && st->lex->skip_unset)
        return unset_as_written(st, from, out);
    bool empty = !set || (null_unset && !value.n);
    if (op == '-')
        return put(st, out, empty ? word : value);
    if (op == '+')
        return put(st, out, empty ? PL_S("") : word);
    if (op == '?')
        return empty ? fail(st, "a variable that must be set is not") : put(st, out, value);
    bool greedy = word.n && word.p[0] == op;
    return put(st, out, trim(pl_str_sub(word, greedy, SIZE_MAX), value, op == '%', greedy));
}

static int dollar(struct state *st, struct pl_buf *out, unsigned depth)
{
    struct pl_str var, value;
    size_t from = st->i++;
    if (at(st) != '{') {
        var = name(st);
        if (!var.n)
            return put(st, out, PL_S("$"));
        bool set = get(st, var, &value);
        return set || !st->lex->skip_unset ? put(st, out, value) : unset_as_written(st, from, out);
    }
    st->i++;
    if (at(st) < 0)
        return fail(st, missing_brace);
    if (at(st) == '{' || at(st) == '}' || at(st) == ':')
        return fail(st, "a bad substitution");
    var = name(st);
    int op = at(st);
    st->i++;
    if (op == '}') {
        bool set = get(st, var, &value);
        return set || !st->lex->skip_unset ? put(st, out, value) : unset_as_written(st, from, out);
    }
    if (op == '/')
        return substitute(st, var, from, out, depth);
    bool colon = op == ':';
    if (colon) {
        op = at(st);
        st->i++;
    }
    if (op <= 0 || !strchr("+-?#%", op) || (colon && (op == '#' || op == '%'))) {
        if (st->i > st->s.n)
            st->i = st->s.n;
        return fail(st, "an unknown modifier in a substitution");
    }
    return modify(st, var, op, colon, from, out, depth);
}

static int single_quote(struct state *st, struct pl_buf *out)
{
    size_t from = st->i++;
    while (at(st) >= 0 && at(st) != '\'')
        st->i++;
    if (at(st) < 0)
        return fail(st, "a single quote without its end");
    st->i++;
    size_t cut = st->lex->raw_quotes ? 0 : 1;
    return put(st, out, pl_str_sub(st->s, from + cut, st->i - from - 2 * cut));
}

static int double_quote(struct state *st, struct pl_buf *out, unsigned depth)
{
    st->i++;
    if (st->lex->raw_quotes)
        pl_buf_putc(out, '"');
    for (;;) {
        int c = at(st);
        if (c < 0)
            return fail(st, "a double quote without its end");
        if (c == '"') {
            st->i++;
            return st->lex->raw_quotes ? put(st, out, PL_S("\"")) : 0;
        }
        if (c == '$') {
            if (dollar(st, out, depth) < 0)
                return -1;
            continue;
        }
        st->i++;
        if (c == st->lex->escape) {
            if (st->raw_escapes)
                pl_buf_putc(out, (char)c);
            int next = at(st);
            if (next < 0)
                continue;
            if (next == '"' || next == '$' || next == st->lex->escape) {
                c = next;
                st->i++;
            }
        }
        pl_buf_putc(out, (char)c);
    }
}

/* '<', '<<' and the blanks behind it, which keep a heredoc's word in one piece. */
static int angle(struct state *st, struct pl_buf *out)
{
    size_t from = st->i++;
    if (at(st) == '<') {
        st->i++;
        while (at(st) >= 0 && strchr(" \t\v\f\r\n", at(st)))
            st->i++;
    }
    return put(st, out, pl_str_sub(st->s, from, st->i - from));
}

/* A character that means nothing; escapes included. Returns 1 at an escape at the very end. */
static int plain(struct state *st, struct pl_buf *out, bool collect)
{
    char c = st->s.p[st->i++];
    if (c != st->lex->escape) {
        size_t n = 1;
        while (at(st) >= 0x80 && (at(st) & 0xc0) == 0x80) {
            st->i++;
            n++;
        }
        struct pl_str ch = pl_str_sub(st->s, st->i - n, n);
        if (collect)
            word_text(st, ch);
        return put(st, out, ch);
    }
    if (st->raw_escapes) {
        pl_buf_putc(out, c);
        if (collect)
            word_raw(st, pl_str_n(&c, 1));
    }
    if (at(st) < 0)
        return 1;
    c = st->s.p[st->i++];
    if (collect)
        word_raw(st, pl_str_n(&c, 1));
    return put(st, out, pl_str_n(&c, 1));
}

static int special(struct state *st, int c, struct pl_buf *out, bool collect, unsigned depth)
{
    size_t from = out->n;
    int r = c == '$'    ? dollar(st, out, depth)
            : c == '<'  ? angle(st, out)
            : c == '\'' ? single_quote(st, out)
                        : double_quote(st, out, depth);
    if (r < 0 || !collect)
        return r;
    struct pl_str got = pl_str_sub(pl_buf_str(out), from, SIZE_MAX);
    if (c == '$')
        word_text(st, got);
    else
        word_raw(st, got);
    return 0;
}

static int run(struct state *st, struct pl_buf *out, int stop, bool collect, bool raw_escapes,
               unsigned depth)
{
    bool before = st->raw_escapes;
    int r = 0;
    st->raw_escapes = raw_escapes;
    while (r == 0 && at(st) >= 0) {
        int c = at(st);
        if (stop && c == stop) {
            st->i++;
            st->raw_escapes = before;
            return 0;
        }
        bool quotes = !st->lex->skip_quotes && (c == '\'' || c == '"');
        r = c == '$' || c == '<' || quotes ? special(st, c, out, collect, depth)
                                           : plain(st, out, collect);
    }
    st->raw_escapes = before;
    if (r < 0)
        return -1;
    return stop ? fail(st, missing_brace) : 0;
}

static int process(struct pl_df_lex *lex, struct pl_str s, struct pl_str *ret,
                   struct pl_df_words *ret_words, const char **ret_error)
{
    struct state st = { .lex = lex, .s = s };
    struct pl_buf out = { .max = PL_DF_FILE_MAX };
    st.word.max = PL_DF_FILE_MAX;
    int r = run(&st, &out, 0, ret_words != NULL, lex->raw_escapes, 0);
    if (r < 0) {
        *ret_error = st.error;
    } else if (ret_words) {
        end_word(&st);
        ret_words->n = st.words.n;
        ret_words->p = pl_alloc_n(lex->a, st.words.n + 1, sizeof *ret_words->p);
        if (st.words.n)
            memcpy(ret_words->p, st.words.p, st.words.n * sizeof *ret_words->p);
    } else {
        *ret = pl_dup(lex->a, pl_buf_str(&out));
    }
    pl_vec_release(&st.words);
    pl_buf_release(&st.word);
    pl_buf_release(&out);
    return r;
}

int pl_df_lex_word(struct pl_df_lex *lex, struct pl_str s, struct pl_str *ret,
                   const char **ret_error)
{
    bool special = lex->skip_quotes ? false : s.n && memchr(s.p, '\'', s.n);
    special =
        special ||
        (s.n && (memchr(s.p, '$', s.n) || memchr(s.p, lex->escape, s.n) || memchr(s.p, '"', s.n)));
    if (!special) { /* most words */
        *ret = s;
        return 0;
    }
    return process(lex, s, ret, NULL, ret_error);
}

int pl_df_lex_words(struct pl_df_lex *lex, struct pl_str s, struct pl_df_words *ret,
                    const char **ret_error)
{
    return process(lex, s, NULL, ret, ret_error);
}
