/* BuildKit's text form of the tree, strings quoted as Go does. formats/dockerfile.md 1.9. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <inttypes.h>

#include "check/dockerfile/df.h"
#include "fmt/utf8.h"

/* Go's strconv.IsPrint, without its tables for code points that are not assigned. */
static bool printable(uint32_t cp)
{
    if (cp < 0x80)
        return cp >= 0x20 && cp != 0x7f;
    if (pl_utf8_hidden(cp) || cp == 0xad || (cp >= 0xe000 && cp < 0xf900) || cp >= 0xf0000)
        return false;
    return cp != 0xa0 && cp != 0x1680 && (cp < 0x2000 || cp > 0x200a) && cp != 0x202f &&
           cp != 0x205f && cp != 0x3000 && cp > 0x9f;
}

static void put_escape(struct pl_buf *out, uint32_t cp)
{
    static const char names[] = "\a\b\f\n\r\t\v\\\"", letters[] = "abfnrtv\\\"";
    const char *at = cp && cp < 0x80 ? strchr(names, (int)cp) : NULL;
    if (at)
        pl_buf_printf(out, "\\%c", letters[at - names]);
    else if (cp < 0x80)
        pl_buf_printf(out, "\\x%02" PRIx32, cp);
    else
        pl_buf_printf(out, cp > 0xffff ? "\\U%08" PRIx32 : "\\u%04" PRIx32, cp);
}

static void put_quoted(struct pl_buf *out, struct pl_str s)
{
    pl_buf_putc(out, '"');
    while (s.n) {
        uint32_t cp = 0;
        size_t n = pl_utf8_next(s, &cp);
        if (!n) {
            pl_buf_printf(out, "\\x%02x", (unsigned char)s.p[0]);
            n = 1;
        } else if (cp == '"' || cp == '\\' || !printable(cp)) {
            put_escape(out, cp);
        } else {
            pl_buf_putn(out, s.p, n);
        }
        s = pl_str_sub(s, n, SIZE_MAX);
    }
    pl_buf_putc(out, '"');
}

static void put_node(struct pl_buf *out, const struct pl_df_node *n)
{
    pl_buf_putc(out, '(');
    for (size_t i = 0; i < n->word.n; i++)
        pl_buf_putc(out, (char)tolower((unsigned char)n->word.p[i]));
    if (n->n_flags) {
        pl_buf_puts(out, " [");
        for (size_t i = 0; i < n->n_flags; i++) {
            if (i)
                pl_buf_putc(out, ' ');
            put_quoted(out, n->flags[i].s);
        }
        pl_buf_putc(out, ']');
    }
    if (n->child) {
        pl_buf_putc(out, ' ');
        put_node(out, n->child);
    }
    if (n->cmd == PL_DF_UNKNOWN) /* BuildKit gives it one empty argument */
        pl_buf_puts(out, n->word.n || n->n_flags ? " \"\"" : "\"\"");
    for (size_t i = 0; i < n->n_args && !n->child; i++) {
        pl_buf_putc(out, ' ');
        put_quoted(out, n->args[i].s);
    }
    pl_buf_putc(out, ')');
}

void pl_df_dump(const struct pl_df_file *f, struct pl_buf *out)
{
    for (size_t i = 0; i < f->n_nodes; i++) {
        put_node(out, &f->nodes[i]);
        pl_buf_putc(out, '\n');
    }
}
