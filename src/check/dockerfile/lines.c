/* Lines of a Dockerfile: directives, comments, continuations, heredoc bodies; one node for each
 * instruction. formats/dockerfile.md sections 1.1, 1.2, 1.5, 1.8. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "check/dockerfile/df_int.h"
#include "fmt/utf8.h"

struct reader {
    struct pl_arena *a;
    struct pl_df_file *f;
    size_t at;     /* where the next line begins */
    uint32_t line; /* number of the line last read */
    bool directives_done;
    unsigned seen; /* directives so far, a bit each */
    struct pl_err *err;
    int limit; /* 0, or PL_E_LIMIT once one tripped */
    uint32_t stages;
    PL_VEC(struct pl_df_node) nodes;
    PL_VEC(struct pl_df_directive) directives;
    PL_VEC(struct pl_df_comment) comments;
    PL_VEC(struct pl_df_error) errors;
    PL_VEC(struct pl_str) above; /* comments that belong to the next instruction */
    uint32_t above_line;
    PL_VEC(struct pl_df_seg) seg; /* of the instruction being joined */
    struct pl_buf text;
};

static const char *const directive_names[] = { "syntax", "escape", "check" };

/* The next line with its end; false at the end of the file. */
static bool next_line(struct reader *r, struct pl_str *ret)
{
    struct pl_str src = r->f->src;
    if (r->at >= src.n)
        return false;
    const char *nl = memchr(src.p + r->at, '\n', src.n - r->at);
    size_t end = nl ? (size_t)(nl - src.p) + 1 : src.n;
    *ret = pl_str_n(src.p + r->at, end - r->at);
    r->at = end;
    r->line++;
    return true;
}

static struct pl_str trim_newline(struct pl_str s)
{
    while (s.n && (s.p[s.n - 1] == '\n' || s.p[s.n - 1] == '\r'))
        s.n--;
    return s;
}

static struct pl_str trim_left(struct pl_str s)
{
    size_t n;
    while ((n = pl_df_space(s)) > 0)
        s = pl_str_sub(s, n, SIZE_MAX);
    return s;
}

static bool is_comment(struct pl_str s)
{
    s = trim_left(s);
    return s.n && s.p[0] == '#';
}

static void add_error(struct reader *r, const char *msg, uint32_t line, size_t off)
{
    pl_vec_push(&r->errors, ((struct pl_df_error){ msg, line, (uint32_t)off }));
}

static bool is_alnum(char c)
{
    return (unsigned)((c | 0x20) - 'a') < 26 || (unsigned)(c - '0') < 10;
}

static bool is_ascii_space(char c)
{
    return c == ' ' || c == '\t' || c == '\f' || c == '\r' || c == '\n';
}

/* "name = value" behind the '#' of a possible directive. */
static bool split_directive(struct pl_str s, struct pl_str *ret_name, struct pl_str *ret_value)
{
    size_t i = 0;
    s = trim_left(s);
    while (i < s.n && is_alnum(s.p[i]))
        i++;
    if (!i || (unsigned)(s.p[0] - '0') < 10)
        return false;
    *ret_name = pl_str_sub(s, 0, i);
    while (i < s.n && is_ascii_space(s.p[i]))
        i++;
    if (i == s.n || s.p[i] != '=')
        return false;
    for (i++; i < s.n && is_ascii_space(s.p[i]);)
        i++;
    while (s.n > i && is_ascii_space(s.p[s.n - 1]))
        s.n--;
    *ret_value = pl_str_sub(s, i, SIZE_MAX);
    return ret_value->n > 0;
}

static void set_escape(struct reader *r, struct pl_str value, size_t off)
{
    if (value.n == 1 && (value.p[0] == '\\' || value.p[0] == '`'))
        r->f->escape = value.p[0];
    else
        add_error(r, "the escape directive takes a backslash or a backtick", r->line, off);
}

/* Is the line a directive? `s` is without blanks in front. */
static bool take_directive(struct reader *r, struct pl_str s)
{
    struct pl_str name, value;
    if (r->directives_done)
        return false;
    r->directives_done = true;
    if (!s.n || s.p[0] != '#' || !split_directive(pl_str_sub(s, 1, SIZE_MAX), &name, &value))
        return false;
    for (unsigned i = 0; i < PL_COUNT(directive_names); i++) {
        if (!pl_str_ieq(name, pl_str_c(directive_names[i])))
            continue;
        r->directives_done = false;
        if (r->seen & (1u << i)) {
            add_error(r, "a parser directive stands twice", r->line, (size_t)(s.p - r->f->src.p));
            return true;
        }
        r->seen |= 1u << i;
        pl_vec_push(&r->directives,
                    ((struct pl_df_directive){ pl_str_c(directive_names[i]), value, r->line }));
        if (i == 1)
            set_escape(r, value, (size_t)(value.p - r->f->src.p));
        return true;
    }
    return false;
}

/* Cuts the continuation character off; true when the line ends the instruction. */
static bool trim_continuation(struct pl_str *s, char escape)
{
    size_t n = s->n;
    while (n && (s->p[n - 1] == ' ' || s->p[n - 1] == '\t'))
        n--;
    if (!n || s->p[n - 1] != escape)
        return true;
    if (n >= 2 && s->p[n - 2] == escape)
        return true;
    s->n = n - 1;
    return false;
}

static void add_comment(struct reader *r, struct pl_str line)
{
    struct pl_str s = trim_left(line);
    uint32_t off = (uint32_t)(s.p - r->f->src.p);
    s = pl_df_trim(pl_str_sub(s, 1, SIZE_MAX));
    pl_vec_push(&r->comments, ((struct pl_df_comment){ s, r->line, off }));
}

/* A comment line above the next instruction, as BuildKit remembers it. */
static void remember(struct reader *r, struct pl_str line)
{
    /* BuildKit drops the first byte, whether that is the '#' or a blank in front of it */
    struct pl_str s = pl_df_trim(pl_str_sub(line, 1, SIZE_MAX));
    if (!s.n) {
        r->above.n = 0;
        return;
    }
    if (!r->above.n)
        r->above_line = r->line;
    pl_vec_push(&r->above, s);
}

static void add_piece(struct reader *r, struct pl_str s)
{
    if (!s.n)
        return;
    struct pl_df_seg seg = { (uint32_t)r->text.n, (uint32_t)(s.p - r->f->src.p) };
    if (r->text.n + s.n > PL_DF_JOINED_MAX) {
        if (!r->limit)
            r->limit = pl_fail(r->err, PL_E_LIMIT,
                               "line %" PRIu32 ": an instruction of more than "
                               "%u bytes",
                               r->line, PL_DF_JOINED_MAX);
        return;
    }
    pl_vec_push(&r->seg, seg);
    pl_buf_putn(&r->text, s.p, s.n);
}

/* The pieces become the text of `n`: a view on the source when there is only one. */
static void finish_text(struct reader *r, struct pl_df_text *t)
{
    t->n_seg = r->seg.n ? r->seg.n : 1;
    struct pl_df_seg *seg = pl_alloc_n(r->a, t->n_seg, sizeof *seg);
    if (r->seg.n)
        memcpy(seg, r->seg.p, r->seg.n * sizeof *seg);
    t->seg = seg;
    if (r->seg.n == 1)
        t->s = pl_str_n(r->f->src.p + seg[0].src, r->text.n);
    else
        t->s = pl_dup(r->a, pl_buf_str(&r->text));
}

/* Joins the continuation lines behind the first one. */
static void join(struct reader *r, struct pl_df_node *n, struct pl_str first)
{
    char escape = r->f->escape;
    struct pl_str line;
    r->seg.n = 0;
    pl_buf_clear(&r->text);
    n->end = (uint32_t)(first.p - r->f->src.p + (ptrdiff_t)first.n);
    bool done = trim_continuation(&first, escape);
    add_piece(r, first);
    while (!done && next_line(r, &line)) {
        if (is_comment(line)) {
            add_comment(r, trim_newline(line));
            continue;
        }
        line = trim_newline(line);
        if (!trim_left(line).n) {
            n->empty_continuation = true;
            continue;
        }
        n->end = (uint32_t)(line.p - r->f->src.p + (ptrdiff_t)line.n);
        done = trim_continuation(&line, escape);
        add_piece(r, line);
    }
    finish_text(r, &n->text);
}

/* Does an instruction begin here, at column 0? Where an unterminated heredoc is given up. */
static bool begins_instruction(struct pl_str line)
{
    size_t i = 0;
    while (i < line.n && is_alnum(line.p[i]))
        i++;
    return i && i < line.n && (line.p[i] == ' ' || line.p[i] == '\t') &&
           pl_df_find(pl_str_sub(line, 0, i)) != PL_DF_UNKNOWN;
}

static struct pl_str trim_tabs(struct pl_str s)
{
    while (s.n && s.p[0] == '\t')
        s = pl_str_sub(s, 1, SIZE_MAX);
    return s;
}

/* Reads the body of one heredoc; false when its terminator is missing. */
static bool read_body(struct reader *r, struct pl_df_node *n, struct pl_df_heredoc *h)
{
    struct pl_str line;
    r->seg.n = 0;
    pl_buf_clear(&r->text);
    h->src = (uint32_t)r->at;
    while (next_line(r, &line)) {
        struct pl_str bare = trim_newline(line);
        if (pl_str_eq(h->chomp ? trim_tabs(bare) : bare, h->name)) {
            h->src_end = (uint32_t)r->at;
            h->raw = pl_str_sub(r->f->src, h->src, h->src_end - h->src);
            n->end = (uint32_t)(bare.p - r->f->src.p + (ptrdiff_t)bare.n);
            finish_text(r, &h->body);
            return true;
        }
        if (!h->chomp && r->seg.n == 1) { /* one stretch: no pieces needed */
            pl_buf_putn(&r->text, line.p, line.n);
            continue;
        }
        add_piece(r, h->chomp ? trim_tabs(line) : line);
    }
    return false;
}

static void read_bodies(struct reader *r, struct pl_df_node *n)
{
    size_t at = r->at;
    uint32_t line = r->line;
    struct pl_df_node *owner = n->child ? n->child : n;
    struct pl_str s;
    for (size_t i = 0; i < owner->n_heredocs; i++) {
        if (read_body(r, n, &owner->heredocs[i]))
            continue;
        n->error = "a heredoc has no end";
        owner->n_heredocs = i;
        r->at = at;
        r->line = line;
        while (next_line(r, &s))
            if (begins_instruction(s)) {
                r->at = (size_t)(s.p - r->f->src.p);
                r->line--;
                return;
            }
        return;
    }
}

static void read_instruction(struct reader *r, struct pl_str first)
{
    struct pl_df_node n = { .line = r->line };
    n.off = (uint32_t)(first.p - r->f->src.p);
    n.comments = pl_alloc_n(r->a, r->above.n + 1, sizeof *n.comments);
    n.n_comments = r->above.n;
    n.first_comment = r->above.n ? r->above_line : 0;
    if (r->above.n)
        memcpy(n.comments, r->above.p, r->above.n * sizeof *n.comments);
    join(r, &n, first);
    pl_df_split(r->a, &n, r->f->escape, 0, 0);
    if (!n.error && memchr(n.text.s.p, '<', n.text.s.n)) {
        pl_df_heredocs(r->a, &n);
        read_bodies(r, &n);
    }
    n.end_line = r->line;
    if (n.cmd == PL_DF_FROM && ++r->stages > PL_DF_STAGES_MAX && !r->limit)
        r->limit = pl_fail(r->err, PL_E_LIMIT, "line %" PRIu32 ": more than %u stages", n.line,
                           PL_DF_STAGES_MAX);
    if (r->nodes.n >= PL_DF_NODES_MAX && !r->limit)
        r->limit = pl_fail(r->err, PL_E_LIMIT, "line %" PRIu32 ": more than %u instructions",
                           n.line, PL_DF_NODES_MAX);
    pl_vec_push(&r->nodes, n);
    r->above.n = 0;
}

static void read_all(struct reader *r)
{
    struct pl_str line;
    while (!r->limit && next_line(r, &line)) {
        bool comment = is_comment(line);
        if (comment) {
            add_comment(r, trim_newline(line));
            remember(r, line);
        }
        line = trim_left(trim_newline(line));
        if (take_directive(r, line) && r->above.n)
            r->above.n--;
        if (comment || !line.n)
            continue;
        read_instruction(r, line);
    }
}

/* Line table, and what no Dockerfile holds. */
static int look_over(struct reader *r)
{
    struct pl_df_file *f = r->f;
    struct pl_str s = f->src;
    uint32_t n = 0, cp;
    const char *nul = s.n ? memchr(s.p, 0, s.n) : NULL;
    if (nul)
        return pl_fail(r->err, PL_E_FORMAT, "no Dockerfile: a NUL byte at offset %zu",
                       (size_t)(nul - s.p));
    for (size_t i = 0; i < s.n;) {
        if ((unsigned char)s.p[i] < 0x80) {
            n += s.p[i++] == '\n';
            continue;
        }
        size_t k = pl_utf8_next(pl_str_sub(s, i, 4), &cp);
        if (!k)
            return pl_fail(r->err, PL_E_FORMAT, "no Dockerfile: not UTF-8 at offset %zu", i);
        i += k;
    }
    f->line_off = pl_alloc_n(r->a, (size_t)n + 3, sizeof *f->line_off);
    f->n_lines = 0;
    for (size_t i = 0; i < s.n;) {
        const char *nl = memchr(s.p + i, '\n', s.n - i);
        size_t end = nl ? (size_t)(nl - s.p) + 1 : s.n;
        if (end - i - (nl ? 1 : 0) >= PL_DF_LINE_BUILDKIT)
            add_error(r, "a line of 64 KiB or more, which BuildKit does not read", f->n_lines + 1,
                      i);
        if (end - i > PL_DF_LINE_MAX && !r->limit)
            r->limit = pl_fail(r->err, PL_E_LIMIT, "line %" PRIu32 ": longer than %u bytes",
                               f->n_lines + 1, PL_DF_LINE_MAX);
        f->line_off[f->n_lines++] = (uint32_t)i;
        i = end;
    }
    f->line_off[f->n_lines] = (uint32_t)s.n;
    const char *nl = s.n ? memchr(s.p, '\n', s.n) : NULL;
    f->crlf = nl && nl > s.p && nl[-1] == '\r';
    return 0;
}

#define GIVE(field)                                                            \
    do {                                                                       \
        r->f->field = pl_alloc_n(r->a, r->field.n + 1, sizeof *r->f->field);   \
        if (r->field.n)                                                        \
            memcpy(r->f->field, r->field.p, r->field.n * sizeof *r->f->field); \
        r->f->n_##field = r->field.n;                                          \
        pl_vec_release(&r->field);                                             \
    } while (0)

static void give(struct reader *r)
{
    GIVE(nodes);
    GIVE(directives);
    GIVE(comments);
    GIVE(errors);
    pl_vec_release(&r->above);
    pl_vec_release(&r->seg);
    pl_buf_release(&r->text);
}

int pl_df_parse(struct pl_arena *a, struct pl_str src, struct pl_df_file *ret, struct pl_err *err)
{
    struct reader r = { .a = a, .f = ret, .err = err, .text = { .max = PL_DF_FILE_MAX + 4096 } };
    *ret = (struct pl_df_file){ .src = src, .escape = '\\' };
    if (src.n > PL_DF_FILE_MAX)
        return pl_fail(err, PL_E_LIMIT, "larger than %u bytes", PL_DF_FILE_MAX);
    int n = look_over(&r);
    if (n == 0 && !r.limit) {
        if (pl_str_starts(src, PL_S("\xef\xbb\xbf")))
            r.at = 3;
        read_all(&r);
    }
    give(&r);
    return n < 0 ? n : r.limit;
}

bool pl_df_parsed(const struct pl_df_file *f, const char **ret_msg, uint32_t *ret_line)
{
    const char *msg = NULL;
    uint32_t line = 0;
    for (size_t i = 0; i < f->n_errors && !msg; i++) {
        msg = f->errors[i].msg;
        line = f->errors[i].line;
    }
    for (size_t i = 0; i < f->n_nodes; i++)
        if (f->nodes[i].error && (!msg || f->nodes[i].line < line)) {
            msg = f->nodes[i].error;
            line = f->nodes[i].line;
        }
    if (!msg && !f->n_nodes) {
        msg = "the file has no instruction";
        line = f->n_lines ? f->n_lines : 1;
    }
    if (msg && ret_msg)
        *ret_msg = msg;
    if (msg && ret_line)
        *ret_line = line;
    return !msg;
}

uint32_t pl_df_src(const struct pl_df_text *t, uint32_t at)
{
    size_t lo = 0, hi = t->n_seg;
    if (!t->n_seg)
        return 0;
    while (hi - lo > 1) {
        size_t mid = (lo + hi) / 2;
        if (t->seg[mid].at <= at)
            lo = mid;
        else
            hi = mid;
    }
    return t->seg[lo].src + (at - t->seg[lo].at);
}

void pl_df_place(const struct pl_df_file *f, uint32_t off, uint32_t *ret_line, uint32_t *ret_col)
{
    uint32_t lo = 0, hi = f->n_lines ? f->n_lines : 1, col = 1;
    if (!f->n_lines) {
        *ret_line = *ret_col = 1;
        return;
    }
    while (hi - lo > 1) {
        uint32_t mid = (lo + hi) / 2;
        if (f->line_off[mid] <= off)
            lo = mid;
        else
            hi = mid;
    }
    size_t i = f->line_off[lo];
    if (lo == 0 && pl_str_starts(f->src, PL_S("\xef\xbb\xbf")) && off >= 3)
        i = 3;
    for (; i < off && i < f->src.n; i++)
        col += ((unsigned char)f->src.p[i] & 0xc0) != 0x80;
    *ret_line = lo + 1;
    *ret_col = col;
}

struct pl_str pl_df_line(const struct pl_df_file *f, uint32_t line)
{
    if (!line || line > f->n_lines)
        return PL_S("");
    return trim_newline(
        pl_str_sub(f->src, f->line_off[line - 1], f->line_off[line] - f->line_off[line - 1]));
}
