/* JSON writer: commas, indentation and escaping (RFC 8259). */
/* SPDX-License-Identifier: Apache-2.0 */
#include "fmt/jsonw.h"

#include <inttypes.h>
#include <stdio.h>

#include "fmt/utf8.h"

static void newline(struct pl_jsonw *w)
{
    if (!w->indent)
        return;
    static const char blanks[] = "\n                                ";
    size_t n = 1 + (size_t)w->depth * w->indent;
    pl_buf_putn(w->out, blanks, n < sizeof blanks ? n : sizeof blanks - 1);
    for (size_t i = sizeof blanks - 1; i < n; i++)
        pl_buf_putc(w->out, ' ');
}

/* What stands before a value or key: nothing behind a key, else a comma where one is due. */
static void before(struct pl_jsonw *w)
{
    if (w->after_key) {
        w->after_key = false;
        return;
    }
    if (w->comma)
        pl_buf_putc(w->out, ',');
    if (w->depth)
        newline(w);
}

static void open(struct pl_jsonw *w, char c)
{
    before(w);
    pl_buf_putc(w->out, c);
    w->depth++;
    w->comma = false;
}

static void close(struct pl_jsonw *w, char c)
{
    bool empty = !w->comma;
    w->depth--;
    if (!empty)
        newline(w);
    pl_buf_putc(w->out, c);
    w->comma = true;
}

void pl_jw_obj(struct pl_jsonw *w)
{
    open(w, '{');
}

void pl_jw_obj_end(struct pl_jsonw *w)
{
    close(w, '}');
}

void pl_jw_arr(struct pl_jsonw *w)
{
    open(w, '[');
}

void pl_jw_arr_end(struct pl_jsonw *w)
{
    close(w, ']');
}

static void escaped(struct pl_buf *out, uint32_t cp)
{
    static const char two[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    for (size_t i = 0; i + 1 < sizeof two; i += 2) {
        if ((uint32_t)(unsigned char)two[i] == cp) {
            pl_buf_putc(out, '\\');
            pl_buf_putc(out, two[i + 1]);
            return;
        }
    }
    if (cp > 0xFFFF) {
        cp -= 0x10000;
        pl_buf_printf(out, "\\u%04" PRIx32, 0xD800 + (cp >> 10));
        cp = 0xDC00 + (cp & 0x3FF);
    }
    pl_buf_printf(out, "\\u%04" PRIx32, cp);
}

static bool plain(uint32_t cp)
{
    return cp != '"' && cp != '\\' && !pl_utf8_hidden(cp);
}

static void quoted(struct pl_buf *out, struct pl_str s)
{
    pl_buf_putc(out, '"');
    size_t from = 0, at = 0;
    while (at < s.n) {
        unsigned char c = (unsigned char)s.p[at];
        if (c >= 0x20 && c < 0x7F && c != '"' && c != '\\') {
            at++;
            continue;
        }
        uint32_t cp = 0;
        size_t n = pl_utf8_next(pl_str_sub(s, at, 4), &cp);
        if (n && plain(cp)) {
            at += n;
            continue;
        }
        pl_buf_putn(out, s.p + from, at - from);
        if (n)
            escaped(out, cp);
        else
            pl_buf_puts(out, "\xEF\xBF\xBD"); /* U+FFFD */
        at += n ? n : 1;
        from = at;
    }
    if (s.n > from)
        pl_buf_putn(out, s.p + from, s.n - from);
    pl_buf_putc(out, '"');
}

void pl_jw_key(struct pl_jsonw *w, const char *key)
{
    before(w);
    quoted(w->out, pl_str_c(key));
    pl_buf_putn(w->out, ": ", w->indent ? 2 : 1);
    w->after_key = true;
}

void pl_jw_str(struct pl_jsonw *w, struct pl_str s)
{
    before(w);
    quoted(w->out, s);
    w->comma = true;
}

/* A value that is written as it stands. */
static void word(struct pl_jsonw *w, const char *text)
{
    before(w);
    pl_buf_puts(w->out, text);
    w->comma = true;
}

void pl_jw_str_or_null(struct pl_jsonw *w, struct pl_str s)
{
    if (s.n)
        pl_jw_str(w, s);
    else
        pl_jw_null(w);
}

void pl_jw_cstr(struct pl_jsonw *w, const char *s)
{
    pl_jw_str(w, pl_str_c(s));
}

void pl_jw_number(struct pl_jsonw *w, const char *text)
{
    word(w, text);
}

void pl_jw_u64(struct pl_jsonw *w, uint64_t v)
{
    char t[24];
    size_t at = sizeof t - 1;
    t[at] = '\0';
    do
        t[--at] = (char)('0' + v % 10);
    while ((v /= 10) > 0);
    word(w, t + at);
}

void pl_jw_int(struct pl_jsonw *w, int64_t v)
{
    char t[24];
    snprintf(t, sizeof t, "%" PRId64, v);
    word(w, t);
}

void pl_jw_bool(struct pl_jsonw *w, bool v)
{
    word(w, v ? "true" : "false");
}

void pl_jw_null(struct pl_jsonw *w)
{
    word(w, "null");
}

void pl_jw_kstr(struct pl_jsonw *w, const char *key, struct pl_str s)
{
    pl_jw_key(w, key);
    pl_jw_str(w, s);
}

void pl_jw_kcstr(struct pl_jsonw *w, const char *key, const char *s)
{
    pl_jw_key(w, key);
    pl_jw_cstr(w, s);
}

void pl_jw_ku64(struct pl_jsonw *w, const char *key, uint64_t v)
{
    pl_jw_key(w, key);
    pl_jw_u64(w, v);
}

void pl_jw_kbool(struct pl_jsonw *w, const char *key, bool v)
{
    pl_jw_key(w, key);
    pl_jw_bool(w, v);
}

void pl_jw_kstrs(struct pl_jsonw *w, const char *key, const struct pl_str *s, size_t n)
{
    pl_jw_key(w, key);
    pl_jw_arr(w);
    for (size_t i = 0; i < n; i++)
        pl_jw_str(w, s[i]);
    pl_jw_arr_end(w);
}
