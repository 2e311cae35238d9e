/* Reader of patches: which lines belong to what is told by the counts in hunk headers, never by how
 * a line looks. git-diff(1) "Generating patch text". */
/* SPDX-License-Identifier: Apache-2.0 */
#include "source/patch.h"

#include "base/limits.h"
#include "source/patch_int.h"

#define HEAD_MAX PL_KIB(256) /* a line that is no content; longer ones are cut */

struct reader {
    struct pl_view *in;
    const struct pl_patch_sink *sink;
    struct pl_err *err;
    struct pl_buf line, path, text;
    struct pl_patch_head head;
    uint64_t lineno;
    bool in_head, any, in_file, deleted, binary;
};

/* The next line into r->line, without its newline. 1: there is one; 0: the end. */
static int next_line(struct reader *r)
{
    struct pl_view *v = r->in;
    bool some = false;
    pl_buf_clear(&r->line);
    for (;;) {
        int ret = pl_view_ahead(v, 1, r->err);
        if (ret < 0)
            return ret;
        if (!v->n)
            break;
        some = true;
        const uint8_t *nl = memchr(v->p, '\n', v->n);
        size_t n = nl ? (size_t)(nl - v->p) : v->n;
        size_t room = HEAD_MAX - r->line.n;
        pl_buf_putn(&r->line, v->p, n < room ? n : room);
        pl_view_consume(v, nl ? n + 1 : n);
        if (nl)
            break;
    }
    r->lineno += some;
    return some;
}

static int tell(struct reader *r, uint32_t line, bool cut)
{
    struct pl_patch_part p = { .commit = &r->head.c,
                               .path = pl_buf_str(&r->path),
                               .line = line,
                               .text = pl_buf_str(&r->text),
                               .binary = r->binary,
                               .cut = cut };
    return r->sink->part(r->sink->arg, &p);
}

/* One line of content behind its first byte; `keep`: into r->text. 1: it ended with a newline. */
static int content(struct reader *r, bool keep, uint32_t line, bool *ret_cut)
{
    struct pl_view *v = r->in;
    size_t max = r->sink->part_max ? r->sink->part_max : PL_MIB(64);
    for (;;) {
        int ret = pl_view_ahead(v, 1, r->err);
        if (ret < 0 || !v->n)
            return ret;
        const uint8_t *nl = memchr(v->p, '\n', v->n);
        size_t n = nl ? (size_t)(nl - v->p) + 1 : v->n;
        if (keep && r->text.n + n > max && r->text.n) {
            *ret_cut = true;
            if ((ret = tell(r, line, true)) != 0)
                return ret < 0 ? ret : PL_E_CANCEL;
            pl_buf_clear(&r->text);
        }
        if (keep)
            pl_buf_putn(&r->text, v->p, n);
        pl_view_consume(v, n);
        if (nl) {
            r->lineno++;
            return 1;
        }
    }
}

/* "-A[,B]" or "+C[,D]" */
static bool range(struct pl_str *s, char sign, uint64_t *ret_from, uint64_t *ret_n)
{
    size_t n = 1;
    if (s->n < 2 || s->p[0] != sign)
        return false;
    while (n < s->n && s->p[n] != ' ')
        n++;
    struct pl_str rest = pl_str_sub(*s, 1, n - 1), from;
    *s = pl_str_sub(*s, n + 1, s->n);
    *ret_n = 1;
    return pl_str_split(&rest, ',', &from) && pl_str_u64(from, ret_from) &&
           (!rest.p || pl_str_u64(rest, ret_n));
}

/* "\ No newline at end of file": the line before has none. */
static int no_newline(struct reader *r, bool last_added)
{
    int ret = pl_view_ahead(r->in, 1, r->err);
    if (ret < 0 || !r->in->n || r->in->p[0] != '\\')
        return ret;
    if (last_added && r->text.n && r->text.p[r->text.n - 1] == '\n')
        r->text.n--;
    ret = next_line(r);
    return ret < 0 ? ret : 0;
}

static int hunk(struct reader *r)
{
    uint64_t from, line, old, now;
    struct pl_str s = pl_str_sub(pl_buf_str(&r->line), 3, r->line.n);
    if (!range(&s, '-', &from, &old) || !range(&s, '+', &line, &now) || line > UINT32_MAX)
        return pl_fail(r->err, PL_E_FORMAT, "line %llu: malformed hunk header",
                       (unsigned long long)r->lineno);
    bool added = now > 0, cut = false;
    uint32_t at = (uint32_t)line, piece = at;
    pl_buf_clear(&r->text);
    while (old || now) {
        int ret = pl_view_ahead(r->in, 1, r->err);
        if (ret < 0)
            return ret;
        uint8_t c = r->in->n ? r->in->p[0] : 0;
        if (c == '\\') {
            if ((ret = no_newline(r, false)) < 0)
                return ret;
            continue;
        }
        if ((c == '+' && now) || (c == '-' && old) || (c == ' ' && old && now)) {
            pl_view_consume(r->in, 1);
            cut = false;
            ret = content(r, c == '+', piece, &cut);
            if (ret < 0)
                return ret;
            if (cut)
                piece = at;
            at += c != '-';
            now -= c != '-';
            old -= c != '+';
            continue;
        }
        return pl_fail(r->err, PL_E_FORMAT, "line %llu: the hunk is shorter than its header says",
                       (unsigned long long)r->lineno + 1);
    }
    int ret = no_newline(r, added);
    if (ret < 0 || !added || r->deleted || !r->text.n)
        return ret;
    return tell(r, piece, piece != (uint32_t)line);
}

/* A file of which git shows no lines since it is binary. */
static int end_file(struct reader *r)
{
    int ret = 0;
    if (r->in_file && r->binary && !r->deleted && r->path.n) {
        pl_buf_clear(&r->text);
        ret = tell(r, 0, false);
    }
    r->in_file = r->binary = r->deleted = false;
    return ret;
}

static void extended(struct reader *r, struct pl_str s)
{
    static const struct pl_str plus = PL_S("+++ "), rename = PL_S("rename to "),
                               copy = PL_S("copy to "), gone = PL_S("deleted file mode ");
    struct pl_str name = { NULL, 0 };
    bool strip = false;
    if (pl_str_starts(s, gone))
        r->deleted = true;
    else if (pl_str_starts(s, PL_S("Binary files ")) || pl_str_is(s, "GIT binary patch"))
        r->binary = true;
    else if (pl_str_starts(s, rename))
        name = pl_str_sub(s, rename.n, s.n);
    else if (pl_str_starts(s, copy))
        name = pl_str_sub(s, copy.n, s.n);
    else if (pl_str_starts(s, plus) && !pl_str_is(s, "+++ /dev/null")) {
        name = pl_str_sub(s, plus.n, s.n);
        strip = true;
    }
    if (name.n) {
        pl_buf_clear(&r->path);
        pl_patch_name(name, strip, &r->path);
    }
}

static int end_head(struct reader *r)
{
    if (!r->in_head)
        return 0;
    r->in_head = false;
    pl_patch_head_end(&r->head);
    return r->sink->commit ? r->sink->commit(r->sink->arg, &r->head.c) : 0;
}

static int begin_file(struct reader *r, struct pl_str names)
{
    int ret = end_head(r);
    r->in_file = true;
    pl_buf_clear(&r->path);
    pl_patch_git_names(names, &r->path);
    return ret;
}

static int one_line(struct reader *r)
{
    struct pl_str s = pl_buf_str(&r->line);
    int ret = 0;
    bool commit = pl_str_starts(s, PL_S("commit ")), file = pl_str_starts(s, PL_S("diff --git ")),
         combined = !file && pl_str_starts(s, PL_S("diff --"));
    if (!r->any && !commit && !file && !combined && s.n)
        return pl_fail(r->err, PL_E_FORMAT, "line %llu: neither a commit nor a patch",
                       (unsigned long long)r->lineno);
    r->any |= s.n > 0;
    if (commit) {
        ret = end_file(r);
        if (ret == 0)
            ret = end_head(r);
        pl_patch_head_begin(&r->head, s);
        r->in_head = true;
    } else if (file) {
        ret = end_file(r);
        if (ret == 0)
            ret = begin_file(r, pl_str_sub(s, 11, s.n));
    } else if (combined) { /* of a merge: shown only where it is asked for, and not read */
        ret = end_file(r);
        if (ret == 0)
            ret = end_head(r);
    } else if (r->in_head) {
        pl_patch_head_line(&r->head, s);
    } else if (r->in_file && pl_str_starts(s, PL_S("@@ "))) {
        ret = hunk(r);
    } else if (r->in_file) {
        extended(r, s);
    }
    return ret;
}

int pl_patch_read(struct pl_view *in, const struct pl_patch_sink *sink, struct pl_err *err)
{
    struct reader r = { .in = in, .sink = sink, .err = err };
    int ret;
    pl_patch_head_begin(&r.head, PL_S("commit "));
    while ((ret = next_line(&r)) > 0)
        if ((ret = one_line(&r)) != 0)
            break;
    if (ret == 0)
        ret = end_file(&r);
    if (ret == 0)
        ret = end_head(&r);
    pl_buf_release(&r.line);
    pl_buf_release(&r.path);
    pl_buf_release(&r.text);
    pl_buf_release(&r.head.message);
    pl_arena_release(&r.head.a);
    return ret;
}
