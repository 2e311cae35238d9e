/* Templates: the functions, those of Go's text/template and some of sprig. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "compat/gl_template_int.h"
#include "fmt/utf8.h"

struct call {
    struct pl_arena *a;
    struct pl_str name;
    const struct tpl_value *v;
    size_t n;
    struct tpl_value *ret;
    struct pl_err *err;
};

static int no(const struct call *c, const char *why)
{
    return pl_fail(c->err, PL_E_FORMAT, "template: %.*s: %s", PL_FMT(c->name), why);
}

bool tpl_true(const struct tpl_value *v)
{
    switch (v->kind) {
    case TPL_NIL:
        return false;
    case TPL_BOOL:
    case TPL_INT:
        return v->i != 0;
    case TPL_FLOAT:
        return v->f != 0;
    case TPL_STR:
        return v->s.n > 0;
    case TPL_STRS:
    case TPL_LIST:
        return v->n > 0;
    case TPL_FINDING:
        return true;
    }
    return false;
}

int tpl_print(struct pl_buf *out, const struct tpl_value *v, struct pl_err *err)
{
    switch (v->kind) {
    case TPL_NIL:
        pl_buf_puts(out, "<no value>");
        return 0;
    case TPL_BOOL:
        pl_buf_puts(out, v->i ? "true" : "false");
        return 0;
    case TPL_INT:
        pl_buf_printf(out, "%" PRId64, v->i);
        return 0;
    case TPL_FLOAT:
        if (v->single)
            pl_gl_json_float(out, (float)v->f);
        else
            pl_buf_printf(out, "%.15g", v->f);
        return 0;
    case TPL_STR:
        return pl_buf_add(out, v->s.p, v->s.n, err);
    case TPL_STRS:
        pl_buf_putc(out, '[');
        for (size_t i = 0; i < v->n; i++) {
            pl_buf_puts(out, i ? " " : "");
            pl_buf_putn(out, v->strs[i].p, v->strs[i].n);
        }
        pl_buf_putc(out, ']');
        return 0;
    default:
        return pl_fail(err, PL_E_UNSUP,
                       "template: a whole finding cannot be printed; name a field");
    }
}

static int give(struct call *c, struct pl_buf *b)
{
    *c->ret = (struct tpl_value){ .kind = TPL_STR, .s = pl_dup(c->a, pl_buf_str(b)) };
    pl_buf_release(b);
    return 0;
}

static int give_bool(struct call *c, bool yes)
{
    *c->ret = (struct tpl_value){ .kind = TPL_BOOL, .i = yes };
    return 0;
}

static int give_int(struct call *c, int64_t i)
{
    *c->ret = (struct tpl_value){ .kind = TPL_INT, .i = i };
    return 0;
}

/* The argument as text, as sprig takes values of any kind. */
static struct pl_str text(struct call *c, size_t i)
{
    struct pl_buf b = { 0 };
    struct pl_err ignored;
    if (i >= c->n)
        return PL_S("");
    if (c->v[i].kind == TPL_STR)
        return c->v[i].s;
    tpl_print(&b, &c->v[i], &ignored);
    struct pl_str s = pl_dup(c->a, pl_buf_str(&b));
    pl_buf_release(&b);
    return s;
}

static int64_t whole(const struct tpl_value *v)
{
    if (v->kind == TPL_FLOAT)
        return v->f > -9e18 && v->f < 9e18 ? (int64_t)v->f : 0;
    if (v->kind == TPL_STR) {
        char digits[24] = { 0 };
        memcpy(digits, v->s.p, v->s.n < sizeof digits ? v->s.n : sizeof digits - 1);
        return strtoll(digits, NULL, 10);
    }
    return v->kind == TPL_INT || v->kind == TPL_BOOL ? v->i : 0;
}

static int fn_len(struct call *c)
{
    const struct tpl_value *v = c->v;
    if (v->kind == TPL_STR)
        return give_int(c, (int64_t)v->s.n);
    if (v->kind == TPL_STRS || v->kind == TPL_LIST)
        return give_int(c, (int64_t)v->n);
    return no(c, "not a list and no text");
}

static int fn_index(struct call *c)
{
    const struct tpl_value *v = c->v;
    int64_t i = whole(&c->v[1]);
    size_t n = v->kind == TPL_STR ? v->s.n : v->n;
    if (c->v[1].kind != TPL_INT || i < 0 || (uint64_t)i >= n)
        return no(c, "index out of range");
    if (v->kind == TPL_STR)
        return give_int(c, (unsigned char)v->s.p[i]);
    if (v->kind == TPL_STRS)
        *c->ret = (struct tpl_value){ .kind = TPL_STR, .s = v->strs[i] };
    else if (v->kind == TPL_LIST)
        *c->ret = (struct tpl_value){ .kind = TPL_FINDING, .finding = &v->finding[i] };
    else
        return no(c, "not a list");
    return 0;
}

/* <0, 0, >0; *ok is false for values that cannot be compared. */
static int compare(const struct tpl_value *a, const struct tpl_value *b, bool *ok)
{
    *ok =
        a->kind == b->kind && a->kind != TPL_LIST && a->kind != TPL_STRS && a->kind != TPL_FINDING;
    if (!*ok)
        return 1;
    if (a->kind == TPL_STR)
        return pl_str_cmp(a->s, b->s);
    if (a->kind == TPL_FLOAT)
        return a->f < b->f ? -1 : a->f > b->f;
    return a->i < b->i ? -1 : a->i > b->i;
}

static int fn_compare(struct call *c)
{
    bool ok;
    int r = compare(&c->v[0], &c->v[1], &ok);
    if (!ok)
        return no(c, "values of different kinds");
    if (pl_str_is(c->name, "eq")) {
        for (size_t i = 1; i < c->n; i++)
            if (compare(&c->v[0], &c->v[i], &ok) == 0)
                return give_bool(c, true);
        return give_bool(c, false);
    }
    return give_bool(c, pl_str_is(c->name, "ne")   ? r != 0
                        : pl_str_is(c->name, "lt") ? r < 0
                        : pl_str_is(c->name, "le") ? r <= 0
                        : pl_str_is(c->name, "gt") ? r > 0
                                                   : r >= 0);
}

static int fn_logic(struct call *c)
{
    if (pl_str_is(c->name, "not"))
        return give_bool(c, !tpl_true(&c->v[0]));
    bool want = pl_str_is(c->name, "or");
    *c->ret = c->v[c->n - 1];
    for (size_t i = 0; i < c->n; i++) {
        if (tpl_true(&c->v[i]) == want) {
            *c->ret = c->v[i];
            break;
        }
    }
    return 0;
}

static int fn_math(struct call *c)
{
    int64_t r = whole(&c->v[0]);
    for (size_t i = 1; i < c->n; i++) {
        int64_t x = whole(&c->v[i]);
        bool over = false;
        if (pl_str_is(c->name, "add"))
            over = __builtin_add_overflow(r, x, &r);
        else if (pl_str_is(c->name, "sub"))
            over = __builtin_sub_overflow(r, x, &r);
        else if (pl_str_is(c->name, "mul"))
            over = __builtin_mul_overflow(r, x, &r);
        else if (x == 0 || x == -1)
            over = true;
        else
            r = pl_str_is(c->name, "div") ? r / x : r % x;
        if (over)
            return no(c, "the result is no number");
    }
    return give_int(c, r);
}

static int fn_add1(struct call *c)
{
    int64_t x = whole(&c->v[0]);
    return x == INT64_MAX ? no(c, "the result is no number") : give_int(c, x + 1);
}

/* As Go's strconv.Quote. */
static void put_quoted(struct pl_buf *b, struct pl_str s)
{
    static const char from[] = "\a\b\f\n\r\t\v\\\"", to[] = "abfnrtv\\\"";
    pl_buf_putc(b, '"');
    for (size_t i = 0; i < s.n;) {
        uint32_t cp = 0;
        size_t n = pl_utf8_next(pl_str_sub(s, i, 4), &cp);
        const char *k = n == 1 && cp ? strchr(from, (int)cp) : NULL;
        if (k)
            pl_buf_printf(b, "\\%c", to[k - from]);
        else if (!n || (cp < 0x80 && (cp < 0x20 || cp == 0x7f)))
            pl_buf_printf(b, "\\x%02x", (unsigned char)s.p[i]);
        else if (cp >= 0x80 && (pl_utf8_hidden(cp) || cp == 0xA0 || cp == 0x3000))
            pl_buf_printf(b, cp > 0xFFFF ? "\\U%08x" : "\\u%04x", cp);
        else
            pl_buf_putn(b, s.p + i, n);
        i += n ? n : 1;
    }
    pl_buf_putc(b, '"');
}

static int fn_quote(struct call *c)
{
    struct pl_buf b = { 0 };
    for (size_t i = 0; i < c->n; i++) {
        if (c->v[i].kind == TPL_NIL)
            continue;
        pl_buf_puts(&b, b.n ? " " : "");
        if (pl_str_is(c->name, "quote")) {
            put_quoted(&b, text(c, i));
        } else {
            struct pl_str s = text(c, i);
            pl_buf_putc(&b, '\'');
            pl_buf_putn(&b, s.p, s.n);
            pl_buf_putc(&b, '\'');
        }
    }
    return give(c, &b);
}

static int fn_join(struct call *c)
{
    struct pl_buf b = { 0 };
    struct pl_str between = text(c, 0);
    const struct tpl_value *v = &c->v[1];
    if (v->kind == TPL_STR) {
        pl_buf_putn(&b, v->s.p, v->s.n);
        return give(c, &b);
    }
    if (v->kind != TPL_STRS)
        return no(c, "not a list of texts");
    for (size_t i = 0; i < v->n; i++) {
        if (i)
            pl_buf_putn(&b, between.p, between.n);
        pl_buf_putn(&b, v->strs[i].p, v->strs[i].n);
    }
    return give(c, &b);
}

static int fn_case(struct call *c)
{
    struct pl_buf b = { 0 };
    struct pl_str s = text(c, 0);
    if (pl_str_is(c->name, "lower"))
        pl_gl_lower(&b, s);
    for (size_t i = 0; i < s.n && !pl_str_is(c->name, "lower"); i++)
        pl_buf_putc(&b, (char)(s.p[i] >= 'a' && s.p[i] <= 'z' ? s.p[i] - 32 : s.p[i]));
    return give(c, &b);
}

static int fn_trim(struct call *c)
{
    struct pl_buf b = { 0 };
    bool ends = !pl_str_is(c->name, "trim");
    struct pl_str s = text(c, c->n - 1), with = text(c, 0);
    if (!ends)
        s = pl_str_trim(s);
    else if (pl_str_is(c->name, "trimPrefix") && pl_str_starts(s, with))
        s = pl_str_sub(s, with.n, SIZE_MAX);
    else if (pl_str_is(c->name, "trimSuffix") && pl_str_ends(s, with))
        s.n -= with.n;
    pl_buf_putn(&b, s.p, s.n);
    return give(c, &b);
}

static int fn_replace(struct call *c)
{
    struct pl_buf b = { 0 };
    struct pl_str from = text(c, 0), to = text(c, 1), s = text(c, 2);
    size_t at = 0;
    if (!from.n)
        return no(c, "nothing to replace");
    for (size_t hit; (hit = pl_str_find(s, from, at)) != SIZE_MAX; at = hit + from.n) {
        pl_buf_putn(&b, s.p + at, hit - at);
        pl_buf_putn(&b, to.p, to.n);
    }
    pl_buf_putn(&b, s.p + at, s.n - at);
    return give(c, &b);
}

static int fn_test(struct call *c)
{
    struct pl_str part = text(c, 0), s = text(c, 1);
    return give_bool(c, pl_str_is(c->name, "hasPrefix")   ? pl_str_starts(s, part)
                        : pl_str_is(c->name, "hasSuffix") ? pl_str_ends(s, part)
                                                          : pl_str_find(s, part, 0) != SIZE_MAX);
}

static int fn_trunc(struct call *c)
{
    struct pl_buf b = { 0 };
    int64_t n = whole(&c->v[0]);
    struct pl_str s = text(c, 1);
    if (n < 0 && (uint64_t)-n < s.n)
        s = pl_str_sub(s, s.n - (size_t)-n, SIZE_MAX);
    else if (n >= 0)
        s = pl_str_sub(s, 0, (size_t)n);
    pl_buf_putn(&b, s.p, s.n);
    return give(c, &b);
}

static int fn_default(struct call *c)
{
    *c->ret = c->n > 1 && tpl_true(&c->v[1]) ? c->v[1] : c->v[0];
    return 0;
}

static int fn_empty(struct call *c)
{
    return give_bool(c, !tpl_true(&c->v[0]));
}

static int fn_string(struct call *c)
{
    *c->ret = (struct tpl_value){ .kind = TPL_STR, .s = text(c, 0) };
    return 0;
}

static int fn_int(struct call *c)
{
    return give_int(c, whole(&c->v[0]));
}

static int put_json(struct call *c, struct pl_buf *b, const struct tpl_value *v)
{
    switch (v->kind) {
    case TPL_NIL:
        pl_buf_puts(b, "null");
        return 0;
    case TPL_STR:
        pl_gl_json_str(b, v->s);
        return 0;
    case TPL_STRS:
        pl_buf_putc(b, '[');
        for (size_t i = 0; i < v->n; i++) {
            pl_buf_puts(b, i ? "," : "");
            pl_gl_json_str(b, v->strs[i]);
        }
        pl_buf_putc(b, ']');
        return 0;
    case TPL_FINDING:
        pl_gl_json_finding(b, v->finding, "", NULL);
        return 0;
    case TPL_LIST:
        pl_buf_putc(b, '[');
        for (size_t i = 0; i < v->n; i++) {
            pl_buf_puts(b, i ? "," : "");
            pl_gl_json_finding(b, &v->finding[i], "", NULL);
        }
        pl_buf_putc(b, ']');
        return 0;
    default:
        return tpl_print(b, v, c->err);
    }
}

static int fn_json(struct call *c)
{
    struct pl_buf b = { 0 };
    int r = put_json(c, &b, &c->v[0]);
    return r < 0 ? r : give(c, &b);
}

static int fn_print(struct call *c)
{
    struct pl_buf b = { 0 };
    bool lines = pl_str_is(c->name, "println");
    int r = 0;
    for (size_t i = 0; r >= 0 && i < c->n; i++) {
        bool gap = i && (lines || (c->v[i].kind != TPL_STR && c->v[i - 1].kind != TPL_STR));
        pl_buf_puts(&b, gap ? " " : "");
        r = tpl_print(&b, &c->v[i], c->err);
    }
    pl_buf_puts(&b, lines ? "\n" : "");
    if (r >= 0)
        return give(c, &b);
    pl_buf_release(&b);
    return r;
}

/* One verb of printf, as "%-08.2f" has its parts. */
struct verb {
    char letter;
    bool left, zero;
    size_t width;
    int precision; /* -1 = none */
};

static struct verb read_verb(struct pl_str spec)
{
    struct verb v = { .letter = spec.p[spec.n - 1], .precision = -1 };
    size_t i = 1;
    for (; i < spec.n && strchr("-+# 0", spec.p[i]); i++) {
        v.left |= spec.p[i] == '-';
        v.zero |= spec.p[i] == '0';
    }
    for (; i < spec.n && spec.p[i] >= '0' && spec.p[i] <= '9' && v.width < 1000; i++)
        v.width = v.width * 10 + (size_t)(spec.p[i] - '0');
    if (i < spec.n && spec.p[i] == '.')
        for (v.precision = 0, i++; i < spec.n && spec.p[i] >= '0' && spec.p[i] <= '9'; i++)
            v.precision = v.precision < 100 ? v.precision * 10 + (spec.p[i] - '0') : 100;
    return v;
}

static int verb_text(struct call *c, struct pl_buf *b, const struct verb *f,
                     const struct tpl_value *v)
{
    int places = f->precision < 0 ? 6 : f->precision;
    if (f->letter == 'v' || f->letter == 's' || f->letter == 't')
        return tpl_print(b, v, c->err);
    if (f->letter == 'q' && v->kind == TPL_STR)
        put_quoted(b, v->s);
    else if (f->letter == 'd' && v->kind == TPL_INT)
        pl_buf_printf(b, "%" PRId64, v->i);
    else if (f->letter == 'x' && v->kind == TPL_INT)
        pl_buf_printf(b, "%" PRIx64, (uint64_t)v->i);
    else if (f->letter == 'X' && v->kind == TPL_INT)
        pl_buf_printf(b, "%" PRIX64, (uint64_t)v->i);
    else if (f->letter == 'f' && v->kind == TPL_FLOAT)
        pl_buf_printf(b, "%.*f", places, v->f);
    else if (f->letter == 'e' && v->kind == TPL_FLOAT)
        pl_buf_printf(b, "%.*e", places, v->f);
    else if (f->letter == 'g' && v->kind == TPL_FLOAT)
        return tpl_print(b, v, c->err);
    else
        return no(c, "a verb does not fit its value");
    return 0;
}

static int put_verb(struct call *c, struct pl_buf *b, struct pl_str spec, const struct tpl_value *v)
{
    struct verb f = read_verb(spec);
    struct pl_buf plain = { 0 };
    int r = verb_text(c, &plain, &f, v);
    if (f.precision >= 0 && (f.letter == 's' || f.letter == 'v') && v->kind == TPL_STR &&
        plain.n > (size_t)f.precision)
        plain.n = (size_t)f.precision;
    for (size_t n = plain.n; !f.left && n < f.width; n++)
        pl_buf_putc(b, f.zero ? '0' : ' ');
    pl_buf_putn(b, plain.p, plain.n);
    for (size_t n = plain.n; f.left && n < f.width; n++)
        pl_buf_putc(b, ' ');
    pl_buf_release(&plain);
    return r;
}

static int fn_printf(struct call *c)
{
    struct pl_buf b = { 0 };
    size_t arg = 1;
    if (c->v[0].kind != TPL_STR)
        return no(c, "the format is no text");
    struct pl_str f = pl_dup(c->a, c->v[0].s);
    for (size_t i = 0; i < f.n; i++) {
        size_t from = i;
        if (f.p[i] != '%') {
            pl_buf_putc(&b, f.p[i]);
            continue;
        }
        for (i++; i < f.n && strchr("-+# 0123456789.", f.p[i]);)
            i++;
        if (i < f.n && f.p[i] == '%') {
            pl_buf_putc(&b, '%');
            continue;
        }
        int r = i >= f.n || arg >= c->n
                    ? no(c, "more verbs than values")
                    : put_verb(c, &b, pl_str_sub(f, from, i + 1 - from), &c->v[arg]);
        arg++;
        if (r < 0) {
            pl_buf_release(&b);
            return r;
        }
    }
    return give(c, &b);
}

static const struct function {
    const char *name;
    size_t least, most;
    int (*run)(struct call *c);
} functions[] = {
    { "len", 1, 1, fn_len },         { "index", 2, 2, fn_index },
    { "eq", 2, 9, fn_compare },      { "ne", 2, 2, fn_compare },
    { "lt", 2, 2, fn_compare },      { "le", 2, 2, fn_compare },
    { "gt", 2, 2, fn_compare },      { "ge", 2, 2, fn_compare },
    { "and", 1, 9, fn_logic },       { "or", 1, 9, fn_logic },
    { "not", 1, 1, fn_logic },       { "add", 1, 9, fn_math },
    { "sub", 2, 2, fn_math },        { "mul", 1, 9, fn_math },
    { "div", 2, 2, fn_math },        { "mod", 2, 2, fn_math },
    { "add1", 1, 1, fn_add1 },       { "quote", 1, 9, fn_quote },
    { "squote", 1, 9, fn_quote },    { "join", 2, 2, fn_join },
    { "lower", 1, 1, fn_case },      { "upper", 1, 1, fn_case },
    { "trim", 1, 1, fn_trim },       { "trimPrefix", 2, 2, fn_trim },
    { "trimSuffix", 2, 2, fn_trim }, { "replace", 3, 3, fn_replace },
    { "contains", 2, 2, fn_test },   { "hasPrefix", 2, 2, fn_test },
    { "hasSuffix", 2, 2, fn_test },  { "trunc", 2, 2, fn_trunc },
    { "default", 1, 2, fn_default }, { "empty", 1, 1, fn_empty },
    { "toString", 1, 1, fn_string }, { "int", 1, 1, fn_int },
    { "toJson", 1, 1, fn_json },     { "print", 0, 9, fn_print },
    { "println", 0, 9, fn_print },   { "printf", 1, 16, fn_printf },
};

static const struct function *find(struct pl_str name)
{
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        if (pl_str_is(name, functions[i].name))
            return &functions[i];
    return NULL;
}

bool tpl_function(struct pl_str name)
{
    return find(name);
}

int tpl_call(struct pl_arena *a, struct pl_str name, const struct tpl_value *v, size_t n,
             struct tpl_value *ret, struct pl_err *err)
{
    struct call c = { a, name, v, n, ret, err };
    const struct function *f = find(name);
    if (n < f->least || n > f->most)
        return no(&c, "wrong number of arguments");
    return f->run(&c);
}
