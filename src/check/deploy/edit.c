/* Places and edits in the text of a manifest. YAML 1.2, chapters 7 and 8. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "check/deploy/edit.h"

#define EDIT_TEXT_MAX (1u << 20) /* larger files are judged, not repaired */
#define EDIT_WORK_MAX (8u << 20)
#define PATH_MAX_KEYS 6

/* YAML has more line ends than "\n" and "\r\n"; a text with others is not mended. */
static bool plain_ends(struct pl_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (!c || (c == '\r' && (i + 1 == s.n || s.p[i + 1] != '\n')) ||
            (c == 0xC2 && i + 1 < s.n && (unsigned char)s.p[i + 1] == 0x85) ||
            (c == 0xE2 && i + 2 < s.n && (unsigned char)s.p[i + 1] == 0x80 &&
             ((unsigned char)s.p[i + 2] | 1u) == 0xA9))
            return false;
    }
    return true;
}

void pl_deploy_edit_begin(struct pl_deploy *d, struct pl_str text)
{
    if (!d->o->fixes || !text.n || text.n > EDIT_TEXT_MAX || !plain_ends(text))
        return;
    size_t n = 1;
    for (size_t i = 0; i < text.n; i++)
        n += text.p[i] == '\n';
    d->text = text;
    d->edit_work = EDIT_WORK_MAX;
    d->start = pl_alloc_n(d->a, n, sizeof *d->start);
    d->start[d->n_start++] = pl_str_starts(text, PL_S("\xEF\xBB\xBF")) ? 3 : 0;
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] == '\n')
            d->start[d->n_start++] = (uint32_t)i + 1;
}

/* --- places --- */

/* Line and column, in characters, as an offset. */
static bool place(struct pl_deploy *d, uint32_t line, uint32_t col, uint32_t *ret)
{
    if (!d->start || !line || line > d->n_start || d->edit_work < col)
        return false;
    d->edit_work -= col;
    uint32_t at = d->start[line - 1];
    for (; col > 1; col--) {
        if (at >= d->text.n || d->text.p[at] == '\n')
            return false;
        for (at++; at < d->text.n && ((unsigned char)d->text.p[at] & 0xC0u) == 0x80; at++)
            ;
    }
    *ret = at;
    return true;
}

static uint32_t line_end(const struct pl_deploy *d, uint32_t line)
{
    return line < d->n_start ? d->start[line] : (uint32_t)d->text.n;
}

/* Do only blanks, or a dash among them, stand before `off` in its line? */
static bool first_on_line(const struct pl_deploy *d, uint32_t line, uint32_t off, bool dash)
{
    for (uint32_t i = d->start[line - 1]; i < off; i++) {
        if (d->text.p[i] == '-' && dash)
            dash = false;
        else if (d->text.p[i] != ' ')
            return false;
    }
    return true;
}

/* A scalar as it is written, when that is its value, with or without quotes around. */
static bool span(struct pl_deploy *d, const struct pl_yaml *y, uint32_t *ret_off, uint32_t *ret_end)
{
    if (y->kind != PL_YAML_SCALAR || y->line != y->end_line ||
        !place(d, y->line, y->col, ret_off) || !place(d, y->line, y->end_col, ret_end) ||
        *ret_end < *ret_off)
        return false;
    struct pl_str raw = pl_str_sub(d->text, *ret_off, *ret_end - *ret_off);
    if (pl_str_eq(raw, y->text))
        return true;
    return raw.n == y->text.n + 2 && strchr("\"'", raw.p[0]) && raw.p[raw.n - 1] == raw.p[0] &&
           pl_str_eq(pl_str_sub(raw, 1, raw.n - 2), y->text);
}

/* Does a value begin and end in the line of its key? */
static bool one_line(struct pl_deploy *d, const struct pl_yaml *key, const struct pl_yaml *value)
{
    uint32_t off, end;
    if (value->line != key->line || value->end_line != key->line)
        return false;
    if (value->kind != PL_YAML_SCALAR)
        return value->flow;
    return span(d, value, &off, &end) ||
           (place(d, value->line, value->col, &off) && off < d->text.n &&
            strchr("\"'", d->text.p[off]) && d->text.p[off]);
}

static bool is_null(const struct pl_yaml *y)
{
    return y->kind == PL_YAML_SCALAR && y->plain && !y->text.n;
}

/* --- edits --- */

static bool put(struct pl_deploy *d, struct pl_deploy_hit *h, enum pl_fix_class c, uint32_t off,
                uint32_t end, struct pl_str text)
{
    if (c > h->fix_class)
        h->fix_class = c;
    for (size_t i = 0; i < h->n_edits; i++) /* lines for one place follow each other */
        if (off == end && h->edits[i].off == off && h->edits[i].end == end) {
            h->edits[i].text = pl_printf(d->a, "%.*s%.*s", PL_FMT(h->edits[i].text), PL_FMT(text));
            return true;
        }
    struct pl_lint_edit *p = pl_alloc_n(d->a, h->n_edits + 1, sizeof *p);
    if (h->n_edits)
        memcpy(p, h->edits, h->n_edits * sizeof *p);
    p[h->n_edits++] = (struct pl_lint_edit){ off, end, text };
    h->edits = p;
    return true;
}

/* Lines, each with its own indentation, behind line `line`. */
static bool put_below(struct pl_deploy *d, struct pl_deploy_hit *h, enum pl_fix_class c,
                      uint32_t line, const struct pl_str *lines, size_t n)
{
    uint32_t at = line_end(d, line);
    bool open = at == d->text.n && (!at || d->text.p[at - 1] != '\n');
    bool crlf = d->n_start > 1 && d->start[1] >= 2 && d->text.p[d->start[1] - 2] == '\r';
    const char *eol = crlf ? "\r\n" : "\n";
    struct pl_str all = PL_S("");
    for (size_t i = 0; i < n; i++)
        all = pl_printf(d->a, "%.*s%s%.*s%s", PL_FMT(all), open ? eol : "", PL_FMT(lines[i]),
                        open ? "" : eol);
    return put(d, h, c, at, at, all);
}

bool pl_deploy_replace(struct pl_deploy *d, struct pl_deploy_hit *h, enum pl_fix_class c,
                       const struct pl_yaml *y, struct pl_str text)
{
    uint32_t off, end;
    return span(d, y, &off, &end) && end > off && put(d, h, c, off, end, text);
}

bool pl_deploy_insert(struct pl_deploy *d, struct pl_deploy_hit *h, enum pl_fix_class c,
                      const struct pl_yaml *y, size_t at, struct pl_str text)
{
    uint32_t off, end;
    if (!span(d, y, &off, &end) || !y->text.n)
        return false;
    uint32_t quote = end - off != y->text.n;
    off += quote + (uint32_t)(at < y->text.n ? at : y->text.n);
    return put(d, h, c, off, off, text);
}

void pl_deploy_unmend(struct pl_deploy_hit *h)
{
    h->fix_class = PL_FIX_NONE;
    h->n_edits = 0;
}

/* --- values --- */

struct path {
    struct pl_str key[PATH_MAX_KEYS];
    size_t n;
};

struct pl_str pl_deploy_joined(struct pl_deploy *d, const struct pl_str *item, size_t n)
{
    struct pl_str s = PL_S("");
    for (size_t i = 0; i < n; i++)
        s = pl_printf(d->a, "%.*s%s%.*s", PL_FMT(s), i ? ", " : "", PL_FMT(item[i]));
    return s;
}

/* "a: {b: [x, y]}" */
static struct pl_str flow_of(struct pl_deploy *d, const struct pl_str *key, size_t n,
                             const struct pl_deploy_value *v)
{
    struct pl_str s = pl_deploy_joined(d, v->item, v->n);
    if (v->kind != PL_DEPLOY_SCALAR)
        s = pl_printf(d->a, v->kind == PL_DEPLOY_LIST ? "[%.*s]" : "{%.*s}", PL_FMT(s));
    for (size_t i = n; i-- > 0;)
        s = pl_printf(d->a, i ? "{%.*s: %.*s}" : "%.*s: %.*s", PL_FMT(key[i]), PL_FMT(s));
    return s;
}

/* Behind the bracket that opens a list or map. */
static bool put_flow(struct pl_deploy *d, struct pl_deploy_hit *h, enum pl_fix_class c,
                     const struct pl_yaml *y, char bracket, struct pl_str text)
{
    uint32_t off;
    if (!place(d, y->line, y->col, &off) || off >= d->text.n || d->text.p[off] != bracket)
        return false;
    for (size_t i = 0; i < h->n_edits && !y->n; i++)
        if (h->edits[i].off == off + 1) /* the first two would touch */
            return false;
    return put(d, h, c, off + 1, off + 1, y->n ? pl_printf(d->a, "%.*s, ", PL_FMT(text)) : text);
}

/* The line that further keys of a block map go below: that of its last entry of one line. */
static bool room(struct pl_deploy *d, const struct pl_yaml *map, uint32_t *ret_line,
                 uint32_t *ret_indent)
{
    bool found = false;
    for (size_t i = 0; i < map->n; i++)
        if (map->item[2 * i]->col != map->item[0]->col)
            return false;
    for (size_t i = map->n; i-- > 0 && !found;) {
        *ret_line = map->item[2 * i]->line;
        found = one_line(d, map->item[2 * i], map->item[2 * i + 1]);
    }
    uint32_t off;
    const struct pl_yaml *first = map->n ? map->item[0] : NULL;
    if (!first || !place(d, first->line, first->col, &off))
        return false;
    *ret_indent = first->col - 1;
    if (!found) { /* above the first, then */
        *ret_line = first->line - 1;
        return first->line > 1 && first_on_line(d, first->line, off, false);
    }
    return true;
}

static struct pl_str indented(struct pl_deploy *d, uint32_t by, const char *mark, struct pl_str s,
                              const char *tail)
{
    return pl_printf(d->a, "%*s%s%.*s%s", (int)by, "", mark, PL_FMT(s), tail);
}

#define LINES_MAX 64

/* The rest of the path as lines of a block. */
static bool put_block(struct pl_deploy *d, struct pl_deploy_hit *h, enum pl_fix_class c,
                      const struct pl_yaml *map, const struct pl_str *key, size_t n,
                      const struct pl_deploy_value *v)
{
    struct pl_str lines[LINES_MAX];
    uint32_t line, indent;
    size_t k = 0;
    if (n + v->n > LINES_MAX || !room(d, map, &line, &indent))
        return false;
    for (size_t i = 0; i < n; i++, indent += 2)
        lines[k++] = indented(d, indent, "", key[i], ":");
    if (v->kind == PL_DEPLOY_SCALAR) {
        lines[k - 1] = pl_printf(d->a, "%.*s %.*s", PL_FMT(lines[k - 1]), PL_FMT(v->item[0]));
        return put_below(d, h, c, line, lines, k);
    }
    for (size_t i = 0; i < v->n; i++)
        lines[k++] = indented(d, indent, v->kind == PL_DEPLOY_LIST ? "- " : "", v->item[i], "");
    return put_below(d, h, c, line, lines, k);
}

/* More items for a list. */
static bool put_items(struct pl_deploy *d, struct pl_deploy_hit *h, enum pl_fix_class c,
                      const struct pl_yaml *list, const struct pl_deploy_value *v)
{
    struct pl_str lines[LINES_MAX];
    uint32_t off;
    if (list->flow)
        return put_flow(d, h, c, list, '[', pl_deploy_joined(d, v->item, v->n));
    const struct pl_yaml *last = list->n ? list->item[list->n - 1] : NULL;
    if (!last || v->n > LINES_MAX || !place(d, last->line, last->col, &off))
        return false;
    /* the column of the dash, which is the same for all */
    uint32_t dash = off;
    while (dash > d->start[last->line - 1] && d->text.p[dash - 1] == ' ')
        dash--;
    if (dash == d->start[last->line - 1] || d->text.p[dash - 1] != '-' ||
        !first_on_line(d, last->line, off, true))
        return false;
    uint32_t line = last->line, indent = dash - 1 - d->start[last->line - 1];
    if (last->kind == PL_YAML_MAP && !last->flow) {
        for (size_t i = 0; i < last->n; i++) { /* a map whose entries all have one line */
            if (!one_line(d, last->item[2 * i], last->item[2 * i + 1]))
                return false;
            line = last->item[2 * i]->line;
        }
    } else if (!one_line(d, last, last)) {
        return false;
    }
    for (size_t i = 0; i < v->n; i++)
        lines[i] = indented(d, indent, "- ", v->item[i], "");
    return put_below(d, h, c, line, lines, v->n);
}

/* A key without value gets one behind its colon. */
static bool put_null(struct pl_deploy *d, struct pl_deploy_hit *h, enum pl_fix_class c,
                     const struct pl_yaml *y, const struct pl_str *key, size_t n,
                     const struct pl_deploy_value *v)
{
    uint32_t off;
    struct pl_str text = flow_of(d, key, n, v);
    if (!place(d, y->line, y->col, &off) || !off || d->text.p[off - 1] != ':')
        return false;
    return put(d, h, c, off, off, pl_printf(d->a, n ? " {%.*s}" : " %.*s", PL_FMT(text)));
}

static bool set(struct pl_deploy *d, struct pl_deploy_hit *h, enum pl_fix_class c,
                const struct pl_yaml *map, const struct path *p, const struct pl_deploy_value *v)
{
    for (size_t i = 0; i < p->n; i++) {
        char name[64];
        if (!map || map->kind != PL_YAML_MAP || p->key[i].n >= sizeof name)
            return false;
        memcpy(name, p->key[i].p, p->key[i].n);
        name[p->key[i].n] = 0;
        const struct pl_yaml *next = pl_deploy_get(d, map, name);
        size_t left = p->n - i;
        if (!next && map->flow)
            return put_flow(d, h, c, map, '{', flow_of(d, &p->key[i], left, v));
        if (!next)
            return put_block(d, h, c, map, &p->key[i], left, v);
        if (is_null(next))
            return put_null(d, h, c, next, &p->key[i + 1], left - 1, v);
        map = next;
    }
    if (v->kind == PL_DEPLOY_LIST)
        return map->kind == PL_YAML_LIST && put_items(d, h, c, map, v);
    return v->kind == PL_DEPLOY_SCALAR && pl_deploy_replace(d, h, c, map, v->item[0]);
}

bool pl_deploy_set(struct pl_deploy *d, struct pl_deploy_hit *h, enum pl_fix_class c,
                   const struct pl_yaml *map, const char *path, const struct pl_deploy_value *v)
{
    struct path p = { .n = 0 };
    struct pl_str rest = pl_str_c(path), key;
    if (!d->start || !v->n)
        return false;
    while (p.n < PATH_MAX_KEYS && pl_str_split(&rest, '/', &key))
        p.key[p.n++] = key;
    return p.n && set(d, h, c, map, &p, v);
}

bool pl_deploy_set_to(struct pl_deploy *d, struct pl_deploy_hit *h, enum pl_fix_class c,
                      const struct pl_yaml *map, const char *path, const char *value)
{
    struct pl_str item = pl_str_c(value);
    return pl_deploy_set(d, h, c, map, path,
                         &(struct pl_deploy_value){ PL_DEPLOY_SCALAR, &item, 1 });
}

bool pl_deploy_set_item(struct pl_deploy *d, struct pl_deploy_hit *h, enum pl_fix_class c,
                        const struct pl_yaml *map, const char *path, const char *item)
{
    struct pl_str s = pl_str_c(item);
    return pl_deploy_set(d, h, c, map, path, &(struct pl_deploy_value){ PL_DEPLOY_LIST, &s, 1 });
}

/* --- removing --- */

static bool drop_line(struct pl_deploy *d, struct pl_deploy_hit *h, enum pl_fix_class c,
                      const struct pl_yaml *at, bool dash)
{
    uint32_t off;
    if (!place(d, at->line, at->col, &off) || !first_on_line(d, at->line, off, dash))
        return false;
    return put(d, h, c, d->start[at->line - 1], line_end(d, at->line), PL_S(""));
}

bool pl_deploy_drop_key(struct pl_deploy *d, struct pl_deploy_hit *h, enum pl_fix_class c,
                        const struct pl_yaml *map, const char *key)
{
    for (size_t i = 0; d->start && map && map->kind == PL_YAML_MAP && i < map->n; i++)
        if (pl_str_is(pl_yaml_str(map->item[2 * i]), key))
            return map->n > 1 && !map->flow &&
                   one_line(d, map->item[2 * i], map->item[2 * i + 1]) &&
                   drop_line(d, h, c, map->item[2 * i], false);
    return false;
}

bool pl_deploy_drop_item(struct pl_deploy *d, struct pl_deploy_hit *h, enum pl_fix_class c,
                         const struct pl_yaml *list, const struct pl_yaml *y)
{
    return d->start && list && list->kind == PL_YAML_LIST && list->n > 1 && !list->flow &&
           one_line(d, y, y) && drop_line(d, h, c, y, true);
}
