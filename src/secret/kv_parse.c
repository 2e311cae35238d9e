/* Key and value round a keyword, in every notation that settings have. Runs for about a thousand
 * hits in a megabyte of a distribution's files, so the first bytes decide. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "secret/keyvalue.h"

#define MAX_KEY 48
#define MAX_VALUE 2048
#define MAX_BLANKS 16

struct cursor {
    const uint8_t *p;
    size_t i, n;
    char close; /* ends a bare value, too; or 0 */
};

static int peek(const struct cursor *c, size_t ahead)
{
    return c->i + ahead < c->n ? c->p[c->i + ahead] : -1;
}

static bool key_char(uint8_t c)
{
    return pl_is_word(c) || c == '-' || c == '.';
}

static void blanks(struct cursor *c)
{
    for (unsigned k = 0; k < MAX_BLANKS && (peek(c, 0) == ' ' || peek(c, 0) == '\t'); k++)
        c->i++;
}

static bool is_quote(int c)
{
    return c == '"' || c == '\'' || c == '`';
}

/* Skips a quote, also one escaped in a string that holds JSON. */
static bool quote(struct cursor *c)
{
    size_t k = 0;
    while (k < 3 && peek(c, k) == '\\')
        k++;
    if (!is_quote(peek(c, k)))
        return false;
    c->i += k + 1;
    return true;
}

static bool skip_text(struct cursor *c, const char *s)
{
    size_t n = strlen(s);
    if (c->n - c->i < n || memcmp(c->p + c->i, s, n) != 0)
        return false;
    c->i += n;
    return true;
}

/* "name: KEY" with the value on the next line or behind a comma: `value: x`, `"value": "x"`. */
static bool value_member(struct cursor *c)
{
    struct cursor t = *c;
    bool gap = false;
    for (unsigned k = 0; k < 40; k++) {
        int ch = peek(&t, 0);
        if (ch != ' ' && ch != '\t' && ch != '\r' && ch != '\n' && ch != ',')
            break;
        gap = true;
        t.i++;
    }
    if (!gap)
        return false;
    quote(&t);
    skip_text(&t, "android:");
    if (!skip_text(&t, "value") && !skip_text(&t, "Value"))
        return false;
    quote(&t);
    blanks(&t);
    if (peek(&t, 0) != ':' && peek(&t, 0) != '=')
        return false;
    t.i++;
    blanks(&t);
    *c = t;
    return true;
}

/* An operator that assigns: "=", ":", ":=", "=>", "?=", "::=", ".=", "+=" …; not one that asks. */
static bool operator(struct cursor *c)
{
    size_t k = 0;
    bool equals = false;
    while (k < 4 && peek(c, k) > 0 && strchr(":=?.|+", peek(c, k))) {
        /* == and === ask */
        if (equals && peek(c, k) == '=')
            return false;
        equals |= peek(c, k) == '=';
        k++;
    }
    if (!equals && !(k == 1 && peek(c, 0) == ':'))
        return false;
    if (equals && peek(c, k) == '>')
        k++;
    c->i += k;
    return true;
}

/* "%3D", "%3A", "\u003d" */
static bool escaped_operator(struct cursor *c)
{
    static const char *const forms[] = { "%3D", "%3d", "%3A", "%3a", "\\u003d", "\\u003D" };
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (skip_text(c, forms[i]))
            return true;
    }
    return false;
}

static size_t type_len(const struct cursor *c)
{
    size_t k = 0;
    while (k < 16 && (pl_is_alnum((uint8_t)peek(c, k)) || peek(c, k) == '<' || peek(c, k) == '>' ||
                      peek(c, k) == '*'))
        k++;
    return k;
}

/* "token string = x" and "token: string = x": over the type to behind its operator. */
static bool typed(struct cursor *c)
{
    struct cursor t = *c;
    size_t k = type_len(&t);
    if (k == 0)
        return false;
    t.i += k;
    size_t gap = t.i;
    blanks(&t);
    if (t.i == gap || peek(&t, 0) != '=' || !operator(&t))
        return false;
    blanks(&t);
    if (!is_quote(peek(&t, 0)))
        return false;
    *c = t;
    return true;
}

static void white_space(struct cursor *c)
{
    for (unsigned k = 0; k < 32 && peek(c, 0) > 0 && peek(c, 0) <= ' '; k++)
        c->i++;
}

/* What is taken where a variable is not set: `process.env.KEY || "v"`, `getenv("KEY") ?: "v"`,
 * `ENV["KEY"] or "v"`. */
static bool fallback(struct cursor *c)
{
    static const char *const forms[] = { "||", "??", "?:", "or ", "//" };
    struct cursor t = *c;
    if (peek(&t, 0) == ')' || peek(&t, 0) == ']')
        t.i++;
    size_t gap = t.i;
    blanks(&t);
    if (t.i == gap)
        return false;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (!skip_text(&t, forms[i]))
            continue;
        blanks(&t);
        if (is_quote(peek(&t, 0))) {
            *c = t;
            return true;
        }
    }
    return false;
}

static bool skip_tag(struct cursor *c, bool closing)
{
    if (peek(c, 0) != '<' || (peek(c, 1) == '/') != closing)
        return false;
    size_t k = closing ? 2 : 1, from = k;
    while (k < 24 && (key_char((uint8_t)peek(c, k)) || peek(c, k) == ':'))
        k++;
    if (k == from || peek(c, k) != '>')
        return false;
    c->i += k + 1;
    return true;
}

/* "<key>KEY</key> <string>v</string>", "<name>KEY</name><value>v</value>": to behind the tag. */
static bool next_element(struct cursor *c)
{
    struct cursor t = *c;
    if (!skip_tag(&t, true))
        return false;
    white_space(&t);
    if (!skip_tag(&t, false))
        return false;
    *c = t;
    return true;
}

/* "KEY: >-" with the value on the next line, "KEY:" with one in quotes there. */
static bool next_line(struct cursor *c)
{
    struct cursor t = *c;
    bool block = peek(&t, 0) == '>' || peek(&t, 0) == '|';
    if (block)
        t.i++;
    if (block && (peek(&t, 0) == '-' || peek(&t, 0) == '+'))
        t.i++;
    blanks(&t);
    if (peek(&t, 0) == '\r')
        t.i++;
    if (peek(&t, 0) != '\n')
        return false;
    t.i++;
    size_t line = t.i;
    blanks(&t);
    if (t.i == line || (!block && !is_quote(peek(&t, 0))))
        return false;
    *c = t;
    return true;
}

/* What follows a key in quotes and no operator: `"KEY", "v"`, `"password" value="v"`. */
static bool after_quoted(struct cursor *c, struct pl_kv *kv)
{
    if (value_member(c))
        return true;
    kv->list = true;
    if (peek(c, 0) != ',')
        return false;
    c->i++;
    white_space(c);
    return is_quote(peek(c, 0));
}

/* Is `key`, the name of a function, one that takes a secret, by its verb: "setApiKey", "withToken",
 * "client.password"? */
static bool sets(struct pl_str key)
{
    static const char *const verbs[] = { "set", "with", "use", "add", "put" };
    size_t dot = key.n;
    while (dot > 0 && key.p[dot - 1] != '.')
        dot--;
    struct pl_str name = pl_str_sub(key, dot, SIZE_MAX);
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        if (pl_str_ieq(pl_str_sub(name, 0, strlen(verbs[i])), pl_str_c(verbs[i])))
            return true;
    }
    return dot > 0 && name.n <= 8;
}

/* What stands between key and value; leaves the cursor at the value. */
static bool separator(struct cursor *c, struct pl_kv *kv, bool flag)
{
    bool closed = quote(c);
    if (closed && peek(c, 0) == ']')
        c->i++;
    struct cursor after = *c;
    blanks(c);
    bool gap = c->i > after.i;
    int ch = peek(c, 0);
    if (!gap && !closed && ch == ':' && peek(c, 1) == '-') { /* ${KEY:-v} */
        c->i += 2;
        c->close = '}';
        kv->tight = true;
        return true;
    }
    if (operator(c) || escaped_operator(c)) {
        size_t sep = c->i;
        blanks(c);
        kv->tight = !gap && c->i == sep && ch != ':';
        if (!typed(c) && ch == ':')
            next_line(c);
        return true;
    }
    if (ch == '>' && !gap) { /* <password>x<, name="password">x< */
        c->i++;
        white_space(c);
        kv->quoted = true;
        return true;
    }
    if (ch == '<' && !gap && !closed) {
        kv->quoted = next_element(c);
        return kv->quoted;
    }
    if (flag && gap && !closed)
        return true;
    *c = after;
    if (fallback(c))
        return true;
    blanks(c);
    if (gap && ch == '-' && peek(c, 1) == ' ') { /* token - 'x', of notes */
        c->i++;
        blanks(c);
        return is_quote(peek(c, 0));
    }
    if (ch == '(' && !gap && !closed) { /* setPassword("x") */
        c->i++;
        white_space(c);
        kv->list = true;
        return sets(kv->key) && is_quote(peek(c, 0));
    }
    if (gap && !closed && (is_quote(ch) || typed(c))) /* PASSWORD 'x' */
        return true;
    if (gap && !closed && (skip_text(c, "is ") || skip_text(c, "| "))) { /* the key is x */
        kv->beside = true;
        return true;
    }
    if (gap && !closed && ch > ' ' && pl_is_alnum((uint8_t)ch)) { /* SECRET x */
        kv->beside = true;
        return true;
    }
    *c = after;
    return closed ? after_quoted(c, kv) : value_member(c);
}

static bool quoted_value(struct cursor *c, struct pl_kv *kv)
{
    size_t back = 0;
    while (back < 3 && peek(c, back) == '\\')
        back++;
    int q = peek(c, back);
    if (!is_quote(q))
        return false;
    c->i += back + 1;
    size_t from = c->i, max = c->n - from < MAX_VALUE ? c->n : from + MAX_VALUE;
    for (size_t i = from; i < max; i++) {
        if (c->p[i] == q) {
            size_t end = i - (back && i - from >= back ? back : 0);
            if (end - from > 2 && c->p[from] == '"' && c->p[end - 1] == '"') { /* '"x"' */
                from++;
                end--;
            }
            kv->off = from;
            kv->value = pl_str_n(c->p + from, end - from);
            kv->quoted = true;
            kv->mark = (char)q;
            return true;
        }
        if (c->p[i] == '\n')
            return false;
        if (c->p[i] == '\\' && !back)
            i++;
    }
    return false;
}

static bool ends_value(uint8_t c, bool tag)
{
    if (tag)
        return c == '<' || c == '\n';
    return c <= ' ' || c == '"' || c == '\'' || c == '`' || c == '<' || c == '>' || c == '\\';
}

static bool bare_value(struct cursor *c, struct pl_kv *kv)
{
    bool tag = kv->quoted;
    size_t from = c->i, i = from, max = c->n - from < MAX_VALUE ? c->n : from + MAX_VALUE;
    while (i < max && !ends_value(c->p[i], tag) && (!c->close || c->p[i] != (uint8_t)c->close))
        i++;
    if (i == max && i != c->n)
        return false;
    while (tag && i > from && c->p[i - 1] <= ' ')
        i--;
    while (!tag && i > from && (c->p[i - 1] == ',' || c->p[i - 1] == ';' || c->p[i - 1] == ')'))
        i--;
    /* of a query string or a connection string only the first member */
    for (size_t k = from; kv->tight && k < i; k++) {
        if (c->p[k] == '&' || c->p[k] == ';') {
            i = k;
            break;
        }
    }
    kv->off = from;
    kv->value = pl_str_n(c->p + from, i - from);
    return i > from;
}

/* Is there a comment mark in front of the key on its line? */
static bool in_comment(const struct pl_hit *h, size_t key)
{
    size_t low = key > 120 ? key - 120 : 0, i = key;
    while (i > low && h->p[i - 1] != '\n')
        i--;
    while (i < key && (h->p[i] == ' ' || h->p[i] == '\t'))
        i++;
    return i < key && (h->p[i] == '#' || h->p[i] == ';' || h->p[i] == '*' ||
                       (h->p[i] == '/' && (h->p[i + 1] == '/' || h->p[i + 1] == '*')) ||
                       (h->p[i] == '-' && h->p[i + 1] == '-' && h->p[i + 2] == ' '));
}

bool pl_kv_parse(const struct pl_hit *h, struct pl_kv *ret)
{
    struct cursor c = { .p = h->p, .i = h->at + h->len, .n = h->n };
    size_t right = c.i + MAX_KEY;
    while (c.i < c.n && c.i < right && key_char(c.p[c.i]))
        c.i++;
    int ch = peek(&c, 0);
    if (ch != '=' && ch != ':' && ch != '"' && ch != '\'' && ch != ' ' && ch != '\t' && ch != '>' &&
        ch != '\\' && ch != '\n' && ch != '\r' && ch != ',' && ch != '`' && ch != '?' &&
        ch != '+' && ch != '|' && ch != '%' && ch != '(' && ch != '<')
        return false;
    size_t key = h->at, end = c.i;
    while (key > 0 && h->at - key < MAX_KEY && key_char(h->p[key - 1]))
        key--;
    bool flag = h->p[key] == '-' && (key == 0 || h->p[key - 1] <= ' ' || is_quote(h->p[key - 1]));
    *ret = (struct pl_kv){ .key = pl_str_n(h->p + key, end - key) };
    if (!separator(&c, ret, flag))
        return false;
    if (!ret->quoted && (peek(&c, 0) == 'b' || peek(&c, 0) == 'u' || peek(&c, 0) == 'r') &&
        is_quote(peek(&c, 1)))
        c.i++;
    if (!quoted_value(&c, ret)) {
        if (is_quote(peek(&c, 0)) || !bare_value(&c, ret))
            return false;
    }
    ret->comment = in_comment(h, key);
    ret->member =
        ret->tight && !ret->quoted && key > 0 && strchr("?&;\"'`", h->p[key - 1]) && h->p[key - 1];
    return true;
}
