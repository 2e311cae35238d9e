/* RE2 syntax to a tree: what rules use of it. Anything else ends the parse without a result. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "compat/gl_shape_int.h"
#include "fmt/utf8.h"

#define MAX_NEST 64

struct parse {
    struct pl_arena *a;
    struct pl_str s;
    size_t i;
    unsigned flags, nest;
    bool bad;
};

static bool more(const struct parse *p)
{
    return !p->bad && p->i < p->s.n;
}

static bool at(const struct parse *p, const char *text)
{
    return pl_str_starts(pl_str_sub(p->s, p->i, SIZE_MAX), pl_str_c(text));
}

static struct pl_gl_node *node(struct parse *p, enum pl_gl_node_kind kind, size_t from)
{
    struct pl_gl_node *n = PL_NEW(p->a, struct pl_gl_node);
    n->kind = kind;
    n->at = from;
    n->flags = p->flags;
    return n;
}

static void set_range(struct pl_gl_node *n, uint32_t lo, uint32_t hi)
{
    for (uint32_t c = lo; c <= hi && c < 128; c++)
        n->set[c >> 6] |= 1ull << (c & 63);
    n->wide |= hi >= 128;
}

/* \d \w \s and their complements; false when `c` is none of them. */
static bool perl_class(struct pl_gl_node *n, char c)
{
    struct pl_gl_node one = { 0 };
    switch (c | 32) {
    case 'd':
        set_range(&one, '0', '9');
        break;
    case 'w':
        set_range(&one, '0', '9');
        set_range(&one, 'A', 'Z');
        set_range(&one, 'a', 'z');
        set_range(&one, '_', '_');
        break;
    case 's':
        set_range(&one, '\t', '\n');
        set_range(&one, '\f', '\r');
        set_range(&one, ' ', ' ');
        break;
    default:
        return false;
    }
    bool not = c < 'a';
    n->set[0] |= not ? ~one.set[0] : one.set[0];
    n->set[1] |= not ? ~one.set[1] : one.set[1];
    n->wide |= not ;
    return true;
}

static uint32_t hex_escape(struct parse *p)
{
    uint32_t v = 0;
    bool braces = at(p, "{");
    size_t n = 0;
    for (p->i += braces; more(p) && n < (braces ? 8u : 2u); n++, p->i++) {
        char c = p->s.p[p->i];
        unsigned d = c >= '0' && c <= '9'                 ? (unsigned)(c - '0')
                     : (c | 32) >= 'a' && (c | 32) <= 'f' ? (unsigned)((c | 32) - 'a' + 10)
                                                          : 16u;
        if (d > 15)
            break;
        v = v * 16 + d;
    }
    if (braces && !at(p, "}"))
        p->bad = true;
    p->i += braces;
    p->bad |= n == 0 || v > 0x10FFFF;
    return v;
}

/* The character behind a backslash that stands for itself or is a number; p->i behind the '\'. */
static uint32_t escaped_char(struct parse *p)
{
    static const char from[] = "afnrtv", to[] = "\a\f\n\r\t\v";
    char c = p->s.p[p->i++];
    const char *k = strchr(from, c);
    if (c && k)
        return (uint32_t)to[k - from];
    if (c == 'x')
        return hex_escape(p);
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c & 0x80)
        p->bad = true; /* \p, \Q, octal … */
    return (unsigned char)c;
}

static uint32_t plain_char(struct parse *p)
{
    uint32_t cp = 0;
    size_t n = pl_utf8_next(pl_str_sub(p->s, p->i, 4), &cp);
    p->bad |= n == 0;
    p->i += n;
    return cp;
}

static uint32_t class_char(struct parse *p)
{
    if (!at(p, "\\"))
        return plain_char(p);
    if (p->i + 1 >= p->s.n) {
        p->bad = true;
        return 0;
    }
    p->i++;
    return escaped_char(p);
}

static void class_item(struct parse *p, struct pl_gl_node *n)
{
    if (at(p, "[:")) {
        p->bad = true;
        return;
    }
    if (at(p, "\\") && p->i + 1 < p->s.n && perl_class(n, p->s.p[p->i + 1])) {
        p->i += 2;
        return;
    }
    uint32_t lo = class_char(p), hi = lo;
    if (more(p) && at(p, "-") && p->i + 1 < p->s.n && p->s.p[p->i + 1] != ']') {
        p->i++;
        hi = class_char(p);
    }
    p->bad |= hi < lo;
    if (!p->bad)
        set_range(n, lo, hi);
}

/* ASCII only: text with a character that folds into ASCII is not searched by shape. */
static void fold_class(struct pl_gl_node *n)
{
    uint64_t letters = n->set[1] & 0x07FFFFFE07FFFFFEull;
    n->set[1] |= (letters & 0x07FFFFFEull) << 32 | (letters & 0x07FFFFFE00000000ull) >> 32;
}

static struct pl_gl_node *read_class(struct parse *p)
{
    struct pl_gl_node *n = node(p, GL_CLASS, p->i);
    bool not = false;
    p->i++;
    if (at(p, "^")) {
        not = true;
        p->i++;
    }
    bool first = true;
    while (more(p) && (first || !at(p, "]"))) {
        class_item(p, n);
        first = false;
    }
    p->bad |= !more(p);
    p->i++;
    if (p->flags & GL_FLAG_I)
        fold_class(n);
    if (not ) {
        n->set[0] = ~n->set[0];
        n->set[1] = ~n->set[1];
        n->wide = true;
    }
    return n;
}

static struct pl_gl_node *read_alt(struct parse *p);

/* "(?flags)" and "(?flags:"; true when a group follows. */
static bool read_flags(struct parse *p)
{
    bool on = true;
    for (; more(p); p->i++) {
        static const char names[] = "imsU";
        char c = p->s.p[p->i];
        const char *k = c ? strchr(names, c) : NULL;
        if (k) {
            unsigned bit = 1u << (k - names);
            p->flags = on ? p->flags | bit : p->flags & ~bit;
        } else if (c == '-') {
            on = false;
        } else if (c == ':' || c == ')') {
            p->i++;
            return c == ':';
        } else {
            break;
        }
    }
    p->bad = true;
    return false;
}

static void skip_name(struct parse *p)
{
    while (more(p) && !at(p, ">"))
        p->i++;
    p->bad |= !more(p);
    p->i++;
}

static struct pl_gl_node *read_group(struct parse *p)
{
    size_t from = p->i++;
    unsigned outer = p->flags;
    if (at(p, "?P<") || at(p, "?<")) {
        skip_name(p);
    } else if (at(p, "?")) {
        p->i++;
        if (!read_flags(p))
            return node(p, GL_EMPTY, from); /* holds to the end of the group around it */
    }
    if (++p->nest > MAX_NEST)
        p->bad = true;
    struct pl_gl_node *n = p->bad ? NULL : read_alt(p);
    p->nest--;
    if (p->bad || !at(p, ")")) {
        p->bad = true;
        return NULL;
    }
    p->i++;
    struct pl_gl_node *g = node(p, GL_CAT, from);
    g->flags = outer;
    g->kids = pl_alloc_n(p->a, 1, sizeof(struct pl_gl_node *));
    g->kids[g->n++] = n;
    p->flags = outer;
    return g;
}

static struct pl_gl_node *read_escape(struct parse *p)
{
    size_t from = p->i++;
    if (!more(p)) {
        p->bad = true;
        return NULL;
    }
    char c = p->s.p[p->i];
    if (c == 'b' || c == 'B' || c == 'A' || c == 'z') {
        p->i++;
        return node(p, GL_EMPTY, from);
    }
    struct pl_gl_node *n = node(p, GL_CLASS, from);
    if (perl_class(n, c)) {
        p->i++;
        if (p->flags & GL_FLAG_I)
            fold_class(n);
        return n;
    }
    n->kind = GL_CHAR;
    n->ch = escaped_char(p);
    return n;
}

static struct pl_gl_node *read_atom(struct parse *p)
{
    size_t from = p->i;
    struct pl_gl_node *n;
    switch (p->s.p[p->i]) {
    case '(':
        return read_group(p);
    case '[':
        return read_class(p);
    case '\\':
        return read_escape(p);
    case '^':
    case '$':
        p->i++;
        return node(p, GL_EMPTY, from);
    case '.':
        p->i++;
        n = node(p, GL_CLASS, from);
        n->set[0] = n->set[1] = ~0ull;
        n->wide = true;
        return n;
    case '*':
    case '+':
    case '?':
        p->bad = true;
        return NULL;
    default:
        n = node(p, GL_CHAR, from);
        n->ch = plain_char(p);
        return n;
    }
}

static bool count(struct parse *p, uint32_t *ret)
{
    uint64_t v = 0;
    size_t n = 0;
    while (p->i < p->s.n && p->s.p[p->i] >= '0' && p->s.p[p->i] <= '9' && v < 100000) {
        v = v * 10 + (uint64_t)(p->s.p[p->i++] - '0');
        n++;
    }
    *ret = (uint32_t)v;
    return n > 0 && v <= 1000;
}

/* "{n}", "{n,}", "{n,m}"; otherwise the brace is a character. */
static bool braces(struct parse *p, uint32_t *lo, uint32_t *hi)
{
    size_t back = p->i++;
    bool ok = count(p, lo);
    *hi = *lo;
    if (ok && at(p, ",")) {
        p->i++;
        *hi = PL_GL_INF;
        if (!at(p, "}"))
            ok = count(p, hi);
    }
    if (ok && at(p, "}")) {
        p->i++;
        return true;
    }
    p->i = back;
    return false;
}

static struct pl_gl_node *read_repeat(struct parse *p)
{
    struct pl_gl_node *n = read_atom(p);
    while (more(p)) {
        uint32_t lo = 0, hi = PL_GL_INF;
        char c = p->s.p[p->i];
        if (c == '{') {
            if (!braces(p, &lo, &hi))
                break;
        } else if (c == '*' || c == '+' || c == '?') {
            p->i++;
            lo = c == '+';
            hi = c == '?' ? 1 : PL_GL_INF;
        } else {
            break;
        }
        if (at(p, "?"))
            p->i++;
        struct pl_gl_node *r = node(p, GL_REPEAT, n->at);
        r->flags = n->flags;
        r->lo = lo;
        r->hi = hi;
        r->kids = pl_alloc_n(p->a, 1, sizeof(struct pl_gl_node *));
        r->kids[r->n++] = n;
        n = r;
    }
    return n;
}

static void add_kid(struct parse *p, struct pl_gl_node *n, struct pl_gl_node *kid, size_t *cap)
{
    if (n->n == *cap) {
        *cap = *cap ? *cap * 2 : 8;
        struct pl_gl_node **kids = pl_alloc_n(p->a, *cap, sizeof *kids);
        if (n->n)
            memcpy(kids, n->kids, n->n * sizeof *kids);
        n->kids = kids;
    }
    n->kids[n->n++] = kid;
}

static struct pl_gl_node *read_cat(struct parse *p)
{
    struct pl_gl_node *n = node(p, GL_CAT, p->i);
    size_t cap = 0;
    while (more(p) && !at(p, "|") && !at(p, ")")) {
        struct pl_gl_node *kid = read_repeat(p);
        if (p->bad)
            return NULL;
        add_kid(p, n, kid, &cap);
    }
    return n;
}

/* Flags set in one alternative hold in the next ones as well. */
static struct pl_gl_node *read_alt(struct parse *p)
{
    struct pl_gl_node *n = node(p, GL_ALT, p->i);
    size_t cap = 0;
    for (;;) {
        struct pl_gl_node *kid = read_cat(p);
        if (p->bad)
            return NULL;
        add_kid(p, n, kid, &cap);
        if (!at(p, "|"))
            break;
        p->i++;
    }
    return n->n == 1 ? n->kids[0] : n;
}

struct pl_gl_node *pl_gl_shape_parse(struct pl_arena *a, struct pl_str regex)
{
    struct parse p = { .a = a, .s = regex };
    struct pl_gl_node *n = read_alt(&p);
    return p.bad || p.i != regex.n ? NULL : n;
}
