/* Compiled Python: one member of text, "NAME = 'constant'" a line, so that rules that want a name
 * beside a value see one. The constants themselves are in the file as they are. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "io/nested_int.h"
#include "io/pyc.h"

static unsigned bid_pyc(const uint8_t *p, size_t n, struct pl_str path)
{
    (void)path;
    if (n < 20 || p[2] != '\r')
        return 0;
    unsigned magic = pl_pyc_magic(p, n);
    return magic && (p[pl_pyc_header(magic)] & 0x7f) == 'c' ? 40 : 0;
}

static bool is_text(struct pl_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < 0x20 && s.p[i] != '\n' && s.p[i] != '\t' && s.p[i] != '\r')
            return false; /* instructions, for one, are a string too */
    return true;
}

/* The constants alone, a line each: in the file the next object's type stands right behind them and
 * would look like a part of them. */
static void put_constants(const struct pl_pyc *c, struct pl_buf *out)
{
    for (size_t i = 0; i < c->obj.n; i++) {
        const struct pl_py_obj *o = &c->obj.p[i];
        if (o->kind != PL_PY_STR || o->n < 12 || o->n > 65536 || out->n + o->n + 1 > out->max ||
            !is_text(pl_str_sub(c->file, o->a, o->n)))
            continue;
        pl_buf_putn(out, c->file.p + o->a, o->n);
        pl_buf_putc(out, '\n');
    }
}

static int read_pairs(struct pl_nest *n, struct pl_str file, struct pl_err *err)
{
    struct pl_pyc c;
    struct pl_err why = { 0 };
    /* legitimate code names each constant about once */
    struct pl_buf text = { .max = 4 * file.n + 65536 };
    int r = pl_pyc_read(file, &c, &why);
    if (r == 0)
        r = pl_pyc_pairs(&c, &text, &why);
    else
        pl_pyc_pairs(&c, &text, NULL); /* what was read before the damage */
    if (r < 0)
        pl_nest_note(n, r == PL_E_LIMIT ? "nested-limit" : "nested-damaged", PL_S(""), "%s",
                     why.msg);
    r = 0;
    put_constants(&c, &text);
    n->raw_too = true;
    if (text.n)
        r = pl_nest_text(n, PL_S("constants"), PL_S(""), pl_buf_str(&text), /* text= */ true, err);
    pl_buf_release(&text);
    pl_pyc_release(&c);
    return r;
}

static int read_pyc(struct pl_view *in, const struct pl_nested_opts *o, struct pl_nested_sink *sink,
                    struct pl_err *err)
{
    struct pl_nest n;
    struct pl_str file;
    pl_nest_init(&n, in, o, sink);
    int r = pl_nest_need_whole(&n, &file, err);
    if (r == 0)
        r = read_pairs(&n, file, err);
    pl_nest_release(&n);
    return r < 0 ? r : 0;
}

const struct pl_nested pl_nested_pyc = { "pyc", bid_pyc, read_pyc, false };
