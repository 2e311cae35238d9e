/* Escaping of foreign text for terminals, HTML, XML, Markdown and SARIF. hazards.md H23. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "report/escape.h"

#include <inttypes.h>
#include <stdio.h>

#include "fmt/utf8.h"

/* One shown unit: a character, or the escape of a byte or character that may not be shown. */
struct unit {
    size_t n;      /* bytes of input */
    uint32_t cp;   /* character, when shown as it is */
    char text[12]; /* the escape; empty when shown as it is */
    size_t width;
};

static struct unit unit_at(struct pl_str s, size_t at)
{
    struct unit u = { .width = 1 };
    if ((unsigned char)s.p[at] >= 0x20 && (unsigned char)s.p[at] < 0x7F) {
        u.n = 1;
        u.cp = (unsigned char)s.p[at];
        return u;
    }
    u.n = pl_utf8_next(pl_str_sub(s, at, 4), &u.cp);
    if (!u.n) {
        u.n = 1;
        snprintf(u.text, sizeof u.text, "\\x%02x", (unsigned)(unsigned char)s.p[at]);
    } else if (u.cp < 0x80 && pl_utf8_hidden(u.cp)) {
        snprintf(u.text, sizeof u.text, "\\x%02" PRIx32, u.cp);
    } else if (pl_utf8_hidden(u.cp)) {
        snprintf(u.text, sizeof u.text, u.cp > 0xFFFF ? "\\U%08" PRIx32 : "\\u%04" PRIx32, u.cp);
    }
    if (u.text[0])
        u.width = strlen(u.text);
    return u;
}

/* Nearly everything: a character of ASCII that stands for itself. */
static bool shows(struct pl_str s, size_t at)
{
    return (unsigned char)s.p[at] >= 0x20 && (unsigned char)s.p[at] < 0x7F;
}

size_t pl_esc_width(struct pl_str s, size_t most)
{
    size_t w = 0;
    for (size_t at = 0; at < s.n && w < most;) {
        if (shows(s, at)) {
            w++;
            at++;
            continue;
        }
        struct unit u = unit_at(s, at);
        w += u.width;
        at += u.n;
    }
    return w < most ? w : most;
}

/* Bytes at the beginning of `s` that show at most `max` characters. */
static size_t head_of(struct pl_str s, size_t max)
{
    size_t at = 0, w = 0;
    while (at < s.n) {
        if (shows(s, at)) {
            if (w + 1 > max)
                break;
            w++;
            at++;
            continue;
        }
        struct unit u = unit_at(s, at);
        if (w + u.width > max)
            break;
        w += u.width;
        at += u.n;
    }
    return at;
}

/* Offset where the last `max` shown characters of `s` begin. Reading starts `4 * max` bytes before
 * the end: no shown character takes more bytes than that. */
static size_t tail_of(struct pl_str s, size_t max)
{
    size_t at = s.n > 4 * max ? s.n - 4 * max : 0;
    for (int i = 0; i < 3 && at < s.n && ((unsigned char)s.p[at] & 0xC0) == 0x80; i++)
        at++;
    size_t w = pl_esc_width(pl_str_sub(s, at, s.n), SIZE_MAX);
    while (at < s.n && w > max) {
        if (shows(s, at)) {
            w--;
            at++;
            continue;
        }
        struct unit u = unit_at(s, at);
        w -= u.width;
        at += u.n;
    }
    return at;
}

static void put_html(struct pl_buf *out, uint32_t cp)
{
    switch (cp) {
    case '&':
        pl_buf_puts(out, "&amp;");
        break;
    case '<':
        pl_buf_puts(out, "&lt;");
        break;
    case '>':
        pl_buf_puts(out, "&gt;");
        break;
    case '"':
        pl_buf_puts(out, "&quot;");
        break;
    case '\'':
        pl_buf_puts(out, "&#39;");
        break;
    default:
        pl_utf8_put(out, cp);
    }
}

/* What could begin markup inside a line: emphasis, code, links, HTML, tables, mentions, references;
 * with the full stop of "www." and the colon of "http:" also links without brackets. */
static bool md_special(uint32_t cp, char last)
{
    if (cp == '.')
        return last == 'w' || last == 'W';
    return cp < 0x7F && cp > ' ' && strchr("\\`*_{}[]()<>#|~@&!:", (int)cp);
}

static void put(struct pl_buf *out, enum pl_esc how, uint32_t cp)
{
    if (how == PL_ESC_HTML) {
        put_html(out, cp);
        return;
    }
    if (how == PL_ESC_MD_TEXT && md_special(cp, out->n ? out->p[out->n - 1] : 0))
        pl_buf_putc(out, '\\');
    if (how == PL_ESC_SARIF && (cp == '[' || cp == ']' || cp == '\\'))
        pl_buf_putc(out, '\\');
    pl_utf8_put(out, cp);
}

/* Does the byte stand for itself in the context, whatever is around it? */
static bool as_is(enum pl_esc how, unsigned char c)
{
    if (c < 0x20 || c >= 0x7F)
        return false;
    if (how == PL_ESC_HTML)
        return !strchr("&<>\"'", c);
    if (how == PL_ESC_MD_TEXT)
        return c != '.' && !md_special(c, 0);
    return how != PL_ESC_SARIF || !strchr("[]\\", c);
}

static void put_all(struct pl_buf *out, enum pl_esc how, struct pl_str s)
{
    for (size_t at = 0; at < s.n;) {
        size_t run = at;
        while (run < s.n && as_is(how, (unsigned char)s.p[run]))
            run++;
        pl_buf_putn(out, s.p + at, run - at);
        at = run;
        if (at == s.n)
            break;
        struct unit u = unit_at(s, at);
        if (!u.text[0])
            put(out, how, u.cp);
        for (const char *t = u.text; *t; t++)
            put(out, how, (unsigned char)*t);
        at += u.n;
    }
}

static bool letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* CI runners obey lines that begin "::name" (after blanks) and the forms "##[name]" and "##vso["
 * anywhere in a line. */
static void put_term(struct pl_buf *out, struct pl_str s)
{
    size_t from = 0;
    while (from < s.n && s.p[from] == ' ')
        from++;
    if (s.n - from >= 2 && s.p[from] == ':' && s.p[from + 1] == ':') {
        pl_buf_putn(out, s.p, from);
        pl_buf_puts(out, "\\x3a");
        from++;
    } else {
        from = 0;
    }
    for (size_t look = from;;) {
        size_t hit = pl_str_find(s, PL_S("##"), look);
        if (hit == SIZE_MAX)
            break;
        look = hit + 1;
        if (hit + 2 == s.n || (s.p[hit + 2] != '[' && !letter(s.p[hit + 2])))
            continue;
        put_all(out, PL_ESC_TERM, pl_str_sub(s, from, hit + 1 - from));
        pl_buf_puts(out, "\\x23");
        look = from = hit + 2;
    }
    put_all(out, PL_ESC_TERM, pl_str_sub(s, from, s.n));
}

/* A code span: nothing inside is markup when the fence is longer than any run of backquotes. */
static void put_code(struct pl_buf *out, struct pl_str shown)
{
    size_t run = 0, longest = 0;
    bool blank = true;
    for (size_t i = 0; i < shown.n; i++) {
        run = shown.p[i] == '`' ? run + 1 : 0;
        longest = run > longest ? run : longest;
        blank &= shown.p[i] == ' ';
    }
    bool pad = shown.n && !blank &&
               (shown.p[0] == '`' || shown.p[shown.n - 1] == '`' ||
                (shown.p[0] == ' ' && shown.p[shown.n - 1] == ' '));
    for (size_t i = 0; i <= longest; i++)
        pl_buf_putc(out, '`');
    if (pad || !shown.n)
        pl_buf_putc(out, ' ');
    pl_buf_putn(out, shown.p, shown.n);
    if (pad)
        pl_buf_putc(out, ' ');
    for (size_t i = 0; i <= longest; i++)
        pl_buf_putc(out, '`');
}

void pl_esc_cut(struct pl_buf *out, enum pl_esc how, struct pl_str s, size_t max)
{
    pl_auto_buf struct pl_buf cut = { 0 }, code = { 0 };
    if (max && pl_esc_width(s, max + 1) > max) {
        size_t head = head_of(s, max - max / 3 - 1), tail = tail_of(s, max / 3);
        pl_buf_putn(&cut, s.p, head);
        pl_buf_puts(&cut, "\xE2\x80\xA6"); /* … */
        pl_buf_putn(&cut, s.p + tail, s.n - tail);
        s = pl_buf_str(&cut);
    }
    if (how == PL_ESC_TERM) {
        put_term(out, s);
    } else if (how == PL_ESC_MD_CODE) {
        put_all(&code, how, s);
        put_code(out, pl_buf_str(&code));
    } else {
        put_all(out, how, s);
    }
}

void pl_esc(struct pl_buf *out, enum pl_esc how, struct pl_str s)
{
    pl_esc_cut(out, how, s, 0);
}

void pl_esc_uri(struct pl_buf *out, struct pl_str s)
{
    static const char plain[] = "-._~/";
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        bool keep = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                    (c && strchr(plain, c));
        if (keep)
            pl_buf_putc(out, (char)c);
        else
            pl_buf_printf(out, "%%%02X", c);
    }
}
