/* Words of a shell: quotes, escapes, expansions. POSIX XCU 2.2 and 2.6. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "check/shell/sh_int.h"

struct parts {
    PL_VEC(struct pl_sh_part) v;
};

static bool read_parts(struct pl_shp *p, struct parts *out, char stop, bool quoted);

static bool is_name(char c, bool first)
{
    return (unsigned)((c | 0x20) - 'a') < 26 || c == '_' || (!first && (unsigned)(c - '0') < 10);
}

static uint32_t here(const struct pl_shp *p)
{
    return p->base + (uint32_t)p->i;
}

static void add(struct pl_shp *p, struct parts *out, struct pl_sh_part part)
{
    struct pl_sh_part *last = out->v.n ? &out->v.p[out->v.n - 1] : NULL;
    if (part.kind == PL_SH_LIT && last && last->kind == PL_SH_LIT && !part.escaped &&
        !last->escaped && last->quoted == part.quoted && last->s.p + last->s.n == part.s.p) {
        last->s.n += part.s.n;
        last->end = here(p);
        return;
    }
    part.end = here(p);
    pl_vec_push(&out->v, part);
}

static bool single(struct pl_shp *p, struct parts *out, bool dollar)
{
    uint32_t off = here(p);
    p->i += dollar ? 2 : 1;
    size_t from = p->i;
    while (p->i < p->s.n && p->s.p[p->i] != '\'')
        p->i += dollar && p->s.p[p->i] == '\\' && p->i + 1 < p->s.n ? 2 : 1;
    if (p->i >= p->s.n)
        return pl_shp_fail(p, 1073, "a single quote without its end");
    struct pl_str s = pl_str_sub(p->s, from, p->i - from);
    p->i++;
    add(p, out, (struct pl_sh_part){ .kind = dollar ? PL_SH_DSQ : PL_SH_SQ, .off = off, .s = s });
    return true;
}

static bool double_quotes(struct pl_shp *p, struct parts *out)
{
    uint32_t off = here(p);
    size_t before = out->v.n;
    p->i++;
    if (!read_parts(p, out, '"', true))
        return false;
    if (pl_shp_at(p, 0) != '"')
        return pl_shp_fail(p, 1073, "a double quote without its end");
    p->i++;
    if (out->v.n == before) /* "" is a word all the same */
        add(p, out,
            (struct pl_sh_part){
                .kind = PL_SH_LIT, .off = off, .s = PL_S(""), .quoted = true, .escaped = true });
    return true;
}

static bool ticks(struct pl_shp *p, struct parts *out, bool quoted)
{
    uint32_t off = here(p);
    struct pl_buf b = { 0 };
    p->i++;
    uint32_t base = here(p);
    while (p->i < p->s.n && p->s.p[p->i] != '`') {
        if (p->s.p[p->i] == '\\' && p->i + 1 < p->s.n && strchr("`\\$", p->s.p[p->i + 1]))
            p->i++;
        pl_buf_putc(&b, p->s.p[p->i++]);
    }
    struct pl_str text = pl_dup(p->a, pl_buf_str(&b));
    pl_buf_release(&b);
    if (p->i >= p->s.n)
        return pl_shp_fail(p, 1073, "a backtick without its end");
    p->i++;
    struct pl_shp sub = *p;
    sub.s = text;
    sub.i = 0;
    sub.base = base;
    sub.here.p = NULL;
    sub.here.n = sub.here.cap = 0;
    struct pl_sh_node *n = pl_shp_script(&sub, 0);
    p->cmds.p = sub.cmds.p;
    p->cmds.n = sub.cmds.n;
    p->cmds.cap = sub.cmds.cap;
    p->words.p = sub.words.p;
    p->words.n = sub.words.n;
    p->words.cap = sub.words.cap;
    pl_vec_release(&sub.here);
    p->failed = sub.failed;
    add(p, out, (struct pl_sh_part){ .kind = PL_SH_TICKS, .off = off, .quoted = quoted, .sub = n });
    return !p->failed;
}

/* $((…)) and ((…)): to the parentheses that close it. Variables inside are not looked at. */
static bool skip_arith(struct pl_shp *p)
{
    int open = 0;
    for (; p->i < p->s.n; p->i++) {
        char c = p->s.p[p->i];
        if (c == '(')
            open++;
        else if (c == ')' && open)
            open--;
        else if (c == ')' && pl_shp_at(p, 1) == ')') {
            p->i += 2;
            return true;
        } else if (c == ')')
            return false;
    }
    return false;
}

static bool substitution(struct pl_shp *p, struct parts *out, bool quoted)
{
    uint32_t off = here(p);
    size_t at = p->i;
    p->i += 2;
    if (pl_shp_at(p, 0) == '(') {
        p->i++;
        if (skip_arith(p)) {
            add(p, out,
                (struct pl_sh_part){ .kind = PL_SH_ARITH,
                                     .off = off,
                                     .quoted = quoted,
                                     .s = pl_str_sub(p->s, at, p->i - at) });
            return true;
        }
        p->i = at + 2;
    }
    struct pl_sh_node *n = pl_shp_script(p, ')');
    if (p->failed)
        return false;
    add(p, out,
        (struct pl_sh_part){ .kind = PL_SH_CMDSUB, .off = off, .quoted = quoted, .sub = n });
    return true;
}

/* ${…}: the name, then anything up to the brace. */
static bool braces(struct pl_shp *p, struct parts *out, bool quoted)
{
    uint32_t off = here(p);
    struct parts inner = { 0 };
    p->i += 2;
    size_t from = p->i;
    if (pl_shp_at(p, 0) == '!' || (pl_shp_at(p, 0) == '#' && pl_shp_at(p, 1) != '}'))
        from = ++p->i;
    if (is_name(pl_shp_at(p, 0), true))
        while (is_name(pl_shp_at(p, 0), false))
            p->i++;
    else if (pl_shp_at(p, 0) && strchr("@*#?-$!0123456789", pl_shp_at(p, 0)))
        p->i++;
    struct pl_str name = pl_str_sub(p->s, from, p->i - from);
    size_t op = p->i;
    size_t place = out->v.n;
    add(p, out,
        (struct pl_sh_part){
            .kind = PL_SH_VAR, .off = off, .s = name, .quoted = quoted, .braces = true });
    bool ok = read_parts(p, &inner, '}', quoted);
    if (ok && pl_shp_at(p, 0) != '}')
        ok = pl_shp_fail(p, 1073, "a '${' without its '}'");
    if (ok) {
        out->v.p[place].op = pl_str_sub(p->s, op, p->i - op);
        p->i++;
        out->v.p[place].end = here(p);
    }
    pl_vec_release(&inner.v);
    return ok;
}

static bool dollar(struct pl_shp *p, struct parts *out, bool quoted)
{
    char c = pl_shp_at(p, 1);
    uint32_t off = here(p);
    if (c == '(')
        return substitution(p, out, quoted);
    if (c == '{')
        return braces(p, out, quoted);
    if (c == '\'' && !quoted)
        return single(p, out, true);
    if (c == '"' && !quoted) {
        p->i++;
        return double_quotes(p, out);
    }
    size_t n = 0;
    if (is_name(c, true))
        for (n = 1; is_name(pl_shp_at(p, 1 + n), false);)
            n++;
    else if (c && strchr("@*#?-$!0123456789", c))
        n = 1;
    if (!n) {
        p->i++;
        add(p, out,
            (struct pl_sh_part){ .kind = PL_SH_LIT,
                                 .off = off,
                                 .quoted = quoted,
                                 .s = pl_str_sub(p->s, p->i - 1, 1) });
        return true;
    }
    struct pl_str name = pl_str_sub(p->s, p->i + 1, n);
    p->i += 1 + n;
    add(p, out, (struct pl_sh_part){ .kind = PL_SH_VAR, .off = off, .s = name, .quoted = quoted });
    return true;
}

static void backslash(struct pl_shp *p, struct parts *out, bool quoted)
{
    uint32_t off = here(p);
    char c = pl_shp_at(p, 1);
    if (c == '\n') {
        p->i += 2;
        return;
    }
    bool keeps = quoted && !(c && strchr("$`\"\\", c));
    size_t n = p->i + 1 < p->s.n ? 2 : 1;
    struct pl_str s = keeps || n == 1 ? pl_str_sub(p->s, p->i, n) : pl_str_sub(p->s, p->i + 1, 1);
    p->i += n;
    add(p, out,
        (struct pl_sh_part){
            .kind = PL_SH_LIT, .off = off, .s = s, .quoted = quoted, .escaped = !keeps });
}

/* A '[' that has its ']' in the word. */
static size_t bracket(const struct pl_shp *p)
{
    for (size_t k = 1; k < 200 && pl_shp_at(p, k); k++) {
        char c = pl_shp_at(p, k);
        if (c == ']' && k > 1)
            return k + 1;
        if (strchr(" \t\n;&|<>()'\"`$", c))
            return 0;
    }
    return 0;
}

static bool literal(struct pl_shp *p, struct parts *out, bool quoted, bool pattern)
{
    uint32_t off = here(p);
    char c = pl_shp_at(p, 0);
    size_t n = 1;
    enum pl_sh_part_kind kind = PL_SH_LIT;
    if (!quoted && (c == '*' || c == '?'))
        kind = PL_SH_GLOB;
    if (!quoted && !pattern && c == '[' && (n = bracket(p)) > 0)
        kind = PL_SH_GLOB;
    n = n ? n : 1;
    struct pl_str s = pl_str_sub(p->s, p->i, n);
    p->i += n;
    add(p, out, (struct pl_sh_part){ .kind = kind, .off = off, .s = s, .quoted = quoted });
    return true;
}

/* Characters that mean nothing anywhere but, for '}', as the end of an expansion. */
static bool plain(char c)
{
    return (unsigned)((c | 0x20) - 'a') < 26 || (unsigned)(c - '-') < 13 || c == '_' || c == '=' ||
           c == '@' || c == '%' || c == '+' || c == ',';
}

/* Most of every word, in one step. */
static void plain_run(struct pl_shp *p, struct parts *out, bool quoted, char stop)
{
    uint32_t off = here(p);
    size_t at = p->i;
    while (p->i < p->s.n && (plain(p->s.p[p->i]) || (p->s.p[p->i] == ' ' && stop == '"')))
        p->i++;
    add(p, out,
        (struct pl_sh_part){ .kind = PL_SH_LIT,
                             .off = off,
                             .s = pl_str_sub(p->s, at, p->i - at),
                             .quoted = quoted });
}

/* Parts up to `stop` ('"', '}'), or to the end of the word for 0. */
static bool read_parts(struct pl_shp *p, struct parts *out, char stop, bool quoted)
{
    bool ok = true;
    if (++p->depth > PL_SH_DEPTH)
        ok = pl_shp_fail(p, 1072, "too many things inside things");
    while (ok && p->i < p->s.n) {
        char c = p->s.p[p->i];
        if (stop && c == stop)
            break;
        if (!stop && strchr(" \t\n;&|<>()", c)) {
            bool ext = c == '(' && out->v.n && out->v.p[out->v.n - 1].kind == PL_SH_GLOB;
            if (!ext)
                break;
            while (p->i < p->s.n && p->s.p[p->i] != ')' && p->s.p[p->i] != '\n')
                p->i++;
            p->i += p->i < p->s.n;
            continue;
        }
        if (c == '\\')
            backslash(p, out, quoted);
        else if (c == '\'' && !(quoted && stop == '"') && !(quoted && stop == '}'))
            ok = single(p, out, false);
        else if (c == '"')
            ok = double_quotes(p, out);
        else if (c == '`')
            ok = ticks(p, out, quoted);
        else if (c == '$')
            ok = dollar(p, out, quoted);
        else if (plain(c))
            plain_run(p, out, quoted, stop);
        else
            literal(p, out, quoted, stop == '}');
    }
    p->depth--;
    return ok;
}

static void build(struct pl_shp *p, struct parts *v, struct pl_sh_word *w)
{
    struct pl_buf text = { 0 }, simple = { 0 };
    bool plain = v->v.n == 1 && (v->v.p[0].kind == PL_SH_LIT || v->v.p[0].kind == PL_SH_SQ ||
                                 v->v.p[0].kind == PL_SH_GLOB);
    w->part = pl_alloc_n(p->a, v->v.n + 1, sizeof *w->part);
    w->n = v->v.n;
    if (w->n)
        memcpy(w->part, v->v.p, w->n * sizeof *w->part);
    for (size_t i = 0; i < w->n; i++) {
        struct pl_sh_part *q = &w->part[i];
        bool lit = q->kind == PL_SH_LIT || q->kind == PL_SH_SQ || q->kind == PL_SH_DSQ ||
                   q->kind == PL_SH_GLOB;
        w->quoted |= q->quoted || q->kind == PL_SH_SQ || q->kind == PL_SH_DSQ;
        w->dynamic |= !lit;
        if (plain)
            continue;
        if (lit) {
            pl_buf_putn(&text, q->s.p, q->s.n);
            pl_buf_putn(&simple, q->s.p, q->s.n);
        } else {
            struct pl_str raw = pl_str_sub(p->s, q->off - p->base, q->end - q->off);
            pl_buf_putn(&text, raw.p, raw.n);
            if (q->kind != PL_SH_PROC && q->kind != PL_SH_ARRAY)
                pl_buf_puts(&simple, "${VAR}");
        }
    }
    if (plain) {
        w->text = w->simple = w->part[0].s;
    } else {
        w->text = pl_dup(p->a, pl_buf_str(&text));
        w->simple = pl_str_eq(pl_buf_str(&text), pl_buf_str(&simple))
                        ? w->text
                        : pl_dup(p->a, pl_buf_str(&simple));
    }
    pl_buf_release(&text);
    pl_buf_release(&simple);
}

static bool process(struct pl_shp *p, struct parts *out)
{
    uint32_t off = here(p);
    p->i += 2;
    struct pl_sh_node *n = pl_shp_script(p, ')');
    if (p->failed)
        return false;
    add(p, out, (struct pl_sh_part){ .kind = PL_SH_PROC, .off = off, .sub = n });
    return true;
}

bool pl_shp_word(struct pl_shp *p, struct pl_sh_word *ret)
{
    struct parts v = { 0 };
    *ret = (struct pl_sh_word){ .off = here(p) };
    size_t at = p->i;
    char c = pl_shp_at(p, 0);
    bool ok = true;
    if ((c == '<' || c == '>') && pl_shp_at(p, 1) == '(')
        ok = process(p, &v);
    ok = ok && read_parts(p, &v, 0, false);
    ret->end = here(p);
    if (ok && p->i > at)
        build(p, &v, ret);
    pl_vec_release(&v.v);
    return ok && p->i > at;
}

static bool array(struct pl_shp *p, struct pl_sh_word *ret)
{
    PL_VEC(struct pl_sh_word) words = { 0 };
    struct pl_sh_word w;
    p->i++;
    for (pl_shp_blanks(p, true); pl_shp_word(p, &w); pl_shp_blanks(p, true))
        pl_vec_push(&words, w);
    bool ok = !p->failed && pl_shp_at(p, 0) == ')';
    if (ok) {
        p->i++;
        struct pl_sh_part part = { .kind = PL_SH_ARRAY, .off = ret->off, .end = here(p) };
        part.words = pl_alloc_n(p->a, words.n + 1, sizeof *part.words);
        part.n_words = words.n;
        if (words.n)
            memcpy(part.words, words.p, words.n * sizeof *part.words);
        struct parts v = { 0 };
        pl_vec_push(&v.v, part);
        ret->end = here(p);
        build(p, &v, ret);
        for (size_t i = 0; i < part.n_words; i++)
            pl_shp_note(p, &part.words[i]);
        pl_vec_release(&v.v);
    } else {
        pl_shp_fail(p, 1073, "an array without its end");
    }
    pl_vec_release(&words);
    return ok;
}

bool pl_shp_value(struct pl_shp *p, struct pl_sh_word *ret)
{
    *ret =
        (struct pl_sh_word){ .off = here(p), .end = here(p), .text = PL_S(""), .simple = PL_S("") };
    if (pl_shp_at(p, 0) == '(')
        return array(p, ret);
    struct pl_sh_word w;
    if (pl_shp_word(p, &w))
        *ret = w;
    return !p->failed;
}
