/* The recipe language: lines of words, blocks in braces, texts given in place. README.md says what
 * the words mean; here they are only read. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>

#include "mk.h"

struct parser {
    struct mk *m;
    const char *p, *end;
    unsigned line;
};

_Noreturn void mk_die(const struct mk *m, const struct mk_node *at, const char *fmt, ...)
{
    va_list ap;
    fprintf(stderr, "mkimage: %s", m->file ? m->file : "");
    if (at)
        fprintf(stderr, ":%u", at->line);
    fputs(": ", stderr);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    exit(2);
}

static _Noreturn void bad(const struct parser *s, const char *what)
{
    struct mk_node at = { .line = s->line };
    mk_die(s->m, &at, "%s", what);
}

static int hex_digit(int c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

/* One escape sequence after the backslash, as in C. */
static void escape(struct parser *s, struct pl_buf *out)
{
    static const char from[] = "ntr0e\\\"";
    static const char to[] = "\n\t\r\0\x1b\\\"";
    const char *at;
    int hi, lo;
    if (s->p >= s->end)
        bad(s, "text ends in a backslash");
    if (*s->p == 'x' && s->end - s->p >= 3) {
        hi = hex_digit(s->p[1]), lo = hex_digit(s->p[2]);
        if (hi < 0 || lo < 0)
            bad(s, "\\x takes two lower-case hex digits");
        pl_buf_putc(out, (char)(hi * 16 + lo));
        s->p += 3;
        return;
    }
    at = memchr(from, *s->p, sizeof(from) - 1);
    if (!at)
        bad(s, "unknown escape");
    pl_buf_putc(out, to[at - from]);
    s->p++;
}

static void quoted(struct parser *s, char q, struct pl_buf *out)
{
    for (s->p++; s->p < s->end && *s->p != q;) {
        if (*s->p == '\n')
            s->line++;
        if (q == '"' && *s->p == '\\') {
            s->p++;
            escape(s, out);
        } else {
            pl_buf_putc(out, *s->p++);
        }
    }
    if (s->p >= s->end)
        bad(s, "text without closing quote");
    s->p++;
}

/* The lines up to one that holds `tag` alone; the blanks before `tag` are cut from each line. */
static void here(struct parser *s, struct pl_str tag, struct pl_buf *out)
{
    const char *line = memchr(s->p, '\n', (size_t)(s->end - s->p)), *start, *q;
    size_t cut = 0;
    if (!line)
        bad(s, "text in place without lines");
    start = line + 1;
    for (q = start;; q = line + 1) {
        line = memchr(q, '\n', (size_t)(s->end - q));
        if (!line)
            bad(s, "text in place is not closed");
        while (q + cut < line && (q[cut] == ' ' || q[cut] == '\t'))
            cut++;
        if (pl_str_eq(pl_str_n(q + cut, (size_t)(line - q) - cut), tag))
            break;
        cut = 0;
    }
    for (; start < q; start = line + 1) {
        size_t skip = 0;
        line = memchr(start, '\n', (size_t)(s->end - start));
        s->line++;
        while (skip < cut && start + skip < line && (start[skip] == ' ' || start[skip] == '\t'))
            skip++;
        pl_buf_putn(out, start + skip, (size_t)(line - start) - skip + 1);
    }
    s->line++;
    s->p = memchr(q, '\n', (size_t)(s->end - q)); /* the line feed ends the statement */
}

static struct pl_str expanded(struct parser *s, struct pl_buf *raw)
{
    struct pl_buf out = { 0 };
    mk_expand(s->m, pl_buf_str(raw), &out);
    pl_buf_release(raw);
    return mk_keep(s->m, &out);
}

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static struct mk_word word(struct parser *s)
{
    struct mk_word w = { .quoted = *s->p == '"' || *s->p == '\'' };
    struct pl_buf raw = { 0 };
    const char *start = s->p;
    if (s->end - s->p > 2 && s->p[0] == '<' && s->p[1] == '<') {
        while (s->p < s->end && !blank(*s->p) && *s->p != '\n')
            s->p++;
        here(s, pl_str_n(start + 2, (size_t)(s->p - start) - 2), &raw);
        w.quoted = true;
        w.s = expanded(s, &raw);
        return w;
    }
    while (s->p < s->end && !blank(*s->p) && *s->p != '\n') {
        if (*s->p == '"' || *s->p == '\'') {
            quoted(s, *s->p, &raw);
            continue;
        }
        if (*s->p == '=' && !w.key && !w.quoted && raw.n)
            w.key = raw.n;
        pl_buf_putc(&raw, *s->p++);
    }
    w.s = expanded(s, &raw);
    return w;
}

static void statements(struct parser *s, struct mk_node *parent, bool inner);

/* Is the next word `c` alone, a brace? */
static bool brace(const struct parser *s, char c)
{
    return *s->p == c && (s->p + 1 == s->end || blank(s->p[1]) || s->p[1] == '\n');
}

/* Passes blanks, comments and joined lines; false at the end of the line. */
static bool more_words(struct parser *s)
{
    while (s->p < s->end) {
        if (blank(*s->p)) {
            s->p++;
        } else if (*s->p == '#') {
            while (s->p < s->end && *s->p != '\n')
                s->p++;
        } else if (*s->p == '\\' && s->p + 1 < s->end && s->p[1] == '\n') {
            s->p += 2;
            s->line++;
        } else {
            return *s->p != '\n';
        }
    }
    return false;
}

/* The words up to the end of the line or a brace, then the block if that was an opening one. */
static void statement(struct parser *s, struct mk_node *n)
{
    PL_VEC(struct mk_word) w = { 0 };
    n->line = s->line;
    while (more_words(s) && !brace(s, '{') && !brace(s, '}'))
        pl_vec_push(&w, word(s));
    n->n = w.n;
    n->w = pl_alloc_n(&s->m->a, n->n + 1, sizeof *n->w);
    if (n->n)
        memcpy(n->w, w.p, n->n * sizeof *n->w);
    pl_vec_release(&w);
    if (s->p < s->end && brace(s, '{')) {
        s->p++;
        statements(s, n, true);
    }
}

static void statements(struct parser *s, struct mk_node *parent, bool inner)
{
    PL_VEC(struct mk_node) kid = { 0 };
    for (;;) {
        struct mk_node n = { 0 };
        if (!more_words(s)) {
            if (s->p >= s->end)
                break;
            s->p++;
            s->line++;
            continue;
        }
        if (brace(s, '}')) {
            if (!inner)
                bad(s, "'}' without a block");
            s->p++;
            inner = false;
            break;
        }
        statement(s, &n);
        pl_vec_push(&kid, n);
    }
    if (inner)
        bad(s, "block is not closed");
    parent->kids = kid.n;
    parent->kid = pl_alloc_n(&s->m->a, kid.n + 1, sizeof *kid.p);
    if (kid.n)
        memcpy(parent->kid, kid.p, kid.n * sizeof *kid.p);
    pl_vec_release(&kid);
}

struct mk_node *mk_parse(struct mk *m, struct pl_str text)
{
    struct parser s = { .m = m, .p = text.p, .end = text.p + text.n, .line = 1 };
    struct mk_node *root = PL_NEW(&m->a, struct mk_node);
    statements(&s, root, false);
    return root;
}

const struct pl_str *mk_opt(struct mk *m, const struct mk_node *n, const char *key)
{
    for (size_t i = 1; n && i < n->n; i++) {
        const struct mk_word *w = &n->w[i];
        if (w->key && pl_str_is(pl_str_n(w->s.p, w->key), key)) {
            struct pl_str *v = PL_NEW(&m->a, struct pl_str);
            *v = pl_str_sub(w->s, w->key + 1, SIZE_MAX);
            return v;
        }
    }
    return NULL;
}

struct pl_str mk_opt_str(struct mk *m, const struct mk_node *n, const char *key, const char *other)
{
    const struct pl_str *v = mk_opt(m, n, key);
    return v ? *v : pl_str_c(other);
}

int64_t mk_num(const struct mk *m, const struct mk_node *n, struct pl_str s)
{
    struct pl_str digits = s;
    bool negative = s.n && s.p[0] == '-';
    uint64_t v, unit = 1;
    if (negative)
        digits = pl_str_sub(digits, 1, SIZE_MAX);
    if (digits.n && memchr("KMG", digits.p[digits.n - 1], 3)) {
        char c = digits.p[--digits.n];
        unit = c == 'K' ? 1u << 10 : c == 'M' ? 1u << 20 : 1u << 30;
    }
    if (!pl_str_u64(digits, &v) || v > INT64_MAX / unit)
        mk_die(m, n, "'%.*s' is no number", PL_FMT(s));
    return negative ? -(int64_t)(v * unit) : (int64_t)(v * unit);
}

int64_t mk_opt_num(struct mk *m, const struct mk_node *n, const char *key, int64_t other)
{
    const struct pl_str *v = mk_opt(m, n, key);
    return v ? mk_num(m, n, *v) : other;
}

bool mk_flag(const struct mk_node *n, const char *w)
{
    for (size_t i = 1; n && i < n->n; i++)
        if (!n->w[i].quoted && pl_str_is(n->w[i].s, w))
            return true;
    return false;
}

size_t mk_args(const struct mk_node *n)
{
    size_t k = 0;
    for (size_t i = 0; i < n->n; i++)
        k += n->w[i].key == 0;
    return k;
}

const struct mk_word *mk_arg_word(const struct mk_node *n, size_t i)
{
    size_t k = 0;
    for (size_t j = 0; j < n->n; j++)
        if (!n->w[j].key && k++ == i)
            return &n->w[j];
    return NULL;
}

struct pl_str mk_arg(const struct mk *m, const struct mk_node *n, size_t i)
{
    const struct mk_word *w = mk_arg_word(n, i);
    if (!w)
        mk_die(m, n, "'%.*s' needs more words", PL_FMT(n->w[0].s));
    return w->s;
}

struct mk_node mk_head(const struct mk_node *n, size_t i)
{
    const struct mk_word *w = mk_arg_word(n, i);
    struct mk_node head = *n;
    if (w)
        head.n = (size_t)(w - n->w);
    return head;
}

bool mk_is(const struct mk_node *n, const char *name)
{
    return n->n && pl_str_is(n->w[0].s, name);
}
