/* XML as a tree. A document type is skipped with its declarations, so that no entity grows. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "fmt/xml.h"

#define ATTRS_MAX 256u

struct parser {
    struct pl_str s;
    size_t at;
    struct pl_arena *a;
    struct pl_xml *top; /* the element being read */
    unsigned depth;
    struct pl_err *err;
};

static int bad(struct parser *p, const char *what)
{
    return pl_fail(p->err, PL_E_FORMAT, "no XML at byte %zu: %s", p->at, what);
}

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void skip_blank(struct parser *p)
{
    while (p->at < p->s.n && blank(p->s.p[p->at]))
        p->at++;
}

static bool next_is(const struct parser *p, const char *word)
{
    return pl_str_starts(pl_str_sub(p->s, p->at, SIZE_MAX), pl_str_c(word));
}

/* Moves behind the next `word`; false when it does not come. */
static bool skip_past(struct parser *p, const char *word)
{
    size_t at = pl_str_find(p->s, pl_str_c(word), p->at);
    if (at == SIZE_MAX)
        return false;
    p->at = at + strlen(word);
    return true;
}

/* ---- text ---- */

static size_t put_utf8(char *to, uint32_t c)
{
    if (c < 0x80) {
        to[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        to[0] = (char)(0xC0 | c >> 6);
        to[1] = (char)(0x80 | (c & 63));
        return 2;
    }
    if (c < 0x10000) {
        to[0] = (char)(0xE0 | c >> 12);
        to[1] = (char)(0x80 | (c >> 6 & 63));
        to[2] = (char)(0x80 | (c & 63));
        return 3;
    }
    to[0] = (char)(0xF0 | c >> 18);
    to[1] = (char)(0x80 | (c >> 12 & 63));
    to[2] = (char)(0x80 | (c >> 6 & 63));
    to[3] = (char)(0x80 | (c & 63));
    return 4;
}

/* The number of "#38" or "#x26"; 0 when it is none. */
static uint32_t reference(struct pl_str s)
{
    bool hex = s.n > 1 && (s.p[1] == 'x' || s.p[1] == 'X');
    uint32_t c = 0;
    for (size_t i = hex ? 2 : 1; i < s.n; i++) {
        unsigned d = (unsigned char)s.p[i] - '0';
        if (hex && d > 9)
            d = (((unsigned char)s.p[i] | 32u) - 'a') + 10;
        if (d >= (hex ? 16u : 10u) || c > 0x10FFFF)
            return 0;
        c = c * (hex ? 16 : 10) + d;
    }
    return c > 0x10FFFF || (c >= 0xD800 && c < 0xE000) ? 0 : c;
}

/* Writes what "&name;" stands for; 0: it stays as it is written. */
static size_t put_entity(char *to, struct pl_str name)
{
    static const struct {
        const char *name;
        char c;
    } known[] = { { "amp", '&' }, { "lt", '<' }, { "gt", '>' }, { "quot", '"' }, { "apos", '\'' } };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (pl_str_is(name, known[i].name)) {
            *to = known[i].c;
            return 1;
        }
    uint32_t c = name.n > 1 && name.n < 12 && *name.p == '#' ? reference(name) : 0;
    return c ? put_utf8(to, c) : 0;
}

/* Decoded text is never longer than it was written. */
static struct pl_str decoded(struct pl_arena *a, struct pl_str s)
{
    if (!s.n || !memchr(s.p, '&', s.n))
        return s;
    char *to = pl_alloc(a, s.n);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        size_t end = s.p[i] == '&' ? pl_str_find(pl_str_sub(s, i, 12), PL_S(";"), 0) : SIZE_MAX;
        size_t k = end == SIZE_MAX ? 0 : put_entity(to + n, pl_str_sub(s, i + 1, end - 1));
        if (k) {
            n += k;
            i += end;
        } else {
            to[n++] = s.p[i];
        }
    }
    return pl_str_n(to, n);
}

static void take_text(struct parser *p, struct pl_str s, bool raw)
{
    s = pl_str_trim(s);
    if (p->top && s.n && !p->top->text.n)
        p->top->text = raw ? s : decoded(p->a, s);
}

/* ---- elements ---- */

static bool ends_name(char c)
{
    return blank(c) || c == '>' || c == '/' || c == '=' || c == '<' || c == '"' || c == '\'';
}

static struct pl_str name_of(struct parser *p)
{
    size_t from = p->at;
    while (p->at < p->s.n && !ends_name(p->s.p[p->at]))
        p->at++;
    struct pl_str s = pl_str_sub(p->s, from, p->at - from);
    size_t colon = s.n ? pl_str_find(s, PL_S(":"), 0) : SIZE_MAX;
    return colon == SIZE_MAX || colon + 1 == s.n ? s : pl_str_sub(s, colon + 1, SIZE_MAX);
}

static int attribute(struct parser *p, struct pl_xml_attr *ret)
{
    ret->name = name_of(p);
    skip_blank(p);
    if (!ret->name.n || p->at >= p->s.n || p->s.p[p->at] != '=')
        return bad(p, "an attribute has no value");
    p->at++;
    skip_blank(p);
    char quote = p->at < p->s.n ? p->s.p[p->at] : 0;
    if (quote != '"' && quote != '\'')
        return bad(p, "a value has no quotes");
    size_t from = ++p->at;
    while (p->at < p->s.n && p->s.p[p->at] != quote)
        p->at++;
    if (p->at >= p->s.n)
        return bad(p, "a value has no end");
    ret->value = decoded(p->a, pl_str_sub(p->s, from, p->at++ - from));
    return 0;
}

/* The attributes up to the end of the tag; *ret_empty: it ended in "/>". */
static int attributes(struct parser *p, struct pl_xml *x, bool *ret_empty)
{
    struct pl_xml_attr list[ATTRS_MAX];
    size_t n = 0;
    int r = 0;
    for (;;) {
        skip_blank(p);
        if (p->at >= p->s.n)
            return bad(p, "a tag has no end");
        if (p->s.p[p->at] == '>' || next_is(p, "/>"))
            break;
        if (n == ATTRS_MAX)
            return pl_fail(p->err, PL_E_LIMIT, "more than %u attributes", ATTRS_MAX);
        if ((r = attribute(p, &list[n++])) < 0)
            return r;
    }
    *ret_empty = p->s.p[p->at] == '/';
    p->at += *ret_empty ? 2 : 1;
    if (n) {
        struct pl_xml_attr *to = pl_alloc_n(p->a, n, sizeof *to);
        memcpy(to, list, n * sizeof *to);
        x->attr = to;
        x->n_attrs = n;
    }
    return 0;
}

static int open_tag(struct parser *p, struct pl_xml **ret)
{
    bool empty = false;
    if (*ret && !p->top)
        return bad(p, "a second root");
    if (p->depth >= PL_XML_DEPTH)
        return pl_fail(p->err, PL_E_LIMIT, "more than %u levels of XML", PL_XML_DEPTH);
    struct pl_xml *x = PL_NEW(p->a, struct pl_xml);
    *x = (struct pl_xml){ .text = PL_S(""), .parent = p->top };
    p->at++;
    x->name = name_of(p);
    if (!x->name.n)
        return bad(p, "a tag has no name");
    int r = attributes(p, x, &empty);
    if (r < 0)
        return r;
    if (!p->top)
        *ret = x;
    else if (p->top->last_child)
        p->top->last_child->next = x;
    else
        p->top->child = x;
    if (p->top)
        p->top->last_child = x;
    if (!empty) {
        p->top = x;
        p->depth++;
    }
    return 0;
}

static int close_tag(struct parser *p)
{
    p->at += 2;
    struct pl_str name = name_of(p);
    skip_blank(p);
    if (!p->top || !pl_str_eq(name, p->top->name))
        return bad(p, "a closing tag that nothing opened");
    if (p->at >= p->s.n || p->s.p[p->at] != '>')
        return bad(p, "a closing tag has no end");
    p->at++;
    p->top = p->top->parent;
    p->depth--;
    return 0;
}

/* "<!DOCTYPE …>" with its declarations in brackets. */
static int skip_doctype(struct parser *p)
{
    bool inside = false;
    for (; p->at < p->s.n; p->at++) {
        char c = p->s.p[p->at];
        if (c == '[')
            inside = true;
        else if (c == ']')
            inside = false;
        else if (c == '>' && !inside) {
            p->at++;
            return 0;
        }
    }
    return bad(p, "a document type has no end");
}

static int markup(struct parser *p, struct pl_xml **ret)
{
    size_t from = p->at;
    if (next_is(p, "<?"))
        return skip_past(p, "?>") ? 0 : bad(p, "an instruction has no end");
    if (next_is(p, "<!--"))
        return skip_past(p, "-->") ? 0 : bad(p, "a comment has no end");
    if (next_is(p, "<![CDATA[")) {
        if (!skip_past(p, "]]>"))
            return bad(p, "a section has no end");
        take_text(p, pl_str_sub(p->s, from + 9, p->at - from - 12), /* raw= */ true);
        return 0;
    }
    if (next_is(p, "<!"))
        return skip_doctype(p);
    return next_is(p, "</") ? close_tag(p) : open_tag(p, ret);
}

int pl_xml_parse(struct pl_str text, struct pl_arena *a, struct pl_xml **ret, struct pl_err *err)
{
    struct parser p = { .s = text, .a = a, .err = err };
    int r = 0;
    *ret = NULL;
    if (pl_str_starts(text, PL_S("\xEF\xBB\xBF")))
        p.at = 3;
    while (r == 0 && p.at < text.n) {
        if (text.p[p.at] == '<') {
            r = markup(&p, ret);
            continue;
        }
        size_t from = p.at;
        const char *end = memchr(text.p + from, '<', text.n - from);
        p.at = end ? (size_t)(end - text.p) : text.n;
        struct pl_str run = pl_str_sub(text, from, p.at - from);
        if (!p.top && pl_str_trim(run).n) {
            p.at = from;
            r = bad(&p, "text outside of the root");
        }
        take_text(&p, run, /* raw= */ false);
    }
    if (r == 0 && (p.top || !*ret))
        r = bad(&p, p.top ? "it ends in the middle" : "no element");
    return r;
}

/* ---- looking at it ---- */

static const struct pl_xml *named(const struct pl_xml *x, struct pl_str name)
{
    while (x && !pl_str_eq(x->name, name))
        x = x->next;
    return x;
}

const struct pl_xml *pl_xml_get(const struct pl_xml *x, const char *name)
{
    return x ? named(x->child, pl_str_c(name)) : NULL;
}

const struct pl_xml *pl_xml_more(const struct pl_xml *x)
{
    return named(x->next, x->name);
}

struct pl_str pl_xml_text(const struct pl_xml *x, const char *name)
{
    x = pl_xml_get(x, name);
    return x ? x->text : PL_S("");
}

struct pl_str pl_xml_attr(const struct pl_xml *x, const char *name)
{
    for (size_t i = 0; x && i < x->n_attrs; i++)
        if (pl_str_is(x->attr[i].name, name))
            return x->attr[i].value;
    return PL_S("");
}
