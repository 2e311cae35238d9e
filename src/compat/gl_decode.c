/* Decoding passes: percent, unicode, hex and base64 runs put in place of what they encode, with a
 * map back to the fragment. secrets.md section 6. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/base64.h"
#include "compat/gl_detect_int.h"
#include "fmt/utf8.h"

enum { PERCENT = 1, UNICODE = 2, HEX = 4, BASE64 = 8 };

/* Classes of bytes: what a run may consist of. */
#define IS_HEX 1u
#define IS_B64 2u
#define IS_LIKELY 4u /* base64 without any of these is not tried */
#define IS_START 8u  /* a run may begin here */

struct run {
    size_t from, to;
    unsigned kind;
};

struct find {
    struct pl_str s;
    const uint8_t *cls;
    size_t last_pct; /* end of the last "%HH" of the line that ends at pct_line */
    size_t pct_line;
    PL_VEC(struct run) runs;
};

static const uint8_t classes[256] = {
    /* by byte: IS_HEX … IS_START */
    /* clang-format off */
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 14, 0, 14, 0, 14,
    15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 0, 0, 0, 0, 0, 0,
    0, 11, 11, 11, 11, 11, 11, 10, 10, 10, 10, 10, 10, 10, 10, 10,
    10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 0, 8, 0, 0, 14,
    0, 11, 11, 11, 11, 11, 11, 10, 10, 10, 10, 10, 10, 10, 10, 10,
    10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 0, 0, 0, 0, 0,
    /* clang-format on */
};

static bool hex_at(const struct find *f, size_t at, size_t n)
{
    if (at + n > f->s.n)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!(f->cls[(unsigned char)f->s.p[at + i]] & IS_HEX))
            return false;
    return true;
}

static bool pct_at(const struct find *f, size_t at)
{
    return at < f->s.n && f->s.p[at] == '%' && hex_at(f, at + 1, 2);
}

/* From a "%HH" to the last one of the line. */
static size_t percent_run(struct find *f, size_t at)
{
    if (f->pct_line <= at) {
        const char *nl = memchr(f->s.p + at, '\n', f->s.n - at);
        size_t end = nl ? (size_t)(nl - f->s.p) : f->s.n;
        f->pct_line = end;
        f->last_pct = at + 3;
        for (size_t i = end; i-- > at + 3;) {
            if (pct_at(f, i) && i + 3 <= end) {
                f->last_pct = i + 3;
                break;
            }
        }
    }
    return f->last_pct;
}

static size_t codepoint_run(const struct find *f, size_t at)
{
    size_t end = at;
    while (end + 6 <= f->s.n && f->s.p[end] == 'U' && f->s.p[end + 1] == '+' &&
           hex_at(f, end + 2, 4)) {
        size_t next = end + 6;
        if (next == f->s.n)
            return next;
        if (!strchr(" \t\n\f\r", f->s.p[next]) || !f->s.p[next])
            break;
        end = next + 1;
    }
    return end;
}

static size_t escape_run(const struct find *f, size_t at)
{
    size_t end = at;
    for (;;) {
        size_t i = end;
        while (i < f->s.n && i < end + 2 && f->s.p[i] == '\\')
            i++;
        if (i == end || i >= f->s.n || (f->s.p[i] | 32) != 'u' || !hex_at(f, i + 1, 4))
            return end;
        end = i + 5;
    }
}

/* Length of the stretch of `cls` from `at` on. */
static size_t stretch(const struct find *f, size_t at, unsigned cls)
{
    size_t i = at;
    while (i < f->s.n && f->cls[(unsigned char)f->s.p[i]] & cls)
        i++;
    return i - at;
}

static void take(struct find *f, size_t from, size_t to, unsigned kind)
{
    pl_vec_push(&f->runs, (struct run){ from, to, kind });
}

/* Takes what begins the stretch [at, end) of 16 bytes or more; returns where it ended. */
static size_t long_run(struct find *f, size_t at, size_t end)
{
    size_t hex = stretch(f, at, IS_HEX);
    if (hex >= 32) {
        take(f, at, at + hex, HEX);
        return at + hex;
    }
    for (unsigned k = 0; k < 2 && end < f->s.n && f->s.p[end] == '='; k++)
        end++;
    take(f, at, end, BASE64);
    return end;
}

/* What begins at a byte of the base64 alphabet; returns where to go on. */
static size_t letters_run(struct find *f, size_t at)
{
    size_t end = codepoint_run(f, at);
    if (end > at) {
        take(f, at, end, UNICODE);
        return end;
    }
    size_t n = stretch(f, at, IS_B64);
    if (n >= 16)
        return long_run(f, at, at + n);
    /* too short for base64; the stretch may hold a "U+" further on */
    for (size_t i = at + 1; i < at + n; i++) {
        if (f->s.p[i] == 'U' && (end = codepoint_run(f, i)) > i) {
            take(f, i, end, UNICODE);
            return end;
        }
    }
    return at + n;
}

/* Hex and base64 alone: a run of 16 covers the 16th byte from wherever it may begin, so most text
 * is stepped over. */
static void find_long_runs(struct find *f)
{
    const unsigned char *p = (const unsigned char *)f->s.p;
    size_t from = 0; /* a run begins here or later */
    for (size_t i = 15; i < f->s.n;) {
        if (!(f->cls[p[i]] & IS_B64)) {
            from = i + 1;
            i += 16;
            continue;
        }
        size_t start = i;
        while (start > from && f->cls[p[start - 1]] & IS_B64)
            start--;
        from = i + 1 + stretch(f, i + 1, IS_B64);
        if (from - start >= 16)
            from = long_run(f, start, from);
        i = from + 15;
    }
}

static void find_runs(struct find *f)
{
    const unsigned char *p = (const unsigned char *)f->s.p;
    for (size_t i = 0; i < f->s.n;) {
        if (!(f->cls[p[i]] & IS_START)) {
            i++;
            continue;
        }
        size_t end = i + 1;
        if (p[i] == '%') {
            if (pct_at(f, i)) {
                end = percent_run(f, i);
                take(f, i, end, PERCENT);
            }
        } else if (p[i] == '\\') {
            end = escape_run(f, i);
            if (end > i)
                take(f, i, end, UNICODE);
            else
                end = i + 1;
        } else {
            end = letters_run(f, i);
        }
        i = end;
    }
}

/* Of two neighbours that touch, the kind that comes later in the order waits. */
static bool waits(const struct find *f, size_t i)
{
    const struct run *r = &f->runs.p[i];
    if (f->runs.n == 1)
        return false;
    if (i > 0 && f->runs.p[i - 1].to >= r->from && f->runs.p[i - 1].kind < r->kind)
        return true;
    return i + 1 < f->runs.n && f->runs.p[i + 1].from <= r->to && f->runs.p[i + 1].kind < r->kind;
}

static bool printable(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (p[i] < 0x09 || p[i] > 0x7e)
            return false;
    return true;
}

static unsigned nibble(char c)
{
    return (unsigned)(c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
}

static bool decode_percent(const struct find *f, struct pl_str s, struct pl_buf *out)
{
    size_t begin = out->n, base = (size_t)(s.p - f->s.p);
    for (size_t i = 0; i < s.n; i++) {
        if (i + 2 < s.n && pct_at(f, base + i)) {
            char c = (char)(nibble(s.p[i + 1]) << 4 | nibble(s.p[i + 2]));
            if (!printable(&c, 1)) {
                out->n = begin;
                return false;
            }
            pl_buf_putc(out, c);
            i += 2;
        } else {
            pl_buf_putc(out, s.p[i]);
        }
    }
    return true;
}

static bool decode_unicode(struct pl_str s, struct pl_buf *out)
{
    for (size_t i = 0; i + 4 <= s.n; i++) {
        bool point = s.p[i] == '+' && i > 0 && s.p[i - 1] == 'U';
        bool escape = (s.p[i] | 32) == 'u' && i > 0 && s.p[i - 1] == '\\';
        if (!point && !escape)
            continue;
        uint32_t cp = 0;
        for (size_t k = 1; k <= 4; k++)
            cp = cp << 4 | nibble(s.p[i + k]);
        pl_utf8_put(out, cp >= 0xD800 && cp <= 0xDFFF ? 0xFFFD : cp);
        i += 4;
    }
    return true;
}

static bool decode_hex(const struct find *f, struct pl_str s, struct pl_buf *out)
{
    size_t begin = out->n;
    bool digit = false;
    for (size_t i = 0; i < s.n && !digit; i++)
        digit = f->cls[(unsigned char)s.p[i]] & IS_LIKELY;
    if (s.n % 2 || !digit)
        return false;
    for (size_t i = 0; i < s.n; i += 2) {
        char c = (char)(nibble(s.p[i]) << 4 | nibble(s.p[i + 1]));
        if (!printable(&c, 1)) {
            out->n = begin;
            return false;
        }
        pl_buf_putc(out, c);
    }
    return true;
}

/* A few first characters tell most runs that are no text. */
static bool hopeless(struct pl_str s)
{
    static const int8_t none = -1;
    int v[4];
    for (size_t g = 0; g + 4 <= s.n && g < 16; g += 4) {
        for (size_t k = 0; k < 4; k++) {
            char c = s.p[g + k];
            v[k] = c >= 'A' && c <= 'Z'   ? c - 'A'
                   : c >= 'a' && c <= 'z' ? c - 'a' + 26
                   : c >= '0' && c <= '9' ? c - '0' + 52
                   : c == '+' || c == '-' ? 62
                   : c == '/' || c == '_' ? 63
                                          : none;
            if (v[k] < 0)
                return false;
        }
        int bits = v[0] << 18 | v[1] << 12 | v[2] << 6 | v[3];
        char three[3] = { (char)(bits >> 16), (char)(bits >> 8), (char)bits };
        if (!printable(three, 3))
            return true;
    }
    return false;
}

static bool base64_as(struct pl_str s, bool url, struct pl_buf *out)
{
    struct pl_err ignored;
    size_t n = 0, room = pl_base64_room(s.n);
    char *to = pl_buf_room(out, room ? room : 1, &ignored);
    if (!to)
        return false;
    if (!url && s.n % 4)
        return false;
    const char *bad = url ? "+/=" : "-_";
    for (; *bad; bad++)
        if (memchr(s.p, *bad, s.n))
            return false;
    /* left-over bits count for nothing there, so the lenient form is the right one */
    if (url && s.n % 4 == 1)
        return false;
    if (pl_base64_decode(s, PL_BASE64_LENIENT, to, &n, &ignored) < 0 || !printable(to, n))
        return false;
    out->n += n;
    return n > 0;
}

static bool decode_base64(const struct find *f, struct pl_str s, struct pl_buf *out)
{
    bool likely = false;
    for (size_t i = 0; i < s.n && !likely; i++)
        likely = f->cls[(unsigned char)s.p[i]] & IS_LIKELY;
    if (!likely || hopeless(s))
        return false;
    return base64_as(s, false, out) || base64_as(s, true, out);
}

static bool decode_run(const struct find *f, const struct run *r, struct pl_buf *out)
{
    struct pl_str s = { f->s.p + r->from, r->to - r->from };
    switch (r->kind) {
    case PERCENT:
        return decode_percent(f, s, out);
    case UNICODE:
        return decode_unicode(s, out);
    case HEX:
        return decode_hex(f, s, out);
    default:
        return decode_base64(f, s, out);
    }
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t most(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* The first segment of the pass that ends at `at` or behind it. */
static size_t first_from(const gl_segments *v, size_t at)
{
    size_t lo = 0, hi = v->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (v->p[mid].dec_to < at)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* Where [from, to) of the text of pass `depth` stands in the fragment; only the segments
 * [lo, hi) of the pass are looked at. */
static void to_original(const struct gl_passes *p, unsigned depth, size_t *from, size_t *to)
{
    for (; depth > 0; depth--) {
        const gl_segments *v = &p->seg[depth];
        size_t a = 0, b = 0;
        for (size_t i = first_from(v, *from); i < v->n && v->p[i].dec_from <= *to; i++) {
            const struct gl_segment *s = &v->p[i];
            if (s->dec_from <= *from && *to <= s->dec_to) {
                *from = s->orig_from;
                *to = s->orig_to;
                return;
            }
            size_t x = s->enc_from + least(s->dec_from, *from) - s->dec_from;
            size_t y = s->enc_to + most(s->dec_to, *to) - s->dec_to;
            a = b ? least(a, x) : x;
            b = most(b, y);
        }
        if (!b)
            return;
        *from = a;
        *to = b;
    }
}

static void add_segment(struct pl_gl_worker *w, const struct run *r, size_t dec_from, size_t dec_to)
{
    struct gl_passes *p = &w->passes;
    const gl_segments *before = &p->seg[p->depth];
    struct gl_segment s = { .enc_from = r->from,
                            .enc_to = r->to,
                            .dec_from = dec_from,
                            .dec_to = dec_to,
                            .orig_from = r->from,
                            .orig_to = r->to,
                            .kinds = r->kind,
                            .depth = p->depth + 1 };
    to_original(p, p->depth, &s.orig_from, &s.orig_to);
    for (size_t i = first_from(before, r->from); i < before->n && before->p[i].dec_from <= r->to;
         i++)
        s.kinds |= before->p[i].kinds;
    pl_vec_push(&p->seg[p->depth + 1], s);
}

/* A literal that may begin an escape is in the text: does one really begin? */
static bool has_escapes(struct find *f)
{
    const char *p = f->s.p, *end = f->s.p + f->s.n;
    for (; (p = memchr(p, '%', (size_t)(end - p))); p++)
        if (pct_at(f, (size_t)(p - f->s.p)))
            return true;
    for (p = f->s.p; (p = memchr(p, '\\', (size_t)(end - p))); p++)
        if (escape_run(f, (size_t)(p - f->s.p)) > (size_t)(p - f->s.p))
            return true;
    for (p = f->s.p; (p = memchr(p, '+', (size_t)(end - p))); p++)
        if (p > f->s.p && p[-1] == 'U')
            return true;
    return false;
}

bool gl_decode(struct pl_gl_worker *w)
{
    struct find f = { .s = w->text, .cls = classes };
    struct pl_buf *out = &w->decoded[w->passes.depth % 2];
    size_t copied = 0;
    if (w->escapes && has_escapes(&f))
        find_runs(&f);
    else
        find_long_runs(&f);
    pl_buf_clear(out);
    out->max = (size_t)1 << 31;
    w->passes.seg[w->passes.depth + 1].n = 0;
    for (size_t i = 0; i < f.runs.n; i++) {
        const struct run *r = &f.runs.p[i];
        if (waits(&f, i))
            continue;
        pl_buf_clear(&w->plain);
        if (!decode_run(&f, r, &w->plain) || !w->plain.n)
            continue;
        pl_buf_putn(out, f.s.p + copied, r->from - copied);
        pl_buf_putn(out, w->plain.p, w->plain.n);
        add_segment(w, r, out->n - w->plain.n, out->n);
        copied = r->to;
    }
    pl_vec_release(&f.runs);
    if (!w->passes.seg[w->passes.depth + 1].n)
        return false;
    pl_buf_putn(out, f.s.p + copied, f.s.n - copied);
    w->text = pl_buf_str(out);
    w->passes.depth++;
    return true;
}

bool gl_touches(const struct pl_gl_worker *w, size_t start, size_t end, struct gl_touch *ret)
{
    const gl_segments *v = &w->passes.seg[w->passes.depth];
    size_t first = first_from(v, start), last = first;
    while (last < v->n && v->p[last].dec_from <= end)
        last++;
    if (first == last)
        return false;
    *ret = (struct gl_touch){ .from = start, .to = end, .depth = v->p[first].depth };
    for (size_t i = first; i < last; i++)
        ret->kinds |= v->p[i].kinds;
    to_original(&w->passes, w->passes.depth, &ret->from, &ret->to);
    size_t from = v->p[first].dec_from, to = v->p[last - 1].dec_to;
    while (from > 0 && (from >= w->text.n || w->text.p[from] != '\n'))
        from--;
    const char *nl = memchr(w->text.p + to, '\n', w->text.n - to);
    ret->line = pl_str_sub(w->text, from, (nl ? (size_t)(nl - w->text.p) : w->text.n) - from);
    return true;
}
