/* A walk over the text that keeps spans; replacements are made at its end. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "fmt/jsonedit.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/map.h"
#include "base/vec.h"

struct span { /* [from, to) of the text becomes text[at, at + n) of `made` */
    size_t from, to, at, n;
};

struct item { /* an element or member of the container being walked */
    size_t from, to;
    bool gone;
};

struct walk {
    struct pl_str s;
    size_t at;
    unsigned depth, max_depth;
    struct pl_buf pointer, made;
    PL_VEC(struct span) spans;
    struct pl_map edits; /* pointer -> 1 + index of its first edit */
    const struct pl_jsonedit *edit;
    size_t done; /* edits made, but those that delete */
    pl_jsonedit_fn *fn;
    void *arg;
    struct pl_err *err;
};

static int value(struct walk *w, bool named);

static int bad(struct walk *w)
{
    return pl_fail(w->err, PL_E_FORMAT, "no JSON at offset %zu", w->at);
}

static void blanks(struct walk *w)
{
    while (w->at < w->s.n && memchr(" \t\r\n", w->s.p[w->at], 4))
        w->at++;
}

static bool take(struct walk *w, char c)
{
    blanks(w);
    if (w->at == w->s.n || w->s.p[w->at] != c)
        return false;
    w->at++;
    return true;
}

static void put_unit(struct pl_buf *b, uint32_t c)
{
    char u[4];
    size_t n = 0;
    if (c < 0x80) {
        u[n++] = (char)c;
    } else if (c < 0x800) {
        u[n++] = (char)(0xc0 | c >> 6);
        u[n++] = (char)(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        u[n++] = (char)(0xe0 | c >> 12);
        u[n++] = (char)(0x80 | (c >> 6 & 0x3f));
        u[n++] = (char)(0x80 | (c & 0x3f));
    } else {
        u[n++] = (char)(0xf0 | c >> 18);
        u[n++] = (char)(0x80 | (c >> 12 & 0x3f));
        u[n++] = (char)(0x80 | (c >> 6 & 0x3f));
        u[n++] = (char)(0x80 | (c & 0x3f));
    }
    pl_buf_putn(b, u, n);
}

static bool hex4(const struct walk *w, size_t at, uint32_t *ret)
{
    uint8_t b[2];
    if (at + 4 > w->s.n || !pl_unhex(pl_str_sub(w->s, at, 4), b, 2))
        return false;
    *ret = (uint32_t)b[0] << 8 | b[1];
    return true;
}

/* One escape behind its backslash. */
static bool escape(struct walk *w, struct pl_buf *out)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    uint32_t c, low;
    if (w->at == w->s.n)
        return false;
    char e = w->s.p[w->at++];
    const char *k = e ? strchr(from, e) : NULL;
    if (k) {
        pl_buf_putc(out, to[k - from]);
        return true;
    }
    if (e != 'u' || !hex4(w, w->at, &c))
        return false;
    w->at += 4;
    if (c >= 0xd800 && c < 0xdc00 && pl_str_starts(pl_str_sub(w->s, w->at, 2), PL_S("\\u")) &&
        hex4(w, w->at + 2, &low) && low >= 0xdc00 && low < 0xe000) {
        w->at += 6;
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
    }
    put_unit(out, c);
    return true;
}

/* A string, decoded to `out`. */
static int string(struct walk *w, struct pl_buf *out)
{
    if (!take(w, '"'))
        return bad(w);
    for (;;) {
        size_t from = w->at;
        while (w->at < w->s.n && w->s.p[w->at] != '"' && w->s.p[w->at] != '\\')
            w->at++;
        pl_buf_putn(out, w->s.p + from, w->at - from);
        if (w->at == w->s.n)
            return bad(w);
        if (w->s.p[w->at++] == '"')
            return 0;
        if (!escape(w, out))
            return bad(w);
    }
}

static void put_string(struct pl_buf *b, struct pl_str s)
{
    static const char hex[] = "0123456789abcdef";
    pl_buf_putc(b, '"');
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c == '"' || c == '\\') {
            pl_buf_putc(b, '\\');
            pl_buf_putc(b, (char)c);
        } else if (c < 0x20 || c == 0x7f) {
            char u[6] = { '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] };
            pl_buf_putn(b, u, sizeof u);
        } else {
            pl_buf_putc(b, (char)c);
        }
    }
    pl_buf_putc(b, '"');
}

static void replace(struct walk *w, size_t from, size_t to, size_t mark)
{
    struct span s = { from, to, mark, w->made.n - mark };
    pl_vec_push(&w->spans, s);
}

/* The edit of what stands at the pointer, or NULL. */
static const struct pl_jsonedit *edit_here(struct walk *w)
{
    size_t i = (uintptr_t)pl_map_get(&w->edits, pl_buf_str(&w->pointer));
    return i ? &w->edit[i - 1] : NULL;
}

/* A string that may be asked about. */
static int asked(struct walk *w, struct pl_buf *text, bool is_key)
{
    pl_auto_buf struct pl_buf fresh = { 0 };
    blanks(w);
    size_t from = w->at, mark = w->made.n;
    int r = string(w, text);
    if (r < 0 || !w->fn)
        return r;
    if (w->fn(w->arg, pl_buf_str(&w->pointer), pl_buf_str(text), is_key, &fresh)) {
        put_string(&w->made, pl_buf_str(&fresh));
        replace(w, from, w->at, mark);
    }
    return 0;
}

static void push_name(struct walk *w, struct pl_str name)
{
    pl_buf_putc(&w->pointer, '/');
    for (size_t i = 0; i < name.n; i++) {
        if (name.p[i] == '~' || name.p[i] == '/')
            pl_buf_puts(&w->pointer, name.p[i] == '~' ? "~0" : "~1");
        else
            pl_buf_putc(&w->pointer, name.p[i]);
    }
}

static int member(struct walk *w, bool *ret_gone)
{
    pl_auto_buf struct pl_buf key = { 0 }, again = { 0 };
    blanks(w);
    size_t at = w->at, n = w->pointer.n;
    int r = string(w, &key);
    if (r < 0)
        return r;
    push_name(w, pl_buf_str(&key));
    const struct pl_jsonedit *e = edit_here(w);
    *ret_gone = e && e->op == PL_JSONEDIT_DELETE;
    pl_jsonedit_fn *fn = w->fn;
    if (*ret_gone)
        w->fn = NULL;
    w->at = at;
    r = asked(w, &again, true);
    if (r == 0)
        r = take(w, ':') ? value(w, e != NULL) : bad(w);
    w->fn = fn;
    w->pointer.n = n;
    return r;
}

static int element(struct walk *w, size_t i, bool *ret_gone)
{
    size_t n = w->pointer.n;
    pl_buf_printf(&w->pointer, "/%zu", i);
    const struct pl_jsonedit *e = edit_here(w);
    *ret_gone = e && e->op == PL_JSONEDIT_DELETE;
    pl_jsonedit_fn *fn = w->fn;
    if (*ret_gone)
        w->fn = NULL;
    int r = value(w, e != NULL);
    w->fn = fn;
    w->pointer.n = n;
    return r;
}

/* Cuts the items that go, each with one of its commas, and whatever was to be changed in them. */
static void cut(struct walk *w, const struct item *item, size_t n)
{
    bool kept = false;
    for (size_t i = 0; i < n; i++) {
        if (!item[i].gone) {
            kept = true;
            continue;
        }
        struct span s = { item[i].from, item[i].to, w->made.n, 0 };
        if (kept)
            s.from = item[i - 1].to;
        else if (i + 1 < n)
            s.to = item[i + 1].from;
        pl_vec_push(&w->spans, s);
    }
}

static int container(struct walk *w, char close, const struct pl_jsonedit *insert)
{
    PL_VEC(struct item) items = { 0 };
    size_t open = w->at++;
    int r = 0;
    if (++w->depth > w->max_depth)
        return pl_fail(w->err, PL_E_LIMIT, "JSON nested deeper than %u", w->max_depth);
    bool empty = take(w, close);
    bool more = !empty;
    while (more && r == 0) {
        struct item it = { 0 };
        blanks(w);
        it.from = w->at;
        r = close == '}' ? member(w, &it.gone) : element(w, items.n, &it.gone);
        it.to = w->at;
        pl_vec_push(&items, it);
        more = r == 0 && take(w, ',');
    }
    if (r == 0 && !empty && !take(w, close))
        r = bad(w);
    if (r == 0 && insert) {
        size_t mark = w->made.n;
        pl_buf_putn(&w->made, insert->text.p, insert->text.n);
        if (!empty)
            pl_buf_putc(&w->made, ',');
        replace(w, open + 1, open + 1, mark);
        w->done++;
    }
    cut(w, items.p, items.n);
    pl_vec_release(&items);
    w->depth--;
    return r;
}

static int plain(struct walk *w)
{
    size_t from = w->at;
    while (w->at < w->s.n && !memchr(" \t\r\n,]}", w->s.p[w->at], 7))
        w->at++;
    return w->at > from ? 0 : bad(w);
}

/* A value; `named`: an edit has its pointer. */
static int value(struct walk *w, bool named)
{
    const struct pl_jsonedit *e = named ? edit_here(w) : NULL;
    bool whole = e && (e->op == PL_JSONEDIT_STRING || e->op == PL_JSONEDIT_RAW);
    pl_auto_buf struct pl_buf text = { 0 };
    blanks(w);
    if (w->at == w->s.n)
        return bad(w);
    pl_jsonedit_fn *fn = w->fn;
    size_t from = w->at;
    if (whole)
        w->fn = NULL;
    char c = w->s.p[w->at];
    const struct pl_jsonedit *insert = e && e->op == PL_JSONEDIT_INSERT ? e : NULL;
    int r = c == '{'   ? container(w, '}', insert)
            : c == '[' ? container(w, ']', insert)
            : c == '"' ? asked(w, &text, false)
                       : plain(w);
    w->fn = fn;
    if (r == 0 && whole) {
        size_t mark = w->made.n;
        if (e->op == PL_JSONEDIT_STRING)
            put_string(&w->made, e->text);
        else
            pl_buf_putn(&w->made, e->text.p, e->text.n);
        replace(w, from, w->at, mark);
        w->done++;
    }
    return r;
}

static int by_place(const void *pa, const void *pb)
{
    const struct span *a = pa, *b = pb;
    if (a->from != b->from)
        return a->from < b->from ? -1 : 1;
    return a->to > b->to ? -1 : a->to < b->to;
}

/* The text with its spans; one inside another is gone with it. */
static void put_all(struct walk *w, struct pl_buf *out)
{
    size_t at = 0;
    if (w->spans.n)
        qsort(w->spans.p, w->spans.n, sizeof *w->spans.p, by_place);
    for (size_t i = 0; i < w->spans.n; i++) {
        const struct span *s = &w->spans.p[i];
        if (s->from < at)
            continue;
        pl_buf_putn(out, w->s.p + at, s->from - at);
        if (s->n) /* else nothing may have been made at all */
            pl_buf_putn(out, w->made.p + s->at, s->n);
        at = s->to;
    }
    pl_buf_putn(out, w->s.p + at, w->s.n - at);
}

int pl_jsonedit(struct pl_str json, const struct pl_jsonedit *edit, size_t n, pl_jsonedit_fn *fn,
                void *arg, unsigned max_depth, struct pl_buf *out, struct pl_err *err)
{
    struct pl_arena a = { 0 };
    struct pl_err local = { 0 };
    struct walk w = { .s = json,
                      .max_depth = max_depth,
                      .edit = edit,
                      .fn = fn,
                      .arg = arg,
                      .edits = { .a = &a },
                      .err = err ? err : &local };
    size_t must = 0;
    for (size_t i = 0; i < n; i++) {
        *pl_map_put(&w.edits, edit[i].pointer) = (void *)(uintptr_t)(i + 1);
        must += edit[i].op != PL_JSONEDIT_DELETE;
    }
    int r = value(&w, n > 0);
    blanks(&w);
    if (r == 0 && w.at != json.n)
        r = bad(&w);
    if (r == 0 && w.done != must)
        r = pl_fail(w.err, PL_E_FORMAT, "%zu changes name nothing", must - w.done);
    if (r == 0)
        put_all(&w, out);
    pl_map_release(&w.edits);
    pl_vec_release(&w.spans);
    pl_buf_release(&w.pointer);
    pl_buf_release(&w.made);
    pl_arena_release(&a);
    return r;
}
