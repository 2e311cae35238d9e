/* JSON into nodes. RFC 8259. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "fmt/jsontree.h"

#include "base/vec.h"

struct reader {
    const char *p, *end, *start;
    struct pl_arena *a;
    struct pl_err *err;
    PL_VEC(struct pl_yaml *) items; /* of the containers that are open */
};

static int bad(struct reader *r, const char *what)
{
    return pl_fail(r->err, PL_E_FORMAT, "byte %zu: %s", (size_t)(r->p - r->start), what);
}

static void blanks(struct reader *r)
{
    while (r->p < r->end && (*r->p == ' ' || *r->p == '\t' || *r->p == '\n' || *r->p == '\r'))
        r->p++;
}

static int hex4(const char *p, uint32_t *ret)
{
    uint8_t b[2];
    if (!pl_unhex(pl_str_n(p, 4), b, 2))
        return -1;
    *ret = (uint32_t)b[0] << 8 | b[1];
    return 0;
}

static size_t utf8(uint32_t c, char *out)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xc0 | c >> 6);
        out[1] = (char)(0x80 | (c & 63));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xe0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 63));
        out[2] = (char)(0x80 | (c & 63));
        return 3;
    }
    out[0] = (char)(0xf0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 63));
    out[2] = (char)(0x80 | (c >> 6 & 63));
    out[3] = (char)(0x80 | (c & 63));
    return 4;
}

/* The \u escape at `p` (behind the u), with the second half of a pair; a lone half is U+FFFD. */
static int unicode(struct reader *r, const char **p, const char *end, char **out)
{
    uint32_t c, d;
    if (end - *p < 4 || hex4(*p, &c) < 0)
        return bad(r, "not an escape");
    *p += 4;
    if (c >= 0xd800 && c < 0xdc00 && end - *p >= 6 && (*p)[0] == '\\' && (*p)[1] == 'u' &&
        hex4(*p + 2, &d) == 0 && d >= 0xdc00 && d < 0xe000) {
        c = 0x10000 + ((c - 0xd800) << 10) + (d - 0xdc00);
        *p += 6;
    } else if (c >= 0xd800 && c < 0xe000) {
        c = 0xfffd;
    }
    *out += utf8(c, *out);
    return 0;
}

static int decode(struct reader *r, const char *p, const char *end, struct pl_str *ret)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    char *out = pl_alloc(r->a, (size_t)(end - p) + 1), *o = out;
    while (p < end) {
        if (*p != '\\') {
            *o++ = *p++;
            continue;
        }
        const char *at = ++p < end && *p ? strchr(from, *p) : NULL;
        if (p < end && *p == 'u') {
            p++;
            if (unicode(r, &p, end, &o) < 0)
                return PL_E_FORMAT;
        } else if (at) {
            *o++ = to[at - from];
            p++;
        } else {
            return bad(r, "not an escape");
        }
    }
    *ret = pl_str_n(out, (size_t)(o - out));
    return 0;
}

/* At the opening quote. */
static int string(struct reader *r, struct pl_str *ret)
{
    const char *p = ++r->p;
    bool escaped = false;
    while (p < r->end && *p != '"') {
        if ((unsigned char)*p < ' ')
            return bad(r, "control character in a string");
        if (*p == '\\') {
            escaped = true;
            p++;
        }
        p++;
    }
    if (p >= r->end)
        return bad(r, "a string without end");
    const char *from = r->p;
    r->p = p + 1;
    if (escaped)
        return decode(r, from, p, ret);
    *ret = pl_str_n(from, (size_t)(p - from));
    return 0;
}

static struct pl_yaml *node(struct reader *r, enum pl_yaml_kind kind)
{
    struct pl_yaml *y = PL_NEW(r->a, struct pl_yaml);
    y->kind = kind;
    return y;
}

static int scalar(struct reader *r, struct pl_yaml **ret)
{
    const char *p = r->p;
    while (p < r->end && (unsigned char)*p > ' ' && !strchr(",]}:\"[{", *p))
        p++;
    struct pl_str word = pl_str_n(r->p, (size_t)(p - r->p));
    bool number = word.n && (*word.p == '-' || (*word.p >= '0' && *word.p <= '9'));
    for (size_t i = 0; i < word.n && number; i++)
        number = word.p[i] && strchr("0123456789+-.eE", word.p[i]);
    if (!number && !pl_str_is(word, "true") && !pl_str_is(word, "false") &&
        !pl_str_is(word, "null"))
        return bad(r, "not a value");
    *ret = node(r, PL_YAML_SCALAR);
    (*ret)->plain = true;
    (*ret)->text = word;
    r->p = p;
    return 0;
}

static int value(struct reader *r, unsigned depth, struct pl_yaml **ret);

/* Of an object: its key and the colon. */
static int key(struct reader *r, struct pl_str *ret)
{
    blanks(r);
    if (r->p >= r->end || *r->p != '"')
        return bad(r, "a key is missing");
    int k = string(r, ret);
    if (k < 0)
        return k;
    blanks(r);
    if (r->p >= r->end || *r->p != ':')
        return bad(r, "':' is missing");
    r->p++;
    return 0;
}

/* Behind an element: 1 when another follows, 0 at the end. */
static int more(struct reader *r, char close)
{
    blanks(r);
    if (r->p >= r->end)
        return bad(r, "the document is cut");
    char c = *r->p++;
    return c == ',' ? 1 : c == close ? 0 : bad(r, "',' is missing");
}

static bool closes(struct reader *r, char close)
{
    blanks(r);
    if (r->p >= r->end || *r->p != close)
        return false;
    r->p++;
    return true;
}

static int element(struct reader *r, bool map, unsigned depth)
{
    struct pl_yaml *v;
    int k = 0;
    if (map) {
        struct pl_yaml *name = node(r, PL_YAML_SCALAR);
        k = key(r, &name->text);
        pl_vec_push(&r->items, name);
    }
    if (k == 0)
        k = value(r, depth, &v);
    if (k == 0)
        pl_vec_push(&r->items, v);
    return k;
}

static int container(struct reader *r, unsigned depth, struct pl_yaml **ret)
{
    bool map = *r->p++ == '{';
    char close = map ? '}' : ']';
    size_t base = r->items.n;
    if (depth >= PL_JSONTREE_DEPTH)
        return pl_fail(r->err, PL_E_LIMIT, "limit json-depth: nested too deep");
    struct pl_yaml *y = node(r, map ? PL_YAML_MAP : PL_YAML_LIST);
    int k = closes(r, close) ? 0 : 1;
    while (k == 1) {
        k = element(r, map, depth + 1);
        if (k == 0)
            k = more(r, close);
    }
    if (k < 0)
        return k;
    size_t n = r->items.n - base;
    y->item = pl_alloc_n(r->a, n ? n : 1, sizeof *y->item);
    if (n)
        memcpy(y->item, r->items.p + base, n * sizeof *y->item);
    y->n = map ? n / 2 : n;
    r->items.n = base;
    *ret = y;
    return 0;
}

static int value(struct reader *r, unsigned depth, struct pl_yaml **ret)
{
    blanks(r);
    if (r->p >= r->end)
        return bad(r, "the document is cut");
    if (*r->p == '{' || *r->p == '[')
        return container(r, depth, ret);
    if (*r->p != '"')
        return scalar(r, ret);
    struct pl_yaml *y = node(r, PL_YAML_SCALAR);
    *ret = y;
    return string(r, &y->text);
}

static struct reader begin(struct pl_str text, struct pl_arena *a, struct pl_err *err)
{
    struct reader r = { .p = text.p, .end = text.p + text.n, .start = text.p, .a = a, .err = err };
    if (pl_str_starts(text, PL_S("\xEF\xBB\xBF")))
        r.p += 3;
    return r;
}

int pl_jsontree_parse(struct pl_str text, struct pl_arena *a, struct pl_yaml **ret,
                      struct pl_err *err)
{
    struct reader r = begin(text, a, err);
    int k = value(&r, 0, ret);
    if (k == 0) {
        blanks(&r);
        if (r.p < r.end)
            k = bad(&r, "more follows the document");
    }
    pl_vec_release(&r.items);
    return k;
}

static int one_member(struct reader *r, bool map,
                      int (*fn)(void *arg, struct pl_str key, const struct pl_yaml *value),
                      void *arg)
{
    struct pl_str name = { "", 0 };
    struct pl_yaml *v = NULL;
    pl_arena_reset(r->a);
    int k = map ? key(r, &name) : 0;
    if (k == 0)
        k = value(r, 1, &v);
    return k == 0 ? fn(arg, name, v) : k;
}

int pl_jsontree_each(struct pl_str text, struct pl_arena *scratch,
                     int (*fn)(void *arg, struct pl_str key, const struct pl_yaml *value),
                     void *arg, struct pl_err *err)
{
    struct reader r = begin(text, scratch, err);
    blanks(&r);
    if (r.p >= r.end || (*r.p != '{' && *r.p != '['))
        return bad(&r, "neither an object nor a list");
    bool map = *r.p++ == '{';
    char close = map ? '}' : ']';
    int k = closes(&r, close) ? 0 : 1;
    while (k == 1) {
        k = one_member(&r, map, fn, arg);
        if (k)
            break;
        k = more(&r, close);
    }
    pl_vec_release(&r.items);
    return k;
}
